/**
 * Masks the sent tokens in replies, in any form, so that the program never gets one. Each is replaced by as many asterisks,
 * so that `Content-Length` stays right.
 */
import { createMasker, type Masker } from "../inject/mask/masker.ts";
import type { Secret } from "../platform/secret.ts";
import { originOf } from "../platform/url.ts";
import type { Api, Credential } from "./api.ts";

export interface Scrubber {
  feed(chunk: Uint8Array): Uint8Array;
  /** After a pause: what was held back, as far as it reveals nothing. */
  pause(): Uint8Array;
  readonly isHolding: boolean;
  /** The rest that was held back. The scrubber isn't used any more. */
  end(): Uint8Array;
  /** Values of headers. */
  texts(values: readonly string[]): string[];
}

export interface Scrubbers {
  /** Whether an origin is one of the connections': replies from others are passed on unchanged. */
  covers(origin: string): boolean;
  /** Its secrets are masked from now on, also in replies that have begun. */
  sent(api: Api, credential: Credential): void;
  /** For one reply from an origin. It masks the secrets of all connections. */
  of(origin: string): Scrubber;
}

/** A byte that is in no form of a secret: it ends every form that may have begun. */
const NUL = new Uint8Array(1);
/** Sent tokens of a connection that are searched for. Older ones have expired. */
const MOST_SECRETS = 16;
const MOST_IDLE = 64;

/** For all connections. Both are replaced when there is a new secret. */
interface Known {
  secrets: readonly Secret[];
  /** Maskers are expensive to make, and reusable. */
  idle: Masker[];
}

export function createScrubbers(apis: readonly Api[]): Scrubbers {
  const origins = new Set(apis.flatMap((api) => api.origins.map(originOf)));
  const sentOf = new Map<Api, { secrets: readonly Secret[]; last: Credential | null }>();
  const known: Known = { secrets: [], idle: [] };
  const covers = (origin: string): boolean => origins.has(originOf(origin));
  return {
    covers,
    sent(api, credential) {
      const there = sentOf.get(api) ?? { secrets: [], last: null };
      sentOf.set(api, there);
      if (there.last === credential) return;
      there.last = credential;
      const fresh = credential.secrets.filter((one) => !there.secrets.some((other) => other.equals(one)));
      if (fresh.length === 0) return;
      there.secrets = [...there.secrets, ...fresh].slice(-MOST_SECRETS);
      known.secrets = [...sentOf.values()].flatMap(({ secrets }) => secrets);
      known.idle = [];
    },
    of: (origin) => (covers(origin) ? scrubberOf(known) : NONE),
  };
}

const NOTHING = new Uint8Array(0);
/** For replies that aren't searched. */
const NONE: Scrubber = {
  feed: (chunk) => chunk,
  pause: () => NOTHING,
  isHolding: false,
  end: () => NOTHING,
  texts: (values) => [...values],
};

function scrubberOf(known: Known): Scrubber {
  let { secrets } = known;
  const masker = known.idle.pop() ?? createMasker(secrets, { keepsWidth: true });
  /** Adds secrets that were sent since: a reply may last for days, and its connection's token be renewed meanwhile. */
  const feed = (chunk: Uint8Array): Uint8Array => {
    if (known.secrets !== secrets) for (const secret of known.secrets) masker.add(secret);
    secrets = known.secrets;
    return masker.feed(chunk);
  };
  const finish = (): Uint8Array => {
    const rest = masker.end();
    if (rest.length === 0) return rest;
    const kept = rest.slice();
    masker.feed(NUL);
    masker.end();
    return kept;
  };
  return {
    feed,
    pause: () => masker.pause(),
    get isHolding() {
      return masker.isHolding;
    },
    end() {
      const rest = finish();
      if (known.secrets === secrets && known.idle.length < MOST_IDLE) known.idle.push(masker);
      return rest;
    },
    texts(values) {
      const joined = Buffer.from(values.join("\0"), "latin1");
      const clean = Buffer.concat([feed(joined), finish()]);
      return clean.equals(joined) ? [...values] : clean.toString("latin1").split("\0");
    },
  };
}

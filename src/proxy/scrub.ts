/**
 * No token comes back to the program, in no form: replies are searched for those that were sent. Each is replaced by as many
 * asterisks, so that a length that was told stays right.
 */
import { createMasker, type Masker } from "../inject/mask/masker.ts";
import type { Secret } from "../platform/secret.ts";
import type { Api, Credential } from "./api.ts";

export interface Scrubber {
  feed(chunk: Uint8Array): Uint8Array;
  /** Milliseconds of silence later: what was held back, as far as it tells nothing. */
  pause(): Uint8Array;
  readonly isHolding: boolean;
  /** What was held back. It is used no more. */
  end(): Uint8Array;
  /** Values of headers. */
  texts(values: readonly string[]): string[];
}

export interface Scrubbers {
  /** From now on its secrets are searched for in the connection's replies. */
  sent(api: Api, credential: Credential): void;
  /** For one reply. */
  of(api: Api | null): Scrubber;
}

/** Of no secret's form: what may have begun ends with it. */
const NUL = new Uint8Array(1);
/** Tokens that were sent and may come back. Older ones have ended long since. */
const MOST_SECRETS = 16;
const MOST_IDLE = 64;

interface Known {
  secrets: Secret[];
  last: Credential | null;
  /** Maskers are dear to make, and as good as new once they are through. */
  idle: Masker[];
}

export function createScrubbers(): Scrubbers {
  const known = new Map<Api, Known>();
  const knownOf = (api: Api): Known => {
    const there = known.get(api) ?? { secrets: [], last: null, idle: [] };
    known.set(api, there);
    return there;
  };
  return {
    sent(api, credential) {
      const there = knownOf(api);
      if (there.last === credential) return;
      there.last = credential;
      const fresh = credential.secrets.filter((one) => !there.secrets.some((other) => other.equals(one)));
      if (fresh.length === 0) return;
      there.secrets = [...there.secrets, ...fresh].slice(-MOST_SECRETS);
      there.idle = [];
    },
    of: (api) => (api === null ? NONE : scrubberOf(knownOf(api))),
  };
}

const NOTHING = new Uint8Array(0);
/** For replies that no token of ours can be in. */
const NONE: Scrubber = {
  feed: (chunk) => chunk,
  pause: () => NOTHING,
  isHolding: false,
  end: () => NOTHING,
  texts: (values) => [...values],
};

function scrubberOf(known: Known): Scrubber {
  const { secrets, idle } = known;
  const masker = idle.pop() ?? createMasker(secrets, { keepsWidth: true });
  const finish = (): Uint8Array => {
    const rest = masker.end();
    if (rest.length === 0) return rest;
    const kept = rest.slice();
    masker.feed(NUL);
    masker.end();
    return kept;
  };
  return {
    feed: (chunk) => masker.feed(chunk),
    pause: () => masker.pause(),
    get isHolding() {
      return masker.isHolding;
    },
    end() {
      const rest = finish();
      if (known.idle === idle && idle.length < MOST_IDLE) idle.push(masker);
      return rest;
    },
    texts(values) {
      const joined = Buffer.from(values.join("\0"), "latin1");
      const clean = Buffer.concat([masker.feed(joined), finish()]);
      return clean.equals(joined) ? [...values] : clean.toString("latin1").split("\0");
    },
  };
}

/** Reads the arguments with which a client has called `auth helper`, or a link to `auth` with the client's name. */
import type { Protocol } from "../../inject/helpers/protocol.ts";
import { usage } from "../../platform/errors.ts";
import { addressFault, originOf } from "../../platform/url.ts";
import { seconds } from "../command.ts";

/** The arguments of `auth helper <client>`: auth's flags, and the client's own. */
export interface HelperCall {
  /** Words and flags that aren't auth's, in order. */
  readonly words: readonly string[];
  readonly profile: string | undefined;
  /** Milliseconds; null: as the protocol has it. */
  readonly minTtl: number | null;
  /** Hand out the ID token instead of the access token. */
  readonly idToken: boolean;
  /** More origins that the tokens of the named connection may go to. */
  readonly origins: readonly string[];
}

const OURS: Readonly<Record<string, "profile" | "min-ttl" | "origin">> = {
  "-p": "profile",
  "--profile": "profile",
  "--min-ttl": "min-ttl",
  "--origin": "origin",
};

/**
 * auth's flags come before the client's flags.
 * @throws AuthError `usage`
 */
export function readCall(argv: readonly string[]): HelperCall {
  const words: string[] = [];
  const origins: string[] = [];
  let idToken = false;
  const values: Partial<Record<"profile" | "min-ttl", string>> = {};
  for (let at = 0; at < argv.length; at++) {
    const argument = argv[at] ?? "";
    if (argument === "--id-token") {
      idToken = true;
      continue;
    }
    const [written = "", attached] = argument.startsWith("--") ? argument.split(/=(.*)/s, 2) : [argument];
    const flag = Object.hasOwn(OURS, written) ? OURS[written] : undefined;
    if (flag === undefined && argument.startsWith("-")) {
      words.push(...argv.slice(at));
      break;
    }
    if (flag === undefined) words.push(argument);
    else {
      const value = attached ?? argv[++at];
      if (value === undefined) throw usage(`${written} needs a value.`);
      if (flag === "origin") origins.push(checkOrigin(value));
      else values[flag] = value;
    }
  }
  const minTtl = seconds(values["min-ttl"], "--min-ttl");
  const { profile } = values;
  return { words, profile, minTtl: minTtl === undefined ? null : minTtl * 1000, idToken, origins };
}

function checkOrigin(text: string): string {
  const fault = addressFault(text);
  if (fault !== null) throw usage(`The origin ${fault}.`, "For example: --origin https://git.example");
  return originOf(text);
}

/**
 * Splits off the connection before the client's own words.
 * @throws AuthError `usage` for more than one
 */
export function splitWords(
  { ownWords }: Protocol,
  words: readonly string[],
): { readonly connection: string | undefined; readonly own: readonly string[] } {
  const count = typeof ownWords === "number" ? ownWords : ownWords(words);
  const before = words.slice(0, Math.max(0, words.length - count));
  if (before.length > 1) throw usage("There are too many words in this call.");
  return { connection: before[0], own: words.slice(before.length) };
}

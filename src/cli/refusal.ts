/** Reads a refused token (`--rejected -`) or a challenge (`--challenge -`) from standard input: other users can't see it. */
import { type BearerChallenge, bearerChallenge } from "../oauth/challenge.ts";
import { usage } from "../platform/errors.ts";
import { Secret } from "../platform/secret.ts";
import { readStdin } from "../platform/stdin.ts";
import { isTerminal } from "../platform/terminal.ts";
import type { Cli } from "./context.ts";
import { readSecret } from "./input.ts";

/** With `--challenge`. */
export interface Refusal {
  readonly challenge: BearerChallenge;
  /** The refused token, where it is given. */
  readonly rejected: Secret | null;
}

/** @throws AuthError `usage` for another value than `-`, or where standard input holds no such thing */
export async function readRefused(
  cli: Cli,
  rejected: string | undefined,
  challenge: string | undefined,
): Promise<{ readonly rejected: Secret | null; readonly refusal: Refusal | null }> {
  if (rejected !== undefined && rejected !== "-")
    throw usage("--rejected takes '-': the refused token is read from standard input.");
  if (challenge === undefined) return { rejected: await readSecret(cli, "Refused token"), refusal: null };
  if (challenge !== "-") throw usage("--challenge takes '-': the header is read from standard input.");
  return { rejected: null, refusal: await readRefusal(rejected !== undefined) };
}

/** @param withToken whether the refused token is on the first line (`--rejected -` beside `--challenge -`) */
async function readRefusal(withToken: boolean): Promise<Refusal> {
  if (isTerminal(0)) throw usage("There is no challenge on standard input.", EXAMPLE);
  const text = new TextDecoder().decode(await readStdin("challenge"));
  if (/[^\P{Cc}\t\r\n]/u.test(text)) throw usage("The challenge holds control characters.", EXAMPLE);
  const [first = "", ...others] = text.split(/\r?\n/);
  const lines = (withToken ? others : [first, ...others]).filter((line) => line.trim() !== "");
  const challenge = bearerChallenge(headerIn(lines));
  if (challenge === null) throw usage("There is no bearer challenge on standard input.", EXAMPLE);
  if (withToken && first.trim() === "")
    throw usage("The first line on standard input is empty.", "With --rejected - it is the refused token.");
  return { challenge, rejected: withToken ? new Secret(first.trim()) : null };
}

const EXAMPLE = 'It is the value of a WWW-Authenticate header: Bearer error="insufficient_scope", scope="files:write"';

/** Of a reply's head, the lines of that name; of lines without a name, all. */
function headerIn(lines: readonly string[]): string {
  const named = lines.flatMap((line) => /^www-authenticate:(.*)$/i.exec(line.trim())?.[1] ?? []);
  return (named.length > 0 ? named : lines).join(", ");
}

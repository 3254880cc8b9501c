/** What an API answered to a token, given on standard input, and the token that is got by it. */
import { accessAfterChallenge } from "../connections/after-challenge.ts";
import type { Selected } from "../connections/select.ts";
import { type BearerChallenge, bearerChallenge } from "../oauth/challenge.ts";
import { AuthError, usage } from "../platform/errors.ts";
import { escapeText } from "../platform/escape.ts";
import { Secret } from "../platform/secret.ts";
import { readStdin } from "../platform/stdin.ts";
import { isTerminal } from "../platform/terminal.ts";
import { type Acquired, acquire, acquiredFrom } from "./acquire.ts";
import { type Session, servicesFor } from "./session.ts";

/** What standard input holds. */
export interface Refusal {
  readonly challenge: BearerChallenge;
  /** The token that was refused, where it is told. */
  readonly rejected: Secret | null;
}

/**
 * @param withToken whether the refused token is on the first line (`--rejected -` beside `--challenge -`)
 * @throws AuthError `usage`
 */
export async function readRefusal(value: string, withToken: boolean): Promise<Refusal> {
  if (value !== "-") throw usage("--challenge takes '-': the header is read from standard input.");
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

/** @param minTtl milliseconds */
export async function acquireAfter(
  session: Session,
  selected: Selected,
  { challenge, rejected }: Refusal,
  minTtl: number,
): Promise<Acquired> {
  if (selected.source === "vault") {
    const services = await servicesFor(session, selected.ref);
    const options = { minTtl, mustAgree: selected.mustAgree };
    const { stored, warning } = await accessAfterChallenge(services, selected.ref, challenge, rejected, options);
    return acquiredFrom(stored, warning);
  }
  const { provider, token } = selected;
  if (challenge.error !== "insufficient_scope") return acquire(session, selected, minTtl, rejected ?? token.token);
  const named = challenge.scopes.length === 0 ? "" : ` (${escapeText(challenge.scopes.join(", "))})`;
  throw new AuthError("insufficient_scope", `The token in ${token.variable} lacks what the API wants${named}.`, {
    hint: `Put one with more scopes into ${token.variable}, or unset it.`,
    connection: provider,
  });
}

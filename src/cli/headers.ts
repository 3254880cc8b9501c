/** The headers with a token for its API, companions included. */
import { AuthError } from "../platform/errors.ts";
import { Secret } from "../platform/secret.ts";
import type { Acquired } from "./acquire.ts";
import type { Session } from "./session.ts";

/** Names as the description writes them: the token's own first. */
export type Headers = readonly (readonly [name: string, value: Secret])[];

/** @throws AuthError `token_rejected` for a token that no header can carry */
export async function headersOf(
  { registry, context }: Pick<Session, "registry" | "context">,
  acquired: Pick<Acquired, "provider" | "connection" | "settings" | "stored" | "token">,
): Promise<Headers> {
  const { resolveProvider } = await import("../providers/resolve.ts");
  const { headerLine } = await import("../oauth/header.ts");
  const { dialect } = resolveProvider(await registry.get(acquired.provider), acquired.settings);
  // A bound token has its own scheme (RFC 9449 §7.1); the sender of the request adds the proof.
  const bound = acquired.stored?.record.tokens?.tokenType.toLowerCase() === "dpop";
  const line = bound ? dialect.header.replace(/\bBearer\b/, "DPoP") : dialect.header;
  const own = splitLine(headerLine(line, dialect.basic, acquired.token), acquired.connection);
  if (Object.keys(dialect.companions).length === 0) return [own];
  const { companionsFor } = await import("./companions.ts");
  const beside = companionsFor(dialect, acquired, context.env);
  return [own, ...beside.map(({ name, value }) => [name, value] as const)];
}

function splitLine(line: string, connection: string): readonly [string, Secret] {
  const [, name, value] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+): *([\x21-\x7e][\x20-\x7e]*)$/.exec(line) ?? [];
  if (name !== undefined && value !== undefined) return [name, new Secret(value)];
  throw new AuthError("token_rejected", `The token of ${connection} has characters that no header can carry.`, {
    hint: `Check that nothing but the token was pasted. As it is: auth token ${connection}`,
  });
}

/** The headers as an object, for programs that run a command to get them. */
export function revealed(headers: Headers): Record<string, string> {
  return Object.fromEntries(headers.map(([name, value]) => [name, value.reveal()]));
}

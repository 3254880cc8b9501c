/** The header lines by which a token is shown to its API, companions included. */
import type { Secret } from "../platform/secret.ts";
import type { Acquired } from "./acquire.ts";
import type { Session } from "./session.ts";

/** `Authorization: Bearer …`, then those of companions: secrets. */
export async function headerLines(
  { registry, context }: Pick<Session, "registry" | "context">,
  acquired: Pick<Acquired, "provider" | "settings" | "stored"> & { readonly token: Secret },
): Promise<string[]> {
  const { resolveProvider } = await import("../providers/resolve.ts");
  const { headerLine } = await import("../oauth/header.ts");
  const { dialect } = resolveProvider(await registry.get(acquired.provider), acquired.settings);
  // A bound token has its own scheme (RFC 9449 §7.1); the sender of the request adds the proof.
  const bound = acquired.stored?.record.tokens?.tokenType.toLowerCase() === "dpop";
  const line = bound ? dialect.header.replace(/\bBearer\b/, "DPoP") : dialect.header;
  const first = headerLine(line, dialect.basic, acquired.token);
  if (Object.keys(dialect.companions).length === 0) return [first];
  const { companionsFor } = await import("./companions.ts");
  const beside = companionsFor(dialect, acquired, context.env);
  return [first, ...beside.map(({ name, value }) => `${name}: ${value.reveal()}`)];
}

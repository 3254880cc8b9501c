/** The line by which a token is shown to an API, as the provider's description has it. */
import type { Secret } from "../platform/secret.ts";

/** @param header over `{token}` and `{basic}` @param basic what `{basic}` is the Base64 of (RFC 7617 §2), over `{token}` */
export function headerLine(header: string, basic: string | null | undefined, token: Secret): string {
  const shown = (template: string): string => template.replaceAll("{token}", () => token.reveal());
  return header.replaceAll(/\{(token|basic)\}/g, (_, name) =>
    name === "token" ? token.reveal() : new TextEncoder().encode(shown(basic ?? "")).toBase64(),
  );
}

/** API keys, and names with passwords. */
import type { Draft } from "./draft.ts";
import type { Part } from "./oauth.ts";
import { takeHeaders, tokenHeader } from "./proxy.ts";
import { linearPattern } from "./settings.ts";

/** A key that goes into one header, unchanged or as Basic credentials. */
export function apiKeyPart(draft: Draft): Part | null {
  const { apiKey } = draft.takeCredentials(["apiKey"]);
  const header = tokenHeader(draft, "apiKey");
  if (header === null) {
    draft.lose("proxy.headers", "doesn't say which header the key goes into");
    return null;
  }
  const pattern = apiKey?.pattern ? linearPattern(draft, "credentials.apiKey.pattern", apiKey.pattern) : undefined;
  return { ...header, apiKey: { pattern }, flows: ["token"] };
}

/**
 * A name and a password (RFC 7617). One of them is the secret that is kept; the other is asked for, or is fixed.
 */
export function basicPart(draft: Draft): Part {
  const { username, password } = draft.takeCredentials(["username", "password"]);
  for (const [name] of takeHeaders(draft, (text) => /\$\{(credentials\.|username|password|aws|base64)/.test(text)))
    draft.lose(`proxy.headers.${name}`, "shows name and password in a way of its own");
  const [fixedName, fixedPassword] = [username?.default_value ?? null, password?.default_value ?? null];
  // A name isn't secret: it is a setting.
  if (fixedName === null && fixedPassword === null) draft.settings.set("username", "username");
  const basic = fixedPassword !== null ? `{token}:${fixedPassword}` : `${fixedName ?? "{username}"}:{token}`;
  return { header: "Authorization: Basic {basic}", basic, flows: ["token"] };
}

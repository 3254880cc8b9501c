/** What the catalogue says of keys, and of names with passwords, that are made by hand. */
import { patternFault } from "../pattern.ts";
import type { ProviderDefinition } from "../schema.ts";
import { Addresses } from "./addresses.ts";
import { setHeadersAside } from "./common.ts";
import type { Draft } from "./draft.ts";
import { asksFor, templateOf } from "./placeholders.ts";
import { withoutAnchors } from "./settings.ts";

type Part = Omit<ProviderDefinition, "id" | "title">;

/** A key that goes into one header, as it is or as Basic credentials. */
export function apiKeyPart(draft: Draft): { readonly part: Part; readonly addresses: Addresses } | null {
  const addresses = new Addresses(draft);
  const { base_url: base, headers, query } = draft.take("proxy") ?? {};
  addresses.addOrigins("proxy.base_url", base ?? undefined);
  const { apiKey, ...others } = draft.take("credentials") ?? {};
  for (const name of Object.keys(others)) draft.lose(`credentials.${name}`, "is asked for besides the key");
  for (const [name, text] of Object.entries(query ?? {}))
    if (asksFor(text, "apiKey")) draft.lose(`proxy.query.${name}`, "puts the key into the address");
    else draft.beside.push(`proxy.query.${name}`);
  const all = Object.entries(headers ?? {});
  const holdsKey = (text: string): boolean => asksFor(text, "apiKey") || IN_BASE64.test(text);
  const [own, ...more] = all.filter(([, text]) => holdsKey(text));
  setHeadersAside(
    draft,
    all.filter(([, text]) => !holdsKey(text)),
  );
  if (more.length > 0) draft.lose("proxy.headers", "shows the key in more than one header");
  if (own === undefined) {
    draft.lose("proxy.headers", "doesn't say which header the key goes into");
    return null;
  }
  const shown = headerFrom(draft, own[0], own[1]);
  if (shown === null) return null;
  const pattern = keyPattern(draft, apiKey?.pattern ?? null);
  return { part: { ...shown, ...(pattern !== null && { apiKey: { pattern } }), flows: ["token"] }, addresses };
}

const IN_BASE64 = /\$\{base64\(([^()]*)\)\}/;

function headerFrom(draft: Draft, name: string, text: string): Pick<ProviderDefinition, "header" | "basic"> | null {
  const field = `proxy.headers.${name}`;
  const [whole, inner] = IN_BASE64.exec(text) ?? [];
  if (whole === undefined || inner === undefined) {
    const header = templateOf(draft, field, text, { apiKey: "token" });
    return header === null ? null : { header: `${name}: ${header}` };
  }
  const basic = templateOf(draft, field, inner, { apiKey: "token" });
  const [before = "", after = ""] = text.split(whole).map((part) => templateOf(draft, field, part) ?? "");
  return basic === null ? null : { header: `${name}: ${before}{basic}${after}`, basic };
}

function keyPattern(draft: Draft, given: string | null): string | null {
  if (given === null) return null;
  const pattern = withoutAnchors(given);
  if (patternFault(pattern) === null) return pattern;
  draft.lose("credentials.apiKey.pattern", "is no pattern that is sure to be matched in linear time: any key is taken");
  return null;
}

/**
 * A name and a password (RFC 7617). One of them is the secret that is kept; the other is asked for, or stands already.
 */
export function basicPart(draft: Draft): { readonly part: Part; readonly addresses: Addresses } | null {
  const addresses = new Addresses(draft);
  const { base_url: base, headers } = draft.take("proxy") ?? {};
  addresses.addOrigins("proxy.base_url", base ?? undefined);
  const { username, password, ...others } = draft.take("credentials") ?? {};
  for (const name of Object.keys(others)) draft.lose(`credentials.${name}`, "is asked for besides name and password");
  const all = Object.entries(headers ?? {});
  const ofItsOwn = ([, text]: readonly [string, string]): boolean =>
    /\$\{(credentials\.|username|password|aws|base64)/.test(text);
  for (const [name] of all.filter(ofItsOwn))
    draft.lose(`proxy.headers.${name}`, "shows name and password in a way of its own");
  setHeadersAside(
    draft,
    all.filter((header) => !ofItsOwn(header)),
  );
  const fixedName = username?.default_value ?? null;
  const fixedPassword = password?.default_value ?? null;
  const basic =
    fixedPassword !== null
      ? `{token}:${fixedPassword}`
      : fixedName !== null
        ? `${fixedName}:{token}`
        : `{${nameSetting(draft)}}:{token}`;
  return { part: { header: "Authorization: Basic {basic}", basic, flows: ["token"] }, addresses };
}

/** The name isn't secret, and stays a setting. */
function nameSetting(draft: Draft): string {
  draft.settings.set("username", "username");
  return "username";
}

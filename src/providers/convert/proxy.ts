/** How an entry's API takes a token, and where the API is (the catalogue's `proxy`). */
import type { ProviderDefinition } from "../schema.ts";
import type { Draft } from "./draft.ts";
import { asked, asksFor, templateOf } from "./placeholders.ts";

type Header = Pick<ProviderDefinition, "header" | "basic">;

/**
 * The headers for which `holdsToken` is true. The others are the API's own business, unless they hold another secret.
 * What the address holds is looked at too.
 */
export function takeHeaders(draft: Draft, holdsToken: (text: string) => boolean): [name: string, text: string][] {
  const { base_url: base, headers, query } = draft.take("proxy") ?? {};
  draft.addresses.addOrigins("proxy.base_url", base ?? undefined);
  for (const [name, text] of Object.entries(query ?? {}))
    if (holdsToken(text)) draft.lose(`proxy.query.${name}`, "puts the key into the address");
  const all = Object.entries(headers ?? {});
  for (const [name, text] of all.filter(([, text]) => !holdsToken(text)))
    if (asked(text).some((value) => draft.isSecret(value)) || asksFor(text, "clientSecret"))
      draft.lose(`proxy.headers.${name}`, "shows a second secret");
  return all.filter(([, text]) => holdsToken(text));
}

const IN_BASE64 = /\$\{base64\(([^()]*)\)\}/;

/**
 * The one header that holds the token, as it is or as Basic credentials.
 * @param token what the catalogue calls it: `accessToken`, `apiKey`
 * @returns null where there is none, or a description can't say it
 */
export function tokenHeader(draft: Draft, token: string): Header | null {
  const [own, ...more] = takeHeaders(draft, (text) => asksFor(text, token));
  if (more.length > 0) draft.lose("proxy.headers", "shows the token in more than one header");
  if (own === undefined) return null;
  const [name, text] = own;
  const field = `proxy.headers.${name}`;
  const [whole, inner] = IN_BASE64.exec(text) ?? [];
  if (whole === undefined || inner === undefined) {
    const header = templateOf(draft, field, text, { [token]: "token" });
    return header === null ? null : { header: `${name}: ${header}` };
  }
  const basic = templateOf(draft, field, inner, { [token]: "token" });
  const [before = "", after = ""] = text.split(whole).map((part) => templateOf(draft, field, part) ?? "");
  return basic === null ? null : { header: `${name}: ${before}{basic}${after}`, basic };
}

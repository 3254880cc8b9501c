/** How an entry's API takes a token, and where the API is (the catalogue's `proxy`). */
import type { ProviderDefinition } from "../schema.ts";
import type { Draft } from "./draft.ts";
import { asked, asksFor, templateOf } from "./placeholders.ts";

type Header = Pick<ProviderDefinition, "header" | "basic">;

/**
 * The headers for which `holdsToken` is true. Others are ignored, unless they hold another secret. The address is checked,
 * too.
 */
export function takeHeaders(draft: Draft, holdsToken: (text: string) => boolean): [name: string, text: string][] {
  const { base_url: base, headers, query } = draft.take("proxy") ?? {};
  draft.addresses.addOrigins("proxy.base_url", base ?? undefined);
  for (const [name, text] of Object.entries(query ?? {}))
    if (holdsToken(text)) draft.lose(`proxy.query.${name}`, "puts the key into the address");
  const all = Object.entries(headers ?? {});
  for (const [name, text] of all.filter(([, text]) => !holdsToken(text)))
    if (secretsIn(draft, text).length > 0) addCompanion(draft, name, text);
  return all.filter(([, text]) => holdsToken(text));
}

function secretsIn(draft: Draft, text: string): string[] {
  const own = asked(text).filter((value) => draft.isSecret(value));
  return [...own.map((name) => `connectionConfig.${name}`), ...(asksFor(text, "clientSecret") ? ["clientSecret"] : [])];
}

/** A second secret, in its own header: a companion. */
function addCompanion(draft: Draft, header: string, text: string): void {
  const field = `proxy.headers.${header}`;
  const [secret = "", ...more] = secretsIn(draft, text);
  if (more.length > 0) draft.lose(field, "shows two secrets in one header");
  const line = more.length > 0 ? null : templateOf(draft, field, text, { [secret]: "secret", clientId: "clientId" });
  if (line === null) return;
  const words = header.split(/[^A-Za-z0-9]+/).filter((word) => word !== "");
  const name = words
    .map((word, i) => (i === 0 ? word.toLowerCase() : `${word.charAt(0).toUpperCase()}${word.slice(1).toLowerCase()}`))
    .join("");
  const property = draft.property(secret.replace("connectionConfig.", ""));
  const variable = [draft.id, ...words].join("_").toUpperCase().replaceAll("-", "_");
  draft.companions[name] = {
    title: property?.title?.trim() || (secret === "clientSecret" ? "Client secret" : header),
    header: `${header}: ${line}`,
    ...(!/_(TOKEN|KEY|SECRET|PASSWORD|PAT)$/.test(variable) && { variable: `${variable}_SECRET` }),
    ...(property?.optional !== true && { required: true }),
  };
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

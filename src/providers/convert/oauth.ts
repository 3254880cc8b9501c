/** What the catalogue says of a login in the browser, and of the refreshes after it. */
import type { ProviderDefinition } from "../schema.ts";
import { Addresses } from "./addresses.ts";
import { apiOf, clientOf, replyOf, requestOf, templatesOf, tokenAddress } from "./common.ts";
import { type Draft, group, some, someFields } from "./draft.ts";

type Part = Omit<ProviderDefinition, "id" | "title">;
type Authorize = NonNullable<ProviderDefinition["authorize"]>;

/** Scopes by which a refresh token is asked for. */
const OFFLINE = ["offline_access", "offline.access", "offline"];

/** @returns null where no such login can be made of it: why is lost by name */
export function oauthPart(draft: Draft): { readonly part: Part; readonly addresses: Addresses } | null {
  const addresses = new Addresses(draft);
  addresses.add("authorization", "authorization_url", draft.take("authorization_url"));
  addresses.add("token", "token_url", tokenAddress(draft, "OAUTH2"));
  addresses.add("refresh", "refresh_url", draft.take("refresh_url"));
  const { authorization, token } = addresses.endpoints;
  if (token === undefined) draft.lose("token_url", "is missing");
  if (authorization === undefined) draft.lose("authorization_url", "is missing");
  const { grant_type: grant = "authorization_code", ...tokenParameters } = draft.take("token_params") ?? {};
  if (grant !== "authorization_code")
    draft.lose("token_params.grant_type", `is ${grant}, which no browser login sends`);
  if (token === undefined || authorization === undefined || grant !== "authorization_code") return null;

  const { authorize, scope } = authorizeOf(draft);
  const margin = draft.take("token_expiration_buffer");
  const part: Part = {
    client: clientOf(draft),
    authorize,
    scopes: scopesOf(draft, scope),
    request: requestOf(draft, tokenParameters, refreshParameters(draft, tokenParameters)),
    reply: replyOf(draft),
    ...(margin !== undefined && { refresh: { marginSeconds: Math.round(margin) } }),
    ...apiOf(draft, addresses),
    flows: ["browser"],
  };
  return { part, addresses };
}

/** Where the catalogue has none for a refresh, it sends those of the first request. */
function refreshParameters(draft: Draft, tokenParameters: Record<string, string>): Record<string, string> {
  const given = draft.take("refresh_token_params") ?? draft.take("refresh_params");
  draft.take("refresh_params");
  const { grant_type: grant = "refresh_token", ...parameters } = given ?? tokenParameters;
  if (grant !== "refresh_token" && given !== undefined)
    draft.lose("refresh_params.grant_type", `is ${grant}, which no refresh sends`);
  return parameters;
}

function authorizeOf(draft: Draft): { authorize: Authorize | undefined; scope: string | undefined } {
  const { scope, nonce, response_type: type = "code", ...given } = draft.take("authorization_params") ?? {};
  const names: NonNullable<Authorize["names"]> = {};
  const parameters = templatesOf(draft, "authorization_params", given) ?? {};
  if (parameters.response_mode !== undefined && parameters.response_mode !== "query") {
    draft.lose("authorization_params.response_mode", "is none in which an answer could reach this program");
    delete parameters.response_mode;
  }
  if (type !== "code") {
    names.response_type = false;
    parameters.response_type = type;
  }
  replace(draft, names, parameters);
  // Nothing empty is ever sent, and a plus and a blank are the same in a query.
  draft.take("authorization_url_skip_empty");
  const unescaped = draft.take("authorization_url_skip_encode") ?? [];
  if (unescaped.some((what) => what !== "scopes"))
    draft.lose("authorization_url_skip_encode", "has more than the scopes");
  const authorize = group<Authorize>({
    parameters: someFields(parameters),
    names: someFields(names),
    pkce: draft.take("disable_pkce") ? false : undefined,
    nonce: nonce === undefined ? undefined : "always",
    fragment: draft.take("authorization_url_fragment"),
    codeParameter: draft.take("authorization_code_param_in_callback"),
    extra: some(draft.take("redirect_uri_metadata") ?? []),
  });
  return { authorize, scope };
}

/** `client_id` → `client_key`, also written `client_id=` → `client_key=`; an empty one is not sent. */
function replace(draft: Draft, names: NonNullable<Authorize["names"]>, parameters: Record<string, string>): void {
  for (const [from, to] of Object.entries(draft.take("authorization_url_replacements") ?? {})) {
    const [name, renamed] = [from.replace(/=$/, ""), to.replace(/=$/, "")];
    const field = `authorization_url_replacements.${from}`;
    if (Object.hasOwn(parameters, name)) {
      const { [name]: value = "" } = parameters;
      delete parameters[name];
      if (renamed !== "") parameters[renamed] = value;
    } else if (!PROTOCOL.includes(name)) draft.lose(field, "is no parameter that is sent");
    else if (renamed === "" && name === "state") draft.lose(field, "can't be left out: it guards the answer");
    else names[name] = renamed === "" ? false : renamed;
  }
}

const PROTOCOL = ["response_type", "client_id", "redirect_uri", "state", "scope"];

function scopesOf(draft: Draft, scope: string | undefined): ProviderDefinition["scopes"] {
  const all = draft.take("default_scopes") ?? (scope === undefined ? [] : [scope]);
  const offline = all.find((name) => OFFLINE.includes(name));
  const given = draft.take("scope_separator");
  // What an address has as a plus is a blank.
  const separator = given === "+" && (draft.take("authorization_url_skip_encode") ?? []).length > 0 ? " " : given;
  const differs = separator !== undefined && separator !== " " && separator !== "";
  return group({
    default: some(all.filter((name) => name !== offline)),
    ...(differs && { separator, replySeparator: separator }),
    offline,
  });
}

/** OAuth: logins in the browser, and client credentials. */
import { ownValue } from "../../platform/json.ts";
import type { ProviderDefinition } from "../schema.ts";
import type { Draft } from "./draft.ts";
import { alternatives, asked, templateOf } from "./placeholders.ts";
import { tokenHeader } from "./proxy.ts";

export type Part = Omit<ProviderDefinition, "id" | "title">;
type Authorize = NonNullable<ProviderDefinition["authorize"]>;
type Texts = Readonly<Record<string, string>>;

/** Scopes by which a refresh token is asked for. */
const OFFLINE = ["offline_access", "offline.access", "offline"];

/** @returns null where it can't be such a login: the reason is reported as lost */
export function browserPart(draft: Draft): Part | null {
  draft.addresses.add("authorization", "authorization_url", draft.take("authorization_url"));
  draft.addresses.add("token", "token_url", tokenAddress(draft, "OAUTH2"));
  draft.addresses.add("refresh", "refresh_url", draft.take("refresh_url"));
  const { authorization, token } = draft.addresses.endpoints;
  if (token === undefined) draft.lose("token_url", "is missing");
  if (authorization === undefined) draft.lose("authorization_url", "is missing");
  const { grant_type: grant = "authorization_code", ...tokenParameters } = draft.take("token_params") ?? {};
  if (grant !== "authorization_code")
    draft.lose("token_params.grant_type", `is ${grant}, which no browser login sends`);
  if (token === undefined || authorization === undefined || grant !== "authorization_code") return null;
  const { scope, ...authorize } = authorizeOf(draft);
  const margin = draft.take("token_expiration_buffer");
  return {
    client: clientOf(draft),
    authorize,
    scopes: scopesOf(draft, scope),
    request: requestOf(draft, tokenParameters, refreshParameters(draft, tokenParameters)),
    reply: replyOf(draft),
    refresh: { marginSeconds: margin === undefined ? undefined : Math.round(margin) },
    header: tokenHeader(draft, "accessToken")?.header,
    flows: ["browser"],
  };
}

/** RFC 6749 §4.4. @returns null where that isn't possible: the reason is reported as lost */
export function clientCredentialsPart(draft: Draft): Part | null {
  draft.addresses.add("token", "token_url", tokenAddress(draft, "OAUTH2_CC"));
  const { grant_type: grant = "client_credentials", ...parameters } = draft.take("token_params") ?? {};
  if (draft.addresses.endpoints.token === undefined) {
    draft.lose("token_url", "is missing");
    return null;
  }
  draft.takeCredentials(["client_id", "client_secret"]);
  const { scope, ...others } = parameters;
  // One that depends on a connection's value is an ordinary parameter.
  const isFixed = scope !== undefined && asked(scope).length === 0;
  const scopes = draft.take("default_scopes") ?? (isFixed ? [scope] : []);
  return {
    client: { kind: "confidential", ...clientOf(draft) },
    scopes: separatorsFrom(draft.take("scope_separator")),
    request: {
      ...requestOf(draft, isFixed ? others : parameters, {}),
      // The same grant under another name; one that wants a person's password says so by its parameters.
      grantTypes: grant === "client_credentials" ? undefined : { client_credentials: grant },
    },
    reply: replyOf(draft),
    header: tokenHeader(draft, "accessToken")?.header,
    minting: { "client-credentials": { use: "assertion", scopes } },
    flows: ["client-credentials"],
  };
}

/** One address, or one for each of several modes. */
function tokenAddress(draft: Draft, mode: string): string | undefined {
  const given = draft.take("token_url");
  if (typeof given !== "object") return given;
  const others = Object.keys(given).filter((other) => other !== mode);
  if (others.length > 0) draft.lose("token_url", `has others for ${others.join(", ")}`);
  return ownValue(given, mode);
}

/** The client's secret goes into the body, unless one of the catalogue's two names for it says otherwise. */
function clientOf(draft: Draft): Part["client"] {
  const method = draft.take("token_request_auth_method");
  const inHeader = draft.take("authorization_method") === "header";
  if (method !== undefined && method !== "basic")
    draft.lose("token_request_auth_method", `is ${method}, which isn't known here`);
  return { authentication: method === "basic" || inHeader ? "basic" : undefined };
}

function requestOf(draft: Draft, tokenParameters: Texts, refreshing: Texts): Part["request"] {
  const format = draft.take("body_format") ?? "form";
  const isKnown = format === "json" || format === "query";
  if (!isKnown && format !== "form") draft.lose("body_format", `is ${format}, which isn't known here`);
  return {
    format: isKnown ? format : undefined,
    headers: templatesOf(draft, "token_headers", draft.take("token_headers")),
    tokenParameters: templatesOf(draft, "token_params", tokenParameters),
    refreshParameters: templatesOf(draft, "refresh_params", refreshing),
  };
}

/** Without parameters for a refresh, the catalogue sends those of the first request. */
function refreshParameters(draft: Draft, tokenParameters: Texts): Texts {
  const given = draft.take("refresh_token_params") ?? draft.take("refresh_params");
  draft.take("refresh_params");
  const { grant_type: grant = "refresh_token", ...parameters } = given ?? tokenParameters;
  if (grant !== "refresh_token" && given !== undefined)
    draft.lose("refresh_params.grant_type", `is ${grant}, which no refresh sends`);
  return parameters;
}

/** Parameters or headers. An empty one says nothing. */
function templatesOf(draft: Draft, field: string, texts: Texts = {}): Record<string, string> {
  const templates: Record<string, string> = {};
  for (const [name, text] of Object.entries(texts)) {
    const [first = "", second] = alternatives(draft, text);
    if (second !== undefined) draft.lose(`${field}.${name}`, "has alternatives that no default covers");
    if (first === "" || second !== undefined) continue;
    const template = templateOf(draft, `${field}.${name}`, first);
    if (template !== null) templates[name] = template;
  }
  return templates;
}

function replyOf(draft: Draft): Part["reply"] {
  const kept = [
    ...(draft.take("token_response_metadata") ?? []),
    ...(draft.take("refresh_token_response_metadata") ?? []),
  ];
  const milliseconds = draft.take("token_expires_in_ms");
  const unit = draft.take("expires_in_unit");
  if (unit !== undefined && unit !== "milliseconds") draft.lose("expires_in_unit", `is ${unit}`);
  return {
    alternate: draft.take("alternate_access_token_response_path"),
    expiry: {
      unit: unit === "milliseconds" ? unit : undefined,
      absent: milliseconds ? Math.floor(milliseconds / 1000) : undefined,
    },
    extra: [...new Set(kept)],
  };
}

function authorizeOf(draft: Draft): Authorize & { scope: string | undefined } {
  const { scope, nonce, response_type: type = "code", ...given } = draft.take("authorization_params") ?? {};
  const names: NonNullable<Authorize["names"]> = {};
  const parameters = templatesOf(draft, "authorization_params", given);
  if (parameters.response_mode !== undefined && parameters.response_mode !== "query") {
    draft.lose("authorization_params.response_mode", "is none in which an answer could reach this program");
    delete parameters.response_mode;
  }
  if (type !== "code") {
    names.response_type = false;
    parameters.response_type = type;
  }
  rename(draft, names, parameters);
  // Nothing empty is ever sent, and a plus and a blank are the same in a query.
  draft.take("authorization_url_skip_empty");
  const unescaped = draft.take("authorization_url_skip_encode") ?? [];
  if (unescaped.some((what) => what !== "scopes"))
    draft.lose("authorization_url_skip_encode", "has more than the scopes");
  return {
    scope,
    parameters,
    names,
    pkce: draft.take("disable_pkce") ? false : undefined,
    nonce: nonce === undefined ? undefined : "always",
    fragment: draft.take("authorization_url_fragment"),
    codeParameter: draft.take("authorization_code_param_in_callback"),
    extra: draft.take("redirect_uri_metadata"),
  };
}

/** `client_id` → `client_key`, also written `client_id=` → `client_key=`; an empty one is not sent. */
function rename(draft: Draft, names: NonNullable<Authorize["names"]>, parameters: Record<string, string>): void {
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

function scopesOf(draft: Draft, scope: string | undefined): Part["scopes"] {
  const all = draft.take("default_scopes") ?? (scope === undefined ? [] : [scope]);
  const offline = all.find((name) => OFFLINE.includes(name));
  const separator = draft.take("scope_separator");
  // What an address has as a plus is a blank.
  const isBlank = separator === "+" && (draft.take("authorization_url_skip_encode") ?? []).length > 0;
  return { default: all.filter((name) => name !== offline), ...separatorsFrom(isBlank ? " " : separator), offline };
}

function separatorsFrom(separator = ""): Part["scopes"] {
  return separator === "" || separator === " " ? {} : { separator, replySeparator: separator };
}

/** What the catalogue says of requests, replies and APIs alike, however a login is made. */
import { ownValue } from "../../platform/own.ts";
import type { ProviderDefinition } from "../schema.ts";
import type { Addresses } from "./addresses.ts";
import { type Draft, group, some, someFields } from "./draft.ts";
import { alternatives, asked, asksFor, templateOf } from "./placeholders.ts";

type Client = NonNullable<ProviderDefinition["client"]>;
type Request = NonNullable<ProviderDefinition["request"]>;
type Reply = NonNullable<ProviderDefinition["reply"]>;

/** One address, or one for each of several modes. */
export function tokenAddress(draft: Draft, mode: string): string | undefined {
  const given = draft.take("token_url");
  if (typeof given !== "object") return given;
  const others = Object.keys(given).filter((other) => other !== mode);
  if (others.length > 0) draft.lose("token_url", `has others for ${others.join(", ")}`);
  return ownValue(given, mode);
}

/** The client's secret goes into the body, unless one of the catalogue's two names for it says otherwise. */
export function clientOf(draft: Draft): Client | undefined {
  const method = draft.take("token_request_auth_method");
  const basic = method === "basic" || draft.take("authorization_method") === "header";
  draft.take("authorization_method");
  if (method !== undefined && method !== "basic")
    draft.lose("token_request_auth_method", `is ${method}, which isn't known here`);
  return basic ? { authentication: "basic" } : undefined;
}

export function requestOf(
  draft: Draft,
  tokenParameters: Readonly<Record<string, string>>,
  refreshParameters: Readonly<Record<string, string>>,
): Request | undefined {
  const format = draft.take("body_format") ?? "form";
  if (format !== "form" && format !== "json" && format !== "query")
    draft.lose("body_format", `is ${format}, which isn't known here`);
  return group<Request>({
    format: format === "json" || format === "query" ? format : undefined,
    headers: templatesOf(draft, "token_headers", draft.take("token_headers")),
    tokenParameters: templatesOf(draft, "token_params", tokenParameters),
    refreshParameters: templatesOf(draft, "refresh_params", refreshParameters),
  });
}

/** Parameters or headers. An empty one says nothing. */
export function templatesOf(
  draft: Draft,
  field: string,
  texts: Readonly<Record<string, string>> | undefined,
): Record<string, string> | undefined {
  const all = Object.entries(texts ?? {}).map(
    ([name, text]) => [name, text === "" ? null : parameterOf(draft, `${field}.${name}`, text)] as const,
  );
  return someFields(Object.fromEntries(all.filter((entry): entry is [string, string] => entry[1] !== null)));
}

function parameterOf(draft: Draft, field: string, text: string): string | null {
  const [first = "", second] = alternatives(draft, text);
  if (second === undefined) return templateOf(draft, field, first);
  draft.lose(field, "has alternatives that no default stands for");
  return null;
}

export function replyOf(draft: Draft): Reply | undefined {
  const kept = [
    ...(draft.take("token_response_metadata") ?? []),
    ...(draft.take("refresh_token_response_metadata") ?? []),
  ];
  const milliseconds = draft.take("token_expires_in_ms");
  const unit = draft.take("expires_in_unit");
  if (unit !== undefined && unit !== "milliseconds") draft.lose("expires_in_unit", `is ${unit}`);
  return group<Reply>({
    alternate: draft.take("alternate_access_token_response_path"),
    expiry: group({
      unit: unit === "milliseconds" ? unit : undefined,
      absent: milliseconds ? Math.floor(milliseconds / 1000) : undefined,
    }),
    extra: some([...new Set(kept)]),
  });
}

/** Headers that hold no token are the API's own business, unless they hold another secret. */
export function setHeadersAside(draft: Draft, headers: readonly (readonly [string, string])[]): void {
  for (const [name, text] of headers) {
    const secret = asked(text).some((value) => draft.isSecret(value)) || asksFor(text, "clientSecret");
    if (secret) draft.lose(`proxy.headers.${name}`, "shows a second secret");
    else draft.beside.push(`proxy.headers.${name}`);
  }
}

/** How its API takes a token, and where that is. */
export function apiOf(draft: Draft, addresses: Addresses): Pick<ProviderDefinition, "header"> {
  const { base_url: base, headers = {} } = draft.take("proxy") ?? {};
  addresses.addOrigins("proxy.base_url", base ?? undefined);
  const all = Object.entries(headers ?? {});
  const [own, ...more] = all.filter(([, text]) => asksFor(text, "accessToken"));
  setHeadersAside(
    draft,
    all.filter(([, text]) => !asksFor(text, "accessToken")),
  );
  if (own === undefined) return {};
  if (more.length > 0) draft.lose("proxy.headers", "shows the token in more than one header");
  const [name, text] = own;
  const template = templateOf(draft, `proxy.headers.${name}`, text, { accessToken: "token" });
  return template === null ? {} : { header: `${name}: ${template}` };
}

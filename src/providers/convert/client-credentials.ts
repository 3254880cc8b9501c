/** What the catalogue says of a program that gets tokens for itself (RFC 6749 §4.4). */
import type { ProviderDefinition } from "../schema.ts";
import { Addresses } from "./addresses.ts";
import { apiOf, clientOf, replyOf, requestOf, tokenAddress } from "./common.ts";
import { type Draft, group, some } from "./draft.ts";
import { asked } from "./placeholders.ts";

type Part = Omit<ProviderDefinition, "id" | "title">;

/** What a client consists of; anything else has no place of its own. */
const CREDENTIALS = ["client_id", "client_secret"];

/** @returns null where no token can be had so: why is lost by name */
export function clientCredentialsPart(draft: Draft): { readonly part: Part; readonly addresses: Addresses } | null {
  const addresses = new Addresses(draft);
  addresses.add("token", "token_url", tokenAddress(draft, "OAUTH2_CC"));
  const { grant_type: grant = "client_credentials", ...parameters } = draft.take("token_params") ?? {};
  if (addresses.endpoints.token === undefined) {
    draft.lose("token_url", "is missing");
    return null;
  }
  for (const name of Object.keys(draft.take("credentials") ?? {}))
    if (!CREDENTIALS.includes(name)) draft.lose(`credentials.${name}`, "is no part of a client");
  const { scope, ...others } = parameters;
  // One that hangs on what a connection says is a parameter like any other.
  const isFixed = scope !== undefined && asked(scope).length === 0;
  const scopes = draft.take("default_scopes") ?? (isFixed ? [scope] : []);
  const separator = draft.take("scope_separator");
  const request = requestOf(draft, isFixed ? others : parameters, {});
  // The same grant under another name; one that wants a person's password says so by its parameters.
  const grantTypes = grant === "client_credentials" ? undefined : { client_credentials: grant };
  const part: Part = {
    client: { kind: "confidential", ...clientOf(draft) },
    ...(separator !== undefined && separator !== " " && { scopes: { separator, replySeparator: separator } }),
    request: group({ ...request, grantTypes }),
    reply: replyOf(draft),
    ...apiOf(draft, addresses),
    minting: { "client-credentials": { use: "assertion", ...(scopes.length > 0 && { scopes: some(scopes) }) } },
    flows: ["client-credentials"],
  };
  return { part, addresses };
}

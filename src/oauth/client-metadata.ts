/** A client's metadata document at the URL that is its id (draft-ietf-oauth-client-id-metadata-document §4). */
import type { Dialect } from "../providers/defaults.ts";
import { redirectUrisOf } from "../providers/defaults.ts";
import { CLIENT_NAME } from "./types.ts";

/** With RFC 7591 §2's names, and both names of this machine: some issuers accept only one of them. */
export function clientMetadataOf(url: string, dialect: Dialect): Record<string, unknown> {
  const hosts = ["127.0.0.1", "localhost"] as const;
  const withHost = (host: (typeof hosts)[number]): Dialect => ({
    ...dialect,
    authorize: { ...dialect.authorize, redirect: { ...dialect.authorize.redirect, host } },
  });
  return {
    client_id: url,
    client_name: CLIENT_NAME,
    application_type: "native",
    redirect_uris: hosts.flatMap((host) => redirectUrisOf(withHost(host))),
    grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code"],
    token_endpoint_auth_method: "none",
  };
}

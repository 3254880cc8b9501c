/** A server as oauth4webapi wants it described (RFC 8414 §2). */
import type { AuthorizationServer } from "oauth4webapi";
import { AuthError } from "../platform/errors.ts";
import type { EndpointName } from "../providers/schema.ts";
import type { Server } from "./types.ts";

/** @param token what a request for tokens goes to: a provider may refresh elsewhere */
export function metadataOf(server: Server, token: string | undefined = server.endpoints.token): AuthorizationServer {
  const { authorization, device, revocation, introspection } = server.endpoints;
  return {
    // Never compared with anything where the issuer isn't known, but it must be there.
    issuer: server.issuer ?? "https://unknown.invalid",
    ...(authorization === undefined ? {} : { authorization_endpoint: authorization }),
    ...(device === undefined ? {} : { device_authorization_endpoint: device }),
    ...(token === undefined ? {} : { token_endpoint: token }),
    ...(revocation === undefined ? {} : { revocation_endpoint: revocation }),
    ...(introspection === undefined ? {} : { introspection_endpoint: introspection }),
    ...(server.pushed === undefined ? {} : { pushed_authorization_request_endpoint: server.pushed }),
    authorization_response_iss_parameter_supported: server.issRequired,
  };
}

/** @throws AuthError `provider_unavailable` when this provider has no such endpoint */
export function endpointOf(server: Server, name: EndpointName): string {
  const url = server.endpoints[name];
  if (url !== undefined) return url;
  throw new AuthError("provider_unavailable", `${server.dialect.title} has no ${name} endpoint.`, {
    hint: `Name it: --endpoint ${name}=https://…`,
  });
}

/** Discovery during a contract test: the endpoints that the issuer has where the description leaves them to it. */
import type { Dialect } from "../providers/defaults.ts";
import type { Endpoints, ResolvedProvider } from "../providers/resolve.ts";

/** The endpoints in force: the description's, and below them those of discovery. */
export function discoveredEndpoints({ issuer, endpoints, definition }: ResolvedProvider): Endpoints {
  if (issuer === null) return endpoints;
  const at = (path: string): string => `${issuer.replace(/\/$/, "")}/${path}`;
  const flows = JSON.stringify(definition.flows);
  return {
    authorization: at("authorize"),
    token: at("token"),
    userinfo: at("userinfo"),
    revocation: at("revoke"),
    ...(flows.includes("device") ? { device: at("device") } : {}),
    ...endpoints,
  };
}

/** RFC 8414 §2. */
export function issuerMetadata(issuer: string, { client }: Dialect, endpoints: Endpoints): object {
  const { authorization, device, token, revocation, userinfo, introspection } = endpoints;
  return {
    issuer,
    authorization_endpoint: authorization,
    device_authorization_endpoint: device,
    token_endpoint: token,
    revocation_endpoint: revocation,
    userinfo_endpoint: userinfo,
    introspection_endpoint: introspection,
    token_endpoint_auth_methods_supported: [
      client.authentication === "basic" ? "client_secret_basic" : "client_secret_post",
      ...(client.methods ?? []),
    ],
    response_types_supported: ["code"],
  };
}

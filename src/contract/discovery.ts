/** Discovery during a contract test: the endpoints that the issuer has where the description leaves them to it. */
import type { Dialect } from "../providers/defaults.ts";
import type { Endpoints, ResolvedProvider } from "../providers/resolve.ts";
import type { Call } from "./request.ts";

/** The effective endpoints: the description's, else those of discovery. */
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

/** An API that is its own issuer (RFC 9728, RFC 8414); null for any other request. */
export function answerAsApi(
  resource: string,
  { method, address }: Pick<Call, "method" | "address">,
  dialect: Dialect,
  endpoints: Endpoints,
): Response | null {
  const url = resource.replace(/\/$/, "");
  const { origin, pathname } = new URL(url);
  const path = pathname === "/" ? "" : pathname;
  const at = (place: string): string => `${origin}/.well-known/${place}${path}`;
  if (method === "POST" && address.replace(/\/$/, "") === url)
    return new Response(null, {
      status: 401,
      headers: { "www-authenticate": `Bearer resource_metadata="${at("oauth-protected-resource")}"` },
    });
  if (address === at("oauth-protected-resource"))
    return Response.json({ resource, authorization_servers: [resource], scopes_supported: ["tools"] });
  if (address !== at("oauth-authorization-server")) return null;
  return Response.json({
    ...issuerMetadata(resource, dialect, endpoints),
    code_challenge_methods_supported: ["S256"],
    scopes_supported: ["offline_access"],
  });
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

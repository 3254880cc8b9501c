/** A client that shows a certificate asks where the issuer's metadata says that it is asked for (RFC 8705 §5). */
import type { IssuerDocument } from "../../oauth/discovery.ts";
import { originOf } from "../../platform/url.ts";
import { type Endpoints, originsOf } from "../../providers/resolve.ts";
import type { LoginPlan } from "./plan.ts";

/** What a flag chose stays as it is. */
export function atMutualTls(plan: LoginPlan, document: IssuerDocument | null): LoginPlan {
  const { provider, server, overrides, client } = plan;
  if (document === null || client?.key?.certificate === undefined) return plan;
  const { pushed, ...aliases } = document.mutualTls;
  const aliasesOf = (held: Endpoints): Endpoints =>
    Object.fromEntries(
      Object.entries(aliases).filter(
        ([name]) => Object.hasOwn(held, name) && !Object.hasOwn(overrides.endpoints, name),
      ),
    );
  const endpoints = { ...server.endpoints, ...aliasesOf(server.endpoints) };
  const revocation = aliasesOf({ ...plan.mintRevocation }).revocation;
  const { token } = server.endpoints;
  return {
    ...plan,
    provider: { ...provider, endpoints, origins: originsOf(endpoints, provider.apiOrigins) },
    server: { ...server, endpoints, ...(server.pushed !== undefined && pushed !== undefined && { pushed }) },
    // Should the provider name another host on the way.
    overrides: { ...overrides, issuerDocument: { ...document, endpoints: { ...document.endpoints, ...aliases } } },
    ...(token !== undefined && plan.startOrigin === undefined && { startOrigin: originOf(token) }),
    ...(revocation !== undefined && { mintRevocation: { revocation } }),
  };
}

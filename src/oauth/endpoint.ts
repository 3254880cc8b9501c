/** Where a server's endpoints are. */
import { AuthError } from "../platform/errors.ts";
import type { EndpointName } from "../providers/schema.ts";
import type { Server } from "./types.ts";

/** @throws AuthError `provider_unavailable` when this provider has no such endpoint */
export function endpointOf(server: Server, name: EndpointName): string {
  const url = server.endpoints[name];
  if (url !== undefined) return url;
  throw new AuthError("provider_unavailable", `${server.dialect.title} has no ${name} endpoint.`, {
    hint: `Name it: --endpoint ${name}=https://…`,
  });
}

/**
 * Which issuer an MCP server's tokens are from: what the server says of itself (RFC 9728 §3.1, with its path, then without);
 * where it says nothing, its origin, as in MCP's first version.
 */
import { fetchDocument } from "../../oauth/discovery.ts";
import { AuthError } from "../../platform/errors.ts";
import { escapeText } from "../../platform/escape.ts";
import type { Http } from "../../platform/http.ts";
import { asObject } from "../../platform/json.ts";
import { isAllowedUrl, isSameUrl, originOf } from "../../platform/url.ts";

/** @throws AuthError `origin_mismatch` where its metadata is another server's, `network`, `provider_unavailable` */
export async function issuerOfServer(http: Http, server: string): Promise<string> {
  const origin = originOf(server);
  const path = new URL(server).pathname.replace(/\/$/, "");
  const places = [...new Set([path, ""])].map((one) => `${origin}/.well-known/oauth-protected-resource${one}`);
  for (const place of places) {
    const document = asObject(await fetchDocument(http, place, "metadata"));
    if (document === null || !Array.isArray(document.authorization_servers)) continue;
    const { resource } = document;
    const isIts = typeof resource === "string" && URL.canParse(resource) && covers(resource, server);
    if (!isIts)
      throw new AuthError("origin_mismatch", `${escapeText(server)} names the metadata of another server.`, {
        hint: "Nothing was sent or stored. Its operator has to mend this.",
      });
    const issuer = document.authorization_servers.find((one) => typeof one === "string" && isAllowedUrl(one));
    if (typeof issuer === "string") return issuer;
  }
  return origin;
}

/** The server itself, or all that its origin has. */
function covers(resource: string, server: string): boolean {
  return isSameUrl(resource, server) || isSameUrl(resource, originOf(server));
}

/** Who may use the proxy: programs with its secret, and no page in a browser. */
import type { IncomingHttpHeaders, IncomingMessage } from "../platform/http-server.ts";
import { Secret, sameText } from "../platform/secret.ts";

/** 256 bits, new at each start. */
export function newSecret(): Secret {
  return new Secret(crypto.getRandomValues(new Uint8Array(32)).toHex());
}

/** The proxy's names. Any other in `Host` comes from a page whose name was resolved to this machine (DNS rebinding). */
export function isOwnHost(host: string | undefined, port: number): boolean {
  return host === `127.0.0.1:${port}` || host === `localhost:${port}`;
}

/** Browsers name the page's site; some programs send the called address itself as `Origin`. */
export function isFromPage(headers: IncomingHttpHeaders, port: number): boolean {
  const { origin } = headers;
  const site = headers["sec-fetch-site"];
  const isOwn = origin === undefined || isOwnHost(origin.replace(/^http:\/\//, ""), port);
  return !isOwn || (site !== undefined && site !== "none" && site !== "same-origin");
}

/** `Proxy-Authorization: Basic`, as HTTPS_PROXY makes it of `http://auth:<secret>@…` (RFC 7617). */
export function hasProxySecret({ headers }: IncomingMessage, secret: Secret): boolean {
  const [, encoded = ""] = /^basic +([A-Za-z0-9+/=]+)$/i.exec(headers["proxy-authorization"] ?? "") ?? [];
  const given = Buffer.from(encoded, "base64").toString("latin1");
  return isSecret(given.slice(given.indexOf(":") + 1), secret);
}

export function isSecret(given: string, secret: Secret): boolean {
  return sameText(given, secret.reveal());
}

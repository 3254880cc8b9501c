/**
 * Which URLs a secret may be sent to, and when two of them are the same place. Nothing else in this program decides
 * either: URLs are compared as the parser of the WHATWG URL Standard reads them (case, default port, percent-encoding),
 * never as texts.
 */

/** 127.0.0.0/8, [::1] and `localhost` (RFC 6761 §6.3), as `URL.hostname` writes them. */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname);
}

/**
 * Why nothing may be sent to a URL, in words that follow its name; null where it may: https, or http to this machine.
 * Spellings of a host that only a parser sees through are refused: a person who compares two would take them for two.
 */
export function addressFault(text: string): string | null {
  if (!/^[\x21-\x7e]+$/.test(text)) return "has spaces or characters outside ASCII";
  if (text.includes("\\")) return "has a backslash in it";
  if (text.includes("#")) return "has a fragment";
  const [, authority = ""] = /^https?:\/\/([^/?]+)/i.exec(text) ?? [];
  if (authority.includes("@")) return "has a user name in it";
  if (authority.includes("%")) return "has a percent sign in its host";
  if (authority.endsWith(":")) return "has a colon without a port";
  if (/\.(:\d+)?$/.test(authority)) return "has a dot at the end of its host";
  const url = URL.parse(text);
  if (url === null || authority === "") return "is not an https URL";
  if (url.protocol === "http:" && !isLoopback(url.hostname))
    return "is http: tokens go over https only, but for this machine (127.0.0.1, [::1], localhost)";
  return null;
}

/** The same of a page that a person opens: it may have a fragment, to which nothing is sent. */
export function pageFault(text: string): string | null {
  return addressFault(text.replace(/#.*/s, ""));
}

/** Whether a request may be made to this URL at all. */
export function isAllowedUrl(text: string): boolean {
  return addressFault(text) === null;
}

/** Scheme, host and port, in their one spelling: `https://host.example`. @throws TypeError for what is no URL */
export function originOf(url: string): string {
  return new URL(url).origin;
}

/** For logs and messages: in a query a key may stand. */
export function withoutQuery(url: string): string {
  const at = url.indexOf("?");
  return at < 0 ? url : `${url.slice(0, at)}?…`;
}

/** Whether two URLs are at the same origin. False where either is no URL. */
export function isSameOrigin(one: string, other: string): boolean {
  const origin = URL.parse(one)?.origin;
  return origin !== undefined && origin === URL.parse(other)?.origin;
}

/** Whether two URLs are the same, but for a slash at the end. False where either is no URL. */
export function isSameUrl(one: string, other: string): boolean {
  const url = comparableUrl(one);
  return url !== null && url === comparableUrl(other);
}

/** Whether a token for this resource is one for the URL: the same, or what is above it at the same origin. */
export function coversUrl(resource: string, url: string): boolean {
  if (isSameUrl(resource, url)) return true;
  const [above, below] = [URL.parse(resource), URL.parse(url)];
  if (above === null || below === null || above.origin !== below.origin || above.search !== "") return false;
  return below.pathname.startsWith(above.pathname.replace(/\/?$/, "/"));
}

/** The one spelling of a URL in which it is compared with others; null for what is no URL. */
export function comparableUrl(url: string): string | null {
  const parsed = URL.parse(url);
  return parsed === null ? null : withoutSlash(parsed.href);
}

/** The URL with its origin in its one spelling, and all that follows as it was given. */
export function normalizeUrl(url: string): string {
  return url.replace(/^[a-z]+:\/\/[^/?#]*/i, () => originOf(url));
}

/**
 * The port that a URL names, also where it is its scheme's own and `URL.port` is empty for it. null: none.
 * @throws TypeError for what is no URL
 */
export function namedPort(url: string): number | null {
  const { port, protocol } = new URL(url);
  if (port !== "") return Number(port);
  if (!/^[a-z]+:\/\/[^/?#]*:\d+(?:[/?#]|$)/i.test(url)) return null;
  return protocol === "https:" ? 443 : 80;
}

/** A host, perhaps with a port, as a URL holds it; null where the text is anything else. */
export function hostFrom(text: string): string | null {
  const host = text.toLowerCase();
  if (!/^([a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:]+\])(:\d{1,5})?$/.test(host)) return null;
  const url = URL.parse(`https://${host}`);
  if (url === null) return null;
  // What the URL parser reads as another host (`1` as 0.0.0.1) is not what the person meant.
  return url.hostname === host.replace(/:\d+$/, "") ? url.host : null;
}

function withoutSlash(url: string): string {
  return url.endsWith("/") ? url.slice(0, -1) : url;
}

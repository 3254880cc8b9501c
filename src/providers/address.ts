/** Which addresses a token may be sent to at all: https, or http to this very machine. */

/** `localhost`, 127.0.0.0/8 and [::1], as `URL.hostname` writes them. */
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** Why a URL can't be used, in words; null where it can. */
export function addressFault(text: string): string | null {
  if (!/^[\x21-\x7e]+$/.test(text)) return "has spaces or characters outside ASCII";
  const url = URL.parse(text);
  if (url === null || !/^https?:\/\/[^/]/i.test(text)) return "is not an https URL";
  if (url.username !== "" || url.password !== "" || /^https?:\/\/[^/?#]*@/i.test(text)) return "has a user name in it";
  if (text.includes("\\")) return "has a backslash in it";
  if (text.includes("#")) return "has a fragment";
  if (url.protocol === "http:" && !LOOPBACK.test(url.hostname))
    return "is http: tokens go over https only, but for this machine (127.0.0.1, [::1], localhost)";
  return null;
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

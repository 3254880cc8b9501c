/** Which origin a request is about. What isn't written as a URL parser would write it is refused, not repaired. */
import { addressFault, isLoopback } from "../../platform/url.ts";
import { BadRequest, OutOfReach } from "./protocol.ts";

/** @param host as it stands between `//` and the path: no user name, perhaps a port @throws BadRequest */
export function originAsked(scheme: string, host: string): string {
  if (/[/?\\]/.test(host)) throw new BadRequest("The host asked for has more than a host in it.");
  return originOfUrl(`${scheme}://${host}/`);
}

/** @throws OutOfReach for http to another machine, and where a user name is in it; BadRequest for what is no URL */
export function originOfUrl(text: string): string {
  const fault = addressFault(text);
  if (fault !== null) throw new (isWebAddress(text) ? OutOfReach : BadRequest)(`The address asked for ${fault}.`);
  const [, written = ""] = /^(https?:\/\/[^/?]*)/.exec(text) ?? [];
  const { origin, hostname } = new URL(text);
  // RFC 1035 §2.3.4
  if (hostname.length > 253) throw new BadRequest("The host asked for is longer than a host's name can be.");
  // 1.2 for 1.0.0.2, a port with zeros before it: two who compare texts would take them for two places.
  if (written.toLowerCase().replace(/^(https:.*):443$|^(http:.*):80$/, "$1$2") !== origin)
    throw new BadRequest("The address asked for isn't in its usual form.");
  return origin;
}

/** Of a mirror or a registry that other programs reach without us. */
function isWebAddress(text: string): boolean {
  const url = /^[\x21-\x7e]+$/.test(text) && !text.includes("\\") ? URL.parse(text) : null;
  return url !== null && (url.protocol === "http:" || (url.protocol === "https:" && url.username !== ""));
}

/** `https://pypi.example/simple/`, `pypi.example:8443`. Without a scheme it is https, but for this machine. @throws BadRequest */
export function originOfServer(text: string): string {
  const [, scheme, host = ""] = /^(?:(https?):\/\/)?([^/]*)(?:\/[\x21-\x7e]*)?$/.exec(text) ?? [];
  if (host === "") throw new BadRequest("What is asked for is no address.");
  return originAsked(scheme ?? (isLoopback(host.replace(/:\d+$/, "")) ? "http" : "https"), host);
}

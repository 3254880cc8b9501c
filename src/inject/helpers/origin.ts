/** Which origin a request is for. An address that isn't in a URL parser's own form is refused, not repaired. */
import { addressFault, isLoopback } from "../../platform/url.ts";
import { BadRequest, OutOfReach } from "./protocol.ts";

/** @param host the part between `//` and the path: no user name, perhaps a port @throws BadRequest */
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
  // `1.2` for 1.0.0.2, or a port with leading zeros: programs that compare texts see another place.
  if (written.toLowerCase().replace(/^(https:.*):443$|^(http:.*):80$/, "$1$2") !== origin)
    throw new BadRequest("The address asked for isn't in its usual form.");
  return origin;
}

/** A web address that other programs may reach without a token: http, or with a user name. */
function isWebAddress(text: string): boolean {
  const url = /^[\x21-\x7e]+$/.test(text) && !text.includes("\\") ? URL.parse(text) : null;
  return url !== null && (url.protocol === "http:" || (url.protocol === "https:" && url.username !== ""));
}

/**
 * `https://pypi.example/simple/`, `registry.example:5000/team`. Without a scheme it is https, on this machine http.
 * @param fault the message where it is no address
 * @throws BadRequest
 */
export function originOfServer(text: string, fault = "What is asked for is no address."): string {
  const [, scheme, host = ""] = /^(?:(https?):\/\/)?([^/]*)(?:\/[\x21-\x7e]*)?$/.exec(text) ?? [];
  if (host === "") throw new BadRequest(fault);
  return originAsked(scheme ?? (isLoopback(host.replace(/:\d+$/, "")) ? "http" : "https"), host);
}

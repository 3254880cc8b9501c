/** Raw header lists: name, value, name, value … */
import type { IncomingMessage } from "../platform/http-server.ts";

/** For one connection, not part of the message (RFC 9110 §7.6.1). Our server has answered `Expect`. */
const HOP_BY_HOP = [
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authentication-info",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "expect",
  "http2-settings",
];

/** The headers that are passed on, but for those that `without` names in lower case. */
export function endToEnd(raw: readonly string[], without: readonly string[]): string[] {
  const named = pairs(raw)
    .filter(([name]) => name.toLowerCase() === "connection")
    .flatMap(([, value]) =>
      value
        .toLowerCase()
        .split(",")
        .map((word) => word.trim()),
    );
  const kept: string[] = [];
  for (const [name, value] of pairs(raw)) {
    const lower = name.toLowerCase();
    if (HOP_BY_HOP.includes(lower) || named.includes(lower) || without.includes(lower)) continue;
    kept.push(name, value);
  }
  return kept;
}

export function pairs(raw: readonly string[]): [name: string, value: string][] {
  const all: [string, string][] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) all.push([raw[i] as string, raw[i + 1] as string]);
  return all;
}

/** How often a header occurs: `Host` and the length headers must not occur twice. */
export function count(raw: readonly string[], wanted: string): number {
  return pairs(raw).filter(([name]) => name.toLowerCase() === wanted).length;
}

/** Whether a message has no transfer coding besides `chunked`, which ends here (RFC 9112 §6.1): others would be lost. */
export function isChunkedAtMost({ headers }: Pick<IncomingMessage, "headers">): boolean {
  return /^(?:chunked)?$/i.test((headers["transfer-encoding"] ?? "").trim());
}

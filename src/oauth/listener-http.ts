/** The part of HTTP/1.1 that the loopback servers need: one request, one small reply. */
import { withoutEnd } from "../platform/escape.ts";
import { contentSecurityPolicy, type Page, renderPage } from "./page.ts";

export interface Head {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly host: string;
  /** By their names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
}

/** RFC 9112 §3, as far as one request needs it. null: malformed, a header twice, or not exactly one Host. */
export function parseHead(bytes: Uint8Array): Head | null {
  const [first = "", ...lines] = new TextDecoder("latin1").decode(bytes).split("\r\n");
  const [, method, target] = /^([A-Z]+) (\/[\x21-\x7e]*) HTTP\/1\.[01]$/.exec(first) ?? [];
  const hosts = lines.filter((line) => /^host:/i.test(line));
  if (method === undefined || target === undefined || hosts.length !== 1) return null;
  const headers = new Map<string, string>();
  for (const line of lines) {
    const [name = ""] = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+(?=:)/.exec(line) ?? [];
    const value = withoutEnd(line.slice(name.length + 1), " \t").replace(/^[ \t]+/, "");
    // Parsers could read duplicates differently; none of the headers used here is a list.
    if (DECIDING.has(name.toLowerCase()) && headers.has(name.toLowerCase())) return null;
    headers.set(name.toLowerCase(), value);
  }
  const [path = "", ...query] = target.split("?");
  return { method, path, query: query.join("?"), host: headers.get("host")?.toLowerCase() ?? "", headers };
}

const DECIDING = new Set(["content-length", "transfer-encoding", "content-type", "origin", "sec-fetch-site"]);

export function pageReply(status: number, page: Page): string {
  return reply(status, renderPage(page), {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": contentSecurityPolicy(),
  });
}

export function textReply(status: number, text: string, headers: Readonly<Record<string, string>> = {}): string {
  return reply(status, `${text}\n`, { "content-type": "text/plain; charset=utf-8", ...headers });
}

const STATUS_TEXT: Readonly<Record<number, string>> = {
  200: "OK",
  303: "See Other",
  400: "Bad Request",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  503: "Service Unavailable",
  431: "Request Header Fields Too Large",
};

export function reply(status: number, body: string, headers: Readonly<Record<string, string>>): string {
  const all = {
    "referrer-policy": "no-referrer",
    ...headers,
    "content-length": String(new TextEncoder().encode(body).length),
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    connection: "close",
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} ${STATUS_TEXT[status]}\r\n${lines.join("")}\r\n${body}`;
}

/** As much of HTTP/1.1 as the loopback listener speaks: one GET in, one small reply out. */
import { contentSecurityPolicy, type Page, renderPage } from "./page.ts";

export interface Head {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly host: string;
}

/** RFC 9112 §3, as far as one GET needs it. null: malformed, or not exactly one Host. */
export function parseHead(bytes: Uint8Array): Head | null {
  const [first = "", ...lines] = new TextDecoder("latin1").decode(bytes).split("\r\n");
  const [, method, target] = /^([A-Z]+) (\/[\x21-\x7e]*) HTTP\/1\.[01]$/.exec(first) ?? [];
  const hosts = lines.filter((line) => /^host:/i.test(line));
  if (method === undefined || target === undefined || hosts.length !== 1) return null;
  const [path = "", ...query] = target.split("?");
  return { method, path, query: query.join("?"), host: hosts[0]?.slice("host:".length).trim().toLowerCase() ?? "" };
}

/** Where the empty line begins, or -1. */
export function headEnd(bytes: Uint8Array): number {
  for (let i = 0; i + 3 < bytes.length; i++)
    if (bytes[i] === 13 && bytes[i + 1] === 10 && bytes[i + 2] === 13 && bytes[i + 3] === 10) return i;
  return -1;
}

export function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(a.length + b.length);
  bytes.set(a);
  bytes.set(b, a.length);
  return bytes;
}

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
  404: "Not Found",
  405: "Method Not Allowed",
  431: "Request Header Fields Too Large",
};

export function reply(status: number, body: string, headers: Readonly<Record<string, string>>): string {
  const all = {
    ...headers,
    "content-length": String(new TextEncoder().encode(body).length),
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    connection: "close",
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} ${STATUS_TEXT[status]}\r\n${lines.join("")}\r\n${body}`;
}

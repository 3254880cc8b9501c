/** The proxy's own replies: a status, JSON like the errors of `--json`, and a `Proxy-Status` (RFC 9209). */
import type { AuthError } from "../platform/errors.ts";
import type { HttpError, HttpFailure } from "../platform/http-failure.ts";
import type { Duplex, ServerResponse } from "../platform/http-server.ts";
import { LIMITS } from "../platform/limits.ts";

export interface Refusal {
  readonly status: number;
  /** A type of RFC 9209 §2.3. */
  readonly type: string;
  readonly code: string;
  readonly message: string;
  readonly hint?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
}

export function denied(message: string, hint?: string): Refusal {
  return { status: 403, type: "http_request_denied", code: "request_denied", message, hint };
}

export function malformed(message: string): Refusal {
  return { status: 400, type: "http_request_error", code: "request_malformed", message };
}

/** @param isTooLarge its headers are too large */
export function unreadable(isTooLarge: boolean): Refusal {
  if (!isTooLarge) return malformed("It can't be read as a request.");
  const message = `Its headers are larger than ${LIMITS.headBytes / 1024} KB.`;
  return { status: 431, type: "http_request_error", code: "headers_too_large", message };
}

/** There is no token to send the request with: nothing was sent. */
export function withoutToken({ code, message, hint }: AuthError): Refusal {
  const passes = ["network", "provider_unavailable", "rate_limited", "busy"].includes(code);
  return { status: passes ? 503 : 502, type: "proxy_configuration_error", code, message, hint };
}

/** Methods that change nothing, and can be repeated. */
const SAFE = ["GET", "HEAD", "OPTIONS", "TRACE", "CONNECT"];

/** The API didn't answer. */
export function withoutReply({ failure, message, remedy, sent }: HttpError, method: string): Refusal {
  const isLate = failure === "connection timed out";
  const hint =
    sent && !SAFE.includes(method)
      ? "The API may have done what was asked: look there before it is asked again."
      : remedy;
  return { status: isLate ? 504 : 502, type: typeOf(failure), code: "network", message: `${message}.`, hint };
}

function typeOf(failure: HttpFailure): string {
  if (failure.startsWith("certificate")) return "tls_certificate_error";
  if (failure === "host not found") return "dns_error";
  if (failure === "connection refused") return "connection_refused";
  if (failure === "connection timed out") return "http_response_timeout";
  if (failure === "reply unreadable") return "http_response_content_coding";
  if (failure === "reply too large") return "http_response_header_section_size";
  return failure.startsWith("proxy") ? "destination_unavailable" : "connection_terminated";
}

function bodyOf({ code, message, hint }: Refusal): string {
  return `${JSON.stringify({ error: { code, message, ...(hint !== undefined && { hint }) } })}\n`;
}

function headersOf(refusal: Refusal, body: string): Record<string, string> {
  return {
    "content-type": "application/json",
    "content-length": String(Buffer.byteLength(body)),
    "cache-control": "no-store",
    "proxy-status": `auth; error=${refusal.type}`,
    ...refusal.headers,
  };
}

/** Sends it, or cuts off a reply that has begun. */
export function refuse(response: ServerResponse, refusal: Refusal): void {
  if (response.headersSent || response.destroyed) return void response.destroy();
  const body = bodyOf(refusal);
  response.writeHead(refusal.status, headersOf(refusal, body));
  response.end(body);
}

/** The same on a raw connection. */
export function refuseOn(socket: Duplex, refusal: Refusal): void {
  const body = bodyOf(refusal);
  const headers = { ...headersOf(refusal, body), connection: "close" };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${refusal.status} ${refusal.code}\r\n${lines.join("")}\r\n${body}`);
}

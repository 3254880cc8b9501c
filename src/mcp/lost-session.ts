/** Recognises the reply of a server that doesn't know the session of a request. */
import type { HttpStream } from "../platform/http.ts";
import { asObject } from "../platform/json.ts";
import { jsonIn } from "./message.ts";
import { drain, failedBody } from "./reply.ts";

/** With HTTP 400: in plain text by the official SDK for Python, in JSON-RPC by the examples of the one for TypeScript. */
const UNKNOWN_SESSION = "Bad Request: No valid session ID provided";

/**
 * "When a client receives HTTP 404 in response to a request containing an Mcp-Session-Id, it MUST start a new session" (MCP
 * 2025-11-25, "Session Management"). The examples of the official SDKs, and servers made after them, answer 400.
 *
 * @returns the reply; null where the session is lost
 * @throws HttpError
 */
export async function unlessSessionLost(reply: HttpStream): Promise<HttpStream | null> {
  if (reply.status === 404) {
    await drain(reply);
    return null;
  }
  if (reply.status !== 400) return reply;
  const body = await failedBody(reply);
  if (body === null) return { ...reply, body: null };
  return isUnknownSession(body) ? null : { ...reply, body: new Blob([body]).stream() };
}

/** The word "session" alone isn't enough: a failed tool may say it, too, and would be called twice. */
function isUnknownSession(body: Uint8Array<ArrayBuffer>): boolean {
  const message = asObject(jsonIn(body));
  if (message === null) return new TextDecoder().decode(body).trim() === UNKNOWN_SESSION;
  // An answer with the request's id (JSON-RPC 2.0 §5) is about the request itself.
  return (message.id ?? null) === null && asObject(message.error)?.message === UNKNOWN_SESSION;
}

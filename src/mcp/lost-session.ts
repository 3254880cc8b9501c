/** How servers say that they don't know the session of a request. */
import type { HttpStream } from "../platform/http.ts";
import { asObject } from "../platform/json.ts";
import { jsonIn } from "./message.ts";
import { drain, failedBody } from "./reply.ts";

/** What the official SDK for Python says in plain text, and the examples of the one for TypeScript in JSON-RPC, with HTTP 400. */
const UNKNOWN_SESSION = "Bad Request: No valid session ID provided";

/**
 * "When a client receives HTTP 404 in response to a request containing an Mcp-Session-Id, it MUST start a new session" (MCP
 * 2025-11-25, "Session Management"). The examples of the official SDKs, and servers made after them, answer 400.
 *
 * @returns the reply that is to be read; null where the session is lost
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

/** Not the word "session" alone: a tool that was called, and failed, may say that too, and would be called twice. */
function isUnknownSession(body: Uint8Array<ArrayBuffer>): boolean {
  const message = asObject(jsonIn(body));
  if (message === null) return new TextDecoder().decode(body).trim() === UNKNOWN_SESSION;
  // An answer to the request has its id (JSON-RPC 2.0 §5): the server has looked at it.
  return (message.id ?? null) === null && asObject(message.error)?.message === UNKNOWN_SESSION;
}

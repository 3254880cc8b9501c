/** How servers say that they don't know the session of a request. */
import type { HttpStream } from "../platform/http.ts";
import { asObject } from "../platform/json.ts";
import { INVALID_REQUEST, jsonIn } from "./message.ts";
import { drain, failedBody } from "./reply.ts";

/** Of the implementation's own (JSON-RPC 2.0 §5.1): "Bad Request: No valid session ID provided", "Session not found". */
const CODES: readonly unknown[] = [-32000, -32001, INVALID_REQUEST];

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
  return isAboutSession(body) ? null : { ...reply, body: new Blob([body]).stream() };
}

function isAboutSession(body: Uint8Array<ArrayBuffer>): boolean {
  const error = asObject(asObject(jsonIn(body))?.error);
  if (error !== null && !CODES.includes(error.code)) return false;
  const text = error === null ? new TextDecoder().decode(body) : error.message;
  return typeof text === "string" && text.length < 1_000 && /session/i.test(text);
}

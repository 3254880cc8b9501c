/** JSON-RPC 2.0 as MCP uses it: reads a client's line, and writes the bridge's own errors. */
import { AuthError } from "../platform/errors.ts";
import { HttpError } from "../platform/http-failure.ts";
import { asObject, type Json } from "../platform/json.ts";
import { maskHeldJson, withoutRandomWords } from "../platform/redact.ts";
import { PersonNeeded } from "./authorize.ts";

export type Id = string | number;

export interface Request {
  readonly kind: "request";
  readonly id: Id;
  readonly method: string;
  readonly params: Json;
  /** As received. */
  readonly bytes: Uint8Array;
}

export interface Notification extends Omit<Request, "kind" | "id"> {
  readonly kind: "notification";
}

export type ClientMessage = Request | Notification | { readonly kind: "response"; readonly bytes: Uint8Array };

/** A message that isn't passed on, and why. */
export interface Malformed {
  readonly kind: "malformed";
  /** Where it could be read. */
  readonly id: Id | null;
  readonly error: RpcError;
}

export interface RpcError {
  readonly code: number;
  readonly message: string;
  readonly data?: unknown;
}

/** JSON-RPC 2.0 §5.1. */
const PARSE_ERROR = -32700;
const INTERNAL_ERROR = -32603;
export const INVALID_REQUEST = -32600;

/** @param given a line; null: one that was longer than any message may be */
export function readMessage(given: Uint8Array | null): ClientMessage | Malformed {
  if (given === null) return malformed(INVALID_REQUEST, "The message is too long.");
  const line = withoutByteOrderMark(given);
  const value = jsonIn(line);
  if (value === undefined) return malformed(PARSE_ERROR, "The line is no JSON, or no UTF-8.");
  if (Array.isArray(value)) return malformed(INVALID_REQUEST, "Batches are no part of MCP since 2025-06-18.");
  const message = asObject(value);
  if (message === null || message.jsonrpc !== "2.0") return malformed(INVALID_REQUEST, "This is no JSON-RPC 2.0.");
  const { id, method, params = {} } = message;
  if (typeof method !== "string") {
    if (isId(id) && ("result" in message || "error" in message)) return { kind: "response", bytes: line };
    return malformed(INVALID_REQUEST, "The message is neither a request, a notification nor a response.", id);
  }
  if (!/^[\x21-\x7e]{1,200}$/.test(method)) return malformed(INVALID_REQUEST, "The method's name can't be sent.", id);
  const object = asObject(params);
  if (object === null) return malformed(INVALID_REQUEST, "The parameters are no object.", id);
  if (!("id" in message)) return { kind: "notification", method, params: object, bytes: line };
  if (!isId(id)) return malformed(INVALID_REQUEST, "The id is neither a text nor a whole number.");
  return { kind: "request", id, method, params: object, bytes: line };
}

function malformed(code: number, message: string, id?: unknown): Malformed {
  return { kind: "malformed", id: isId(id) ? id : null, error: { code, message } };
}

export function isId(value: unknown): value is Id {
  return typeof value === "string" || (typeof value === "number" && Number.isInteger(value));
}

/** Servers and shells may begin a text with it (RFC 8259 §8.1); clients may refuse it. */
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];

export function withoutByteOrderMark(bytes: Uint8Array): Uint8Array {
  return BYTE_ORDER_MARK.every((byte, at) => bytes[at] === byte) ? bytes.subarray(BYTE_ORDER_MARK.length) : bytes;
}

/** undefined for what is no JSON in UTF-8. */
export function jsonIn(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}

export function bytesOf(message: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(message));
}

/** Masks secrets: the error may quote the server, and the server the token. */
export function errorAnswer(id: Id | null, error: RpcError): Uint8Array {
  return bytesOf({ jsonrpc: "2.0", ...(id !== null && { id }), error: maskHeldJson(error) });
}

/** A warning against asking again. */
export const MAY_BE_DONE = "What was asked may have been done.";

/** The server gave no usable answer. `status`: the HTTP status that describes it. */
export class NoAnswer extends AuthError {
  readonly status: number;

  constructor(status: number, message: string) {
    super("provider_unavailable", message);
    this.status = status;
  }
}

/**
 * The bridge's own errors for the client. The number is an HTTP status, which JSON-RPC and MCP don't reserve (MCP
 * 2026-07-28, "Error Codes"); `data.code` is the error code of `auth`.
 */
export function rpcError(error: unknown): RpcError {
  if (error instanceof NoAnswer) return { code: error.status, message: error.message };
  if (error instanceof HttpError)
    return {
      code: BAD_GATEWAY,
      message: `The MCP server gave no answer: ${error.reason}. ${remedyFor(error)}`,
      data: { code: "network", sent: error.sent },
    };
  if (!(error instanceof AuthError)) return { code: INTERNAL_ERROR, message: "Something failed in auth itself." };
  const { code, message, hint, detail, connection } = error;
  const url = error instanceof PersonNeeded ? error.url : undefined;
  return {
    code: code === "insufficient_scope" ? 403 : NETWORK.includes(code) ? BAD_GATEWAY : 401,
    message: [message, hint].filter(Boolean).join("\n"),
    data: { code, hint, detail, connection, url },
  };
}

function remedyFor({ failure, location, lasting, sent, remedy }: HttpError): string {
  if (failure === "redirected" && location !== null)
    return `It sends to ${withoutRandomWords(location)}, which is not followed. If that is right, use that address.`;
  // The client may repeat the request by itself, which would call the tool twice.
  return sent && !lasting && failure !== "redirected" ? MAY_BE_DONE : remedy;
}

/** MCP 2025-11-25, "URL Elicitation Required Error": the client shows the page, and asks again. */
export function pageError(error: PersonNeeded): RpcError {
  const { message, data } = rpcError(error);
  const { url } = error;
  const elicitation = { mode: "url", elicitationId: crypto.randomUUID(), url, message: error.message };
  return { code: -32042, message, data: { ...(data as Json), elicitations: [elicitation] } };
}

const BAD_GATEWAY = 502;
const NETWORK: readonly string[] = ["network", "provider_unavailable", "rate_limited", "busy"];

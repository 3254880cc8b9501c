/** Reads a server's reply, one JSON document or events, and passes each message to a receiver. */
import type { HttpStream } from "../platform/http.ts";
import { asObject, type Json } from "../platform/json.ts";
import { Incoming, type Received } from "./incoming.ts";
import type { Lines } from "./lines.ts";
import { jsonIn, NoAnswer } from "./message.ts";
import { EventReader } from "./sse.ts";

export interface Receiver {
  /** A message that was read. @param bytes as received; null: it was part of a list */
  message(message: Json, bytes: Uint8Array | null): Promise<void>;
  /** A message too large to be read was passed to the client. */
  passed(about: { readonly id?: unknown; readonly method?: unknown }): void;
  /** Gets large messages; null: every message has to be read. */
  readonly large: Lines | null;
  /** For debugging. Never a body's text. */
  log(text: string): void;
}

/** How far a stream of events was read. */
export interface Position {
  /** null: the server gives none, and the stream can't be resumed. */
  id: string | null;
  /** Milliseconds; null: the server doesn't say. */
  retry: number | null;
}

/** @throws HttpError where it is cut off; an incomplete message isn't passed on */
export async function readEvents({ body }: HttpStream, receiver: Receiver, position: Position): Promise<void> {
  if (body === null) return;
  const reader = new EventReader();
  const incoming = new Incoming(receiver.large);
  try {
    for await (const chunk of body)
      for (const token of reader.read(chunk)) {
        if (token.kind === "data") {
          await incoming.add(token.bytes);
          continue;
        }
        position.id = token.id ?? position.id;
        position.retry = token.retry ?? position.retry;
        if (!incoming.isEmpty) await take(await incoming.end(), receiver);
      }
  } finally {
    await incoming.cut();
  }
}

/** @throws HttpError, NoAnswer */
export async function readDocument({ body }: HttpStream, receiver: Receiver): Promise<void> {
  const incoming = new Incoming(receiver.large);
  try {
    if (body !== null) for await (const chunk of body) await incoming.add(chunk);
    if (!(await take(await incoming.end(), receiver))) throw new NoAnswer(502, "The MCP server's answer is no JSON.");
  } finally {
    await incoming.cut();
  }
}

async function take(received: Received, receiver: Receiver): Promise<boolean> {
  if (received.kind === "passed") {
    receiver.passed(received);
    return true;
  }
  const value = received.kind === "held" ? jsonIn(received.bytes) : undefined;
  // Servers of 2025-03-26 may send several at once.
  const messages = Array.isArray(value) ? value.map(asObject) : [asObject(value)];
  if (received.kind === "too long" || messages.some((one) => one?.jsonrpc !== "2.0")) {
    receiver.log(
      received.kind === "too long" ? "a message of the server is too long" : "the server sent what is no JSON-RPC",
    );
    return false;
  }
  for (const message of messages)
    if (message !== null && received.kind === "held")
      await receiver.message(message, Array.isArray(value) ? null : received.bytes);
  return true;
}

/** The content type without parameters: `text/event-stream`. */
export function kindOf({ headers }: HttpStream): string {
  return (headers.get("content-type") ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
}

/** Bytes of a failed request's body. */
const LONGEST_ERROR = 64 * 1024;

/** null where it is larger than an error may be. @throws HttpError */
export async function failedBody({ body }: HttpStream): Promise<Uint8Array<ArrayBuffer> | null> {
  const parts: Uint8Array[] = [];
  let size = 0;
  if (body !== null)
    for await (const part of body) {
      size += part.length;
      if (size > LONGEST_ERROR) return null;
      parts.push(part);
    }
  return Buffer.concat(parts);
}

/** The JSON-RPC error in the body of a failed request; null where it is something else. */
export async function errorIn(reply: HttpStream): Promise<Json | null> {
  const body = await failedBody(reply);
  const message = body === null ? null : asObject(jsonIn(body));
  const error = asObject(message?.error);
  if (message === null || error === null) return null;
  return Number.isInteger(error.code) && typeof error.message === "string" ? message : null;
}

/** Bytes that are read of an unused body, so that its connection can be used again. */
const DRAINED = 64 * 1024;
/** Milliseconds to read the rest of a reply: most servers end it at once, some never. */
export const REST = 1_000;

export async function drain({ body }: HttpStream): Promise<void> {
  if (body === null) return;
  const reader = body.getReader();
  const cancel = (): void => void reader.cancel().catch(() => {});
  const timer = setTimeout(cancel, REST);
  try {
    let read = 0;
    for (let part = await reader.read(); !part.done && read <= DRAINED; part = await reader.read())
      read += part.value.length;
  } finally {
    clearTimeout(timer);
    cancel();
  }
}

/** The body of a reply as an object, whatever its content type (providers send JSON as text, forms as JSON); and its encoding for the vault. */
import * as v from "valibot";
import { AuthError } from "../platform/errors.ts";
import { asObject, type Json, parseJson } from "../platform/json.ts";
import { learnSecrets } from "../platform/learn-secrets.ts";
import type { RawReply } from "./types.ts";

/**
 * null where the body isn't an object: HTML, an array, nothing. Registers the credentials in it as secrets, so that its other
 * texts can't reveal one of them.
 */
export function readBody(raw: RawReply): Json | null {
  return learnSecrets(decodeBody(raw)) ? parseBody(raw) : null;
}

/** The same without registering secrets, to read the error of a reply that isn't stored yet. */
export function parseBody(raw: RawReply): Json | null {
  const text = decodeBody(raw);
  const json = parseJson(text);
  if (json !== undefined) return asObject(json);
  return isForm(raw, text) ? Object.fromEntries(new URLSearchParams(text)) : null;
}

export function isSuccess({ status }: { readonly status: number }): boolean {
  return status >= 200 && status < 300;
}

/** UTF-8, or UTF-16 where the first two bytes show it (RFC 4627 §3), without a byte order mark. */
export function decodeBody({ body }: RawReply): string {
  const [a, b] = body;
  const little = (a === 0xff && b === 0xfe) || b === 0;
  const big = (a === 0xfe && b === 0xff) || a === 0;
  return new TextDecoder(little ? "utf-16le" : big ? "utf-16be" : "utf-8").decode(body).trim();
}

/** By its content type, else by its content. */
function isForm(raw: RawReply, text: string): boolean {
  const type = raw.headers["content-type"] ?? "";
  if (/^application\/x-www-form-urlencoded/i.test(type)) return text !== "";
  return /^(text\/(plain|html)|$)/i.test(type) && /^[A-Za-z_]+=[^<>\s]*$/.test(text);
}

const Head = v.strictObject({ status: v.number(), headers: v.record(v.string(), v.string()) });
const NEWLINE = 10;

/** A reply for the kept-reply file: one line of JSON (status, headers), then the body as it came. */
export function encodeRaw({ status, headers, body }: RawReply): Uint8Array {
  const head = new TextEncoder().encode(`${JSON.stringify({ status, headers })}\n`);
  return Buffer.concat([head, body]);
}

/** @throws AuthError `vault_corrupt` for bytes that `encodeRaw` didn't make */
export function decodeRaw(bytes: Uint8Array): RawReply {
  const end = bytes.indexOf(NEWLINE);
  const head = v.safeParse(Head, parseJson(new TextDecoder().decode(bytes.subarray(0, Math.max(0, end)))));
  if (head.success) return { ...head.output, body: bytes.slice(end + 1) };
  throw new AuthError("vault_corrupt", "A kept reply can't be understood.", { hint: "Log in again with --force." });
}

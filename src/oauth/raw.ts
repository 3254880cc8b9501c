/** A reply as bytes for the kept-reply file: one line of JSON (status, headers), then the body as it came. */
import * as v from "valibot";
import { AuthError } from "../platform/errors.ts";
import { parseJson } from "./body.ts";
import type { RawReply } from "./types.ts";

const Head = v.strictObject({ status: v.number(), headers: v.record(v.string(), v.string()) });
const NEWLINE = 10;

export function encodeRaw({ status, headers, body }: RawReply): Uint8Array {
  const head = new TextEncoder().encode(`${JSON.stringify({ status, headers })}\n`);
  const bytes = new Uint8Array(head.length + body.length);
  bytes.set(head);
  bytes.set(body, head.length);
  return bytes;
}

/** @throws AuthError `vault_corrupt` for bytes that `encodeRaw` didn't make */
export function decodeRaw(bytes: Uint8Array): RawReply {
  const end = bytes.indexOf(NEWLINE);
  const head = v.safeParse(Head, parseJson(new TextDecoder().decode(bytes.subarray(0, Math.max(0, end)))));
  if (head.success) return { ...head.output, body: bytes.slice(end + 1) };
  throw new AuthError("vault_corrupt", "A kept reply can't be understood.", { hint: "Log in again with --force." });
}

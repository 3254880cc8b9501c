/** A key as text: 32 bytes in base64, base64url or hex, which their lengths tell apart. */
import { DIGITS, isMadeOf, LOWER_CASE, UPPER_CASE } from "../../platform/characters.ts";
import { AuthError } from "../../platform/errors.ts";
import type { Bytes } from "../bytes.ts";

const KEY_BYTES = 32;
const HEX_LENGTH = 64;
/** Without the padding, which may be left out. */
const BASE64_LENGTH = 43;
const HEX = `${DIGITS}abcdefABCDEF`;
const ALPHANUMERIC = `${LOWER_CASE}${UPPER_CASE}${DIGITS}`;

/**
 * @param from what gave the text, for messages: `AUTH_KEY`
 * @throws AuthError `key_invalid`
 */
export function parseKey(text: string, from: string): Bytes {
  const key = decode(text.trim());
  if (key === null || key.length !== KEY_BYTES)
    throw new AuthError("key_invalid", `${from} is not a key: it must be 32 bytes in base64, base64url or hex.`, {
      hint: "Make one: openssl rand -base64 32",
    });
  if (isOneByte(key))
    throw new AuthError("key_invalid", `${from} is one byte repeated 32 times, which is no key.`, {
      hint: "Make one: openssl rand -base64 32",
    });
  return key;
}

function decode(text: string): Bytes | null {
  if (text.length === HEX_LENGTH) return isMadeOf(text, HEX) ? Uint8Array.fromHex(text) : null;
  const digits = text.endsWith("=") ? text.slice(0, -1) : text;
  if (digits.length !== BASE64_LENGTH) return null;
  if (isMadeOf(digits, `${ALPHANUMERIC}+/`)) return Uint8Array.fromBase64(text);
  if (isMadeOf(digits, `${ALPHANUMERIC}-_`)) return Uint8Array.fromBase64(text, { alphabet: "base64url" });
  return null;
}

function isOneByte(key: Bytes): boolean {
  for (let i = 1; i < key.length; i++) if (key[i] !== key[0]) return false;
  return true;
}

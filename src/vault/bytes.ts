/** Bytes as the vault packs them. */
export type Bytes = Uint8Array<ArrayBuffer>;

export function utf8(text: string): Bytes {
  return new TextEncoder().encode(text);
}

/** @throws TypeError where the bytes are not UTF-8 */
export function decodeUtf8(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
}

export function random(length: number): Bytes {
  return crypto.getRandomValues(new Uint8Array(length));
}

export function concat(...parts: readonly Uint8Array[]): Bytes {
  let length = 0;
  for (const part of parts) length += part.length;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Every field with its length in front (32 bits), so that no two lists of fields look alike. */
export function pack(...fields: readonly (Uint8Array | string)[]): Bytes {
  const parts: Uint8Array[] = [];
  for (const field of fields) {
    const bytes = typeof field === "string" ? utf8(field) : field;
    parts.push(uint32(bytes.length), bytes);
  }
  return concat(...parts);
}

/** The fields of `pack`; null where the bytes are not such a list. */
export function unpack(bytes: Bytes): Bytes[] | null {
  const fields: Bytes[] = [];
  let at = 0;
  while (at < bytes.length) {
    if (at + 4 > bytes.length) return null;
    const end = at + 4 + viewOf(bytes).getUint32(at);
    if (end > bytes.length) return null;
    fields.push(bytes.subarray(at + 4, end));
    at = end;
  }
  return fields;
}

export function uint16(value: number): Bytes {
  const bytes = new Uint8Array(2);
  viewOf(bytes).setUint16(0, value);
  return bytes;
}

export function uint32(value: number): Bytes {
  const bytes = new Uint8Array(4);
  viewOf(bytes).setUint32(0, value);
  return bytes;
}

/** Big-endian. @throws RangeError unless it is a whole number that a double holds exactly */
export function uint64(value: number): Bytes {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError("not a count");
  const bytes = new Uint8Array(8);
  viewOf(bytes).setBigUint64(0, BigInt(value));
  return bytes;
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** HMAC-SHA-256. */
export function hmac(key: Uint8Array, message: Uint8Array): Bytes {
  return new Uint8Array(new Bun.CryptoHasher("sha256", key).update(message).digest());
}

/**
 * HKDF-SHA-256 (RFC 5869) for 32 bytes, where its two steps are one HMAC each. WebCrypto's goes through a thread and back
 * three times, which makes a token slower by a tenth.
 */
export function hkdf(key: Uint8Array, salt: Uint8Array, info: Uint8Array): Bytes {
  const extracted = hmac(salt, key);
  return hmac(extracted, concat(info, Uint8Array.of(1)));
}

/** Equality without an early exit at the first differing byte. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0);
  return difference === 0;
}

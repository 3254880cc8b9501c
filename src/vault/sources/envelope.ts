/**
 * Opening the file of age in which a vault's key lies for each member (age-encryption.org/v1): of what that format allows,
 * only what auth makes, by X25519 and with one chunk. `age-encryption` can do that, too, and makes such files here; but to
 * load it takes longer than the rest of a token.
 */
import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import { type Bytes, concat, hkdf, hmac, sameBytes, utf8 } from "../bytes.ts";

const VERSION = "age-encryption.org/v1\n";
/** 32 bytes in base64, with zero in the two bits that are left over: as age demands, so that they have one form only. */
const BASE64 = "([A-Za-z0-9+/]{42}[048AEIMQUYcgkosw])"; // cspell:disable-line
const STANZA = new RegExp(`-> X25519 ${BASE64}\n${BASE64}\n`, "y");
const END = new RegExp(`--- ${BASE64}\n`, "y");
const NONCE_BYTES = 16;
/** Counters of zero; the first and only chunk of a payload is also its last. */
const NO_NONCE = new Uint8Array(12);
const ONLY_CHUNK = Uint8Array.from([...new Uint8Array(11), 1]);
/** RFC 8410: what comes before the 32 bytes of an X25519 key in PKCS #8. */
const PKCS8 = Uint8Array.fromHex("302e020100300506032b656e04220420");
/** RFC 7748 §4.1. */
const BASE_POINT = Uint8Array.from([9, ...new Uint8Array(31)]);

export type Opened = Bytes | "another's" | "damaged";

/** @param secret 32 bytes, of an identity of age */
export async function openEnvelope(envelope: Bytes, secret: Bytes): Promise<Opened> {
  const text = new TextDecoder("latin1").decode(envelope);
  const found = parse(text);
  if (found === null) return "damaged";
  const { stanzas, header, tag, payloadAt } = found;
  const fileKey = await fileKeyIn(stanzas, secret);
  if (fileKey === null) return "another's";
  if (!sameBytes(hmac(hkdf(fileKey, new Uint8Array(), utf8("header")), utf8(header)), tag)) return "damaged";
  const payload = envelope.subarray(payloadAt);
  if (payload.length < NONCE_BYTES) return "damaged";
  const key = hkdf(fileKey, payload.subarray(0, NONCE_BYTES), utf8("payload"));
  return decrypt(key, ONLY_CHUNK, payload.subarray(NONCE_BYTES)) ?? "damaged";
}

interface Stanza {
  readonly share: Bytes;
  readonly body: Bytes;
}

function parse(text: string) {
  if (!text.startsWith(VERSION)) return null;
  const stanzas: Stanza[] = [];
  let at = VERSION.length;
  for (;;) {
    STANZA.lastIndex = at;
    const [, share, body] = STANZA.exec(text) ?? [];
    if (share === undefined || body === undefined) break;
    stanzas.push({ share: Uint8Array.fromBase64(share), body: Uint8Array.fromBase64(body) });
    at = STANZA.lastIndex;
  }
  END.lastIndex = at;
  const [, tag] = END.exec(text) ?? [];
  if (tag === undefined) return null;
  const header = text.slice(0, at + "---".length);
  return { stanzas, header, tag: Uint8Array.fromBase64(tag), payloadAt: END.lastIndex };
}

/** null where no stanza is for this identity. */
async function fileKeyIn(stanzas: readonly Stanza[], secret: Bytes): Promise<Bytes | null> {
  const own = await crypto.subtle.importKey("pkcs8", concat(PKCS8, secret), "X25519", false, ["deriveBits"]);
  const publicKey = await agree(own, BASE_POINT);
  if (publicKey === null) return null;
  for (const { share, body } of stanzas) {
    const shared = await agree(own, share);
    const key = shared && hkdf(shared, concat(share, publicKey), utf8("age-encryption.org/v1/X25519"));
    const fileKey = key && decrypt(key, NO_NONCE, body);
    if (fileKey) return fileKey;
  }
  return null;
}

/** null where the point is one with which every key agrees on zero: WebCrypto refuses it (RFC 7748 §6.1). */
async function agree(own: CryptoKey, point: Bytes): Promise<Bytes | null> {
  const other = await crypto.subtle.importKey("raw", point, "X25519", false, []);
  try {
    return new Uint8Array(await crypto.subtle.deriveBits({ name: "X25519", public: other }, own, 256));
  } catch {
    return null;
  }
}

function decrypt(key: Bytes, nonce: Bytes, sealed: Bytes): Bytes | null {
  try {
    return new Uint8Array(chacha20poly1305(key, nonce).decrypt(sealed));
  } catch {
    return null; // It has another key, or was changed.
  }
}

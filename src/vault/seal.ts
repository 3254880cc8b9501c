/**
 * Sealing a record: AES-256-GCM under a key of its own, with everything that says which record it is as additional
 * data. A value that was moved, swapped or edited doesn't open.
 *
 *     1 format · 8 key id · 4 epoch · 16 incarnation · 8 generation · 2 label's length · label · body
 *
 * The label (type and name) is sealed apart, so that `list` finds names. The body is bound to all that stands before
 * it, to the vault, and to its type and name.
 */
import { AuthError } from "../platform/errors.ts";
import { type Bytes, concat, pack, random, textOf, uint16, uint32, uint64, unpack, utf8, viewOf } from "./bytes.ts";
import { NewerVersionError } from "./newer.ts";
import type { Version } from "./types.ts";

/** A sealed value: safe to store where anyone can read it. */
export type Sealed = Bytes & { readonly sealed: true };

/** What records are sealed with in one epoch of one vault. */
export interface DataKey {
  readonly vaultId: string;
  readonly epoch: number;
  /** 16 hex digits: which data key, told without the key. */
  readonly id: string;
  readonly raw: Bytes;
}

export interface Label {
  readonly type: string;
  readonly name: string;
}

/** What of a sealed value can be read without a key. Believe it only once the value has opened. */
export interface Standing {
  readonly keyId: string;
  readonly epoch: number;
  readonly version: Version;
}

export const FORMAT = 1;
export const KEY_ID_BYTES = 8;
export const NONCE_BYTES = 12;
export const TAG_BYTES = 16;
const AT = { keyId: 1, epoch: 9, incarnation: 13, generation: 29, labelLength: 37, label: 39 } as const;

/** @param place the storage key under which the value will lie */
export async function seal(
  key: DataKey,
  place: string,
  label: Label,
  { incarnation, generation }: Version,
  body: Uint8Array,
): Promise<Sealed> {
  const own = await recordKey(key, place);
  const standing = concat(
    Uint8Array.of(FORMAT),
    Uint8Array.fromHex(key.id),
    uint32(key.epoch),
    Uint8Array.fromHex(incarnation),
    uint64(generation),
  );
  const sealedLabel = await encrypt(own, pack(label.type, label.name), labelData(key, place, standing));
  const head = concat(standing, uint16(sealedLabel.length), sealedLabel);
  return concat(head, await encrypt(own, body, bodyData(key, label, head))) as Sealed;
}

/** The body of the value at `place`, which must be the record `label`; null when it doesn't open. */
export async function tryOpen(key: DataKey, place: string, label: Label, value: Bytes): Promise<Bytes | null> {
  const labelEnd = endOfLabel(value);
  if (labelEnd === null) return null;
  const data = bodyData(key, label, value.subarray(0, labelEnd));
  return decrypt(await recordKey(key, place), value.subarray(labelEnd), data);
}

/** @throws AuthError `vault_corrupt` naming the record */
export async function open(key: DataKey, place: string, label: Label, value: Bytes): Promise<Bytes> {
  const body = await tryOpen(key, place, label, value);
  if (body === null) throw damaged(label, value);
  return body;
}

/** Which record lies at `place`. @throws AuthError `vault_corrupt` */
export async function openLabel(key: DataKey, place: string, value: Bytes): Promise<Label> {
  const end = endOfLabel(value);
  const data = labelData(key, place, value.subarray(0, AT.labelLength));
  const plain = end === null ? null : await decrypt(await recordKey(key, place), value.subarray(AT.label, end), data);
  const [type, name] = (plain === null ? null : unpack(plain)) ?? [];
  if (!type || !name) throw damaged({ type: "record", name: `${place.slice(0, 12)}…` }, value);
  return { type: textOf(type), name: textOf(name) };
}

/** null when the value is not of a form we know. */
export function standingOf(value: Bytes): Standing | null {
  if (endOfLabel(value) === null) return null;
  const view = viewOf(value);
  const generation = view.getUint32(AT.generation) * 2 ** 32 + view.getUint32(AT.generation + 4);
  if (!Number.isSafeInteger(generation)) return null;
  return {
    keyId: value.subarray(AT.keyId, AT.epoch).toHex(),
    epoch: view.getUint32(AT.epoch),
    version: { incarnation: value.subarray(AT.incarnation, AT.generation).toHex(), generation },
  };
}

/** Sealed by a version that knows better: not to be touched. */
export function isNewer(value: Uint8Array | undefined): boolean {
  return (value?.[0] ?? 0) > FORMAT;
}

export function damaged({ type, name }: Label, value?: Uint8Array): AuthError {
  const what = type === "connection" ? name : `${type} ${name}`;
  const connection: { connection?: string } = type === "connection" ? { connection: name } : {};
  if (isNewer(value)) return new NewerVersionError(`The vault's record ${what}`, connection.connection);
  return new AuthError("vault_corrupt", `The vault's record ${what} doesn't open: it was damaged, moved or edited.`, {
    hint:
      type === "connection"
        ? `Put the vault file back from a backup, or give it up: auth login ${name} --force`
        : "Put the vault file back from a backup.",
    ...connection,
  });
}

/** Where the body begins; null when the value is cut short or of another format. */
function endOfLabel(value: Bytes): number | null {
  if (value.length < AT.label || value[0] !== FORMAT) return null;
  const end = AT.label + viewOf(value).getUint16(AT.labelLength);
  return end + NONCE_BYTES + TAG_BYTES <= value.length ? end : null;
}

/**
 * HKDF-SHA-256 (RFC 5869): a key of its own for each record, so that no number of seals in a vault comes near GCM's bound
 * for one key (RULES 1.6).
 */
function recordKey(key: DataKey, place: string): Promise<CryptoKey> {
  const known = derived.get(place);
  if (known?.key === key) return known.own;
  const own = deriveKey(key, place);
  // A list of a large vault asks for each once.
  if (derived.size === KEPT) derived.clear();
  derived.set(place, { key, own });
  return own;
}

async function deriveKey(key: DataKey, place: string): Promise<CryptoKey> {
  const algorithm = { name: "HKDF", hash: "SHA-256", salt: utf8(key.vaultId), info: pack("auth record", place) };
  let base = bases.get(key);
  if (base === undefined) {
    base = crypto.subtle.importKey("raw", key.raw, "HKDF", false, ["deriveKey"]);
    bases.set(key, base);
  }
  return crypto.subtle.deriveKey(algorithm, await base, { name: "AES-GCM", length: 256 }, false, [
    "encrypt",
    "decrypt",
  ]);
}

const bases = new WeakMap<DataKey, Promise<CryptoKey>>();

/** By their places: a refresh opens and seals the same few records again and again. */
const derived = new Map<string, { readonly key: DataKey; readonly own: Promise<CryptoKey> }>();
const KEPT = 16;

/** Format, key id, epoch, incarnation and generation are in `standing`, as they are stored. */
function labelData({ vaultId }: DataKey, place: string, standing: Bytes): Bytes {
  return pack("label", vaultId, place, standing);
}

function bodyData({ vaultId }: DataKey, { type, name }: Label, head: Bytes): Bytes {
  return pack("body", vaultId, type, name, head);
}

/** A key that is used for AES-256-GCM as it is. */
export function aesKey(raw: Bytes): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["encrypt", "decrypt"]);
}

/** AES-256-GCM with a fresh random nonce in front. */
export async function encrypt(key: CryptoKey, plain: Uint8Array, data: Bytes): Promise<Bytes> {
  const iv = random(NONCE_BYTES);
  const algorithm = { name: "AES-GCM", iv, additionalData: data };
  const sealed = await crypto.subtle.encrypt(algorithm, key, plain as Bytes);
  const whole = new Uint8Array(iv.length + sealed.byteLength);
  whole.set(iv);
  whole.set(new Uint8Array(sealed), iv.length);
  return whole;
}

/** null when it doesn't open. */
export async function decrypt(key: CryptoKey, sealed: Bytes, data: Bytes): Promise<Bytes | null> {
  if (sealed.length < NONCE_BYTES + TAG_BYTES) return null;
  const algorithm = { name: "AES-GCM", iv: sealed.subarray(0, NONCE_BYTES), additionalData: data };
  try {
    return new Uint8Array(await crypto.subtle.decrypt(algorithm, key, sealed.subarray(NONCE_BYTES)));
  } catch {
    // WebCrypto says no more than that it didn't open; the caller knows what that means.
    return null;
  }
}

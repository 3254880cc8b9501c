/**
 * Sealing a record: AES-256-GCM under a key of its own, with everything that identifies the record as additional
 * data. A value that was moved, swapped or edited doesn't open.
 *
 *     1 format · 8 key id · 4 epoch · 16 incarnation · 8 generation · 2 label's length · label · body
 *
 * The label (type and name) is sealed apart, so that `list` finds names. The body is bound to all that comes before
 * it, to the vault, and to its type and name.
 */
import { AuthError } from "../platform/errors.ts";
import { shellWord } from "../platform/shell-word.ts";
import {
  type Bytes,
  concat,
  decodeUtf8,
  hkdf,
  pack,
  random,
  uint16,
  uint32,
  uint64,
  unpack,
  utf8,
  viewOf,
} from "./bytes.ts";
import type { Version } from "./types.ts";

/** One record can't be used. The others can. */
export class RecordError extends AuthError {}

/** Something in the vault that a newer version of auth wrote. It is neither read nor replaced: it isn't damaged. */
export class NewerVersionError extends RecordError {
  /** @param what as a sentence begins: `The vault's record github:work` */
  constructor(what: string, connection?: string) {
    super("vault_corrupt", `${what} was written by a newer version of auth.`, {
      hint: "Upgrade auth on this machine. What is stored was left as it is.",
      ...(connection !== undefined && { connection }),
    });
  }
}

/** A sealed value: safe to store where anyone can read it. */
export type Sealed = Bytes & { readonly sealed: true };

/** What records are sealed with in one epoch of one vault. */
export interface DataKey {
  readonly vaultId: string;
  readonly epoch: number;
  /** 16 hex digits that identify the data key. */
  readonly id: string;
  readonly raw: Bytes;
}

export interface Label {
  readonly type: string;
  readonly name: string;
}

/** What of a sealed value can be read without a key. To be believed only once the value has opened. */
export interface SealedHeader {
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
  const own = recordKey(key, place);
  const header = concat(
    Uint8Array.of(FORMAT),
    Uint8Array.fromHex(key.id),
    uint32(key.epoch),
    Uint8Array.fromHex(incarnation),
    uint64(generation),
  );
  const sealedLabel = await encrypt(own, pack(label.type, label.name), labelData(key, place, header));
  const head = concat(header, uint16(sealedLabel.length), sealedLabel);
  return concat(head, await encrypt(own, body, bodyData(key, label, head))) as Sealed;
}

/** The body of the value at `place`, which must be the record `label`; null when it doesn't open. */
export function tryOpen(key: DataKey, place: string, label: Label, value: Bytes): Promise<Bytes | null> {
  const labelEnd = endOfLabel(value);
  if (labelEnd === null) return Promise.resolve(null);
  const data = bodyData(key, label, value.subarray(0, labelEnd));
  return decrypt(recordKey(key, place), value.subarray(labelEnd), data);
}

/** @throws AuthError `vault_corrupt` naming the record */
export async function open(key: DataKey, place: string, label: Label, value: Bytes): Promise<Bytes> {
  const body = await tryOpen(key, place, label, value);
  if (body === null) throw damaged(label, value);
  return body;
}

/** Which record is at `place`. @throws AuthError `vault_corrupt` */
export async function openLabel(key: DataKey, place: string, value: Bytes): Promise<Label> {
  const end = endOfLabel(value);
  const data = labelData(key, place, value.subarray(0, AT.labelLength));
  const plain = end === null ? null : await decrypt(recordKey(key, place), value.subarray(AT.label, end), data);
  const [type, name] = (plain === null ? null : unpack(plain)) ?? [];
  if (!type || !name) throw damaged({ type: "record", name: `${place.slice(0, 12)}…` }, value);
  return { type: decodeUtf8(type), name: decodeUtf8(name) };
}

/** null when the value is not of a form we know. */
export function readSealedHeader(value: Bytes): SealedHeader | null {
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

/** Wherever the vault is: what finds the damage has only the bytes. */
export const RESTORE =
  "Put the vault back from a backup: its file, or, for a vault that machines share, what is on the server.";

export function damaged({ type, name }: Label, value?: Uint8Array): AuthError {
  const what = type === "connection" ? name : `${type} ${name}`;
  const connection: { connection?: string } = type === "connection" ? { connection: name } : {};
  if (isNewer(value)) return new NewerVersionError(`The vault's record ${what}`, connection.connection);
  return new RecordError("vault_corrupt", `The vault's record ${what} doesn't open: it was damaged, moved or edited.`, {
    hint: type === "connection" ? `${RESTORE}\nOr give this login up: auth login ${shellWord(name)} --force` : RESTORE,
    ...connection,
  });
}

/** Lines of a hint. */
export const HOW_IT_GOT_OLDER =
  "The database lost what it had confirmed, as by a failover, or was restored from a backup. Nothing was sent.\nTo go on with what it has now: auth vault accept";

/** What is stored isn't what this machine knows of it. */
export function rolledBack({ type, name }: Label): AuthError {
  const what = type === "connection" ? name : `the ${type} ${name}`;
  return new RecordError(
    "vault_rolled_back",
    `The shared vault has an older state of ${what} than this machine has seen.`,
    {
      hint: HOW_IT_GOT_OLDER,
      ...(type === "connection" && { connection: name }),
    },
  );
}

/** Where the body begins; null when the value is cut short or of another format. */
function endOfLabel(value: Bytes): number | null {
  if (value.length < AT.label || value[0] !== FORMAT) return null;
  const end = AT.label + viewOf(value).getUint16(AT.labelLength);
  return end + NONCE_BYTES + TAG_BYTES <= value.length ? end : null;
}

/** A key of its own for each record: no number of seals in a vault comes near GCM's bound for one key (RULES.md 1.6). */
function recordKey(key: DataKey, place: string): Bytes {
  return hkdf(key.raw, utf8(key.vaultId), pack("auth record", place));
}

/** Format, key id, epoch, incarnation and generation are in `header`, as they are stored. */
function labelData({ vaultId }: DataKey, place: string, header: Bytes): Bytes {
  return pack("label", vaultId, place, header);
}

function bodyData({ vaultId }: DataKey, { type, name }: Label, head: Bytes): Bytes {
  return pack("body", vaultId, type, name, head);
}

function aesKey(raw: Bytes): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["encrypt", "decrypt"]);
}

/** AES-256-GCM with a fresh random nonce in front. */
export async function encrypt(key: Bytes, plain: Uint8Array, data: Bytes): Promise<Bytes> {
  const iv = random(NONCE_BYTES);
  const algorithm = { name: "AES-GCM", iv, additionalData: data };
  const sealed = await crypto.subtle.encrypt(algorithm, await aesKey(key), plain as Bytes);
  return concat(iv, new Uint8Array(sealed));
}

/** null when it doesn't open. */
export async function decrypt(key: Bytes, sealed: Bytes, data: Bytes): Promise<Bytes | null> {
  if (sealed.length < NONCE_BYTES + TAG_BYTES) return null;
  const algorithm = { name: "AES-GCM", iv: sealed.subarray(0, NONCE_BYTES), additionalData: data };
  const opener = await aesKey(key);
  try {
    return new Uint8Array(await crypto.subtle.decrypt(algorithm, opener, sealed.subarray(NONCE_BYTES)));
  } catch {
    // WebCrypto gives no reason; the caller knows what that means.
    return null;
  }
}

/**
 * The vault's header: which key source opens it, and its keys wrapped by that source's key.
 *
 *     1 format · 16 vault id · 4 epoch · 8 key id · 1 key source · 16 commitment · 19 key derivation, or zeros
 *     · 2 length of what follows · retired keys [· members] · wrapped keys
 *
 * Format 2 is that of a vault with members, and 1 of any other. Its members:
 *
 *     2 length · the wrapping key for each of them, a file of age · 2 length · the sealed list of who they are
 *
 * All that comes before the wrapped keys is their additional data, so an edited header doesn't open. Read by offsets and
 * checked by hand, since it is on the hot path.
 */
import { AuthError } from "../platform/errors.ts";
import { type Bytes, concat, hmac, pack, random, sameBytes, uint16, uint32, unpack, utf8, viewOf } from "./bytes.ts";
import { retryWhileBusy, type StoreDriver } from "./driver.ts";
import type { Member, Team } from "./members.ts";
import {
  type DataKey,
  decrypt,
  encrypt,
  FORMAT,
  KEY_ID_BYTES,
  NewerVersionError,
  NONCE_BYTES,
  RESTORE,
  TAG_BYTES,
} from "./seal.ts";
import { SOURCE_NAMES, type SourceName } from "./sources/source.ts";

/** The storage key of the header, beside those of the records. */
export const HEADER_KEY = "header";

export interface Header {
  /** 32 hex digits. */
  readonly vaultId: string;
  /** Counts rekeys, from 1. */
  readonly epoch: number;
  /** 16 hex digits, of the data key. */
  readonly keyId: string;
  readonly source: SourceName;
  /** Only with a passphrase. */
  readonly kdf: Kdf | null;
  /** Only with members. */
  readonly team: SealedTeam | null;
  /** As it is stored. */
  readonly bytes: Bytes;
}

/** The members of a vault, as they are in its header. */
export interface SealedTeam {
  readonly envelope: Bytes;
  readonly list: Bytes;
}

export type NewHeader = Omit<Header, "bytes" | "team"> & { readonly team?: Team | null };

/** What a vault is opened with. The index key outlives rekeys: storage keys and lock names derive from it. */
export interface Keys {
  readonly data: DataKey;
  readonly index: Bytes;
}

const KEY_BYTES = 32;
const WRAPPED_BYTES = NONCE_BYTES + 2 * KEY_BYTES + TAG_BYTES;
const COMMITMENT_BYTES = 16;
const AT = {
  vaultId: 1,
  epoch: 17,
  keyId: 21,
  source: 29,
  commitment: 30,
  kdf: 46,
  retiredLength: 65,
  retired: 67,
} as const;

export const MAX_MEMBERS = 100;
/** A file of age with one stanza for each member, of about 100 bytes. */
const MAX_ENVELOPE = 1024 + MAX_MEMBERS * 128;
/** Name, public key and their lengths. */
const MAX_LIST = 64 + MAX_MEMBERS * 192;

/** With members: an earlier version says that it is too old for it, and not that it is damaged. */
const TEAM_FORMAT = 2;

function formatOf(source: SourceName): number {
  return source === "members" ? TEAM_FORMAT : FORMAT;
}

/** @throws AuthError `vault_corrupt` */
export function parseHeader(bytes: Bytes): Header {
  if ((bytes[0] ?? 0) > TEAM_FORMAT) throw new NewerVersionError("This vault");
  if (bytes.length < AT.retired + WRAPPED_BYTES) throw damagedHeader();
  const view = viewOf(bytes);
  const epoch = view.getUint32(AT.epoch);
  const source = SOURCE_NAMES[view.getUint8(AT.source)];
  if (epoch === 0 || source === undefined || bytes[0] !== formatOf(source)) throw damagedHeader();
  const retiredEnd = AT.retired + view.getUint16(AT.retiredLength);
  const members = source === "members" ? parseTeam(bytes, retiredEnd) : { team: null, end: retiredEnd };
  if (members === null || bytes.length !== members.end + WRAPPED_BYTES) throw damagedHeader();
  return {
    vaultId: bytes.subarray(AT.vaultId, AT.epoch).toHex(),
    epoch,
    keyId: bytes.subarray(AT.keyId, AT.source).toHex(),
    source,
    kdf: source === "passphrase" ? parseKdf(bytes.slice(AT.kdf, AT.retiredLength)) : null,
    team: members.team,
    bytes,
  };
}

/** null where there is none. @param timeout as `retryWhileBusy` @throws AuthError `vault_corrupt` */
export async function findHeader(driver: StoreDriver, timeout?: number): Promise<Header | null> {
  const value = await retryWhileBusy(() => driver.getItemRaw?.(HEADER_KEY, {}), timeout);
  return value instanceof Uint8Array ? parseHeader(value as Bytes) : null;
}

/** Of a store that has one. @throws AuthError `vault_corrupt` */
export async function readHeader(driver: StoreDriver): Promise<Header> {
  const header = await findHeader(driver);
  if (header === null) throw damagedHeader();
  return header;
}

/** What compare-and-set knows a header by. */
export function headerVersion(header: Pick<Header, "epoch" | "keyId">): string {
  return `${header.epoch}.${header.keyId}.0`;
}

/**
 * Opens the header's keys with the key of its source.
 *
 * @returns null when it is another key
 * @throws AuthError `vault_corrupt` when it is the right key and the header was changed
 */
export async function unwrap({ vaultId, epoch, keyId, bytes }: Header, wrappingKey: Bytes): Promise<Keys | null> {
  const commitment = bytes.subarray(AT.commitment, AT.kdf);
  if (!sameBytes(commitmentTo(wrappingKey, vaultId), commitment)) return null;
  const end = bytes.length - WRAPPED_BYTES;
  const plain = await decrypt(wrappingKey, bytes.subarray(end), bytes.subarray(0, end));
  if (plain === null) throw damagedHeader();
  const data = { vaultId, epoch, id: keyId, raw: plain.slice(0, KEY_BYTES) };
  return { data, index: plain.slice(KEY_BYTES) };
}

/** A header over a data key, an index key and the data keys that were before it. */
export async function wrap(
  fresh: NewHeader,
  wrappingKey: Bytes,
  keys: { raw: Bytes; index: Bytes },
  retired: readonly DataKey[],
): Promise<Header> {
  const { vaultId, epoch, keyId, source, kdf, team: unsealed = null } = fresh;
  const list = await encrypt(partKey(keys.raw, "retired keys"), packRetired(retired), partData("retired", fresh));
  const team = unsealed && (await sealTeam(unsealed, keys.raw, fresh));
  const head = concat(
    Uint8Array.of(formatOf(source)),
    Uint8Array.fromHex(vaultId),
    uint32(epoch),
    Uint8Array.fromHex(keyId),
    Uint8Array.of(SOURCE_NAMES.indexOf(source)),
    commitmentTo(wrappingKey, vaultId),
    kdf === null ? new Uint8Array(KDF_BYTES) : kdfBytes(kdf),
    uint16(list.length),
    list,
    team === null ? new Uint8Array() : teamBytes(team),
  );
  const wrapped = await encrypt(wrappingKey, concat(keys.raw, keys.index), head);
  return { vaultId, epoch, keyId, source, kdf, team, bytes: concat(head, wrapped) };
}

async function sealTeam({ envelope, members }: Team, raw: Bytes, fresh: NewHeader): Promise<SealedTeam> {
  const { packMembers } = await import("./members.ts");
  return { envelope, list: await encrypt(partKey(raw, "members"), packMembers(members), partData("members", fresh)) };
}

function teamBytes({ envelope, list }: SealedTeam): Bytes {
  return concat(uint16(envelope.length), envelope, uint16(list.length), list);
}

/** What begins at `at`, and where it ends; null where it is cut short, or larger than auth makes it. */
function parseTeam(bytes: Bytes, at: number): { readonly team: SealedTeam; readonly end: number } | null {
  const envelope = field(bytes, at, MAX_ENVELOPE);
  const list = envelope && field(bytes, at + 2 + envelope.length, MAX_LIST);
  if (envelope === null || list === null) return null;
  return { team: { envelope, list }, end: at + 4 + envelope.length + list.length };
}

function field(bytes: Bytes, at: number, max: number): Bytes | null {
  if (at + 2 > bytes.length) return null;
  const length = viewOf(bytes).getUint16(at);
  const end = at + 2 + length;
  return length === 0 || length > max || end > bytes.length ? null : bytes.subarray(at + 2, end);
}

/** Who opens the vault with a key of their own; empty where its key comes from elsewhere. @throws AuthError `vault_corrupt` */
export async function membersOf(header: Header, { data }: Keys): Promise<Member[]> {
  if (header.team === null) return [];
  const { unpackMembers } = await import("./members.ts");
  const plain = await decrypt(partKey(data.raw, "members"), header.team.list, partData("members", header));
  const members = plain === null ? null : unpackMembers(plain);
  if (members === null) throw damagedHeader();
  return members;
}

/** Data keys of former epochs, sealed under the present one: a reply kept before a rekey still opens. */
export async function retiredKeys(header: Header, { data }: Keys): Promise<DataKey[]> {
  const end = AT.retired + viewOf(header.bytes).getUint16(AT.retiredLength);
  const sealed = header.bytes.subarray(AT.retired, end);
  const plain = await decrypt(partKey(data.raw, "retired keys"), sealed, partData("retired", header));
  const entries = plain === null ? null : unpack(plain);
  if (entries === null) throw damagedHeader();
  return entries.map((entry) => ({
    vaultId: header.vaultId,
    id: entry.subarray(0, KEY_ID_BYTES).toHex(),
    epoch: viewOf(entry).getUint32(KEY_ID_BYTES),
    raw: entry.slice(KEY_ID_BYTES + 4),
  }));
}

/** The header has room for this many rekeys; older keys are dropped. */
const MAX_RETIRED = 1000;

function packRetired(retired: readonly DataKey[]): Bytes {
  const entries = retired
    .slice(-MAX_RETIRED)
    .map(({ id, epoch, raw }) => concat(Uint8Array.fromHex(id), uint32(epoch), raw));
  return pack(...entries);
}

/** Parts of the header that are sealed with the data key. */
function partKey(raw: Bytes, part: "retired keys" | "members"): Bytes {
  return hmac(raw, utf8(`auth ${part}`));
}

function partData(part: "retired" | "members", { vaultId, epoch, keyId }: Omit<NewHeader, "team">): Bytes {
  return pack(part, Uint8Array.of(FORMAT), vaultId, uint32(epoch), keyId);
}

/** A keyed fingerprint of the wrapping key: tells a wrong key from a damaged header, and not the key. */
function commitmentTo(wrappingKey: Bytes, vaultId: string): Bytes {
  return hmac(wrappingKey, pack("auth wrapping key", vaultId)).subarray(0, COMMITMENT_BYTES);
}

export function newKey(): Bytes {
  return random(KEY_BYTES);
}

export function newKeyId(): string {
  return random(KEY_ID_BYTES).toHex();
}

export function damagedHeader(): AuthError {
  return new AuthError("vault_corrupt", "The vault's header is damaged or was edited.", {
    hint: RESTORE,
  });
}

/** The parameters of scrypt (RFC 7914): bounded both ways before any of them is used. */
export interface Kdf {
  /** Power of two of the cost N. */
  readonly logN: number;
  readonly r: number;
  readonly p: number;
  readonly salt: Bytes;
}

const SALT_BYTES = 16;
/** Three numbers and the salt. */
const KDF_BYTES = 3 + SALT_BYTES;
/** Weaker than the lower bound isn't worth the name; above the upper one a planted header would eat memory (1 GiB). */
const BOUNDS = { logN: [14, 20], r: [8, 8], p: [1, 4] } as const;

/** N = 2^16, r = 8, p = 2: 64 MiB, about a quarter of a second (OWASP Password Storage Cheat Sheet, scrypt). */
export function newKdf(): Kdf {
  return { logN: 16, r: 8, p: 2, salt: random(SALT_BYTES) };
}

function kdfBytes({ logN, r, p, salt }: Kdf): Bytes {
  return concat(Uint8Array.of(logN, r, p), salt);
}

/** @throws AuthError `vault_corrupt` */
export function parseKdf(bytes: Bytes): Kdf {
  const [logN = 0, r = 0, p = 0] = bytes;
  const kdf = { logN, r, p, salt: bytes.slice(3) };
  const within = (["logN", "r", "p"] as const).every(
    (name) => kdf[name] >= BOUNDS[name][0] && kdf[name] <= BOUNDS[name][1],
  );
  if (within && kdf.salt.length === SALT_BYTES) return kdf;
  throw new AuthError("vault_corrupt", "The vault's header asks for a key derivation that auth never makes.", {
    hint: `It was damaged or edited. ${RESTORE}`,
  });
}

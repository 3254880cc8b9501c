/**
 * A home's memory of a shared vault (RULES.md §5, 1.10): who has the database can put another vault, or an older state, in
 * the place of this one, and a failover can lose what was confirmed. Both are noticed here before anything is believed.
 */
import { join } from "node:path";
import type { Context } from "../../platform/context.ts";
import { AuthError, errorCode } from "../../platform/errors.ts";
import { type Bytes, hmac, pack, sameBytes, utf8 } from "../bytes.ts";
import type { HomeMemory } from "../place.ts";
import type { ReplyKeys } from "../reply.ts";
import { type Label, readSealedHeader, seal, tryOpen } from "../seal.ts";
import type { Version } from "../types.ts";
import type { SharedAddress } from "./address.ts";
import { replaced } from "./failures.ts";
import { namesIn, readIfPossible, readPin, writePin, writeWhole } from "./home.ts";

/** Former logins of one connection that are remembered, so that none of them comes back: 8 KiB. */
const MAX_FORMER = 256;

interface Seen {
  readonly version: Version;
  /** Incarnations that were there before. */
  readonly former: readonly string[];
}

const NONE: Version = { incarnation: "0".repeat(32), generation: 0 };

/** @param folder the home's, for this vault */
export function homeMemory(context: Context, address: SharedAddress, folder: string): HomeMemory {
  const fileOf = (place: string): string => join(folder, "seen", place);
  const labelOf = (place: string): Label => ({ type: "seen", name: place });

  /** One that is lost, cut short or unreadable is as good as none. */
  async function seenAt(place: string, keys: ReplyKeys): Promise<Seen | null> {
    const value = readIfPossible(context, fileOf(place));
    const sealed = value === null ? null : readSealedHeader(new Uint8Array(value));
    const key = sealed === null ? null : await keys.find(sealed.keyId);
    if (value === null || sealed === null || key === null) return null;
    const body = await tryOpen(key, `seen ${place}`, labelOf(place), new Uint8Array(value));
    if (body === null) return null;
    return { version: sealed.version, former: new TextDecoder().decode(body).split(" ").filter(Boolean) };
  }

  /**
   * A home that can't be written, as in a container that only reads, is no reason to refuse what the server has, and least
   * of all what was just committed there.
   *
   * @returns whether it is done
   */
  function ifWritable(work: () => void): boolean {
    try {
      work();
      return true;
    } catch (error) {
      if (errorCode(error) !== "vault_unwritable") throw error;
      context.debug(`this home can't remember the state of the shared vault: ${(error as Error).message}`);
      return false;
    }
  }

  async function write(place: string, { version, former }: Seen, keys: ReplyKeys): Promise<void> {
    const known = [...new Set(former)].filter((one) => one !== NONE.incarnation && one !== version.incarnation);
    const body = utf8(known.slice(0, MAX_FORMER).join(" "));
    const value = await seal(keys.current(), `seen ${place}`, labelOf(place), version, body);
    ifWritable(() => writeWhole(join(folder, "seen"), place, value));
  }

  async function rememberAbsent(place: string, keys: ReplyKeys, isAbsent: () => Promise<boolean>): Promise<void> {
    const seen = await seenAt(place, keys);
    if (seen === null || seen.version.incarnation === NONE.incarnation) return;
    // Asked only now: what was seen before that, and isn't there any more, is no login that another process has just made.
    if (await isAbsent())
      await write(place, { version: NONE, former: [seen.version.incarnation, ...seen.former] }, keys);
  }

  return {
    rememberAbsent,
    async rememberOnly(present, keys, isAbsent) {
      for (const place of namesIn(join(folder, "seen")))
        if (!present.has(place)) await rememberAbsent(place, keys, () => isAbsent(place));
    },
    async recognize(header, keys) {
      const pin = readPin(folder);
      const commitment = commitmentTo(keys.index, header.vaultId);
      if (pin === null) {
        const { vaultId, epoch } = header;
        const joined = { format: 1, store: address.shown, vaultId, commitment: commitment.toHex(), epoch } as const;
        if (ifWritable(() => writePin(folder, joined)))
          await context.audit({ event: "vault", status: "success", message: `joined the one at ${address.shown}` });
        return;
      }
      const known = pin.vaultId === header.vaultId && sameBytes(commitment, fromHex(pin.commitment));
      if (!known) throw replaced(address, "is another one");
      if (header.epoch < pin.epoch) throw olderKey(address);
      if (header.epoch > pin.epoch) ifWritable(() => writePin(folder, { ...pin, epoch: header.epoch }));
    },
    async isOlder(place, version, keys) {
      const seen = await seenAt(place, keys);
      if (seen === null) return false;
      return isBefore(version, seen);
    },
    async isLatest(place, version, keys) {
      const seen = await seenAt(place, keys);
      return seen === null ? version === null : isSame(version ?? NONE, seen.version);
    },
    async remember(place, version, keys) {
      const seen = await seenAt(place, keys);
      // Another process of this home may have remembered a later state meanwhile.
      if (seen !== null && (isBefore(version, seen) || isSame(version, seen.version))) return;
      await write(place, { version, former: seen === null ? [] : [seen.version.incarnation, ...seen.former] }, keys);
    },
  };
}

function isBefore(version: Version, seen: Seen): boolean {
  if (version.incarnation === seen.version.incarnation) return version.generation < seen.version.generation;
  return seen.former.includes(version.incarnation);
}

function isSame(one: Version, other: Version): boolean {
  return one.incarnation === other.incarnation && one.generation === other.generation;
}

/**
 * To the key that storage keys derive from. It is sealed in each header and stays the same through every rekey, so whoever
 * has never opened the vault can't make another header that is taken for this vault's.
 */
function commitmentTo(indexKey: Bytes, vaultId: string): Bytes {
  return hmac(indexKey, pack("shared vault", vaultId));
}

function fromHex(text: string): Uint8Array {
  return /^([0-9a-f]{2})+$/.test(text) ? Uint8Array.fromHex(text) : new Uint8Array();
}

function olderKey({ shown }: SharedAddress): AuthError {
  return new AuthError(
    "vault_rolled_back",
    `The shared vault at ${shown} has an older key than this machine has seen.`,
    {
      hint: "The database lost what it had confirmed, as by a failover, or was restored from a backup. Nothing was sent.\nTo go on with what it has now: auth vault accept",
    },
  );
}

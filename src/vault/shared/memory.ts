/**
 * A home's memory of a shared vault (RULES.md §5, 1.10): who has the database can put another vault, or an older state, in
 * the place of this one, and a failover can lose what was confirmed. Both are noticed here before anything is believed.
 */
import { join } from "node:path";
import type { Context } from "../../platform/context.ts";
import { errorCode, messageOf } from "../../platform/errors.ts";
import type { SharedAddress } from "../address.ts";
import { hmac, pack, utf8 } from "../bytes.ts";
import { fingerprintOf, hasFingerprint } from "../fingerprint.ts";
import type { Header, Keys } from "../header.ts";
import type { ComparedToSeen, HomeMemory } from "../place.ts";
import { namesIn, replaceFile } from "../replace-file.ts";
import type { ReplyKeys } from "../reply-file.ts";
import { type Label, readSealedHeader, seal, tryOpen } from "../seal.ts";
import { sameVersion, type Version } from "../types.ts";
import { addressFolder, moveToVault, type Pin, readIfPossible, readPin, vaultFolder, writePin } from "./home.ts";
import { notCompared, olderKey, replaced } from "./wrong-vault.ts";

/** Former logins of one connection that are remembered, so that none of them comes back: 8 KiB. */
const MAX_FORMER = 256;

interface Seen {
  readonly version: Version;
  /** Incarnations that were there before. */
  readonly former: readonly string[];
}

const NONE: Version = { incarnation: "0".repeat(32), generation: 0 };

/** A `HomeMemory`, and the way for a home to come to a vault for the first time. */
export interface SharedMemory extends HomeMemory {
  /** Takes it for the vault at this address from now on: it was made here, or someone has compared its fingerprint. */
  join(header: Header, keys: Keys): Promise<void>;
}

export function homeMemory(context: Context, address: SharedAddress, vaultId: string): SharedMemory {
  const ofAddress = addressFolder(context, address);
  const folder = vaultFolder(context, vaultId);
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
      context.debug(`this home can't remember the state of the shared vault: ${messageOf(error)}`);
      return false;
    }
  }

  async function write(place: string, { version, former }: Seen, keys: ReplyKeys): Promise<void> {
    const known = [...new Set(former)].filter((one) => one !== NONE.incarnation && one !== version.incarnation);
    const body = utf8(known.slice(0, MAX_FORMER).join(" "));
    const value = await seal(keys.current(), `seen ${place}`, labelOf(place), version, body);
    ifWritable(() => replaceFile(join(folder, "seen"), place, value));
  }

  async function rememberAbsent(place: string, keys: ReplyKeys, isAbsent: () => Promise<boolean>): Promise<void> {
    const seen = await seenAt(place, keys);
    if (seen === null || seen.version.incarnation === NONE.incarnation) return;
    // Asked only now: what was seen before that, and isn't there any more, is no login that another process has just made.
    if (await isAbsent())
      await write(place, { version: NONE, former: [seen.version.incarnation, ...seen.former] }, keys);
  }

  async function joinVault(header: Header, keys: Keys): Promise<void> {
    const pin = pinOf(address, header, keys);
    const isDone = ifWritable(() => {
      writePin(folder, pin);
      writePin(ofAddress, pin);
    });
    if (isDone)
      await context.audit({ event: "vault", status: "success", message: `joined the vault at ${address.shown}` });
  }

  return {
    join: joinVault,
    rememberAbsent,
    async rememberOnly(present, keys, isAbsent) {
      for (const place of namesIn(join(folder, "seen")))
        if (!present.has(place)) await rememberAbsent(place, keys, () => isAbsent(place));
    },
    async recognize(header, keys) {
      const there = readPin(ofAddress);
      const known = readPin(folder);
      const pin = known ?? there;
      if (pin === null) {
        if (!(await isMeant(address, header, keys))) throw notCompared(address);
        return joinVault(header, keys);
      }
      const now = pinOf(address, header, keys);
      for (const { vaultId, commitment } of [pin, there ?? pin])
        if (vaultId !== now.vaultId || commitment !== now.commitment) throw replaced(address, "is another one");
      if (known === null) ifWritable(() => moveToVault(ofAddress, folder));
      if (header.epoch < pin.epoch) throw olderKey(address, header);
      if (pin.fingerprint === now.fingerprint) {
        if (known === null || there === null) await joinVault(header, keys);
        return;
      }
      // Whoever once had the key can make another one, and wrap it for anyone: but not show the key that came after theirs.
      const follows = header.epoch > pin.epoch || pin.fingerprint === undefined;
      const isNext = pin.fingerprint === undefined || (await hasFingerprint(header, keys, pin.fingerprint));
      if (!follows || !isNext) throw replaced(address, "has a key that doesn't follow the one before");
      if (there === null) return joinVault(header, keys);
      ifWritable(() => writePin(folder, now));
    },
    compareToSeen: async (place, version, keys) => compare(version ?? NONE, await seenAt(place, keys)),
    async remember(place, version, keys) {
      const seen = await seenAt(place, keys);
      // Another process of this home may have remembered a later state meanwhile.
      const compared = compare(version, seen);
      if (compared === "older" || compared === "same") return;
      await write(place, { version, former: seen === null ? [] : [seen.version.incarnation, ...seen.former] }, keys);
    },
  };
}

function compare(version: Version, seen: Seen | null): ComparedToSeen {
  if (seen === null) return "unseen";
  if (sameVersion(version, seen.version)) return "same";
  const isOlder =
    version.incarnation === seen.version.incarnation
      ? version.generation < seen.version.generation
      : seen.former.includes(version.incarnation);
  return isOlder ? "older" : "later";
}

/**
 * The commitment is to the key that storage keys derive from, which stays the same through every rekey, the fingerprint to
 * the one that does not: who never opened the vault can't make another header that has either.
 */
function pinOf({ shown }: SharedAddress, { vaultId, epoch }: Header, { data, index }: Keys): Pin {
  const commitment = hmac(index, pack("shared vault", vaultId)).toHex();
  return { format: 1, store: shown, vaultId, commitment, epoch, fingerprint: fingerprintOf(data) };
}

/**
 * Whether a home that knows no vault there may take it for the one that is meant. A key that is handed over among those who
 * share a vault shows that. A key that is wrapped for a public key doesn't: anyone can do that.
 */
export async function isMeant({ fingerprint }: SharedAddress, header: Header, keys: Keys): Promise<boolean> {
  return fingerprint === null ? header.team === null : hasFingerprint(header, keys, fingerprint);
}

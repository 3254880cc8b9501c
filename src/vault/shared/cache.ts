/**
 * What this home read of a shared vault moments ago, so that a token that is good for an hour isn't asked for over the network
 * each time, and is there while the network isn't.
 *
 * A file for each record, `cache/<its key in the store>`, and one for the header as it is:
 *
 *     8 when the server was asked, milliseconds · 32 a keyed hash of that and what follows · the value as the store has it
 *
 * Nothing follows where the store had none. Values stay sealed. Only a state that is the latest this home has seen is used, so
 * that an older file put in a newer one's place is as good as none; so is one that was edited.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import type { Context } from "../../platform/context.ts";
import { AuthError, errorCode, messageOf } from "../../platform/errors.ts";
import type { SharedAddress } from "../address.ts";
import { type Bytes, concat, decodeUtf8, hmac, pack, sameBytes, uint64, utf8, viewOf } from "../bytes.ts";
import { ServerFull } from "../driver.ts";
import { HEADER_KEY, type Header, type Keys, parseHeader } from "../header.ts";
import type { HomeMemory, VaultPlace } from "../place.ts";
import { replaceFile } from "../replace-file.ts";
import type { ReplyKeys } from "../reply-file.ts";
import { type Label, readSealedHeader, tryOpen } from "../seal.ts";
import type { Entry, RecordType } from "../types.ts";
import { addressFolder, readIfPossible, readPin, vaultFolder } from "./home.ts";

export interface RecordCache {
  /** The home's memory, from which the cache has its keys. */
  readonly memory: HomeMemory;
  readonly readCached: NonNullable<VaultPlace["readCached"]>;
  /** @param value null: the store has none @param asked when the server was asked, by `now` */
  put(place: string, value: Uint8Array | null, asked: number): void;
  drop(place: string): void;
  /** The error of a failed read. Where an older answer is at hand, a full server counts as unreachable, so that no one waits for it. */
  failure(place: string, error: unknown): unknown;
  now(): number;
}

interface Cached {
  readonly asked: number;
  readonly entry: Entry | null;
}

const TAG_AT = 8;
const VALUE_AT = 40;
/** Milliseconds. Who waits for a lock reads the same record many times a second. */
const REWRITE_AFTER = 1000;

/** The header of the vault as this home knows it; null where it isn't kept. To be believed once it is unlocked. */
export function cachedHeader(context: Context, address: SharedAddress): Header | null {
  const there = address.cacheSeconds === 0 ? null : readPin(addressFolder(context, address));
  if (there === null) return null;
  const folder = vaultFolder(context, there.vaultId);
  const bytes = readIfPossible(context, join(folder, "cache", HEADER_KEY));
  if (bytes === null) return null;
  try {
    const header = parseHeader(new Uint8Array(bytes));
    return header.vaultId === there.vaultId && header.epoch === readPin(folder)?.epoch ? header : null;
  } catch {
    return null; // Damaged: the server's own is read.
  }
}

/** @param memory the home's, of this vault */
export function recordCache(
  context: Context,
  address: SharedAddress,
  vaultId: string,
  memory: HomeMemory,
): RecordCache {
  const files = join(vaultFolder(context, vaultId), "cache");
  const bound = address.cacheSeconds * 1000;
  let keys: Keys | null = null;
  const written = new Map<string, { readonly value: Uint8Array; readonly asked: number }>();
  /** Of which an older answer is at hand while the server is asked. */
  const replaceable = new Set<string>();
  /** A server that didn't answer isn't asked again until then, where a cached answer is at hand. */
  let pausedUntil = Number.NEGATIVE_INFINITY;

  const now = (): number => context.now();
  const tagOf = ({ index }: Keys, place: string, time: Uint8Array, value: Uint8Array): Bytes =>
    hmac(hmac(index, utf8("cache of a shared vault")), pack(place, time, value));

  /** The cache only saves time: a folder that can't be written is no reason to fail. */
  const ifPossible = (work: () => void): void => {
    try {
      work();
    } catch (error) {
      context.debug(`the cache of the shared vault: ${messageOf(error)}`);
    }
  };

  async function cachedAt(label: Label, place: string): Promise<Cached | null> {
    const bytes = keys === null || bound === 0 ? null : readIfPossible(context, join(files, place));
    if (keys === null || bytes === null || bytes.length < VALUE_AT) return null;
    const file = new Uint8Array(bytes);
    const value = file.subarray(VALUE_AT);
    const time = file.subarray(0, TAG_AT);
    if (!sameBytes(tagOf(keys, place, time, value), file.subarray(TAG_AT, VALUE_AT))) return null;
    const asked = Number(viewOf(time).getBigUint64(0));
    const { data } = keys;
    const current: ReplyKeys = { current: () => data, find: async (id) => (id === data.id ? data : null) };
    if (value.length === 0) {
      // A login that was made elsewhere a moment ago is looked for.
      if (label.type === "connection") return null;
      const compared = await memory.compareToSeen(place, null, current);
      return compared === "same" || compared === "unseen" ? { asked, entry: null } : null;
    }
    const sealed = readSealedHeader(value);
    if (sealed?.keyId !== data.id || (await memory.compareToSeen(place, sealed.version, current)) !== "same")
      return null;
    const body = await tryOpen(data, place, label, value);
    if (body === null) return null;
    const { type, name } = label;
    return { asked, entry: { type: type as RecordType, name, version: sealed.version, body: decodeUtf8(body) } };
  }

  return {
    now,
    memory: {
      ...memory,
      async recognize(header, opened) {
        await memory.recognize(header, opened);
        keys = opened;
        if (bound === 0) return ifPossible(() => rmSync(files, { recursive: true, force: true }));
        const kept = readIfPossible(context, join(files, HEADER_KEY));
        if (kept === null || Buffer.compare(kept, header.bytes) !== 0)
          ifPossible(() => replaceFile(files, HEADER_KEY, header.bytes));
      },
    },
    async readCached(label, place, current) {
      const cached = await cachedAt(label, place);
      if (cached === null) return current();
      const age = now() - cached.asked;
      // Not where the clock was set back.
      if (age >= 0 && (age < bound || now() < pausedUntil)) return cached.entry;
      replaceable.add(place);
      try {
        return await current();
      } catch (error) {
        if (errorCode(error) !== "vault_unreachable") throw error;
        pausedUntil = now() + bound;
        const why = (error as AuthError).cause instanceof ServerFull ? "takes no more clients" : "can't be reached";
        context.warn(`The shared vault at ${address.shown} ${why}. Going by what it had ${ago(age)}.`);
        return cached.entry;
      } finally {
        replaceable.delete(place);
      }
    },
    failure(place, error) {
      if (errorCode(error) !== "busy" || !replaceable.has(place)) return error;
      return new AuthError("vault_unreachable", (error as AuthError).message, { cause: error });
    },
    put(place, value, asked) {
      if (keys === null || bound === 0) return;
      const last = written.get(place);
      const content = value ?? new Uint8Array();
      if (last && asked - last.asked < REWRITE_AFTER && Buffer.compare(last.value, content) === 0) return;
      written.set(place, { value: content, asked });
      const time = uint64(asked);
      const tag = tagOf(keys, place, time, content);
      ifPossible(() => replaceFile(files, place, concat(time, tag, content)));
    },
    drop(place) {
      written.delete(place);
      if (bound > 0) ifPossible(() => rmSync(join(files, place), { force: true }));
    },
  };
}

/** @param age milliseconds */
function ago(age: number): string {
  const minutes = Math.round(age / 60_000);
  if (age < 0 || minutes < 1) return "less than a minute ago";
  if (minutes < 120) return minutes === 1 ? "a minute ago" : `${minutes} minutes ago`;
  return `${Math.round(minutes / 60)} hours ago`;
}

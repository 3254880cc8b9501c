/**
 * The kept reply (RULES.md 2.1, 2.2): a file of 64 KiB, written and on the disk before a refresh token is sent, into
 * which the reply's raw bytes are sealed the instant they arrive. Few replies are larger: for those the file grows.
 * Between a provider's rotation and our commit it is the only place that holds the new token.
 *
 *     4 length of what follows · the sealed value · zeros
 */
import { feature } from "bun:bundle";
import { closeSync, constants, fstatSync, ftruncateSync, openSync, readSync } from "node:fs";
import { dirname } from "node:path";
import { syncContent, syncFile } from "../platform/disk.ts";
import { faultAtOnce } from "../platform/faults.ts";
import { LIMITS } from "../platform/limits.ts";
import { type Bytes, concat, uint32, viewOf } from "./bytes.ts";
import { checkPrivate, createPrivate, lstat, syncFolder, touching, writeAll } from "./files.ts";
import { type DataKey, readSealedHeader, seal, tryOpen } from "./seal.ts";
import { type Kept, type ReplyKeeper, sameVersion, type Version } from "./types.ts";

const SIZE = LIMITS.replyFileBytes;
const NOFOLLOW = constants.O_NOFOLLOW ?? 0;

/** The keys a reply may be sealed with: the present one, and all that were before it. */
export interface ReplyKeys {
  current(): DataKey;
  find(id: string): Promise<DataKey | null>;
}

/** @param place what names the file, by which its key is derived */
export function replyFile(path: string, place: string, name: string, keys: ReplyKeys): ReplyKeeper & { close(): void } {
  const label = { type: "reply", name };
  let file: number | null = null;

  const close = (): void => {
    if (file !== null) closeSync(file);
    file = null;
  };
  const prepare = (): number => {
    if (file !== null) return file;
    const made = createPrivate(path);
    checkPrivate(path);
    file = openSync(path, constants.O_RDWR | NOFOLLOW);
    if (fstatSync(file).size < SIZE) {
      writeAll(file, new Uint8Array(SIZE));
      syncFile(file);
    }
    if (made) syncFolder(dirname(path));
    return file;
  };

  const opened = async (isWanted: (version: Version) => boolean): Promise<Kept | null> => {
    const value = touching(path, () => readValue(path));
    const header = value === null ? null : readSealedHeader(value);
    if (value === null || header === null || !isWanted(header.version)) return null;
    const key = await keys.find(header.keyId);
    // A reply that was cut short by a crash doesn't open: as if it had never reached the disk.
    const bytes = key === null ? null : await tryOpen(key, place, label, value);
    return bytes === null ? null : { version: header.version, bytes };
  };

  return {
    async prepare() {
      touching(path, () => {
        if (feature("AUTH_TEST")) faultAtOnce("reply-prepare");
        prepare();
      });
    },
    async keep(version: Version, bytes: Uint8Array) {
      const value = await seal(keys.current(), place, label, version, bytes);
      const content = concat(uint32(value.length), value);
      touching(path, () => {
        if (feature("AUTH_TEST")) faultAtOnce("reply-keep");
        const target = prepare();
        writeAll(target, content);
        syncContent(target);
      });
    },
    read: async (version) => (await opened((found) => sameVersion(found, version)))?.bytes ?? null,
    async kept() {
      const found = await opened(() => true);
      return found === null ? [] : [found];
    },
    async blank(version) {
      touching(path, () => {
        if (lstat(path) === null) return;
        if (version !== "all" && !isFor(version, readValue(path))) return;
        if (feature("AUTH_TEST")) faultAtOnce("reply-blank");
        const target = prepare();
        writeAll(target, new Uint8Array(fstatSync(target).size));
        ftruncateSync(target, SIZE);
        syncContent(target);
      });
    },
    close,
  };
}

function isFor(version: Version, value: Bytes | null): boolean {
  const header = value === null ? null : readSealedHeader(value);
  return header !== null && sameVersion(header.version, version);
}

/** What the file holds a reply for, or null where it holds none. Known without a key: to be believed once it opens. */
export function keptVersion(path: string): Version | null {
  const value = touching(path, () => readValue(path));
  return (value && readSealedHeader(value))?.version ?? null;
}

/** What the file holds, or null when it is blank or isn't there. */
function readValue(path: string): Bytes | null {
  if (lstat(path) === null) return null;
  checkPrivate(path);
  const file = openSync(path, constants.O_RDONLY | NOFOLLOW);
  try {
    const content = new Uint8Array(fstatSync(file).size);
    const length = readSync(file, content, 0, content.length, 0);
    const size = length < 4 ? 0 : viewOf(content).getUint32(0);
    return size === 0 || size + 4 > length ? null : content.slice(4, size + 4);
  } finally {
    closeSync(file);
  }
}

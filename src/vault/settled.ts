/**
 * A vault file that lies still is read as it lies: without SQLite and its locks, which nearly always guard from nobody.
 * What was read this way counts only if the file was the same before and after (a sequence lock, with the file's time as
 * the number). Anything but reading a value, and any doubt, goes to SQLite.
 */
import { AuthError } from "../platform/errors.ts";
import { type FileCalls, fileCalls } from "../platform/libc.ts";
import { isFile } from "../platform/small-file.ts";
import { type Bytes, utf8 } from "./bytes.ts";
import type { StoreDriver } from "./driver.ts";
import { PAGE_BYTES, type Pages, type Roots, rootsOf, storedValue } from "./sqlite-file.ts";

/**
 * Milliseconds. Within this time after a write, another may leave the same time behind: the clocks of file systems are
 * as coarse as two seconds (FAT).
 */
const SETTLED_MS = 5000;

/** Read only, no link, not inherited, and never waiting. */
const OPEN_FLAGS = process.arch === "arm64" ? 0x8000 | 0x80000 | 0x800 : 0x20000 | 0x80000 | 0x800;

let leftToSqlite = false;

/**
 * Said by whoever opens a vault with SQLite. From then on nothing else in this process may open the file: closing any
 * descriptor of it would take SQLite's locks away (POSIX; sqlite.org/howtocorrupt.html §2.2).
 */
export function leaveToSqlite(): void {
  leftToSqlite = true;
}

/** @returns null where someone writes or has just written, where a log holds more than the file, or where it can't be told */
export function openSettled(path: string): StoreDriver | null {
  const lying = lyingFile(path);
  if (lying === null) return null;
  let opening: Promise<StoreDriver> | null = null;
  let sqlite: StoreDriver | null = null;
  const shared = (): Promise<StoreDriver> => {
    opening ??= openBySqlite(path);
    return opening.then(
      (driver) => {
        sqlite = driver;
        return driver;
      },
      (error) => {
        // Perhaps only busy: the next try opens it anew.
        opening = null;
        throw error;
      },
    );
  };
  return {
    name: "auth-settled",
    getItem: () => null,
    getItemRaw(key, options) {
      const value = lying.read(key);
      return value === undefined ? shared().then((driver) => driver.getItemRaw?.(key, options)) : value;
    },
    hasItem: async (key, options) => (await shared()).hasItem(key, options),
    getItems: async (items, options) => (await shared()).getItems?.(items, options) ?? [],
    getKeys: async (base, options) => (await shared()).getKeys(base, options),
    removeItem: async (key, options) => (await shared()).removeItem?.(key, options),
    swap: async (steps, whole) => (await shared()).swap(steps, whole),
    check: async () => (await shared()).check(),
    scrub: async () => (await shared()).scrub(),
    close: () => sqlite?.close(),
  };
}

async function openBySqlite(path: string): Promise<StoreDriver> {
  const driver = await (await import("./sqlite.ts")).openSqlite(path);
  if (driver !== null) return driver;
  throw new AuthError("vault_replaced", `The vault file ${path} was taken away meanwhile.`, {
    hint: "Put it back, and run the command again.",
  });
}

interface LyingFile {
  /** null where there is no such key; undefined: SQLite must be asked. */
  read(key: string): Bytes | null | undefined;
}

function lyingFile(path: string): LyingFile | null {
  const c = fileCalls();
  const stat = c?.stat ?? null;
  const before = stat?.(path) ?? null;
  if (c === null || stat === null || before === null || !isFile(before)) return null;
  const hasLog = (): boolean => (stat(`${path}-wal`)?.size ?? 0) > 0;
  if (leftToSqlite || Date.now() - before.modified < SETTLED_MS || hasLog()) return null;
  const isSame = (): boolean => {
    const now = stat(path);
    return now?.inode === before.inode && now.size === before.size && now.modified === before.modified;
  };
  let roots: Roots | null = null;
  return {
    read(key) {
      if (leftToSqlite) return undefined;
      const found = withPages(c, path, (pages) => {
        roots ??= rootsOf(pages);
        return storedValue(pages, roots, utf8(key));
      });
      return isSame() && !hasLog() ? found : undefined;
    },
  };
}

/** undefined where the file is half written, damaged, or of another form: SQLite says what it is. */
function withPages<T>(c: FileCalls, path: string, work: (pages: Pages) => T): T | undefined {
  const fd = c.open(path, OPEN_FLAGS);
  if (fd < 0) return undefined;
  try {
    return work((number) => {
      const page = new Uint8Array(PAGE_BYTES);
      if (c.readAt?.(fd, page, (number - 1) * PAGE_BYTES) !== PAGE_BYTES) throw new RangeError("no such page");
      return page;
    });
  } catch {
    return undefined;
  } finally {
    c.close(fd);
  }
}

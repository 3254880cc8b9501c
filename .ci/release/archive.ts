/**
 * Archives whose bytes depend on nothing but what is in them: sorted, owned by nobody, all of one time. A `.tar.gz` where
 * everybody has tar; a `.zip` for Windows.
 */
import { crc32, deflateRawSync, gzipSync } from "node:zlib";
import { createTar } from "nanotar";

export interface Entry {
  /** With `/`; one that ends so is a folder. */
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly executable: boolean;
}

export function entry(path: string, data: Uint8Array | string, executable = false): Entry {
  return { path, bytes: typeof data === "string" ? Buffer.from(data) : data, executable };
}

/** @param seconds the time of every file, in seconds since 1970 */
export function tarGz(entries: readonly Entry[], seconds: number): Buffer {
  const tar = createTar(
    sorted(entries).map(({ path, bytes, executable }) => ({
      name: path,
      // A folder has no bytes at all.
      ...(!path.endsWith("/") && { data: bytes }),
      attrs: {
        mode: executable || path.endsWith("/") ? "755" : "644",
        mtime: seconds * 1000,
        uid: 0,
        gid: 0,
        user: "root",
        group: "root",
      },
    })),
  );
  // POSIX.1: the end is two blocks of zeros. nanotar leaves one or none, depending on the size.
  return gzip(Buffer.concat([tar, Buffer.alloc(1024)]));
}

export function gzip(bytes: Uint8Array): Buffer {
  const compressed = gzipSync(bytes);
  // RFC 1952: bytes 4 to 7 are the time, byte 9 the system, which differ with the machine. 255 is "unknown".
  compressed.fill(0, 4, 8);
  compressed[9] = 255;
  return compressed;
}

/** Source: PKWARE's APPNOTE.TXT 6.3. No file is larger than 4 GB. */
export function zip(entries: readonly Entry[], seconds: number): Buffer {
  const files: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { path, bytes, executable } of sorted(entries)) {
    const name = Buffer.from(path);
    const compressed = deflateRawSync(bytes);
    // Version 2.0; names are UTF-8; deflated; time and date; CRC; sizes; the name's length, and nothing more.
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(0x800, 2);
    common.writeUInt16LE(8, 4);
    common.writeUInt32LE(dosTime(seconds), 6);
    common.writeUInt32LE(crc32(bytes), 10);
    common.writeUInt32LE(compressed.length, 14);
    common.writeUInt32LE(bytes.length, 18);
    common.writeUInt16LE(name.length, 22);
    files.push(Buffer.from("PK\x03\x04"), common, name, compressed);
    const place = Buffer.alloc(14);
    // Made on Unix, so that the upper half of the attributes is a mode.
    place.writeUInt32LE(((0o100000 | (executable ? 0o755 : 0o644)) << 16) >>> 0, 6);
    place.writeUInt32LE(offset, 10);
    directory.push(Buffer.from("PK\x01\x02\x14\x03", "latin1"), common, place, name);
    offset += 4 + common.length + name.length + compressed.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", "latin1");
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...files, central, end]);
}

/** Of MS-DOS: two-second steps since 1980, here in UTC. */
function dosTime(seconds: number): number {
  const at = new Date(Math.max(seconds, Date.UTC(1980, 0) / 1000) * 1000);
  const date = ((at.getUTCFullYear() - 1980) << 9) | ((at.getUTCMonth() + 1) << 5) | at.getUTCDate();
  const time = (at.getUTCHours() << 11) | (at.getUTCMinutes() << 5) | (at.getUTCSeconds() >> 1);
  return ((date << 16) | time) >>> 0;
}

function sorted(entries: readonly Entry[]): Entry[] {
  return [...entries].sort((one, other) => (one.path < other.path ? -1 : 1));
}

/** Which file system a folder is on, on macOS: Node's statfs doesn't tell its name there. Read in its headers, never run. */
import { cString, load } from "./posix.ts";

/** `struct statfs` of <sys/mount.h> with 64-bit inodes, and MNT_LOCAL. */
const STATFS = { bytes: 2168, flags: 64, name: 72, nameBytes: 16 } as const;
const LOCAL = 0x1000;

/** The name of the network file system that the folder is on; null where it is local, or that can't be found out. */
export function macNetworkOf(folder: string): string | null {
  // The plain name is that of 32-bit inodes on Intel processors.
  const name = process.arch === "arm64" ? "statfs" : "statfs$INODE64";
  const statfs = load({ [name]: { args: ["ptr", "ptr"], returns: "i32" } })?.[name];
  const buffer = new Uint8Array(STATFS.bytes);
  return statfs?.(cString(folder), buffer) === 0 ? networkIn(buffer) : null;
}

/** @param statfs what the call has filled in */
export function networkIn(statfs: Uint8Array<ArrayBuffer>): string | null {
  if ((new DataView(statfs.buffer).getUint32(STATFS.flags, true) & LOCAL) !== 0) return null;
  const name = statfs.subarray(STATFS.name, STATFS.name + STATFS.nameBytes);
  return new TextDecoder().decode(name.subarray(0, name.indexOf(0))) || "unknown";
}

/** Where a vault can't be, by what its file system does: locks that don't hold, or hold under one of its names only. */
import { lstatSync, readFileSync, statfsSync } from "node:fs";
import { dirname } from "node:path";
import { AuthError } from "../platform/errors.ts";
import { macNetworkOf } from "../platform/mac-mounts.ts";
import { windowsFiles } from "../platform/windows-files.ts";
import { hardLinked } from "./files.ts";

/** File systems on which locks don't hold between machines, by the number that statfs(2) gives on Linux. */
const NETWORK: Readonly<Record<number, string>> = {
  26985: "NFS",
  20859: "SMB",
  4283649346: "SMB",
  4266872130: "SMB",
  16914839: "9p or a Windows drive",
  1702057286: "FUSE or virtiofs",
  1397114950: "a Windows drive",
  12805120: "Ceph",
  1397113167: "AFS",
  198183888: "Lustre",
  1196443219: "GPFS",
  1952539503: "OCFS2",
  18225520: "GFS2",
};

/** The name of the network file system that `statfs` says a folder is on, else null. */
export function networkFileSystem(type: number): string | null {
  return NETWORK[type >>> 0] ?? null;
}

/** File systems that write a block anew elsewhere: room that was written in advance isn't kept. */
const COPY_ON_WRITE: Readonly<Record<number, string>> = {
  2435016766: "btrfs",
  801189825: "ZFS",
  3393526350: "bcachefs",
};

/** The name of the copy-on-write file system that `statfs` says a folder is on, else null. */
export function copyOnWriteFileSystem(type: number): string | null {
  return COPY_ON_WRITE[type >>> 0] ?? null;
}

/** The network file system that a folder is on, or null. */
export function networkOf(folder: string): string | null {
  if (windowsFiles()?.isOnNetwork(folder)) return "a drive of another machine";
  if (process.platform === "darwin") return macNetworkOf(folder);
  return process.platform === "linux" ? networkFileSystem(Number(statfsSync(folder).type)) : null;
}

/** The copy-on-write file system that a folder is on, or null. Known on Linux, and on macOS, where APFS is one. */
export function copyOnWriteOf(folder: string): string | null {
  if (process.platform === "darwin") return "APFS";
  return process.platform === "linux" ? copyOnWriteFileSystem(Number(statfsSync(folder).type)) : null;
}

/** @throws AuthError `vault_unwritable` where the folder is on a network file system */
export function refuseNetwork(folder: string): void {
  const kind = networkOf(folder);
  if (kind === null) return;
  throw new AuthError("vault_unwritable", `${folder} is on a network file system (${kind}), where locks don't hold.`, {
    hint: "Set AUTH_HOME to a folder on a local disk, or for the vault alone name a file on one: sqlite:<path>",
  });
}

/**
 * Refuses a vault file that has a second name. Each name has locks and a journal of its own beside it: two refreshes at
 * once would lose a login (RULES.md 1.7).
 */
export function refuseSecondName(real: string): void {
  const { nlink } = lstatSync(real);
  if (nlink > 1) throw hardLinked(real, nlink);
  if (!isMountPoint(real)) return;
  throw new AuthError("vault_unwritable", `${real} is mounted by itself, so it has other locks here than elsewhere.`, {
    hint: `Mount the folder that it is in instead: ${dirname(real)}`,
  });
}

function isMountPoint(path: string): boolean {
  if (process.platform !== "linux") return lstatSync(path).dev !== lstatSync(dirname(path)).dev;
  // proc_pid_mountinfo(5): the fifth field, in which space, tab, newline and backslash are octal.
  return readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .some(
      (line) =>
        line.split(" ")[4]?.replace(/\\([0-7]{3})/g, (_, n) => String.fromCharCode(Number.parseInt(n, 8))) === path,
    );
}

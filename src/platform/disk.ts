/** What must be on the disk before the next step. */
import { fdatasyncSync, fsyncSync } from "node:fs";
import { F, type Posix, posix } from "./posix.ts";

/** macOS's fsync(2): "the drive itself may not physically write the data … for quite some time"; this asks it to. */
function drivesToo(fd: number, system: Pick<Posix, "fcntl"> | null): boolean {
  return (system?.fcntl(fd, F.FULLFSYNC, 0) ?? -1) >= 0;
}

/** File and size, or a folder's names. @throws the system's error */
export function syncFile(fd: number, platform = process.platform, system = posix): void {
  if (platform !== "darwin" || !drivesToo(fd, system())) fsyncSync(fd);
}

/** What was written into room that is on the disk already. @throws the system's error */
export function syncContent(fd: number, platform = process.platform, system = posix): void {
  if (platform !== "darwin" || !drivesToo(fd, system())) fdatasyncSync(fd);
}

/** Functions of kernel32.dll for which Bun has no API. */
import { win32 } from "node:path";
import { load } from "../posix.ts";

/** "Process Security and Access Rights": enough for the exit code. */
const QUERY_LIMITED_INFORMATION = 0x1000;

export interface ExitWatch {
  /** Ends this process with the exit code of the other one, which has ended. Returns only where that fails. */
  endLikeIt(): void;
}

/**
 * Bun keeps 8 of an exit code's 32 bits: 256 would become success.
 *
 * @param pid a process that can't have been reaped yet
 * @returns null where C functions can't be called
 */
export function watchExit(pid: number): ExitWatch | null {
  const kernel = load(
    {
      OpenProcess: { args: ["u32", "i32", "u32"], returns: "ptr" },
      GetExitCodeProcess: { args: ["ptr", "ptr"], returns: "i32" },
      ExitProcess: { args: ["u32"], returns: "void" },
    },
    ["kernel32.dll"],
  );
  const handle = kernel?.OpenProcess(QUERY_LIMITED_INFORMATION, 0, pid) ?? null;
  if (kernel === null || handle === null) return null;
  return {
    endLikeIt() {
      const code = new Uint32Array(1);
      if (kernel.GetExitCodeProcess(handle, code) !== 0) kernel.ExitProcess(code[0] ?? 1);
    },
  };
}

/** GetDriveTypeW's answer for a drive of another machine. */
const DRIVE_REMOTE = 4;

/** Whether a folder is on another machine: on a share, or on a drive that is mapped to one. */
export function isOnNetwork(folder: string): boolean {
  const { root } = win32.parse(folder);
  if (isShare(root)) return true;
  const kernel = load({ GetDriveTypeW: { args: ["ptr"], returns: "u32" } }, ["kernel32.dll"]);
  return kernel?.GetDriveTypeW(Uint16Array.from(`${root}\0`, (letter) => letter.charCodeAt(0))) === DRIVE_REMOTE;
}

/** `\\\\host\\share\\`, but not a device (`\\\\.\\`) nor a long path of this machine (`\\\\?\\C:\\`). */
export function isShare(path: string): boolean {
  return /^[\\/]{2}(?![.?][\\/])/.test(path) || /^[\\/]{2}\?[\\/]UNC[\\/]/i.test(path);
}

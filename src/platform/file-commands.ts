/** Commands on files as messages print them. On Windows they are such that cmd and PowerShell read them alike. */
import { shellWord } from "./shell-word.ts";

export function moveCommand(from: string, to: string, platform = process.platform): string {
  return `${platform === "win32" ? "move" : "mv"} ${shellWord(from, platform)} ${shellWord(to, platform)}`;
}

export function removeCommand(path: string, platform = process.platform): string {
  return `${platform === "win32" ? "del" : "rm -f"} ${shellWord(path, platform)}`;
}

/** Lets its owner read and write a file. On Windows: with the permissions of its folder. */
export function permitCommand(path: string, platform = process.platform): string {
  if (platform === "win32") return `icacls ${shellWord(path, platform)} /reset`;
  return `chmod 600 ${shellWord(path, platform)}`;
}

/** Lists all names of a file. */
export function namesCommand(path: string, platform = process.platform): string {
  return `${platform === "win32" ? "fsutil hardlink list" : "find / -xdev -samefile"} ${shellWord(path, platform)}`;
}

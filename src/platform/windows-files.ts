/**
 * What Windows does with files by other means than POSIX: access lists in the place of modes, drives in that of mounts. Set
 * at the start there (`windows/start.ts`), so that nothing of it is loaded elsewhere.
 */
export interface WindowsFiles {
  /** Only this user and the system may use the file or folder, and what is made in the folder. */
  protect(path: string): void;
  /** Others who may use it; null where that can't be found out. */
  othersAt(path: string): string[] | null;
  /** The command by which it is this user's alone. */
  protectCommand(path: string, isFolder: boolean): string;
  isOnNetwork(folder: string): boolean;
}

let files: WindowsFiles | null = null;

/** null on other systems. */
export function windowsFiles(): WindowsFiles | null {
  return files;
}

export function useWindowsFiles(found: WindowsFiles): void {
  files = found;
}

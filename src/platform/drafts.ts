/** Files that are written beside another and then take its place, so that no one ever sees half of one. */
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { dirname } from "node:path";

/** On the disk when this returns. @throws the system's error, `EEXIST` where there is one */
export async function createFile(path: string, text: string, mode = 0o600): Promise<void> {
  const handle = await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
  try {
    await handle.writeFile(text);
    if (mode !== 0o600) await handle.chmod(mode);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** That a file has this name, or no longer, is on the disk when this returns. */
export async function syncFolderOf(path: string): Promise<void> {
  // Windows has no such thing, and its folders can't be opened.
  if (process.platform === "win32") return;
  const folder = await open(dirname(path), constants.O_RDONLY);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/**
 * What SQLite takes into account beside a vault file: it plays back whatever a journal of the right name holds, whoever
 * wrote it (sqlite.org/lockingv3.html#hot_journals). So before every open, for reading too, no other user may be able to
 * write to the folder, and each side file must be ours alone (RULES 1.7). On the hot path: five system calls.
 */
import { foreign, isOpenTo, isOwnedByOther } from "../platform/owner.ts";
import { type Ownership, ownershipIfThere } from "../platform/small-file.ts";

/** sqlite.org/tempfiles.html. A super-journal is read only where a journal names it. */
export const SIDE_FILES = ["-journal", "-wal", "-shm"] as const;

/**
 * @param path of the vault file
 * @returns false where there is no vault, or it can't be reached: then nothing was checked
 * @throws AuthError `vault_unwritable`
 */
export async function checkSurroundings(path: string): Promise<boolean> {
  const vault = await ownershipIfThere(path);
  if (vault === null) return false;
  if (isOwnedByOther(vault)) throw foreign(path);
  const folder = path.slice(0, path.lastIndexOf("/")) || "/";
  const place = await ownershipIfThere(folder);
  if (place !== null && ((isOwnedByOther(place) && place.uid !== 0) || isOpenTo(place, 0o022)))
    (await import("./files.ts")).ensureFolder(folder, path);
  for (const side of SIDE_FILES) {
    const file = await ownershipIfThere(`${path}${side}`, "link");
    if (file !== null && !isOursAlone(file)) (await import("./sqlite-diagnosis.ts")).checkSideFile(`${path}${side}`);
  }
  return true;
}

/** S_IFMT and S_IFREG of inode(7). */
function isOursAlone(file: Ownership): boolean {
  return (file.mode & 0o170000) === 0o100000 && !isOwnedByOther(file) && !isOpenTo(file, 0o022) && file.nlink === 1;
}

/** The file itself: read once and whole, and only where no one else could have put it there (RULES.md §5). */
import { errorCode } from "../../platform/errors.ts";
import { LIMITS } from "../../platform/limits.ts";
import { FOLDER_FILE } from "../../platform/paths.ts";
import { isOpenTo, isOwnedByOther, type Ownership, ownershipIfThere, readOwned } from "../../platform/small-file.ts";

export type FolderFile =
  | { readonly text: string; readonly fault: null }
  /** A clause: `it is a symbolic link`. */
  | { readonly text: null; readonly fault: string };

/** @param path without links in the folders above it */
export async function readFolderFile(path: string): Promise<FolderFile> {
  const fault = fileFaultOf(path);
  if (fault !== null) return { text: null, fault };
  try {
    // Whatever takes its place from here on has another content, which is what counts.
    const { text } = readOwned(path);
    return isText(text) ? { text, fault: null } : { text: null, fault: "it isn't text in UTF-8" };
  } catch (error) {
    const code = errorCode(error);
    if (code === undefined) throw error;
    const { faultReason } = await import("../../platform/file-faults.ts");
    return { text: null, fault: `it can't be read: ${faultReason(code)}` };
  }
}

/** Why it can't be used, whatever it says; null where it can. */
export function fileFaultOf(path: string): string | null {
  const file = ownershipIfThere(path, "link");
  if (file === null) return "it isn't there";
  return kindFault(file) ?? placeFault(path);
}

const KIND = { bits: 0o170000, link: 0o120000, file: 0o100000 } as const;
const OTHERS_WRITE = 0o002;

function kindFault(file: Ownership): string | null {
  const kind = file.mode & KIND.bits;
  if (kind === KIND.link) return "it is a symbolic link";
  if (kind !== KIND.file) return "it isn't a file";
  if (isOwnedByOther(file)) return "it belongs to another user";
  if (file.nlink > 1) return "it has a second name (a hard link)";
  if (isOpenTo(file, OTHERS_WRITE)) return "every user can write it";
  if (file.size > LIMITS.folderFileBytes) return "it is larger than 16 KiB";
  return null;
}

function placeFault(path: string): string | null {
  const folder = ownershipIfThere(path.slice(0, -FOLDER_FILE.length - 1) || "/");
  if (folder === null) return "its folder can't be looked at";
  if (isOwnedByOther(folder)) return "its folder belongs to another user";
  return isOpenTo(folder, OTHERS_WRITE) ? "every user can write to its folder" : null;
}

/** What isn't UTF-8 has become U+FFFD, and different bytes the same. */
function isText(text: string): boolean {
  return !/[\0\ufffd]/.test(text);
}

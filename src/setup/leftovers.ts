/** Drafts that a killed setup has left beside the recorded files, and beside the record itself. */
import { realpath } from "node:fs/promises";
import { draftsOf, removeDrafts } from "../platform/drafts.ts";
import { errorCode } from "../platform/errors.ts";
import { DRAFT } from "./files.ts";
import { type Records, recordOf } from "./record.ts";

export async function hasLeftovers(folder: string, known: Records): Promise<boolean> {
  for (const path of await draftedPaths(folder, known)) if ((await draftsOf(path, DRAFT)).length > 0) return true;
  return false;
}

/** Precondition: no other setup is under way. */
export async function removeLeftovers(folder: string, known: Records): Promise<void> {
  for (const path of await draftedPaths(folder, known)) await removeDrafts(path, DRAFT);
}

/** A file is recorded before its draft is made, so only recorded files have drafts. They are beside the link's target. */
function draftedPaths(folder: string, known: Records): Promise<string[]> {
  return Promise.all([recordOf(folder), ...known.keys()].map(realOf));
}

async function realOf(path: string): Promise<string> {
  return realpath(path).catch((error) => {
    if (errorCode(error) === undefined) throw error;
    return path;
  });
}

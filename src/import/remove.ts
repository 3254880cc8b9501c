/**
 * Removes a login from another program's file. First a copy of the file is made, readable by its owner alone, and not in
 * the same folder, from where it could get into a repository or an upload. Then the new text is written beside the file,
 * and replaces it once the login is in the vault.
 */
import { rename, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { createFile, draftOf, removeDrafts, syncFolderOf } from "../platform/drafts.ts";
import { AuthError, errorCode } from "../platform/errors.ts";
import { faultReason } from "../platform/file-faults.ts";
import { makeFolder } from "../platform/folders.ts";
import { changeDatabase, copyDatabase } from "./database.ts";
import { type ForeignFile, readForeign, statForeign } from "./file.ts";
import { changed, locked, refused } from "./refused.ts";
import type { Removal } from "./source.ts";

export interface PreparedRemoval {
  readonly backup: string;
  /** Changes the file. @throws AuthError where it was changed meanwhile: then it is left as it is */
  commit(): Promise<void>;
  /** Removes the new text, and the copy unless a login was removed from the file before. */
  abandon(): Promise<void>;
}

/** The copies made by this command: one for each file. */
export class Backups {
  readonly #made = new Map<string, string>();
  readonly #used = new Set<string>();
  readonly #folder: string;
  readonly #now: number;

  /**
   * @param folder for the copies; created if needed
   * @param now milliseconds since the epoch: part of the copies' names
   */
  constructor(folder: string, now: number) {
    this.#folder = folder;
    this.#now = now;
  }

  /**
   * Precondition: no other import is under way.
   * @throws AuthError `import_refused` where it isn't as it was read, `busy`
   */
  async prepare(path: string, title: string, removal: Removal): Promise<PreparedRemoval> {
    if (removal.from === "database") {
      changeDatabase(path, title, removal.statements, "try");
      const backup = await this.#copy(path, async (copy) => {
        await createFile(copy, "");
        copyDatabase(path, title, copy);
      });
      return {
        backup,
        commit: async () => {
          changeDatabase(path, title, removal.statements);
          this.#used.add(path);
        },
        abandon: () => this.#forget(path),
      };
    }
    const file = await readForeign(path);
    if (file === null) throw changed(path);
    const { lock } = removal;
    if (lock !== undefined && (await statForeign(lock)) !== null) throw locked(path, title);
    if (file.names > 1)
      throw refused(`${path} has a second name (a hard link), which would keep what is taken out.`, "Remove the link.");
    const text = removal.edit(file.text);
    if (text === file.text) throw changed(path);
    const backup = await this.#copy(path, (copy) => createFile(copy, file.text));
    const draft = draftOf(path, DRAFT);
    if (text !== null) await this.#draft(path, draft, text, file.mode);
    return {
      backup,
      commit: async () => {
        await replace(file, draft, text === null);
        this.#used.add(path);
      },
      abandon: async () => {
        await rm(draft, { force: true });
        await this.#forget(path);
      },
    };
  }

  /** The copy of a file; null: there is none. */
  of(path: string): string | null {
    return this.#made.get(path) ?? null;
  }

  async #copy(path: string, make: (copy: string) => Promise<void>): Promise<string> {
    const made = this.#made.get(path);
    if (made !== undefined) return made;
    const time = new Date(this.#now).toISOString().replace(/[-:]|\.\d+/g, "");
    for (let count = 0; ; count++) {
      const copy = join(this.#folder, `${time}${count === 0 ? "" : `-${count}`}-${basename(path)}`);
      try {
        makeFolder(this.#folder);
        await make(copy);
        await syncFolderOf(copy);
        this.#made.set(path, copy);
        return copy;
      } catch (error) {
        if (errorCode(error) === "EEXIST" && count < 100) continue;
        if (errorCode(error) !== "EEXIST") await rm(copy, { force: true });
        throw error instanceof AuthError ? error : unwritable(copy, error);
      }
    }
  }

  async #draft(path: string, draft: string, text: string, mode: number): Promise<void> {
    try {
      await removeDrafts(path, DRAFT);
      await createFile(draft, text, mode);
    } catch (error) {
      await rm(draft, { force: true });
      await this.#forget(path);
      throw unwritable(draft, error);
    }
  }

  async #forget(path: string): Promise<void> {
    const copy = this.#made.get(path);
    if (copy === undefined || this.#used.has(path)) return;
    await rm(copy, { force: true });
    this.#made.delete(path);
  }
}

/** Part of the names of drafts. */
const DRAFT = "auth-import";

async function replace(file: ForeignFile, draft: string, isEmpty: boolean): Promise<void> {
  await requireUnchanged(file);
  try {
    if (isEmpty) await rm(file.path);
    else await rename(draft, file.path);
  } catch (error) {
    throw unwritable(file.path, error);
  }
  // The file is changed: a failure here must not undo the import. Only a power cut could bring the old file back.
  await syncFolderOf(file.path).catch(() => {});
}

async function requireUnchanged({ path, text }: ForeignFile): Promise<void> {
  if ((await readForeign(path))?.text !== text) throw changed(path);
}

function unwritable(path: string, error: unknown): AuthError {
  const code = errorCode(error);
  if (code === undefined) throw error;
  return refused(`${path} can't be written: ${faultReason(code)}.`, "Set its permissions right, or leave --move out.");
}

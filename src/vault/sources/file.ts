/**
 * The key is in a file of its own (0600, in a 0700 folder), one line for each vault: `<vault id>.<key id> <base64>`.
 * Lines are appended, and blanked in place when their key is forgotten, so that no copy of a key stays behind.
 */
import type { Context } from "../../platform/context.ts";
import { errorCode, RAISE_FILE_LIMIT } from "../../platform/errors.ts";
import { permitCommand, shellWord } from "../../platform/shell-word.ts";
import {
  accessHint,
  isOpenTo,
  isOwnedByOther,
  modeText,
  type OwnedText,
  type Ownership,
  ownerHint,
  ownershipIfThere,
  readOwned,
} from "../../platform/small-file.ts";
import { type Bytes, random } from "../bytes.ts";
import { ifKeyIsElsewhere, type KeyRequest, type KeySource, locked, parseKey } from "./source.ts";

export const fileSource: KeySource = {
  async open(request) {
    const { key: path } = request.context.paths;
    let file: OwnedText;
    try {
      file = readOwned(path);
    } catch (error) {
      throw await unreadable(request.context, path, error);
    }
    requireOwn(path, file, "key file", "Then, to be safe: auth vault rekey");
    const { text } = file;
    const name = nameOf(request);
    const at = text.indexOf(name);
    if (at < 0)
      throw locked(
        `The key file ${path} has no key for this vault.`,
        await ifKeyIsElsewhere(
          request.context,
          "Put the key file that belongs to the vault back in its place. The vault is as it was.",
        ),
      );
    const begin = at + name.length;
    return parseKey(text.slice(begin, text.indexOf("\n", begin)), `The key in ${path}`);
  },
  async create(request) {
    const key: Bytes = random(32);
    const { appendPrivate } = await import("../files.ts");
    appendPrivate(request.context.paths.key, `${nameOf(request)}${key.toBase64()}\n`);
    // Read as it will be read: a file that others can read is refused now and not at the next command.
    return { key: await this.open(request), kdf: null };
  },
  async forget(request) {
    const { blankLines } = await import("../files.ts");
    const name = nameOf(request);
    blankLines(request.context.paths.key, (line) => line.startsWith(name));
  },
};

/**
 * Erases this vault's other keys: those that a rekey left behind when it was killed. The vault lock must be held, or the
 * key of a rekey under way would go too.
 *
 * @param current the key id on record where the key comes from the file; null where it comes from elsewhere
 */
export async function forgetOtherKeys({ paths }: Context, vaultId: string, current: string | null): Promise<void> {
  const { blankLines, lstat } = await import("../files.ts");
  if (lstat(paths.key) === null) return;
  const kept = `${vaultId}.${current} `;
  blankLines(paths.key, (line) => line.startsWith(`${vaultId}.`) && !line.startsWith(kept));
}

function nameOf({ vaultId, keyId }: KeyRequest): string {
  return `${vaultId}.${keyId} `;
}

/**
 * A file with a secret must be this user's, and closed to all others.
 *
 * @param what `key file`
 * @param next what to do once others are kept out, or where they may have read it
 * @throws AuthError `vault_locked`
 */
export function requireOwn(path: string, stat: Ownership, what: string, next: string): void {
  if (isOwnedByOther(stat)) throw locked(`The ${what} ${path} belongs to another user.`, ownerHint(path));
  if (isOpenTo(stat, 0o077))
    throw locked(
      `Other users can reach the ${what} ${path} (mode ${modeText(stat)}).`,
      `If no one else has read it: chmod 600 ${shellWord(path)}\n${next}`,
    );
}

async function unreadable(context: Context, path: string, error: unknown): Promise<unknown> {
  switch (errorCode(error)) {
    case "ENOENT":
      return locked(
        `The vault's key comes from a key file, and ${path} is missing.`,
        await ifKeyIsElsewhere(
          context,
          "Put the key file back from a backup. The vault is as it was, and opens with nothing else.",
        ),
      );
    case "EACCES":
    case "EPERM":
      return locked(
        `The key file ${path} can't be read: permission denied.`,
        accessHint(path, ownershipIfThere(path), `Make it readable: ${permitCommand(path)}`),
      );
    case "EMFILE":
    case "ENFILE":
      return locked(`The key file ${path} can't be read: too many open files.`, RAISE_FILE_LIMIT);
    case "EISDIR":
    case "ENXIO":
    case "ELOOP": {
      const what = errorCode(error) === "EISDIR" ? "is a folder" : "is not a file";
      return locked(`The key file ${path} ${what}.`, "Put the key file back in its place. The vault is as it was.");
    }
    default:
      return error;
  }
}

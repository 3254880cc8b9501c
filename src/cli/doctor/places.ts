/** The vault and what it depends on: its file, its key, who can reach them, the file system. */
import { dirname, join } from "node:path";
import type { Context } from "../../platform/context.ts";
import { leftBySudo, nearestExisting, requireOwnPlace } from "../../platform/folders.ts";
import { isOwnedByOther, ownerHint } from "../../platform/small-file.ts";
import { windowsFiles } from "../../platform/windows-files.ts";
import { copyOnWriteOf, networkOf } from "../../vault/file-systems.ts";
import { lstat, realPlace, touching, wrongOwner } from "../../vault/files.ts";
import { type VaultWarning, vaultStatus, vaultWarnings } from "../../vault/status.ts";
import { storeAt } from "../../vault/store.ts";
import { chosenByWords, keyWords } from "../vault.ts";
import { broken, doubtful, type Examine, type Found, fine, unknown } from "./found.ts";

/** Who owns the folders and files, and who else can reach them, without opening the vault. */
export const examineModes: Examine = async ({ context }) => {
  const vault = storeAt(context).file;
  return touching(vault, () => modesOf(context, vault));
};

function modesOf(context: Context, vault: string): Found[] {
  const { paths } = context;
  const locks = join(dirname(vault), "vault.locks");
  const folders = [...new Set([vault, paths.key, paths.audit].map((path) => dirname(path)))];
  const others = [...folders.flatMap(othersFolder), ...wrongOwner([vault, paths.key, paths.audit, paths.log, locks])];
  const found = [
    ...about("modes", warningsAt(context)),
    ...[...new Set(others)].map((path) => doubtful(`${path} belongs to another user`, ownerHint(path))),
    ...folders.filter((folder) => lstat(folder) === null).flatMap(withoutOwnPlace),
  ];
  if (found.length > 0) return found;
  if (lstat(vault) === null) return [fine("there is nothing yet to be reached")];
  const windows = windowsFiles();
  if (windows === null) return [fine("no one else can reach the vault, its key or its locks")];
  if (windows.othersAt(vault) === null) return [unknown("the access lists can't be read here")];
  return [
    fine("the access lists of the vault, its key and its locks name no one but you, the system and its administrators"),
  ];
}

/** Folders of root are fine, except those that sudo leaves in a home. */
function othersFolder(folder: string): string[] {
  const left = leftBySudo(folder);
  if (left !== null) return [left];
  const stat = lstat(folder);
  return stat !== null && isOwnedByOther(stat) && stat.uid !== 0 ? [folder] : [];
}

function withoutOwnPlace(folder: string): Found[] {
  try {
    requireOwnPlace(folder);
    return [];
  } catch (error) {
    return broken(error);
  }
}

/** Nothing is written on a network file system; copy-on-write only weakens a promise (RULES.md 2.1). */
export const examineFileSystem: Examine = async ({ context }) => {
  const vault = storeAt(context).file;
  const [folder] = touching(vault, () => nearestExisting(dirname(vault)));
  const network = networkOf(folder);
  if (network !== null)
    return [
      doubtful(
        `${folder} is on a network file system (${network}): nothing will be written there.`,
        "AUTH_HOME=<folder on a local disk>, or for the vault alone: auth vault use sqlite:<path on one>",
      ),
    ];
  const copying = copyOnWriteOf(folder);
  return [
    fine(
      copying === null
        ? "local, and keeps the room that is set aside for a refresh's reply"
        : `local; ${copying} copies on write: room for a refresh's reply can be set aside, but not for certain`,
    ),
  ];
};

/** Refuses a vault that can't be trusted: a link, another user's file, a network file system. */
export const examineVault: Examine = async ({ context }) => {
  const status = await vaultStatus(context);
  if (status === null) return [fine(`none yet: the first login makes one at ${await storeAt(context).shown()}`)];
  const { path, records, format, epoch, warnings } = status;
  const why = chosenByWords(storeAt(context).chosenBy);
  return [
    fine(`${path}${why}, ${records} ${records === 1 ? "record" : "records"}, format ${format}, epoch ${epoch}`),
    ...about("server", warnings),
  ];
};

export const examineKey: Examine = async (session) => {
  const status = await vaultStatus(session.context);
  if (status === null) return [fine("no vault, no key")];
  await session.vault();
  const source = keyWords(status.keySource, status.keyVariable);
  return [fine(`${source} opens the vault`), ...about("key", status.warnings)];
};

function about(matter: VaultWarning["about"], warnings: readonly VaultWarning[]): Found[] {
  return warnings.filter((one) => one.about === matter).map(({ text, remedy }) => doubtful(text, remedy));
}

function warningsAt(context: Context): VaultWarning[] {
  const vault = storeAt(context).file;
  if (lstat(dirname(vault)) === null) return [];
  return vaultWarnings(context, realPlace(vault), "file");
}

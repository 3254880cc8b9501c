/** `auth allow` and `auth deny` for a folder's `.auth.toml`: finds it, checks it, and stores what is allowed. */
import { type FolderChoice, written } from "../connections/folder/choice.ts";
import { readFolderFile } from "../connections/folder/file.ts";
import { inWords } from "../connections/folder/meanings.ts";
import { parseFolderFile } from "../connections/folder/parse.ts";
import { readFolderPin, writeFolderPin } from "../connections/folder/pins.ts";
import { changesBetween } from "../connections/folder/state.ts";
import { parseSelector } from "../connections/ref.ts";
import { readConnection } from "../connections/store.ts";
import { AuthError, usage } from "../platform/errors.ts";
import { escapeText } from "../platform/escape.ts";
import { absolutePath, FOLDER_FILE, fileIn, folderFiles, foldersUpwards } from "../platform/paths.ts";
import { commandLine } from "../platform/shell-word.ts";
import { ownershipIfThere, realFolder } from "../platform/small-file.ts";
import { readVariables } from "../providers/names.ts";
import type { Cli } from "./context.ts";
import type { Session } from "./session.ts";

/**
 * The path of the `.auth.toml`, with links resolved. A given one need not exist.
 * @throws AuthError `usage`
 */
export function fileGiven({ context: { env } }: Cli, given: string | undefined): string {
  if (given === undefined) {
    const [nearest] = folderFiles(env);
    if (nearest !== undefined) return nearest;
    throw usage(`There is no ${FOLDER_FILE} in this folder or above it.`, PLACES);
  }
  const path = absolutePath(given, process.platform);
  const isFolder = isFolderAt(path);
  const folder = isFolder ? path : path.slice(0, Math.max(path.length - FOLDER_FILE.length - 1, 0)) || "/";
  if (!isFolder && !isFolderFile(path))
    throw usage(
      `${escapeText(path)} is neither a folder nor a ${FOLDER_FILE}.`,
      `A file for --env-file is taken back by: ${commandLine(["auth", "allow", given, "--undo"])}`,
    );
  const real = realFolder(folder) ?? folder;
  if (foldersUpwards(real, env).length === 0) throw usage(`${escapeText(path)} isn't in your home folder.`, PLACES);
  return fileIn(real);
}

/** Whether a path given to `allow` means an `.auth.toml`, and no other file. */
export function meansFolderFile(given: string | undefined): boolean {
  if (given === undefined) return true;
  const path = absolutePath(given, process.platform);
  return isFolderFile(path) || isFolderAt(path);
}

function isFolderFile(path: string): boolean {
  return /[\\/]\.auth\.toml$/.test(path);
}

function isFolderAt(path: string): boolean {
  return ((ownershipIfThere(path)?.mode ?? 0) & 0o170000) === 0o040000;
}

const PLACES = "Looked at are the current folder and those above it, up to your home folder; none elsewhere.";

/** @throws AuthError `file_untrusted` */
export async function allowFolderFile(cli: Cli, session: Session, path: string): Promise<void> {
  const { text, fault } = await readFolderFile(path);
  if (text === null)
    throw new AuthError("file_untrusted", `${escapeText(path)} can't be allowed: ${fault}.`, {
      hint: "Put it right, then allow it again.",
    });
  const choice = await parseFolderFile(text, path, session.registry);
  const { vault } = await session.services();
  const before = (await readFolderPin(vault, path))?.allowed ?? null;
  if (before !== null && before.text !== text) {
    cli.output.say("What changed:");
    for (const line of await changesBetween(before.text, text)) cli.output.say(line);
  }
  await writeFolderPin(vault, path, { format: 1, path, at: cli.context.now(), allowed: { text, choice } });
  await cli.context.audit({ event: "folder", status: "success", message: `allowed ${escapeText(path)}` });
  for (const words of await doubts(session, choice)) cli.output.warn(words);
  await cli.output.result(
    { path, state: "allowed", ...documentOf(choice) },
    `Allowed ${escapeText(path)}: ${inWords(choice)}.`,
  );
}

export function documentOf({ profile, default: at, connections, variables }: FolderChoice) {
  const names = connections.map(written);
  return { profile, default: at === null ? null : names[at], connections: names, variables };
}

/** Warnings about likely mistakes. */
async function doubts({ registry, vault }: Session, { connections, variables }: FolderChoice): Promise<string[]> {
  const there = await vault();
  const found: string[] = [];
  for (const selector of new Set([...connections.map(written), ...Object.values(variables)])) {
    const { provider, name } = parseSelector(selector);
    if (name === null || (there !== null && (await readConnection(there, { provider, name })) !== null)) continue;
    found.push(`There is no ${selector} here yet. Log in: ${commandLine(["auth", "login", selector])}`);
  }
  for (const [variable, selector] of Object.entries(variables)) {
    const { provider } = parseSelector(selector);
    const all = await registry.readers({ [variable]: "set" });
    const readers = all.filter((one) => readVariables(one).includes(variable)).map(({ id }) => id);
    if (readers.length > 0 && !readers.includes(provider))
      found.push(`Tools of ${readers.join(" and ")} read ${variable}: they would send the token of ${selector} there.`);
  }
  return found;
}

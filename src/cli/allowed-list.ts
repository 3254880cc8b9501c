/** `auth allow --list`: the files that were allowed or denied, and their state now. */
import { type AllowedFile, listAllowedFiles } from "../connections/allowed-files.ts";
import { readFolderFile } from "../connections/folder/file.ts";
import { inWords } from "../connections/folder/meanings.ts";
import { type FolderPin, listFolderPins } from "../connections/folder/pins.ts";
import { readEnvFile } from "../inject/env-file.ts";
import { AuthError } from "../platform/errors.ts";
import { ownershipIfThere } from "../platform/small-file.ts";
import { printTable } from "./columns.ts";
import type { Cli } from "./context.ts";
import { documentOf } from "./folder-file.ts";
import type { Session } from "./session.ts";

interface Row {
  readonly path: string;
  readonly state: "allowed" | "denied" | "changed" | "unusable" | "gone";
  /** Why it is unusable, as a clause. */
  readonly fault: string | null;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly says: string;
  readonly document: object;
}

export async function listAllowed(cli: Cli, session: Session): Promise<void> {
  const vault = await session.vault();
  const [folders, files] = await Promise.all([listFolderPins(vault), listAllowedFiles(vault)]);
  const rows = [...(await Promise.all(folders.map(folderRow))), ...(await Promise.all(files.map(fileRow)))];
  if (cli.output.isJson)
    return cli.output.json(
      rows.map(({ path, state, fault, at, document }) => ({
        path,
        state,
        fault,
        since: new Date(at).toISOString(),
        ...document,
      })),
    );
  if (rows.length === 0) return cli.output.say("No file was allowed or denied.");
  const table = rows.map(({ path, state, fault, says }) => [
    path,
    fault === null ? state : `${state} (${fault})`,
    says,
  ]);
  await printTable(cli.output, ["FILE", "STATE", "SAYS"], table);
}

async function folderRow({ path, at, allowed }: FolderPin): Promise<Row> {
  const row = {
    path,
    at,
    fault: null,
    says: allowed === null ? "" : inWords(allowed.choice),
    document: allowed === null ? {} : documentOf(allowed.choice),
  };
  if (isGone(path)) return { ...row, state: "gone" };
  if (allowed === null) return { ...row, state: "denied" };
  const { text, fault } = await readFolderFile(path);
  if (text === null) return { ...row, state: "unusable", fault };
  return { ...row, state: text === allowed.text ? "allowed" : "changed" };
}

async function fileRow({ path, at, hash }: AllowedFile & { readonly at: number }): Promise<Row> {
  const row = { path, at, fault: null, says: "for run --env-file", document: {} };
  if (isGone(path)) return { ...row, state: "gone" };
  try {
    return { ...row, state: (await readEnvFile(path)).hash === hash ? "allowed" : "changed" };
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    // It may be malformed now, or another user's: `run` says which.
    return { ...row, state: error.code === "file_untrusted" ? "unusable" : "changed" };
  }
}

function isGone(path: string): boolean {
  return ownershipIfThere(path, "link") === null;
}

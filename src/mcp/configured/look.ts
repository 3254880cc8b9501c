/** The MCP servers that the files on this machine name. */
import { AuthError, errorCode } from "../../platform/errors.ts";
import { faultReason } from "../../platform/file-faults.ts";
import { foldersUpwards } from "../../platform/paths.ts";
import { joined, type Surroundings } from "../../platform/places.ts";
import { isOpenTo, isOwnedByOther, ownershipIfThere, readOwned } from "../../platform/small-file.ts";
import { type ConfiguredServer, type ConfiguringClient, Unreadable } from "./client.ts";
import { CLIENTS, clientOf } from "./table.ts";

export interface FoundServer extends ConfiguredServer {
  /** The client's id. */
  readonly client: string;
  readonly file: string;
  /** It is from a project's file, which the project's authors have written. */
  readonly isProjects: boolean;
}

export interface Looked {
  readonly servers: readonly FoundServer[];
  /** Why a file can't be used, for each of them. */
  readonly refused: readonly AuthError[];
}

/** In the clients' own files, and in those of the project that the current folder is in. */
export async function lookEverywhere(where: Surroundings): Promise<Looked> {
  const looked: Looked[] = [];
  for (const client of CLIENTS) {
    for (const file of client.places(where)) looked.push(await lookAt(file, client, where, false));
    for (const file of projectFiles(client, where)) looked.push(await lookAt(file, client, where, true));
  }
  return { servers: looked.flatMap(({ servers }) => servers), refused: looked.flatMap(({ refused }) => refused) };
}

/** In the file that a person named. @throws AuthError `usage`, `file_untrusted` */
export async function lookInFile(file: string, where: Surroundings): Promise<readonly FoundServer[]> {
  const text = await textOf(file);
  if (text === null) throw new AuthError("usage", `${file} isn't there.`, { hint: "Name another file." });
  return serversOf(file, null, text, where, false);
}

async function lookAt(
  file: string,
  client: ConfiguringClient,
  where: Surroundings,
  isProjects: boolean,
): Promise<Looked> {
  try {
    const text = await textOf(file);
    return { servers: text === null ? [] : serversOf(file, client, text, where, isProjects), refused: [] };
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    return { servers: [], refused: [error] };
  }
}

function serversOf(
  file: string,
  known: ConfiguringClient | null,
  text: string,
  where: Surroundings,
  isProjects: boolean,
): FoundServer[] {
  try {
    const client = known ?? clientOf(file, text);
    return client.read(text, where).map((server) => ({ ...server, client: client.id, file, isProjects }));
  } catch (error) {
    if (error instanceof Unreadable) throw untrusted(file, `${error.message}`);
    throw error;
  }
}

/** The nearest of each kind, from the current folder up to the home. */
function projectFiles(client: ConfiguringClient, where: Surroundings): string[] {
  const above = foldersUpwards(where.folder, where.env, where.platform).filter((folder) => folder !== where.home);
  const folders = above.length === 0 && where.folder !== where.home ? [where.folder] : above;
  const own = client.places(where);
  return client.inProject.flatMap((name) => {
    const files = folders.map((folder) => joined(where, folder, ...name.split("/")));
    const nearest = files.find((file) => !own.includes(file) && ownershipIfThere(file) !== null);
    return nearest === undefined ? [] : [nearest];
  });
}

const LARGEST = 4 * 1024 * 1024;
const FILE = { bits: 0o170000, file: 0o100000 } as const;

/** @returns null where it isn't there. @throws AuthError `file_untrusted` */
async function textOf(path: string): Promise<string | null> {
  const file = ownershipIfThere(path);
  if (file === null) return null;
  if ((file.mode & FILE.bits) !== FILE.file) throw untrusted(path, "it is no file");
  if (isOwnedByOther(file)) throw untrusted(path, "it belongs to another user");
  if (isOpenTo(file, 0o002)) throw untrusted(path, "every user can write it");
  if (file.size > LARGEST) throw untrusted(path, "it is larger than 4 MiB");
  try {
    return readOwned(path).text;
  } catch (error) {
    const code = errorCode(error);
    if (code === undefined) throw error;
    throw untrusted(path, `it can't be read: ${faultReason(code)}`);
  }
}

function untrusted(path: string, why: string): AuthError {
  return new AuthError("file_untrusted", `${path} isn't used: ${why}.`, {
    hint: "Nothing was done with what it says.",
  });
}

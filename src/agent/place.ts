/**
 * Where the agent of a vault is found: a socket in a folder of the user's own (0700), beside the vault. The runtime folder
 * may be another one for each session (cron and sudo have no XDG_RUNTIME_DIR), and `auth agent lock` must reach the agent
 * from all of them. The kernel keeps every other user out of that folder; whose process is at the other end isn't asked, by
 * either side. Windows has the address and the secret of a TCP port there, in a file with an access list of its user's.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { LocalPlace } from "../platform/local-http.ts";
import type { Paths } from "../platform/paths.ts";
import { isOpenTo, isOwnedByOther } from "../platform/small-file.ts";
import { windowsFiles } from "../platform/windows-files.ts";
import { lstat } from "../vault/files.ts";

export interface AgentPlace {
  readonly folder: string;
  readonly socket: string;
  /** Held by the agent for as long as it runs; the kernel takes it back. */
  readonly lock: string;
  /** On Windows, in the socket's place. */
  readonly address: string;
}

/** Bytes of a socket's path with which any program can open it: `sun_path` of unix(4) and unix(7), and its end. */
const LONGEST_SOCKET = process.platform === "linux" ? 107 : 103;

/** Whether programs can connect to it. This one can in any case. */
export function isWithinReach(socket: string): boolean {
  return Buffer.byteLength(socket) <= LONGEST_SOCKET;
}

export function agentPlace({ agent: folder }: Pick<Paths, "agent">, vaultId: string): AgentPlace {
  const name = vaultId.slice(0, 16);
  return {
    folder,
    socket: join(folder, `${name}.sock`),
    lock: join(folder, `${name}.lock`),
    address: join(folder, `${name}.json`),
  };
}

/**
 * Whom to ask; null where there is no agent, or where what lies there may be another user's (RULES.md §5): it gets nothing.
 */
export function addressAt({ folder, socket, address }: AgentPlace, platform = process.platform): LocalPlace | null {
  const place = lstat(folder);
  if (place === null || !place.isDirectory() || isOwnedByOther(place) || isOpenTo(place, 0o077)) return null;
  const there = lstat(platform === "win32" ? address : socket);
  if (there === null || isOwnedByOther(there)) return null;
  if (platform !== "win32") return there.isSocket() ? { kind: "socket", path: socket } : null;
  return there.isFile() && (windowsFiles()?.othersAt(address) ?? []).length === 0 ? readAddress(address) : null;
}

function readAddress(path: string): LocalPlace | null {
  try {
    const { url, secret } = JSON.parse(readFileSync(path, "utf8"));
    return typeof url === "string" && typeof secret === "string" ? { kind: "tcp", url, secret } : null;
  } catch {
    // An agent that is just starting or ending.
    return null;
  }
}

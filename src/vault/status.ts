/** What is known of a vault without its key: `auth vault status`. */
import { dirname, join } from "node:path";
import type { Context } from "../platform/context.ts";
import { AuthError } from "../platform/errors.ts";
import { shellWord } from "../platform/shell-word.ts";
import { isOpenTo, modeText } from "../platform/small-file.ts";
import { windowsFiles } from "../platform/windows-files.ts";
import { retryWhileBusy, type StoreDriver } from "./driver.ts";
import { networkOf } from "./file-systems.ts";
import { lstat, realPlace, touching, writableByOthers } from "./files.ts";
import { type Header, readHeader } from "./header.ts";
import { FORMAT } from "./seal.ts";
import { membersSource } from "./sources/members.ts";
import { type SourceName, sourceInEnvironment, VARIABLES } from "./sources/source.ts";
import { openSqlite } from "./sqlite.ts";
import { storeAt } from "./store.ts";

export interface VaultStatus {
  readonly backend: "sqlite" | "redis" | "postgres";
  /** Of the file, links resolved; or the server, database and prefix or schema, without a password. */
  readonly path: string;
  readonly vaultId: string;
  readonly format: number;
  /** Counts rekeys, from 1. */
  readonly epoch: number;
  readonly keySource: SourceName;
  /** Whether this machine has the key of a member; null: the vault has none. */
  readonly member: boolean | null;
  /** The variable that the key is read from, instead of the recorded source. */
  readonly keyVariable: string | null;
  /** Connections, clients and settings together: they can't be told apart without the key. */
  readonly records: number;
  readonly warnings: readonly VaultWarning[];
}

/** null where there is no vault. @throws AuthError as `openVault`, but for what concerns the key */
export async function vaultStatus(context: Context): Promise<VaultStatus | null> {
  return storeAt(context).status();
}

export async function fileStatus(context: Context, path: string): Promise<VaultStatus | null> {
  const driver = await openSqlite(path);
  if (driver === null) return null;
  try {
    const header = await readHeader(driver);
    const real = touching(path, () => realPlace(path));
    const status = await statusOf(context, driver, header, { backend: "sqlite", path: real });
    return { ...status, warnings: [...status.warnings, ...placeWarnings(real)] };
  } finally {
    driver.close();
  }
}

/** What the header tells, with warnings of the key. @param place where the vault is */
export async function statusOf(
  context: Context,
  driver: StoreDriver,
  header: Header,
  place: Pick<VaultStatus, "backend" | "path">,
): Promise<VaultStatus> {
  const { vaultId, epoch, source, team, bytes } = header;
  const chosen = sourceInEnvironment(context, source);
  const fault = await memberFault(context, header);
  return {
    ...place,
    vaultId,
    format: bytes[0] ?? FORMAT,
    epoch,
    keySource: source,
    member: team === null ? null : fault === null,
    keyVariable: chosen === null ? null : VARIABLES[chosen],
    records: (await retryWhileBusy(() => driver.getKeys("", {}))).length - 1,
    warnings: keyWarnings(context, place.backend === "sqlite" ? place.path : null, source, fault),
  };
}

export interface VaultWarning {
  readonly about: "key" | "modes" | "file system" | "server";
  readonly text: string;
  readonly remedy: string | null;
}

/** What weakens a vault file without keeping it from being used. @param real its path, links resolved */
export function vaultWarnings(context: Context, real: string, source: SourceName): VaultWarning[] {
  return [...keyWarnings(context, real, source, null), ...placeWarnings(real)];
}

/** Why this machine's key as a member doesn't open it; null: it does, or the vault has no members. */
async function memberFault(context: Context, { vaultId, keyId, kdf, team }: Header): Promise<AuthError | null> {
  if (team === null) return null;
  try {
    await membersSource.open({ context, vaultId, keyId, kdf, envelope: team.envelope });
    return null;
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    return error;
  }
}

/**
 * @param real the vault file, links resolved; null: the vault is on a server
 * @param fault as `memberFault`
 */
function keyWarnings(
  { env, paths }: Context,
  real: string | null,
  source: SourceName,
  fault: AuthError | null,
): VaultWarning[] {
  if (fault !== null) return [{ about: "key", text: fault.message, remedy: fault.hint ?? null }];
  if (source === "members") return env.AUTH_IDENTITY ? [] : identityWarnings(paths.identity);
  if (source !== "file") return [];
  const key = lstat(paths.key);
  if (key === null)
    return [{ about: "key", text: `The key file ${paths.key} is missing: the vault can't be opened.`, remedy: null }];
  return [...openTo(paths.key, "the key file "), keyFileWarning(paths.key, key.dev, real)];
}

function keyFileWarning(path: string, device: number, real: string | null): VaultWarning {
  if (real === null)
    return {
      about: "key",
      text: `The key is in a file (${path}): anyone who takes it, or a backup of it, and reaches the server can open the vault.`,
      remedy: "auth vault rekey --key members",
    };
  const where = device === lstat(real)?.dev ? "on the same disk as the vault" : "in a file";
  const text = `The key is ${where} (${path}): anyone who takes both, or a backup of both, can open the vault.`;
  return { about: "key", text, remedy: "auth vault rekey --key keychain   (or passphrase)" };
}

function identityWarnings(path: string): VaultWarning[] {
  const text = `This machine's key as a member is in a file (${path}): anyone who takes it, and the vault or a way to it, can open the vault.`;
  const remedy = "AUTH_IDENTITY, with that key from a secret manager, in place of the file";
  return [...openTo(path, "the identity file "), { about: "key", text, remedy }];
}

function placeWarnings(real: string): VaultWarning[] {
  const folder = dirname(real);
  const warnings = [folder, join(folder, "vault.locks"), real].flatMap((path) => openTo(path));
  const network = networkOf(folder);
  if (network === null) return warnings;
  const text = `${folder} is on a network file system (${network}): nothing will be written there.`;
  return [...warnings, { about: "file system", text, remedy: null }];
}

function openTo(path: string, name = ""): VaultWarning[] {
  const stat = lstat(path);
  if (stat === null) return [];
  const windows = windowsFiles();
  const others = windows?.othersAt(path) ?? [];
  if (windows !== null && others.length > 0) {
    const text = `Others can reach ${name}${path}: ${others.join(", ")}.`;
    return [{ about: "modes", text, remedy: windows.protectCommand(path, stat.isDirectory()) }];
  }
  if (!isOpenTo(stat, 0o077)) return [];
  if (stat.isDirectory() && isOpenTo(stat, 0o022)) {
    const { message, hint = null } = writableByOthers(path, stat);
    return [{ about: "modes", text: message, remedy: hint }];
  }
  const text = `Other users can reach ${name}${path} (mode ${modeText(stat)}).`;
  return [{ about: "modes", text, remedy: `chmod go= ${shellWord(path)}` }];
}

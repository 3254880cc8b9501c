/** What can be said of a vault without its key: `auth vault status`. */
import { dirname } from "node:path";
import type { Context } from "../platform/context.ts";
import type { Bytes } from "./bytes.ts";
import { lstatOrNull, networkOf, realPlace, touching } from "./files.ts";
import { damagedHeader, HEADER_KEY, parseHeader } from "./header.ts";
import { isOpenTo, modeText } from "./owner.ts";
import { vaultPath } from "./place.ts";
import { FORMAT } from "./seal.ts";
import { type SourceName, sourceInEnvironment, VARIABLES } from "./sources/source.ts";
import { openSqlite } from "./sqlite.ts";
import type { VaultOptions } from "./vault.ts";

export interface VaultStatus {
  readonly backend: "sqlite";
  /** Links resolved. */
  readonly path: string;
  readonly vaultId: string;
  readonly format: number;
  /** Counts rekeys, from 1. */
  readonly epoch: number;
  readonly keySource: SourceName;
  /** The variable that is asked for the key instead of the recorded source. */
  readonly keyVariable: string | null;
  /** Connections, clients and settings together: which is which can't be told without the key. */
  readonly records: number;
  readonly warnings: readonly string[];
}

/** null where there is no vault. @throws AuthError as `openVault`, but for what concerns the key */
export async function vaultStatus(context: Context, options: VaultOptions = {}): Promise<VaultStatus | null> {
  const path = vaultPath(context, options.store);
  const driver = await openSqlite(path);
  if (driver === null) return null;
  try {
    const value = await driver.getItemRaw?.(HEADER_KEY, {});
    if (!(value instanceof Uint8Array)) throw damagedHeader();
    const header = parseHeader(value as Bytes);
    const real = touching(path, () => realPlace(path));
    const insisted = sourceInEnvironment(context, header.source);
    return {
      backend: "sqlite",
      path: real,
      vaultId: header.vaultId,
      format: FORMAT,
      epoch: header.epoch,
      keySource: header.source,
      keyVariable: insisted === null ? null : VARIABLES[insisted],
      records: (await driver.getKeys("", {})).length - 1,
      warnings: [...keyWarnings(context, real, header.source), ...placeWarnings(real)],
    };
  } finally {
    driver.close();
  }
}

function keyWarnings({ paths }: Context, real: string, source: SourceName): string[] {
  if (source !== "file") return [];
  const key = lstatOrNull(paths.key);
  const vault = lstatOrNull(real);
  if (key === null) return [`The key file ${paths.key} is missing: the vault can't be opened.`];
  const warnings: string[] = [];
  if (isOpenTo(key, 0o077)) warnings.push(`Other users can reach the key file ${paths.key} (mode ${modeText(key)}).`);
  const where = key.dev === vault?.dev ? "on the same disk as the vault" : "in a file";
  warnings.push(`The key lies ${where} (${paths.key}): whoever takes both, or a backup of both, can open the vault.`);
  return warnings;
}

function placeWarnings(real: string): string[] {
  const folder = dirname(real);
  const warnings: string[] = [];
  for (const path of [folder, `${folder}/vault.locks`, real]) {
    const stat = lstatOrNull(path);
    if (stat !== null && isOpenTo(stat, 0o077))
      warnings.push(`Other users can reach ${path} (mode ${modeText(stat)}).`);
  }
  const network = networkOf(folder);
  if (network !== null)
    warnings.push(`${folder} is on a network file system (${network}): nothing will be written there.`);
  return warnings;
}

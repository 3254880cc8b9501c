/** Vaults that are moved: what is in them, and the places they are moved to. */

import { expect } from "bun:test";
import { join } from "node:path";
import type { Context } from "../../src/platform/context.ts";
import { copyVault } from "../../src/vault/moving/copy.ts";
import type { Moved, MoveOptions } from "../../src/vault/moving/into.ts";
import type { Target } from "../../src/vault/moving/open.ts";
import { openVault } from "../../src/vault/store.ts";
import type { RecordType, Vault } from "../../src/vault/types.ts";
import { type Home, KEY, put } from "./home.ts";

/** Of the copies. */
export const COPY_KEY = "QSBrZXkgZm9yIHByb29mcywgMzIgYnl0ZXMgbG9uZyE=";

export const SECRET = "the-refresh-token-that-no-one-sees";

const TYPES: readonly RecordType[] = ["settings", "client", "plugin", "folder", "connection"];

/** A vault with a record of each type, and two logins. */
export async function filled(home: Home): Promise<Vault> {
  const vault = await home.open();
  for (const type of TYPES) await vault.commit([put(`${type}:one`, 1, `{"of":"${type}","secret":"${SECRET}"}`, type)]);
  await vault.commit([put("github:work", 1, "1")]);
  await vault.commit([put("github:work", 2, "2")]);
  return vault;
}

export function targetOf(home: Home, store: string, key = COPY_KEY): Target {
  return { context: home.context({ AUTH_STORE: store, AUTH_KEY: key }), shown: "the copy" };
}

export function copy(
  home: Home,
  store: string,
  options: Partial<MoveOptions> = {},
  from: Context = home.context({ AUTH_KEY: KEY }),
): Promise<Moved> {
  return copyVault(from, targetOf(home, store), { dryRun: false, ...options });
}

export function opened<T>(home: Home, store: string, work: (vault: Vault) => Promise<T>): Promise<T> {
  return openedWith(targetOf(home, store).context, work);
}

export async function openedWith<T>(context: Context, work: (vault: Vault) => Promise<T>): Promise<T> {
  const vault = await openVault(context);
  if (vault === null) throw new Error("there is no vault");
  try {
    return await work(vault);
  } finally {
    await vault.close();
  }
}

/** Everything in a vault, as `type name generation body`. */
export async function contentOf(vault: Vault): Promise<string[]> {
  const all = await Promise.all(TYPES.map((type) => vault.list(type)));
  return all.flat().map(({ type, name, version, body }) => `${type} ${name} ${version.generation} ${body}`);
}

/** How many records had which end. */
export function counts({ records }: Pick<Moved, "records">): Record<string, number> {
  const entries = Object.entries(records).map(([outcome, names]) => [outcome, names.length] as const);
  return Object.fromEntries(entries.filter(([, count]) => count > 0));
}

export function fileIn(home: Home, name: string): string {
  return `sqlite:${join(home.folder, name, "vault.db")}`;
}

export function expectSame(one: readonly string[], other: readonly string[]): void {
  expect(one.length).toBeGreaterThan(0);
  expect(one).toEqual([...other]);
}

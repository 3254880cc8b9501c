/** Homes that share a vault on a real server. */
import { expect } from "bun:test";
import type { Bytes } from "../../src/vault/bytes.ts";
import type { StoreDriver } from "../../src/vault/driver.ts";
import { HEADER_KEY, headerVersion, parseHeader } from "../../src/vault/header.ts";
import { readSealedHeader } from "../../src/vault/seal.ts";
import type { Vault } from "../../src/vault/types.ts";
import { type DatabaseServer, startPostgres, startRedis } from "../support/databases.ts";
import type { Need } from "../support/needs.ts";
import { type Home, KEY, newHome, openOrMake } from "./home.ts";

export interface Backend {
  readonly needs: readonly Need[];
  start: typeof startRedis;
}

export const BACKENDS = {
  Redis: { needs: ["redis-server"], start: startRedis },
  PostgreSQL: { needs: ["postgres"], start: startPostgres },
} as const satisfies Readonly<Record<string, Backend>>;

export interface SharedHome extends Home {
  /** AUTH_KEY and AUTH_STORE. */
  readonly variables: { readonly AUTH_KEY: string; readonly AUTH_STORE: string };
}

/** A machine's home, for the vault at this address. */
export function sharedHome(store: string, key = KEY): SharedHome {
  const home = newHome("auth-shared-");
  const variables = { AUTH_KEY: key, AUTH_STORE: store };
  return { ...home, variables, open: () => openOrMake(home.context(variables)) };
}

/** A server that is started when it is first asked for. */
export function lazyServer(start: () => Promise<DatabaseServer>) {
  let server: Promise<DatabaseServer> | null = null;
  let count = 0;
  const get = (): Promise<DatabaseServer> => {
    server ??= start();
    return server;
  };
  return {
    get,
    /** An address that nothing is at yet. */
    address: async (): Promise<string> => (await get()).address(`vault_${++count}`),
    stop: async (): Promise<void> => (await server)?.stop(),
  };
}

/** A vault of a home of its own. */
export async function sharedVault(store: string): Promise<Vault & Disposable> {
  const home = sharedHome(store);
  return Object.assign(await home.open(), { [Symbol.dispose]: () => home[Symbol.dispose]() });
}

export async function emptied(driver: StoreDriver): Promise<void> {
  const keys = await driver.getKeys("", {});
  expect(await driver.swap(keys.map((key) => ({ key, next: null })))).toEqual([]);
}

/** What the server holds now. @returns puts it back */
export async function snapshotOf(driver: StoreDriver): Promise<() => Promise<void>> {
  const keys = await driver.getKeys("", {});
  const kept = await Promise.all(
    keys.map(async (key) => ({ key, value: new Uint8Array((await driver.getItemRaw?.(key, {})) as Bytes) })),
  );
  return async () => {
    await emptied(driver);
    const steps = kept.map(({ key, value }) => ({ key, next: { version: versionOf(key, value), value } }));
    expect(await driver.swap(steps)).toEqual([]);
  };
}

function versionOf(key: string, value: Bytes): string {
  if (key === HEADER_KEY) return headerVersion(parseHeader(value));
  const sealed = readSealedHeader(value);
  return `${sealed?.epoch}.${sealed?.version.incarnation}.${sealed?.version.generation}`;
}

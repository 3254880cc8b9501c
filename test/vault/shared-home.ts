/** Homes that share a vault on a real server. */
import { afterAll, beforeAll, expect } from "bun:test";
import type { Context, Environment } from "../../src/platform/context.ts";
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
  /** @param env by default the variables */
  context(env?: Environment): Context;
}

/** A machine's home, for the vault at this address. */
export function sharedHome(store: string, key = KEY): SharedHome {
  const home = newHome("auth-shared-");
  const variables = { AUTH_KEY: key, AUTH_STORE: store };
  const context = (env: Environment = variables): Context => home.context(env);
  return { ...home, variables, context, open: () => openOrMake(context()) };
}

/** Makes homes that are removed after the tests of the group in which this is called. */
export function sharedHomes(): typeof sharedHome {
  const homes: SharedHome[] = [];
  afterAll(() => {
    for (const home of homes) home[Symbol.dispose]();
  });
  return (store, key) => {
    const home = sharedHome(store, key);
    homes.push(home);
    return home;
  };
}

/** A server that runs for the tests of the group in which this is called. */
export function serverForTests(start: Backend["start"]): DatabaseServer {
  let server: DatabaseServer | null = null;
  const running = (): DatabaseServer => server ?? expect.unreachable("the server isn't started yet");
  beforeAll(async () => {
    server = await start();
  });
  afterAll(() => server?.stop());
  return {
    get port() {
      return running().port;
    },
    get folder() {
      return running().folder;
    },
    address: (name) => running().address(name),
    replica: () => running().replica(),
    pause: () => running().pause(),
    resume: () => running().resume(),
    stop: () => running().stop(),
  };
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

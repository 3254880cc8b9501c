/** What weakens a shared vault: said by `vault status`, and once when a home comes to it. */
import { describe, expect, test } from "bun:test";
import { parseAddress } from "../../src/vault/address.ts";
import { initVault } from "../../src/vault/create.ts";
import { clockWarnings } from "../../src/vault/shared/clock.ts";
import { vaultStatus } from "../../src/vault/status.ts";
import { openVault, storeAt } from "../../src/vault/store.ts";
import { inPostgres, inRedis, startPostgres, startRedis } from "../support/databases.ts";
import { lacking } from "../support/needs.ts";
import { put, refusal } from "./home.ts";
import { BACKENDS, type SharedHome, serverForTests, sharedHomes } from "./shared-home.ts";

const homeAt = sharedHomes();

async function statusWarnings(home: SharedHome): Promise<string> {
  const status = await vaultStatus(home.context());
  return (status?.warnings ?? []).map(({ text }) => text).join("\n");
}

/** What a home that wasn't there before is warned of, the first time and the second. */
async function joining(address: string): Promise<readonly [string, string]> {
  const home = homeAt(address);
  const told: string[] = [];
  for (let time = 0; time < 2; time++) {
    const before = home.warnings.length;
    await (await openVault(home.context()))?.close();
    told.push(home.warnings.slice(before).join("\n"));
  }
  return [told[0] ?? "", told[1] ?? ""];
}

/** A vault that is made while the server is durable. */
async function made(address: string): Promise<string> {
  const vault = await homeAt(address).open();
  await vault.commit([put("a:x", 1, "1")]);
  await vault.close();
  return address;
}

describe.skipIf(lacking("redis-server"))("Redis", () => {
  const server = serverForTests(startRedis);

  for (const [option, value, words] of [
    ["appendfsync", "no", "appendfsync is no"],
    ["appendonly", "no", "appendonly is off"],
    ["maxmemory-policy", "allkeys-lru", "maxmemory-policy is not noeviction"],
  ] as const)
    test(`${option} ${value} is said by vault status, and once to who comes to the vault`, async () => {
      const address = await made(server.address(option));
      expect(await statusWarnings(homeAt(address))).not.toContain(option);
      expect(await joining(address)).toEqual(["", ""]);
      const before = (await inRedis(server, "CONFIG", "GET", option)) as Record<string, string>;
      await inRedis(server, "CONFIG", "SET", option, value);
      try {
        expect(await statusWarnings(homeAt(address))).toContain(words);
        expect(await joining(address)).toEqual([expect.stringContaining(words), ""]);
        // What is accepted is said by status alone.
        expect(await joining(`${address}&accept-loss=1`)).toEqual(["", ""]);
        expect(await statusWarnings(homeAt(`${address}&accept-loss=1`))).toContain(words);
      } finally {
        await inRedis(server, "CONFIG", "SET", option, before[option] ?? "");
      }
    });

  test("who makes the vault, and who accepts one, is told too", async () => {
    await inRedis(server, "CONFIG", "SET", "appendfsync", "no");
    try {
      const home = homeAt(server.address("made"));
      const context = home.context();
      const told = async (work: () => Promise<unknown>): Promise<string> => {
        const before = home.warnings.length;
        await work();
        return home.warnings.slice(before).join();
      };
      expect(await told(() => initVault(context))).toContain("appendfsync is no");
      expect(await told(async () => (await openVault(context))?.close())).toBe("");
      expect(await told(() => storeAt(context).accept({}))).toContain("appendfsync is no");
      const other = homeAt(server.address("made"));
      await storeAt(other.context()).join({});
      expect(other.warnings.join()).toContain("appendfsync is no");
      expect(await told(async () => (await openVault(context))?.close())).toBe("");
    } finally {
      await inRedis(server, "CONFIG", "SET", "appendfsync", "everysec");
    }
  });

  test("a key that lies in a file is said to open the vault for who reaches the server, not for who has this disk", async () => {
    const address = server.address("key-file");
    const home = homeAt(address);
    await initVault(home.context({ AUTH_STORE: address }), { source: "file" });
    const status = await vaultStatus(home.context({ AUTH_STORE: address }));
    expect(status?.warnings).toEqual([
      { about: "key", text: expect.stringContaining("reaches the server"), remedy: "auth vault rekey --key members" },
    ]);
  });

  test("a server that doesn't tell is used all the same", async () => {
    const address = await made(server.address("silent"));
    await inRedis(server, "ACL", "SETUSER", "silent", "on", ">pw", "~silent:*", "+@all", "-config", "-info");
    const silent = address.replace(/\/\/:[^@]+@/, "//silent:pw@");
    expect(await joining(silent)).toEqual(["", ""]);
    expect(await statusWarnings(homeAt(silent))).not.toContain("server");
  });
});

test.skipIf(lacking("postgres"))(
  "PostgreSQL: fsync off is said by vault status, and once to who comes to the vault",
  async () => {
    const server = await startPostgres();
    try {
      const address = await made(server.address("forgetful"));
      expect(await joining(address)).toEqual(["", ""]);
      await inPostgres(server, "ALTER SYSTEM SET fsync = off");
      await inPostgres(server, "SELECT pg_reload_conf()");
      while ((await inPostgres(server, "SHOW fsync"))[0]?.fsync !== "off") await Bun.sleep(5);
      expect(await statusWarnings(homeAt(address))).toContain("fsync is off");
      expect(await joining(address)).toEqual([expect.stringContaining("fsync is off"), ""]);
    } finally {
      await server.stop();
    }
  },
);

for (const [name, { needs, start }] of Object.entries(BACKENDS))
  describe.skipIf(lacking(...needs))(name, () => {
    const server = serverForTests(start);

    for (const [minutes, words] of [
      [0, null],
      [-10, "behind that of the shared vault's server: tokens that have ended may be given out"],
      [10, "ahead of that of the shared vault's server: tokens are renewed earlier"],
    ] as const)
      test(`a clock that is ${minutes} minutes off is ${words === null ? "not " : ""}spoken of by vault status`, async () => {
        const home = homeAt(await made(server.address(`clock${minutes + 10}`)));
        const now = (): number => Date.now() + minutes * 60_000;
        const { warnings = [] } = (await vaultStatus({ ...home.context(), now })) ?? {};
        const told = warnings.map(({ text }) => text).filter((text) => text.includes("clock"));
        expect(told).toEqual(words === null ? [] : [expect.stringContaining(words)]);
      });
  });

test("the time that a question takes is no difference of clocks, and a server may keep its time to itself", async () => {
  const asked = [0, 100_000];
  const ask = async (at: number | null): Promise<string[]> => {
    const times = [...asked];
    const now = (): number => times.shift() ?? 0;
    return (await clockWarnings({ now }, { time: async () => at })).map(({ text }) => text);
  };
  for (const at of [-60_000, 0, 160_000, null]) expect(await ask(at)).toEqual([]);
  expect(await ask(-61_000)).toEqual([expect.stringContaining("is 61 s ahead of")]);
  expect(await ask(161_000)).toEqual([expect.stringContaining("is 61 s behind")]);
});

describe("without TLS", () => {
  const refusedOrNot = async (store: string): Promise<string> => {
    try {
      const { cleartext } = await parseAddress(store, "AUTH_STORE");
      return cleartext ? "in the clear" : "fine";
    } catch (error) {
      const { code, message, hint } = error as { code: string; message: string; hint: string };
      expect(`${message}${hint}`).not.toContain("planted");
      return `${code}: ${hint}`;
    }
  };

  test("no password goes to another machine, unless that is accepted", async () => {
    for (const [store, remedy] of [
      ["redis://me:planted@db.example:6379/0", "rediss: in place of redis:"],
      ["redis://:planted@10.0.0.1:6379/0", "rediss: in place of redis:"],
      ["postgres://me:planted@db.example/db?sslmode=disable", "sslmode=disable out of"],
    ] as const) {
      const found = await refusedOrNot(store);
      expect(found).toContain("usage: ");
      expect(found).toContain(remedy);
      expect(found).toContain("accept-cleartext=1");
      expect(await refusedOrNot(`${store}${store.includes("?") ? "&" : "?"}accept-cleartext=1`)).toBe("in the clear");
    }
  });

  test("to this machine, or with TLS, it does", async () => {
    for (const store of [
      ...["redis://me:planted@127.0.0.1:6379/0", "redis://me:planted@[::1]:6379/0", "redis://me:planted@LOCALHOST/0"],
      ...["rediss://me:planted@db.example/0", "postgres://me:planted@db.example/db"],
      ...["postgres://me:planted@127.0.0.1/db", "postgres://me:planted@localhost/db?sslmode=disable"],
    ])
      expect([store, await refusedOrNot(store)]).toEqual([store, "fine"]);
    expect(await refusedOrNot("redis://db.example/0")).toBe("in the clear");
  });

  test.skipIf(lacking("linux", "redis-server"))(
    "is said by vault status, and once to who comes to the vault",
    async () => {
      // Linux leads it to this machine, and nothing says so: what is sent there is taken to leave it.
      const server = await startRedis();
      try {
        const elsewhere = server.address("clear").replace("127.0.0.1", "0.0.0.0");
        expect((await refusal(openVault(homeAt(elsewhere).context({ AUTH_STORE: elsewhere })))).code).toBe("usage");
        const accepted = await made(`${elsewhere}&accept-cleartext=1`);
        expect(await statusWarnings(homeAt(accepted))).toContain("isn't encrypted");
        expect(await joining(accepted)).toEqual(["", ""]);
        await inRedis(server, "ACL", "SETUSER", "default", "nopass");
        const open = elsewhere.replace(/\/\/:[^@]+@/, "//");
        expect(await joining(open)).toEqual([expect.stringContaining("isn't encrypted"), ""]);
      } finally {
        await server.stop();
      }
    },
  );
});

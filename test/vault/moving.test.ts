/** Copying a vault to another place, over each kind of store. */

import { Database } from "bun:sqlite";
import { afterAll, describe, expect, test } from "bun:test";
import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { initVault } from "../../src/vault/create.ts";
import { MemoryVault } from "../../src/vault/memory.ts";
import { copyVault } from "../../src/vault/moving/copy.ts";
import { type Held, put } from "../../src/vault/moving/records.ts";
import { openVault, storeAt } from "../../src/vault/store.ts";
import type { Change, Entry, Vault } from "../../src/vault/types.ts";
import { startRedis } from "../support/databases.ts";
import { lacking } from "../support/needs.ts";
import { erase, KEY, newHome, openOrMake, refusal, version, put as written } from "./home.ts";
import { COPY_KEY, contentOf, copy, counts, expectSame, fileIn, filled, opened, targetOf } from "./moving-home.ts";
import { BACKENDS, lazyServer } from "./shared-home.ts";

const STORES = { "a file": { needs: [], start: null }, ...BACKENDS } as const;

for (const [name, { needs, start }] of Object.entries(STORES))
  describe.skipIf(lacking(...needs))(name, () => {
    const server = start === null ? null : lazyServer(start);
    afterAll(async () => server?.stop());
    let files = 0;
    const place = async (home: Parameters<typeof fileIn>[0]): Promise<string> =>
      (await server?.address()) ?? fileIn(home, `copy-${++files}`);

    test("every record is in the copy at its version, under another id and key, and fingerprints stay", async () => {
      using home = newHome();
      const store = await place(home);
      const vault = await filled(home);
      expect(counts(await copy(home, store))).toEqual({ new: 6 });
      await opened(home, store, async (there) => {
        expectSame(await contentOf(there), await contentOf(vault));
        expect(await there.fingerprint("x")).toBe(await vault.fingerprint("x"));
        expect(there.id).not.toBe(vault.id);
      });
      vault.close();
    });

    test("a second time nothing is written, and later what was committed since", async () => {
      using home = newHome();
      const store = await place(home);
      const vault = await filled(home);
      await copy(home, store);
      expect(counts(await copy(home, store))).toEqual({ same: 6 });
      await vault.commit([written("github:work", 3, "3"), written("new:one", 1, "new")]);
      const moved = await copy(home, store);
      expect(moved.records).toMatchObject({ new: ["new:one"], updated: ["github:work"] });
      await opened(home, store, async (there) => expectSame(await contentOf(there), await contentOf(vault)));
      vault.close();
    });

    test("a later state in the copy stays, and so does another login", async () => {
      using home = newHome();
      const store = await place(home);
      const vault = await filled(home);
      await copy(home, store);
      const login = version(7, "ef".repeat(16));
      await opened(home, store, async (there) => {
        await there.commit([written("github:work", 3, "renewed there")]);
        const change = { type: "connection", name: "connection:one" } as const;
        await there.commit([{ ...change, expected: version(1), next: { version: login, body: "logged in there" } }]);
      });
      const moved = await copy(home, store);
      expect(moved.records).toMatchObject({ newer: ["github:work"], other: ["connection:one"] });
      await opened(home, store, async (there) => {
        expect((await there.read("connection", "github:work"))?.body).toBe("renewed there");
        expect((await there.read("connection", "connection:one"))?.body).toBe("logged in there");
      });
      vault.close();
    });

    test("a vault that is no copy of this one is refused, and is as it was", async () => {
      using home = newHome();
      const store = await place(home);
      const vault = await filled(home);
      const context = home.context({ AUTH_STORE: store, AUTH_KEY: COPY_KEY });
      const other = await openOrMake(context);
      await other.commit([written("a:b", 1, "mine")]);
      await other.close();
      const refused = await refusal(copy(home, store));
      expect(refused.code).toBe("usage");
      expect(refused.text).toContain("another vault");
      expect(await opened(home, store, contentOf)).toEqual(["connection a:b 1 mine"]);
      vault.close();
    });

    test("a reply that was kept and never committed goes along", async () => {
      using home = newHome();
      const store = await place(home);
      const vault = await filled(home);
      const lock = await vault.tryLock("github:work");
      await lock?.reply.prepare();
      await lock?.reply.keep(version(2), new TextEncoder().encode("the only new token"));
      lock?.release();
      await copy(home, store);
      await opened(home, store, async (there) => {
        const held = await there.tryLock("github:work");
        const bytes = await held?.reply.read(version(2));
        expect(new TextDecoder().decode(bytes ?? undefined)).toBe("the only new token");
        held?.release();
      });
      vault.close();
    });

    test("a connection is copied only once no one holds its lock", async () => {
      using home = newHome();
      const store = await place(home);
      const vault = await filled(home);
      const lock = await vault.tryLock("github:work");
      const copying = copy(home, store);
      await Bun.sleep(100);
      await vault.commit([written("github:work", 3, "what the refresh brought")]);
      lock?.release();
      await copying;
      await opened(home, store, async (there) =>
        expect((await there.read("connection", "github:work"))?.body).toBe("what the refresh brought"),
      );
      vault.close();
    });

    test("a dry run says the same and makes nothing", async () => {
      using home = newHome();
      const store = await place(home);
      (await filled(home)).close();
      expect(counts(await copy(home, store, { dryRun: true }))).toEqual({ new: 6 });
      expect((await refusal(opened(home, store, contentOf))).text).toContain("there is no vault");
      expect(counts(await copy(home, store))).toEqual({ new: 6 });
      expect(counts(await copy(home, store, { dryRun: true }))).toEqual({ same: 6 });
    });

    test("from there it is copied back into a file, with the home's own key", async () => {
      using home = newHome();
      const store = await place(home);
      (await filled(home)).close();
      await copy(home, store);
      const back = fileIn(home, "back");
      const from = home.context({ AUTH_STORE: store, AUTH_KEY: COPY_KEY });
      expect(counts(await copy(home, back, {}, from))).toEqual({ new: 6 });
      expectSame(await opened(home, back, contentOf), await opened(home, store, contentOf));
    });
  });

test("a record that doesn't open is named once and left out; the others are copied", async () => {
  using home = newHome();
  (await filled(home)).close();
  const database = new Database(home.file);
  database.run("UPDATE store SET value = zeroblob(100) WHERE key = (SELECT max(key) FROM store WHERE key <> 'header')");
  database.close();
  const moved = await copy(home, fileIn(home, "copy"));
  expect(counts(moved)).toEqual({ new: 5 });
  expect(moved.unreadable.map(({ code }) => code)).toEqual(["vault_corrupt"]);
});

test("the vault itself is no place for its copy, nor is a copy of its file", async () => {
  using home = newHome();
  (await filled(home)).close();
  mkdirSync(join(home.folder, "byte-copy"), { mode: 0o700 });
  copyFileSync(home.file, join(home.folder, "byte-copy", "vault.db"));
  for (const store of [`sqlite:${home.file}`, fileIn(home, "byte-copy")]) {
    const refused = await refusal(
      copyVault(home.context({ AUTH_KEY: KEY }), targetOf(home, store, KEY), { dryRun: false }),
    );
    expect(refused.code).toBe("usage");
    expect(refused.text).toContain("Name another place");
  }
});

test("a variable with the copy's key doesn't keep this vault from opening with its own", async () => {
  using home = newHome();
  await initVault(home.context(), { source: "file" });
  const vault = (await openVault(home.context())) as Vault;
  await vault.commit([written("a:b", 1, "1")]);
  vault.close();
  const store = fileIn(home, "copy");
  expect(counts(await copy(home, store, {}, home.context({ AUTH_KEY: COPY_KEY })))).toEqual({ new: 1 });
  expect(await opened(home, store, contentOf)).toEqual(["connection a:b 1 1"]);
});

test.skipIf(lacking("redis-server"))(
  "a login that was ended in a shared copy isn't brought back by a second copy",
  async () => {
    using home = newHome();
    const server = await startRedis();
    try {
      const store = server.address("ended");
      (await filled(home)).close();
      await copy(home, store);
      await opened(home, store, (there) => there.commit([erase("github:work", 2)]));
      const moved = await copy(home, store);
      expect(moved.records.ended).toEqual(["github:work"]);
      await opened(home, store, async (there) => expect(await there.read("connection", "github:work")).toBeNull());
      // Where the server lost it instead, it can be had back.
      await storeAt(targetOf(home, store).context).accept({});
      expect((await copy(home, store)).records.new).toEqual(["github:work"]);
      // It doesn't matter who ended it, once this home has seen that.
      using other = newHome();
      await opened(other, store, (there) => there.commit([erase("github:work", 2)]));
      expect((await copy(home, store)).records.ended).toEqual(["github:work"]);
    } finally {
      await server.stop();
    }
  },
);

describe("a record that is put into a vault", () => {
  const held: Held = { entry: { type: "connection", name: "a:b", version: version(2), body: "2" }, reply: null };
  const stored = (body: string, generation: number): Entry => ({ ...held.entry, version: version(generation), body });

  test("is read back: one that isn't as it was written is said", async () => {
    class Damaging extends MemoryVault {
      override async commit(changes: readonly Change[]): Promise<"committed" | "conflict"> {
        const damaged = changes.map((change) => ({ ...change, next: change.next && { ...change.next, body: "?" } }));
        return super.commit(damaged);
      }
    }
    expect((await refusal(put(new Damaging(), held))).code).toBe("vault_corrupt");
  });

  test("meets what another process commits in between", async () => {
    class Overtaken extends MemoryVault {
      override async commit(changes: readonly Change[]): Promise<"committed" | "conflict"> {
        this.entries.set("connection a:b", stored("3", 3));
        return super.commit(changes);
      }
    }
    const vault = new Overtaken();
    expect(await put(vault, held)).toBe("newer");
    expect((await vault.read("connection", "a:b"))?.body).toBe("3");
  });
});

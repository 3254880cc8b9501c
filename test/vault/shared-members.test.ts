/** Machines that open one vault, each with a key of its own; and what those can do who aren't, or are no longer, members. */
import { afterAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import { generateX25519Identity, identityToRecipient } from "age-encryption";
import type { Environment } from "../../src/platform/context.ts";
import { parseAddress } from "../../src/vault/address.ts";
import { initVault } from "../../src/vault/create.ts";
import { withDriver } from "../../src/vault/handover.ts";
import {
  HEADER_KEY,
  type Header,
  headerVersion,
  type Keys,
  newKey,
  newKeyId,
  readHeader,
  retiredKeys,
  wrap,
} from "../../src/vault/header.ts";
import type { Member } from "../../src/vault/members.ts";
import { addMember, type Changed, membership, removeMember } from "../../src/vault/membership.ts";
import { rekeyVault } from "../../src/vault/rekey.ts";
import { openStore } from "../../src/vault/shared/open.ts";
import { ownPublicKey } from "../../src/vault/sources/identity.ts";
import { membersSource } from "../../src/vault/sources/members.ts";
import { openVault, storeAt } from "../../src/vault/store.ts";
import type { Vault } from "../../src/vault/types.ts";
import { unlock } from "../../src/vault/unlock.ts";
import { lacking } from "../support/needs.ts";
import { relayTo } from "../support/relay.ts";
import { type Home, KEY, newHome, openOrMake, put, refusal } from "./home.ts";
import { BACKENDS, lazyServer } from "./shared-home.ts";

const agreed = async (): Promise<void> => {};

interface Machine extends Home {
  readonly name: string;
  readonly publicKey: string;
  at(more?: Environment): ReturnType<Home["context"]>;
  /** @param fingerprint as AUTH_STORE has it, too */
  opened(fingerprint?: string): Promise<Vault>;
}

/** What someone has who opened the vault once, and kept all of it. */
interface Kept {
  readonly header: Header;
  readonly keys: Keys;
}

for (const [backend, { needs, start }] of Object.entries(BACKENDS))
  describe.skipIf(lacking(...needs))(backend, () => {
    const server = lazyServer(start);
    const machines: Machine[] = [];
    afterAll(async () => {
      for (const machine of machines) machine[Symbol.dispose]();
      await server.stop();
    });

    async function machineAt(store: string, name: string): Promise<Machine> {
      const home = newHome("auth-members-");
      const at = (more: Environment = {}) => home.context({ AUTH_STORE: store, ...more });
      const machine = {
        ...home,
        name,
        at,
        publicKey: (await ownPublicKey(home.context())).publicKey,
        opened: async (fingerprint?: string) => {
          const context = fingerprint === undefined ? at() : at({ AUTH_STORE: `${store}&fingerprint=${fingerprint}` });
          return (await openVault(context)) as Vault;
        },
      };
      machines.push(machine);
      return machine;
    }

    /** Of the vault, and not of its address. */
    const pinOf = (home: Home): string | null =>
      [...new Bun.Glob("shared/*/vault.json").scanSync({ cwd: home.folder, absolute: true })].find(
        (path) => JSON.parse(readFileSync(path, "utf8")).vaultId === basename(dirname(path)),
      ) ?? null;

    /** A vault of ann and bob with a record in it, which both know. */
    async function team() {
      const address = await server.address();
      const [ann, bob] = [await machineAt(address, "ann"), await machineAt(address, "bob")];
      const vault = await openOrMake(ann.at({ AUTH_KEY: KEY }));
      await vault.commit([put("a:x", 1, "1")]);
      await vault.close();
      const changed = await addMember(ann.at({ AUTH_KEY: KEY }), bob, { as: "ann" });
      await (await bob.opened(changed.fingerprint)).close();
      return { address, ann, bob, changed };
    }

    const body = async (vault: Vault, name = "a:x"): Promise<string | undefined> => {
      const entry = await vault.read("connection", name);
      await vault.close();
      return entry?.body;
    };

    const keptBy = async (machine: Machine): Promise<Kept> => {
      const kept = await withDriver(machine.at(), async (driver) => {
        const header = await readHeader(driver);
        return { header, keys: await unlock(machine.at(), header, undefined) };
      });
      if (kept === null) throw new Error("there is no vault");
      return kept;
    };

    /** Puts a header into the database past every rule, as who runs it can. */
    async function plant(address: string, header: Header): Promise<void> {
      const { driver } = await openStore(await parseAddress(address, "AUTH_STORE"));
      const next = { version: headerVersion(header), value: header.bytes };
      expect(await driver.swap([{ key: HEADER_KEY, next }])).toEqual([]);
      driver.close();
    }

    /** A header for these members, by someone who has what `kept` says, or nothing. */
    async function forged(
      members: readonly Member[],
      kept: Kept | null,
      epoch = (kept?.header.epoch ?? 0) + 1,
    ): Promise<Header> {
      using home = newHome();
      const vaultId = kept?.header.vaultId ?? "ab".repeat(16);
      const request = { context: home.context(), vaultId, keyId: newKeyId(), kdf: null, members };
      const { key, team: made } = await membersSource.create(request);
      const retired = kept === null ? [] : [...(await retiredKeys(kept.header, kept.keys)), kept.keys.data];
      const fresh = { vaultId, epoch, keyId: request.keyId, source: "members", kdf: null, team: made ?? null } as const;
      return wrap(fresh, key, { raw: newKey(), index: kept?.keys.index ?? newKey() }, retired);
    }

    const plain = ({ name, publicKey }: Member): Member => ({ name, publicKey });

    test("a member who knows the vault comes to it by another address without its fingerprint", async () => {
      const { address, bob } = await team();
      const { port } = await server.get();
      const way = await relayTo(port);
      const other = address.replace(`:${port}/`, `:${way.port}/`);
      const stranger = await machineAt(other, "bob");
      expect(await body((await openVault(bob.at({ AUTH_STORE: other }))) as Vault)).toBe("1");
      expect((await refusal(stranger.opened())).code).toBe("vault_locked");
      await way.cut();
    });

    test("each opens it with a key of its own; who comes for the first time needs its fingerprint, and only then", async () => {
      const { address, ann, changed } = await team();
      const eve = await machineAt(address, "eve");
      const added = await addMember(ann.at(), eve);
      const refused = await refusal(eve.opened());
      expect(refused.code).toBe("vault_locked");
      expect(refused.text).toContain("auth vault member list");
      expect(pinOf(eve)).toBeNull();
      expect(await body(await eve.opened(added.fingerprint))).toBe("1");
      expect(await body(await eve.opened())).toBe("1");
      // One that was told before another was added is as good.
      const late = await machineAt(address, "late");
      await addMember(eve.at(), late);
      expect(await body(await late.opened(changed.fingerprint))).toBe("1");
    });

    test("a machine that still has AUTH_KEY is told how to become a member, and can then open it", async () => {
      const address = await server.address();
      const [ann, bob] = [await machineAt(address, "ann"), await machineAt(address, "bob")];
      const vault = await openOrMake(ann.at({ AUTH_KEY: KEY }));
      await vault.commit([put("a:x", 1, "1")]);
      await vault.close();
      await (await openVault(bob.at({ AUTH_KEY: KEY })))?.close();
      await addMember(ann.at({ AUTH_KEY: KEY }), await machineAt(address, "eve"), { as: "ann" });
      const refused = await refusal(openVault(bob.at({ AUTH_KEY: KEY })));
      expect(refused.code).toBe("vault_locked");
      expect(refused.text).toContain("Unset AUTH_KEY on this machine.");
      expect(refused.text).toContain("auth vault member key\nThen let a member run what that prints.");
      expect(refused.text).not.toContain("The new key");
      await addMember(ann.at(), bob);
      expect(await body(await bob.opened())).toBe("1");
    });

    test("what one writes the others read, and a rekey by one is adopted by those who have it open", async () => {
      const { ann, bob } = await team();
      const open = await bob.opened();
      await rekeyVault(ann.at(), {});
      expect(await open.commit([put("b:y", 1, "2")])).toBe("rekeyed");
      await open.reload();
      expect(await open.commit([put("b:y", 1, "2")])).toBe("committed");
      await open.close();
      expect(await body(await ann.opened(), "b:y")).toBe("2");
    });

    test("who is removed opens nothing that is written from then on, with all that they kept", async () => {
      const { ann, bob } = await team();
      const kept = await keptBy(bob);
      const open = await bob.opened();
      await removeMember(ann.at(), "bob", {}, agreed);
      const vault = await ann.opened();
      await vault.commit([put("a:x", 2, "later")]);
      expect(await open.commit([put("a:x", 2, "mine")])).toBe("rekeyed");
      expect((await refusal(open.reload())).code).toBe("vault_locked");
      await open.close();
      const refused = await refusal(bob.opened());
      expect(refused.code).toBe("vault_locked");
      expect(refused.text).toContain("not a member");
      expect(await body(vault)).toBe("later");
      const now = await keptBy(ann);
      expect(now.keys.data.raw).not.toEqual(kept.keys.data.raw);
      expect((await membership(ann.at())).members.map(({ name }) => name)).toEqual(["ann"]);
    });

    describe("an attack: another vault is put in this one's place, wrapped for its members' public keys", () => {
      test("by who runs the server, for a newcomer: without the fingerprint it isn't used, with it it is refused", async () => {
        const { address, ann } = await team();
        const eve = await machineAt(address, "eve");
        const { fingerprint } = await addMember(ann.at(), eve);
        await plant(address, await forged([plain(eve)], null));
        expect((await refusal(eve.opened())).code).toBe("vault_locked");
        expect((await refusal(eve.opened(fingerprint))).code).toBe("vault_replaced");
        const accepted = storeAt(eve.at()).accept({ compare: async (found) => found === fingerprint });
        expect((await refusal(accepted)).code).toBe("vault_locked");
        expect((await refusal(storeAt(eve.at()).accept({ fingerprint }))).code).toBe("vault_replaced");
        expect(pinOf(eve)).toBeNull();
      });

      test("by who runs the server, for a member that knows the vault", async () => {
        const { address, ann, bob } = await team();
        await plant(address, await forged([ann, bob].map(plain), null));
        for (const machine of [ann, bob]) expect((await refusal(machine.opened())).code).toBe("vault_replaced");
        // Not even where it says that this is as it should be.
        expect((await refusal(storeAt(bob.at()).accept({}))).code).toBe("vault_locked");
      });

      test("by who was a member, and kept every key: for those who have seen the vault since, and for a newcomer", async () => {
        const { address, ann, bob } = await team();
        const kept = await keptBy(bob);
        const eve = await machineAt(address, "eve");
        await removeMember(ann.at(), "bob", {}, agreed);
        const { fingerprint } = await addMember(ann.at(), eve);
        const { header } = await keptBy(ann);
        for (const epoch of [header.epoch, header.epoch + 1, header.epoch + 100]) {
          await plant(address, await forged([ann, eve].map(plain), kept, epoch));
          expect([epoch, (await refusal(ann.opened())).code]).toEqual([epoch, "vault_replaced"]);
          expect([epoch, (await refusal(eve.opened(fingerprint))).code]).toEqual([epoch, "vault_replaced"]);
          expect([epoch, (await refusal(rekeyVault(ann.at(), {}))).code]).toEqual([epoch, "vault_replaced"]);
        }
        await plant(address, header);
        expect(await body(await ann.opened())).toBe("1");
      });

      test("an older header, from before someone was removed", async () => {
        const { address, ann, bob } = await team();
        const { header } = await keptBy(bob);
        await removeMember(ann.at(), "bob", {}, agreed);
        await plant(address, header);
        expect((await refusal(ann.opened())).code).toBe("vault_rolled_back");
      });
    });

    test("a vault that was made anew is accepted by its fingerprint, or by a person who compared it", async () => {
      const { address, ann, bob } = await team();
      const { driver } = await openStore(await parseAddress(address, "AUTH_STORE"));
      const keys = await driver.getKeys("", {});
      expect(await driver.swap(keys.map((key) => ({ key, next: null })))).toEqual([]);
      driver.close();
      expect((await refusal(bob.opened())).code).toBe("vault_replaced");
      await storeAt(ann.at()).accept({});
      await initVault(ann.at(), { source: "members" });
      const { fingerprint } = await addMember(ann.at(), bob);
      expect((await refusal(storeAt(bob.at()).accept({}))).code).toBe("vault_locked");
      const seen: string[] = [];
      await storeAt(bob.at()).accept({ compare: async (found) => seen.push(found) > 0 });
      expect(seen).toEqual([fingerprint]);
      await (await bob.opened()).close();
      await storeAt(bob.at()).accept({ fingerprint });
      await (await bob.opened()).close();
    });

    test("a rekey is done where another process of the home has seen a later one by then, and what it saw stays", async () => {
      const { ann, changed } = await team();
      const path = pinOf(ann) ?? "";
      const pin = JSON.parse(readFileSync(path, "utf8"));
      const later = { ...pin, epoch: changed.epoch + 2, fingerprint: "0".repeat(pin.fingerprint.length) };
      const members = async (now: readonly Member[]): Promise<readonly Member[]> => {
        await Bun.write(path, JSON.stringify(later));
        return now;
      };
      expect(await rekeyVault(ann.at(), { members })).toMatchObject({ epoch: changed.epoch + 1 });
      expect(JSON.parse(readFileSync(path, "utf8"))).toEqual(later);
    });

    test("two machines that add at once: one wins, the other is told, and no one is lost", async () => {
      const { ann, bob } = await team();
      const one = async (name: string): Promise<Member> => ({
        name,
        publicKey: await identityToRecipient(await generateX25519Identity()),
      });
      const ends: PromiseSettledResult<Changed>[] = await Promise.allSettled([
        addMember(ann.at(), await one("by-ann")),
        addMember(bob.at(), await one("by-bob")),
      ]);
      const won = ends.flatMap((end) => (end.status === "fulfilled" ? [end.value] : []));
      expect(won.length).toBeGreaterThan(0);
      for (const end of ends) if (end.status === "rejected") expect((end.reason as { code: string }).code).toBe("busy");
      const { members, fingerprint } = await membership(bob.at());
      expect(members).toHaveLength(2 + won.length);
      expect(won.map((changed) => changed.fingerprint)).toContain(fingerprint ?? "");
      expect(await body(await ann.opened())).toBe("1");
    });

    test("what an earlier version remembered of a vault is used, and the fingerprint is remembered with it", async () => {
      const { ann } = await team();
      const pin = pinOf(ann) ?? "";
      const { fingerprint, ...before } = JSON.parse(readFileSync(pin, "utf8"));
      await Bun.write(pin, JSON.stringify(before));
      expect(await body(await ann.opened())).toBe("1");
      expect(JSON.parse(readFileSync(pin, "utf8"))).toEqual({ ...before, fingerprint });
    });
  });

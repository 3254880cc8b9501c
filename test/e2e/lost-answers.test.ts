/**
 * Two sides may believe different things of a commit whose answer is lost. What a login, a refresh and a logout say, and what
 * they revoke, is so in the vault and at the provider.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type HeldIssuer, startHeld } from "../issuers/held.ts";
import { TEST_BUILD } from "../proofs/proof-home.ts";
import { type CuttingRelay, cuttingRelay } from "../support/cutting-relay.ts";
import type { DatabaseServer } from "../support/databases.ts";
import { succeeded } from "../support/home.ts";
import { lacking } from "../support/needs.ts";
import { AUTH, bareEnvironment, type Ended, run, tempFolder } from "../support/program.ts";
import { KEY } from "../vault/home.ts";
import { BACKENDS } from "../vault/shared-home.ts";

/** Milliseconds, so that what waits for a server has an end in a test's time. */
const SOON = JSON.stringify({ storeCall: 1000, storeCommit: 500 });
const LOGIN = ["login", "acme", "--flow", "device"];

for (const [name, { needs, start }] of Object.entries(BACKENDS))
  describe.skipIf(lacking(...needs))(name, () => {
    let server: DatabaseServer;
    let relay: CuttingRelay;
    let issuer: HeldIssuer;
    let count = 0;
    beforeAll(async () => {
      server = await start();
      relay = await cuttingRelay(server);
      issuer = startHeld();
    });
    afterAll(async () => {
      relay.stop();
      await server.stop();
      await issuer.stop();
    });

    /** A home with a login, whose vault is reached by the relay. */
    async function home() {
      const place = `lost_${++count}`;
      const env = bareEnvironment({ AUTH_STORE: relay.address(place), AUTH_KEY: KEY });
      const call = (...args: string[]): Promise<Ended> => run([AUTH, ...args], { env });
      /** Past the relay. */
      const direct = (...args: string[]): Promise<Ended> =>
        run([AUTH, ...args], { env: { ...env, AUTH_STORE: server.address(place) } });
      const soon = (...args: string[]): Promise<Ended> =>
        run([TEST_BUILD, ...args], { env: { ...env, AUTH_TEST_LIMITS: SOON } });
      const file = join(tempFolder(), "acme.toml");
      writeFileSync(file, issuer.manifest("acme"), { mode: 0o600 });
      await succeeded(call("vault", "init"));
      await succeeded(call("provider", "add", file, "--yes"));
      await succeeded(call(...LOGIN));
      return { call, direct, soon };
    }

    const tokenOf = async (ended: Promise<Ended>): Promise<string> => (await succeeded(ended)).stdout.trim();

    test("a login that the server has stored isn't revoked: it is what the next command uses", async () => {
      const { call } = await home();
      const before = await tokenOf(call("token", "acme"));
      const lost = relay.lost();
      relay.lose("answer");
      await succeeded(call(...LOGIN, "--force"));
      expect(relay.lost()).toBe(lost + 1);
      const after = await tokenOf(call("token", "acme"));
      expect(after).not.toBe(before);
      expect([...issuer.live]).toContain(after);
    });

    test("a login that reaches the server after it was given up is stored once", async () => {
      const { soon, direct } = await home();
      const lost = relay.lost();
      relay.lose("late");
      await succeeded(soon(...LOGIN, "--force"));
      expect(relay.lost()).toBe(lost + 1);
      expect([...issuer.live]).toContain(await tokenOf(direct("token", "acme")));
    });

    test("a refresh that the server has stored is a success, and no other process's", async () => {
      const { call } = await home();
      const lost = relay.lost();
      // The first is the note that a request is under way.
      relay.lose("answer", 2);
      const { stderr } = await succeeded(call("refresh", "acme", "--force"));
      expect(relay.lost()).toBe(lost + 1);
      expect(stderr).not.toContain("another process");
      expect([...issuer.live]).toContain(await tokenOf(call("token", "acme")));
      const { stdout } = await succeeded(call("log", "--json"));
      expect(stdout).toContain('"refresh"');
      expect(stdout).not.toContain('"failure"');
    });

    test("a logout that the server has stored is done", async () => {
      const { call } = await home();
      relay.lose("answer");
      await succeeded(call("logout", "acme", "--yes"));
      expect((await succeeded(call("list", "--json"))).stdout.trim()).toBe("[]");
    });

    test("where the server stays away, a login isn't revoked, and nothing is claimed of the vault", async () => {
      const { soon, direct } = await home();
      relay.lose("gone");
      const ended = await soon(...LOGIN, "--force");
      relay.back();
      expect(ended.code).toBe(5);
      expect(ended.stderr).toContain("whether it was stored isn't known");
      expect(ended.stderr).toContain("The new login was not revoked.");
      expect(ended.stderr).not.toMatch(/nothing was (changed|stored)|was revoked/i);
      expect([...issuer.live]).toContain(await tokenOf(direct("token", "acme")));
    });

    test("where the server stays away, a logout doesn't claim that nothing was changed", async () => {
      const { soon } = await home();
      relay.lose("gone");
      const ended = await soon("logout", "acme", "--yes");
      relay.back();
      expect(ended.code).toBe(5);
      expect(ended.stderr).toContain("was revoked at the provider, but whether it was erased here isn't known");
      expect(ended.stderr).not.toMatch(/nothing was changed/i);
    });
  });

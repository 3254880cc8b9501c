/** `auth vault member` as people at several machines use it. The vault's own promises are in test/vault. */
import { afterAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { generateX25519Identity, identityToRecipient } from "age-encryption";
import { paste, succeeded } from "../support/home.ts";
import { errorOf } from "../support/logged-in.ts";
import { lacking } from "../support/needs.ts";
import { auth, bareEnvironment, run, tempFolder } from "../support/program.ts";
import { KEY } from "../vault/home.ts";
import { BACKENDS, lazyServer } from "../vault/shared-home.ts";

const TEST_AUTH = join(import.meta.dir, "..", "..", "dist", "test", "auth");

type Variables = Record<string, string>;

const member = async (env: Variables, ...words: string[]) => succeeded(auth(["vault", "member", ...words], { env }));
const keyOf = async (env: Variables): Promise<string> => (await member(env, "key")).stdout.trim();
const listed = async (env: Variables) =>
  JSON.parse((await member(env, "list", "--json")).stdout) as {
    members: { name: string; publicKey: string; self: boolean }[];
    fingerprint: string;
  };
const tokenOf = async (env: Variables): Promise<string> =>
  (await succeeded(auth(["token", "apikey:one"], { env }))).stdout.trim();

for (const [name, { needs, start }] of Object.entries(BACKENDS))
  describe.skipIf(lacking(...needs))(name, () => {
    const server = lazyServer(start);
    afterAll(() => server.stop());

    test("a second machine is let in by its public key, reads a login, and is taken out again", async () => {
      const AUTH_STORE = await server.address();
      const one = bareEnvironment({ AUTH_STORE, USER: "ann" });
      const other = bareEnvironment({ AUTH_STORE });
      await succeeded(auth(["vault", "init", "--key", "members"], { env: one }));
      await paste(one, "apikey:one", "the-shared-token");

      const publicKey = await keyOf(other);
      expect(publicKey).toMatch(/^age1[0-9a-z]{58}$/);
      expect(await keyOf(other)).toBe(publicKey);
      const before = await auth(["token", "apikey:one", "--json"], { env: other });
      expect([before.code, errorOf(before).code]).toEqual([8, "vault_locked"]);
      expect(before.stderr).toContain(`auth vault member add <name> ${publicKey}`);

      const added = await member(one, "add", "other", publicKey);
      const { fingerprint, members } = await listed(one);
      expect(members.map((each) => [each.name.split("@")[0], each.self])).toEqual([
        ["ann", true],
        ["other", false],
      ]);
      const [, address = "", shown = ""] = /auth vault use (\S+) --fingerprint (\S+)/.exec(added.stderr) ?? [];
      expect(shown).toBe(fingerprint);
      expect(address).not.toContain(new URL(AUTH_STORE).password);
      const unknown = await auth(["token", "apikey:one", "--json"], { env: other });
      expect([unknown.code, errorOf(unknown).code]).toEqual([8, "vault_locked"]);
      expect(await tokenOf({ ...other, AUTH_STORE: `${AUTH_STORE}&fingerprint=${shown}` })).toBe("the-shared-token");
      expect(await tokenOf(other)).toBe("the-shared-token");

      const removed = await member(one, "remove", "other");
      expect(removed.stderr).toContain("Revoke those that matter");
      const after = await auth(["list", "--json"], { env: other });
      expect([after.code, errorOf(after).code]).toEqual([8, "vault_locked"]);
      expect(await tokenOf(one)).toBe("the-shared-token");
    }, 60_000);
  });

const STORES = { "a file": { needs: [], start: null }, ...BACKENDS } as const;

for (const [name, { needs, start }] of Object.entries(STORES))
  describe.skipIf(lacking(...needs))(`killed, ${name}`, () => {
    const server = start === null ? null : lazyServer(start);
    afterAll(async () => server?.stop());

    test("an addition that is killed before its commit changes nothing, and is done by running it again", async () => {
      const AUTH_STORE = (await server?.address()) ?? `sqlite:${join(tempFolder(), "vault.db")}`;
      const env = bareEnvironment({ AUTH_STORE });
      const before = { ...env, AUTH_KEY: KEY };
      await paste(before, "apikey:one", "the-token");
      const added = await identityToRecipient(await generateX25519Identity());
      const command = ["vault", "member", "add", "other", added];
      const killed = await run([TEST_AUTH, ...command], { env: { ...before, AUTH_TEST_FAULT: "vault-commit#1:kill" } });
      expect(killed.signal).toBe("SIGKILL");
      expect(await tokenOf(before)).toBe("the-token");
      await succeeded(auth(command, { env: before }));
      expect(await tokenOf(env)).toBe("the-token");
      expect((await listed(env)).members.map(({ publicKey }) => publicKey)).toEqual([await keyOf(env), added]);
    }, 60_000);
  });

describe("on one machine", () => {
  test("turning a vault into one with members says what opens it from now on, and what doesn't any more", async () => {
    const env = bareEnvironment({ AUTH_KEY: KEY });
    await paste(env, "apikey:one", "the-token");
    const other = await identityToRecipient(await generateX25519Identity());
    const { stderr } = await member(env, "add", "other", other, "--as", "me");
    for (const words of ["no longer from AUTH_KEY", "This machine is me", "Unset AUTH_KEY"])
      expect(stderr).toContain(words);
    const locked = await auth(["token", "apikey:one", "--json"], { env });
    expect([locked.code, errorOf(locked).code]).toEqual([8, "vault_locked"]);
    const { AUTH_KEY: _, ...rest } = env;
    expect(await tokenOf(rest)).toBe("the-token");
    const { stdout } = await succeeded(auth(["vault", "status", "--json"], { env: rest }));
    expect(JSON.parse(stdout)).toMatchObject({ keySource: "members", format: 2 });
    expect(stdout).toContain("identity");
  });

  test("a command that auth runs doesn't get AUTH_IDENTITY, unless it is to have what opens the vault", async () => {
    const identity = await generateX25519Identity();
    const env = bareEnvironment({ AUTH_IDENTITY: identity });
    await succeeded(auth(["vault", "init", "--key", "members"], { env }));
    await paste(env, "apikey:one", "the-token");
    const command = ["run", "-c", "apikey:one=ONE_TOKEN"];
    const ran = await succeeded(auth([...command, "--", "env"], { env }));
    expect(ran.stdout).toContain("ONE_TOKEN=the-token");
    expect(ran.stdout).not.toContain(identity);
    const kept = await succeeded(auth([...command, "--keep-key", "--", "env"], { env }));
    expect(kept.stdout).toContain(`AUTH_IDENTITY=${identity}`);
    const masked = await succeeded(auth([...command, "--keep-key", "--mask", "--", "env"], { env }));
    expect(masked.stdout).not.toContain(identity);
    expect(await keyOf(env)).toBe(await identityToRecipient(identity));
  });

  test("this machine takes itself out only with --yes", async () => {
    const env = bareEnvironment();
    await succeeded(auth(["vault", "init", "--key", "members"], { env }));
    await member(env, "add", "other", await identityToRecipient(await generateX25519Identity()));
    const own = (await listed(env)).members.find(({ self }) => self)?.name ?? "";
    const refused = await auth(["vault", "member", "remove", own, "--json"], { env });
    expect([refused.code, errorOf(refused).code]).toEqual([64, "usage"]);
    expect((await listed(env)).members).toHaveLength(2);
    await member(env, "remove", own, "--yes");
    expect((await auth(["list"], { env })).code).toBe(8);
  });

  test("a vault without members says so, and there is none to remove", async () => {
    const env = bareEnvironment({ AUTH_KEY: KEY });
    await succeeded(auth(["vault", "init"], { env }));
    expect(await listed(env)).toEqual({ members: [], fingerprint: null } as never);
  });

  test("without a vault it is said what is missing, with the code of 'auth vault status'", async () => {
    const env = bareEnvironment();
    const publicKey = await identityToRecipient(await generateX25519Identity());
    for (const words of [["add", "other", publicKey], ["remove", "other"], ["list"]]) {
      const refused = await auth(["vault", "member", ...words, "--json"], { env });
      expect([words, refused.code, errorOf(refused).code]).toEqual([words, 2, "connection_not_found"]);
      expect(errorOf(refused).hint).toContain("auth vault use <address>");
    }
  });

  test("an identity on the command line is refused without being shown", async () => {
    const env = bareEnvironment({ AUTH_KEY: KEY });
    await succeeded(auth(["vault", "init"], { env }));
    const identity = await generateX25519Identity();
    const refused = await auth(["vault", "member", "add", "other", identity], { env });
    expect(refused.code).toBe(64);
    expect(refused.stderr).not.toContain(identity);
    expect((await auth(["vault", "member", "remove", "other"], { env })).code).toBe(64);
  });
});

/**
 * What can't be stored: found out before a person or a provider is asked, revoked where it is found out later,
 * and told as it is on both sides.
 */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createCli, DEFAULT_GLOBALS } from "../../src/cli/context.ts";
import { encodeRecord, newConnection } from "../../src/connections/record.ts";
import { openVault } from "../../src/vault/store.ts";
import { TEST_BUILD } from "../proofs/proof-home.ts";
import { checkText } from "../support/complaint.ts";
import { flipped, putValue, recordsOf } from "../support/damage.ts";
import { browserHome, paste } from "../support/home.ts";
import { CONNECTION, type LoggedIn, loggedIn, PROVIDER } from "../support/logged-in.ts";
import { lacking } from "../support/needs.ts";
import { AUTH, auth, bareEnvironment, type Ended, run } from "../support/program.ts";
import { filesUnder } from "../support/stock.ts";

const REVOKE = "/oauth/revoke/";
const homes: LoggedIn[] = [];
afterAll(() => Promise.all(homes.map((home) => home.stop())));

async function home(as: string | null = PROVIDER): Promise<LoggedIn> {
  const options = { revokeNeedsSecret: false };
  const made = as === null ? await loggedIn(options, null) : await browserHome(options, as);
  homes.push(made);
  return made;
}

const login = (at: LoggedIn, ...more: string[]): string[] => [
  "login",
  PROVIDER,
  ...at.places,
  "--flow",
  "device",
  ...more,
];

/** Words that would be false once the provider was told. */
const UNTRUE = /nothing was (changed|stored|sent|done)/i;

describe("a home that can't be written", () => {
  const WAYS: Readonly<Record<string, string>> = {
    "a read-only mount": 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1"',
    "a full disk":
      'cp -a "$1" "$1.copy" && mount -t tmpfs -o size=2m,mode=0700 none "$1" && cp -a "$1.copy/." "$1" && { head -c 9m /dev/zero > "$1/filler" 2>/dev/null; true; }',
  };
  for (const [name, mount] of Object.entries(WAYS))
    describe(name, () => {
      const within = (at: LoggedIn, args: readonly string[]): Promise<Ended> => {
        const script = `${mount} && shift && exec "$@"`;
        return run(["unshare", "--mount", "sh", "-c", script, "sh", at.env.AUTH_HOME ?? "", AUTH, ...args], {
          env: at.env,
        });
      };

      test.skipIf(lacking("linux", "root", "mounts"))(
        "login, logout and revoke say so before the provider hears of anything",
        async () => {
          const at = await home();
          const before = at.issuer.server.calls.length;
          for (const args of [
            login(at, "--force"),
            login(at, "-p", "other"),
            ["logout", PROVIDER],
            ["revoke", PROVIDER],
          ]) {
            checkText(await within(at, args), { exit: 8, code: "vault_unwritable" });
            expect({ args, calls: at.issuer.server.calls.slice(before).map(({ path }) => path) }).toEqual({
              args,
              calls: [],
            });
          }
          expect((await at.call(["status", PROVIDER, "--check"])).code).toBe(0);
        },
        60_000,
      );

      test.skipIf(lacking("linux", "root", "mounts"))("a first login is not begun", async () => {
        const at = await home(null);
        await run(["mkdir", "-m", "700", at.env.AUTH_HOME ?? ""]);
        checkText(await within(at, login(at)), { exit: 8, code: "vault_unwritable" });
        expect(at.issuer.server.calls).toEqual([]);
        expect(filesUnder(at.env.AUTH_HOME ?? "")).toEqual([]);
      });
    });
});

describe("a disk that fails after the provider answered", () => {
  const failing = (at: LoggedIn, fault: string, args: readonly string[]): Promise<Ended> =>
    run([TEST_BUILD, ...args], { env: { ...at.env, AUTH_TEST_FAULT: fault } });

  for (const first of [true, false])
    test(`a ${first ? "first" : "further"} login that can't be stored is revoked, and the error says what became of it here and there`, async () => {
      const at = await home(first ? null : `${PROVIDER}:old`);
      const ended = await failing(at, "vault-commit:ENOSPC", login(at));
      checkText(ended, { exit: 8, code: "vault_unwritable", says: "approved the login, but it could not be stored" });
      expect(ended.stderr).toContain("The new login was revoked at Sentry");
      expect(ended.stderr).not.toMatch(UNTRUE);
      expect(at.issuer.rows.map(({ alive }) => alive)).toEqual(first ? [false] : [true, false]);
    }, 60_000);

  test("where the provider can't revoke it either, the error says to end it there", async () => {
    const at = await home(`${PROVIDER}:old`);
    at.issuer.server.fail({ path: REVOKE, times: 9, reply: { status: 500 } });
    const ended = await failing(at, "vault-commit:ENOSPC", login(at));
    checkText(ended, { exit: 8, code: "vault_unwritable", says: "could not be revoked at Sentry" });
  }, 60_000);

  for (const command of ["logout", "revoke"])
    test(`a ${command} that can't be stored says what was done at the provider, and how to end it here`, async () => {
      const at = await home();
      const ended = await failing(at, "vault-commit:EIO", [command, PROVIDER]);
      const says = `${CONNECTION} was revoked at the provider, but could not be erased here`;
      checkText(ended, { exit: 8, code: "vault_unwritable", says });
      expect(ended.stderr).not.toMatch(UNTRUE);
      expect(ended.stderr).toContain("Then erase it: auth logout sentry");
      expect(at.issuer.rows.map(({ alive }) => alive)).toEqual([false]);
      expect((await at.call(["logout", "sentry"])).code).toBe(0);
      expect(JSON.parse((await at.call(["list", "--json"])).stdout)).toEqual([]);
    });

  test("a kept reply that can't be blanked after a logout or a login is a warning: both are done", async () => {
    const at = await home();
    expect((await at.call(["refresh", PROVIDER, "--force"])).code).toBe(0);
    const again = await failing(at, "reply-blank:EIO", login(at, "--force"));
    expect(again).toMatchObject({ code: 0 });
    expect(again.stderr).toContain(`Warning: A sealed reply to a refresh of ${CONNECTION} could not be erased`);
    expect((await at.call(["status", PROVIDER, "--check"])).code).toBe(0);
    const out = await failing(at, "reply-blank:EIO", ["logout", PROVIDER]);
    expect(out).toMatchObject({ code: 0 });
    expect(out.stderr).toContain(`Logged out of ${CONNECTION}: revoked at the provider, erased here`);
    expect(JSON.parse((await at.call(["list", "--json"])).stdout)).toEqual([]);
  }, 60_000);
});

test("a login that replaces one that was refreshed meanwhile revokes the token that the refresh brought", async () => {
  const at = await home();
  at.issuer.devices.decision = "pending";
  const again = at.call(login(at, "--force"));
  while (at.issuer.server.callsTo("/oauth/device/code/").length === 0) await Bun.sleep(10);
  expect((await at.call(["refresh", PROVIDER, "--force"])).code).toBe(0);
  const rotated = at.issuer.rows[0]?.refresh;
  at.issuer.devices.decide("approve", undefined);
  expect(await again).toMatchObject({ code: 0 });
  expect(at.issuer.rows.map(({ alive }) => alive)).toEqual([false, true]);
  expect(at.issuer.server.callsTo(REVOKE).map(({ form }) => form.get("token"))).toContain(rotated ?? "");
}, 60_000);

describe("what login --force replaces", () => {
  const KEY = { AUTH_KEY: Buffer.from("an AUTH_KEY for this test only!!").toString("base64") };
  let env: Record<string, string>;
  beforeAll(async () => {
    env = bareEnvironment(KEY);
    await paste(env, "apikey:one", "key-one");
  });
  const force = (stdin: string, ...more: string[]) =>
    auth(["login", "apikey:one", "--token", "-", "--force", ...more], { env, stdin });

  test("is never a record whose content a newer version wrote", async () => {
    const { context } = createCli(env, DEFAULT_GLOBALS, []);
    const vault = await openVault(context);
    const entry = await vault?.read("connection", "apikey:one");
    if (!vault || !entry) throw new Error("no record");
    const body = encodeRecord({ ...newConnection("apikey", "one", 0), format: 2 as 1 });
    const version = { ...entry.version, generation: entry.version.generation + 1 };
    await vault.commit([{ type: "connection", name: "apikey:one", expected: entry.version, next: { version, body } }]);
    vault.close();
    const before = recordsOf(`${env.AUTH_HOME}/vault.db`);
    checkText(await force("key-two"), { exit: 8, code: "vault_corrupt", says: "newer version" });
    expect(recordsOf(`${env.AUTH_HOME}/vault.db`)).toEqual(before);
  });

  test("is still there where the login fails: a damaged record too", async () => {
    const vault = `${env.AUTH_HOME}/vault.db`;
    const [row] = recordsOf(vault);
    if (row === undefined) throw new Error("no record");
    const damaged = { ...row, value: flipped(row.value, row.value.length - 3) };
    putValue(vault, damaged);
    expect((await force("two\nlines")).code).toBe(64);
    expect((await force("key-two", "--flow", "device")).code).not.toBe(0);
    expect(recordsOf(vault).map(({ value }) => value)).toEqual([damaged.value]);
  });
});

describe("the first login", () => {
  test("that fails makes neither a vault nor a key", async () => {
    const env = bareEnvironment();
    const { AUTH_HOME = "" } = env;
    expect((await auth(["login", "github"], { env })).code).toBe(6);
    const issuer = await home(null);
    issuer.issuer.devices.decision = "denied";
    expect((await issuer.call(login(issuer))).code).toBe(7);
    for (const folder of [AUTH_HOME, issuer.env.AUTH_HOME ?? ""])
      for (const name of ["vault.db", "key"]) expect(existsSync(join(folder, name))).toBe(false);
  }, 60_000);

  test("says where the key is in one line, after its own success", async () => {
    const env = bareEnvironment();
    const { code, stderr } = await auth(["login", "apikey:one", "--token", "-", "--env", "ONE_API_KEY"], {
      env,
      stdin: "sk-1",
    });
    const lines = stderr.trimEnd().split("\n");
    expect({ code, lines: lines.length }).toEqual({ code: 0, lines: 2 });
    expect(lines[0]).toContain("Logged in to apikey:one");
    expect(lines[1]).toStartWith("Made a vault; its key is in");
  });
});

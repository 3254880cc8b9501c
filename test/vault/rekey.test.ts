import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { appendFileSync, copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { Secret } from "../../src/platform/secret.ts";
import { initVault } from "../../src/vault/create.ts";
import { rekeyVault } from "../../src/vault/rekey.ts";
import { vaultStatus } from "../../src/vault/status.ts";
import { openVault } from "../../src/vault/store.ts";
import type { Vault } from "../../src/vault/types.ts";
import { actor, type Home, KEY, newHome, openOrMake, put, refusal } from "./home.ts";

const OTHER_KEY = `${"cd".repeat(31)}ef`;

/** With a key file, from which whoever has the home finds the new key, too. */
async function openByFile(home: Home): Promise<Vault> {
  await initVault(home.context(), { source: "file" });
  return (await openVault(home.context())) as Vault;
}

test("every record is read after a rekey as before it", async () => {
  using home = newHome();
  const vault = await openByFile(home);
  await vault.commit([put("a:b", 1, "1"), put("c:d", 1, "2", "client"), put("defaults", 1, "3", "settings")]);
  await vault.commit([put("a:b", 2, "1 again")]);
  const print = await vault.fingerprint("x");
  vault.close();
  const rekeyed = await rekeyVault(home.context(), {});
  expect(rekeyed).toEqual({ source: "file", epoch: 2, records: 3, fingerprint: expect.any(String) });
  const after = await openByFile(home);
  expect((await after.read("connection", "a:b"))?.version.generation).toBe(2);
  expect((await after.read("connection", "a:b"))?.body).toBe("1 again");
  expect((await after.read("client", "c:d"))?.body).toBe("2");
  expect(await after.fingerprint("x")).toBe(print);
  after.close();
});

test("a writer with the old key stores nothing; once it has the new one it does", async () => {
  using home = newHome();
  const vault = await openByFile(home);
  await vault.commit([put("a:b", 1, "1")]);
  await rekeyVault(home.context(), {});
  expect(await vault.commit([put("a:b", 2, "late")])).toBe("rekeyed");
  expect(await vault.commit([put("new:one", 1, "late")])).toBe("rekeyed");
  await vault.reload();
  expect(await vault.commit([put("a:b", 2, "in time")])).toBe("committed");
  vault.close();
});

test("a reader that was open before a rekey goes on reading and listing", async () => {
  using home = newHome();
  const vault = await openByFile(home);
  await vault.commit([put("a:b", 1, "1")]);
  await rekeyVault(home.context(), {});
  expect((await vault.read("connection", "a:b"))?.body).toBe("1");
  await rekeyVault(home.context(), {});
  expect((await vault.list("connection")).map(({ body }) => body)).toEqual(["1"]);
  vault.close();
});

test("no commit is lost to rekeys that happen while another process writes", async () => {
  using home = newHome();
  (await openByFile(home)).close();
  const writer = actor(home, "busy", {});
  expect(await writer.line()).toBe("ready");
  const context = home.context();
  for (let i = 0; i < 8; i++) {
    await Bun.sleep(30);
    await rekeyVault(context, {});
  }
  writer.go();
  const [written, rekeyed] = (await writer.line()).split(" ").map(Number);
  await writer.child.exited;
  expect(rekeyed).toBeGreaterThan(0);
  const vault = await openByFile(home);
  expect(await vault.list("connection")).toHaveLength(written ?? -1);
  expect((await vaultStatus(context))?.epoch).toBe(9);
  vault.close();
}, 60_000);

describe("whatever variable opens a vault on this machine, it gets a new key", () => {
  const by = { AUTH_KEY: KEY, AUTH_KEY_COMMAND: `echo ${KEY}` };
  const next = {
    env: { AUTH_KEY: OTHER_KEY },
    command: { AUTH_KEY_COMMAND: `echo ${OTHER_KEY}` },
    file: {},
  } as const;
  for (const [made, first] of [
    ["env", "AUTH_KEY"],
    ["command", "AUTH_KEY_COMMAND"],
  ] as const)
    for (const variable of ["AUTH_KEY", "AUTH_KEY_COMMAND"] as const)
      for (const to of ["env", "command", "file"] as const)
        test(`made by ${first}, opened by ${variable}, to ${to}`, async () => {
          using home = newHome();
          await initVault(home.context({ [first]: by[first] }), { source: made });
          const env = { [variable]: by[variable] };
          const rekeyed = await rekeyVault(home.context(env), { source: to, environment: { ...env, ...next[to] } });
          expect(rekeyed).toMatchObject({ source: to, epoch: 2 });
          (await openVault(home.context(next[to])))?.close();
          expect((await refusal(openVault(home.context(env)))).code).toBe("vault_locked");
        });

  test("a variable that doesn't open it is named, where it stands for the recorded one", async () => {
    using home = newHome();
    await initVault(home.context({ AUTH_KEY: KEY }));
    const wrong = home.context({ AUTH_KEY_COMMAND: "exit 3" });
    const found = await refusal(rekeyVault(wrong, { source: "file" }));
    expect(found).toEqual({ code: "vault_locked", text: expect.stringContaining("AUTH_KEY_COMMAND failed") });
  });

  test("a new key in AUTH_KEY is no reason to hide why the recorded source gives none", async () => {
    using home = newHome();
    (await openByFile(home)).close();
    rmSync(home.key);
    const found = await refusal(rekeyVault(home.context({ AUTH_KEY: OTHER_KEY }), { source: "env" }));
    expect(found).toEqual({ code: "vault_locked", text: expect.stringContaining("is missing") });
  });
});

test("the key moves from file to AUTH_KEY to passphrase and back; the old one opens nothing and is gone", async () => {
  using home = newHome();
  await initVault(home.context(), { source: "file" });
  const line = readFileSync(home.key, "utf8");
  const vault = (await openVault(home.context())) as Vault;
  await vault.commit([put("a:b", 1, "1")]);
  vault.close();
  const read = async (env: Record<string, string>): Promise<string | undefined> => {
    const opened = await openVault(home.context(env));
    const entry = await opened?.read("connection", "a:b");
    opened?.close();
    return entry?.body;
  };

  // The variable that is set is the new source; the recorded one still opens.
  await rekeyVault(home.context({ AUTH_KEY: KEY }), { source: "env" });
  expect(readFileSync(home.key, "utf8").trim()).toBe("");
  expect(readFileSync(home.key, "utf8")).toHaveLength(line.length);
  expect(await read({ AUTH_KEY: KEY })).toBe("1");
  expect((await refusal(read({}))).code).toBe("vault_locked");

  await rekeyVault(home.context({ AUTH_KEY: KEY, AUTH_PASSPHRASE: "correct horse" }), { source: "passphrase" });
  expect(await read({ AUTH_PASSPHRASE: "correct horse" })).toBe("1");
  expect((await refusal(read({ AUTH_KEY: KEY }))).code).toBe("vault_locked");

  await rekeyVault(home.context({ AUTH_PASSPHRASE: "correct horse" }), { source: "file" });
  expect(await read({})).toBe("1");
  expect((await refusal(read({ AUTH_PASSPHRASE: "correct horse" }))).text).toContain("the key file");
}, 60_000);

test("AUTH_KEY is changed for another one", async () => {
  using home = newHome();
  (await home.open()).close();
  await rekeyVault(home.context({ AUTH_KEY: KEY }), { environment: { AUTH_KEY: OTHER_KEY } });
  expect((await refusal(openVault(home.context({ AUTH_KEY: KEY })))).code).toBe("vault_locked");
  const vault = await openVault(home.context({ AUTH_KEY: OTHER_KEY }));
  expect(vault).not.toBeNull();
  vault?.close();
});

test("the data key is always a new one: the old header and key open none of the new records", async () => {
  using home = newHome();
  const vault = await openByFile(home);
  await vault.commit([put("a:b", 1, "1")]);
  vault.close();
  const headerOf = (): Uint8Array => {
    const database = new Database(home.file, { readonly: true });
    const row = database.query("SELECT value FROM store WHERE key = 'header'").get() as { value: Uint8Array };
    database.close();
    return row.value;
  };
  const [old, key] = [headerOf(), readFileSync(home.key)];
  await rekeyVault(home.context(), {});
  const database = new Database(home.file);
  database.run("UPDATE store SET value = ? WHERE key = 'header'", [old]);
  database.close();
  writeFileSync(home.key, key, { mode: 0o600 });
  const opened = await openByFile(home);
  expect((await refusal(opened.read("connection", "a:b"))).code).toBe("vault_corrupt");
  opened.close();
});

test("a rekey that fails changes nothing, and names the record that stops it", async () => {
  using home = newHome();
  const vault = await home.open();
  await vault.commit([put("a:b", 1, "1"), put("c:d", 1, "2")]);
  vault.close();
  const database = new Database(home.file);
  database.run("UPDATE store SET value = zeroblob(100) WHERE rowid = 3");
  database.close();
  const refused = await refusal(rekeyVault(home.context({ AUTH_KEY: KEY }), { source: "file" }));
  expect(refused.code).toBe("vault_corrupt");
  expect(refused.text).toMatch(/record [0-9a-f]{12}/);
  expect(readFileSync(home.key, "utf8").trim()).toBe("");
  expect((await vaultStatus(home.context()))?.epoch).toBe(1);
});

test("a rekey of a copy is refused where it would erase the key of the original", async () => {
  using home = newHome();
  await initVault(home.context(), { source: "file" });
  const elsewhere = `${home.folder}/copy`;
  mkdirSync(elsewhere, { mode: 0o700 });
  copyFileSync(home.file, `${elsewhere}/vault.db`);
  const copy = { AUTH_STORE: `sqlite:${elsewhere}/vault.db` };
  for (const source of ["file", "passphrase"] as const) {
    const context = home.context({ ...copy, AUTH_PASSPHRASE: "correct horse" });
    const refused = await refusal(rekeyVault(context, { source }));
    expect(refused.code).toBe("usage");
    expect(refused.text).toContain(`is a copy of ${home.file}`);
  }
  for (const env of [{}, copy]) (await openVault(home.context(env)))?.close();
  const [whole, keys] = [readFileSync(home.file), readFileSync(home.key, "utf8")];
  writeFileSync(home.file, "not readable now");
  expect((await refusal(rekeyVault(home.context(copy), {}))).code).toBe("vault_corrupt");
  expect(readFileSync(home.key, "utf8")).toBe(keys);
  writeFileSync(home.file, whole);
  (await openVault(home.context()))?.close();
  rmSync(home.file);
  expect((await rekeyVault(home.context(copy), {})).epoch).toBe(2);
});

test("rekeying where there is no vault names the command that makes one", async () => {
  using home = newHome();
  expect((await refusal(rekeyVault(home.context(), {}))).text).toContain("auth vault init");
});

test("keys that a killed rekey left in the key file are erased by the next one", async () => {
  using home = newHome();
  await initVault(home.context(), { source: "file" });
  const id = (await vaultStatus(home.context()))?.vaultId ?? "";
  const others = `${"ef".repeat(16)}.0011223344556677 ${KEY}`;
  appendFileSync(home.key, `${id}.0011223344556677 ${KEY}\n${others}\n`);
  await rekeyVault(home.context(), {});
  const lines = readFileSync(home.key, "utf8")
    .split("\n")
    .filter((line) => line.trim() !== "");
  expect(lines).toHaveLength(2);
  expect(lines).toContain(others);
  expect(lines.join()).not.toContain(`${id}.0011223344556677`);
  (await openVault(home.context()))?.close();
});

describe("a rekey that ends while another command is at the vault", () => {
  const PASSPHRASE = "correct horse";
  const given = { AUTH_PASSPHRASE: PASSPHRASE };
  /** A passphrase is asked for between the reading of the header and the use of its key: time for a rekey. */
  const during = (rekey: () => Promise<unknown>, times: number, typed = PASSPHRASE) => {
    let left = times;
    return async (): Promise<Secret> => {
      if (left-- > 0) await rekey();
      return new Secret(typed);
    };
  };

  test("the command opens the vault with the new key, and doesn't report its key as wrong", async () => {
    using home = newHome();
    await initVault(home.context(given), { source: "passphrase" });
    const prompt = during(() => rekeyVault(home.context(given), { source: "file" }), 1, "of no use any more");
    const vault = await openVault(home.context(), { prompt });
    expect(await vault?.list("connection")).toEqual([]);
    vault?.close();
  }, 60_000);

  test("a reader that is overtaken again and again is asked to try again, and the vault is not called damaged", async () => {
    using home = newHome();
    await initVault(home.context(given), { source: "passphrase" });
    let passphrase = PASSPHRASE;
    const rekey = async (): Promise<void> => {
      const next = `${passphrase} and another`;
      await rekeyVault(home.context({ AUTH_PASSPHRASE: passphrase }), { environment: { AUTH_PASSPHRASE: next } });
      passphrase = next;
    };
    let left = 20;
    const prompt = async (): Promise<Secret> => {
      const typed = new Secret(passphrase);
      if (left-- > 0) await rekey();
      return typed;
    };
    const vault = (await openVault(home.context(), { prompt })) as Vault;
    await rekey();
    await (await openVault(home.context({ AUTH_PASSPHRASE: passphrase })))?.commit([put("a:b", 1, "1")]);
    expect((await refusal(vault.read("connection", "a:b"))).code).toBe("busy");
    vault.close();
  }, 60_000);

  test("a second rekey fails as too late, and leaves no key behind", async () => {
    using home = newHome();
    await initVault(home.context(given), { source: "passphrase" });
    await (await openVault(home.context(given)))?.commit([put("a:b", 1, "1")]);
    const prompt = during(() => rekeyVault(home.context(given), { source: "file" }), 1);
    const refused = await refusal(rekeyVault(home.context(), { source: "file", prompt }));
    expect(refused.code).toBe("busy");
    expect(readFileSync(home.key, "utf8").trim().split("\n")).toHaveLength(1);
    expect((await vaultStatus(home.context()))?.epoch).toBe(2);
    (await openVault(home.context()))?.close();
  }, 60_000);
});

test("no program is asked for a new key while a connection's lock is held", async () => {
  using home = newHome();
  const asked = `${home.folder}/asked`;
  const env = { AUTH_KEY: KEY, AUTH_KEY_COMMAND: `touch '${asked}'; echo ${OTHER_KEY}` };
  const vault = await openOrMake(home.context(env));
  await vault.commit([put("a:b", 1, "1")]);
  const lock = await vault.tryLock("a:b");
  await rekeyVault(home.context(env), { source: "command" });
  rmSync(asked);
  expect((await refusal(vault.read("connection", "a:b"))).code).toBe("busy");
  expect(existsSync(asked)).toBe(false);
  lock?.release();
  expect((await vault.read("connection", "a:b"))?.body).toBe("1");
  expect(existsSync(asked)).toBe(true);
  vault.close();
});

import { expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { initVault } from "../../src/vault/create.ts";
import { openVault } from "../../src/vault/store.ts";
import { actor, KEY, newHome, openOrMake, put, refusal } from "./home.ts";

test("twenty processes that make a vault at once agree on one key", async () => {
  using home = newHome();
  // No bus: the default falls to the key file, which all of them would make.
  const others = Array.from({ length: 20 }, () =>
    actor(home, "open", { DBUS_SESSION_BUS_ADDRESS: "unix:path=/nowhere" }),
  );
  for (const other of others) expect(await other.line()).toBe("ready");
  for (const other of others) other.go();
  const answers = new Set<string>();
  for (const other of others) answers.add(await other.line());
  expect(answers.size).toBe(1);
  expect(readFileSync(home.key, "utf8").trim().split("\n")).toHaveLength(1);
  expect(readdirSync(home.folder).filter((name) => name.endsWith(".new"))).toEqual([]);
}, 60_000);

test("everything is made private, whatever the umask", async () => {
  for (const umask of [0o000, 0o022, 0o077, 0o177, 0o377]) {
    using home = newHome();
    const before = process.umask(umask);
    try {
      const context = home.context({ AUTH_HOME: `${home.folder}/new/home` });
      await initVault(context, { source: "file" });
      const vault = await openVault(context);
      await vault?.commit([put("a:b", 1, "1")]);
      const names = readdirSync(`${home.folder}/new/home`).filter((name) => name !== "vault.locks");
      expect(names).toContain("vault.db");
      for (const name of names)
        expect([name, statSync(`${home.folder}/new/home/${name}`).mode & 0o777]).toEqual([name, 0o600]);
      for (const folder of ["new", "new/home", "new/home/vault.locks"])
        expect([folder, statSync(`${home.folder}/${folder}`).mode & 0o777]).toEqual([folder, 0o700]);
      vault?.close();
    } finally {
      process.umask(before);
    }
  }
});

test("a vault that is there is not made again", async () => {
  using home = newHome();
  const first = await home.open();
  expect(await initVault(home.context({ AUTH_KEY: KEY }), {})).toBeNull();
  const again = await home.open();
  expect(again.id).toBe(first.id);
  first.close();
  again.close();
});

test("a vault that was never finished is removed by the next one that is made", async () => {
  using home = newHome();
  const names = ["", "-wal", "-journal"].map((side) => `vault.db.0123456789abcdef.new${side}`);
  for (const name of [...names, "vault.db.new"]) writeFileSync(`${home.folder}/${name}`, "cut off");
  (await home.open()).close();
  expect(readdirSync(home.folder).filter((name) => name.endsWith("new"))).toEqual(["vault.db.new"]);
  for (const name of names) expect(existsSync(`${home.folder}/${name}`)).toBe(false);
});

test("nothing is left where making a vault fails", async () => {
  using home = newHome();
  mkdirSync(`${home.folder}/vault.locks`, { mode: 0o700 });
  mkdirSync(`${home.folder}/vault.locks/vault.lock`);
  const refused = await refusal(initVault(home.context(), { source: "file" }));
  expect(refused.code).toBe("vault_unwritable");
  expect(readdirSync(home.folder)).toEqual(["vault.locks"]);
});

test("a link where the vault should be is never followed, and its target stays untouched", async () => {
  using home = newHome();
  const target = `${home.folder}/target`;
  symlinkSync(target, home.file);
  for (const open of [openOrMake, openVault])
    expect((await refusal(open(home.context({ AUTH_KEY: KEY })))).code).toBe("vault_unwritable");
  expect(existsSync(target)).toBe(false);
  writeFileSync(target, "precious");
  expect((await refusal(openOrMake(home.context({ AUTH_KEY: KEY })))).code).toBe("vault_unwritable");
  expect(readFileSync(target, "utf8")).toBe("precious");
});

test("a link to a vault is refused as well: its folder would not be the one that was checked", async () => {
  using home = newHome();
  using elsewhere = newHome();
  (await elsewhere.open()).close();
  symlinkSync(elsewhere.file, home.file);
  const refused = await refusal(openVault(home.context({ AUTH_KEY: KEY })));
  expect(refused.code).toBe("vault_unwritable");
  expect(refused.text).toContain("symbolic link");
});

test("a link to another folder on the way is fine, and the locks lie beside the real file", async () => {
  using home = newHome();
  mkdirSync(`${home.folder}/real`, { mode: 0o700 });
  symlinkSync(`${home.folder}/real`, `${home.folder}/link`);
  const context = home.context({ AUTH_KEY: KEY, AUTH_STORE: `sqlite:${home.folder}/link/vault.db` });
  const vault = await openOrMake(context);
  await vault?.commit([put("a:b", 1, "1")]);
  const lock = await vault?.tryLock("a:b");
  const direct = await openVault({
    ...context,
    env: { ...context.env, AUTH_STORE: `sqlite:${home.folder}/real/vault.db` },
  });
  expect((await direct?.read("connection", "a:b"))?.body).toBe("1");
  expect(await direct?.tryLock("a:b")).toBeNull();
  expect(readdirSync(`${home.folder}/real`)).toContain("vault.locks");
  lock?.release();
  vault?.close();
  direct?.close();
});

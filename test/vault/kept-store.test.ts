/** Where a home's vault is: a variable, what `auth vault use` keeps, or the home itself. */
import { expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dropStore, keepStore, keptStore } from "../../src/vault/kept-store.ts";
import { storeAt } from "../../src/vault/store.ts";
import { newHome, refusal } from "./home.ts";

const ADDRESS = "rediss://auth:a-password@redis.example:6379/0?prefix=team";

const refusedAt = (context: Parameters<typeof storeAt>[0]) => refusal((async () => storeAt(context).shown())());

test("the address is kept privately, is used where AUTH_STORE says nothing, and is gone when it is dropped", async () => {
  using home = newHome();
  expect(storeAt(home.context())).toMatchObject({ chosenBy: null, file: home.file });
  await keepStore(home.context(), ADDRESS);
  const { store } = home.context().paths;
  expect(statSync(store).mode & 0o777).toBe(0o600);
  expect(readFileSync(store, "utf8")).toBe(`${ADDRESS}\n`);
  const used = storeAt(home.context());
  expect([used.chosenBy, used.isShared, await used.shown()]).toEqual([
    "use",
    true,
    "rediss://redis.example:6379/0 (prefix team)",
  ]);
  expect(storeAt(home.context({ AUTH_STORE: "" })).chosenBy).toBe("use");
  const named = storeAt(home.context({ AUTH_STORE: "sqlite:/there/vault.db" }));
  expect([named.chosenBy, named.file]).toEqual(["AUTH_STORE", "/there/vault.db"]);
  expect(await dropStore(home.context())).toBe(true);
  expect(await dropStore(home.context())).toBe(false);
  expect(storeAt(home.context()).chosenBy).toBeNull();
});

test("another file is used as well", async () => {
  using home = newHome();
  await keepStore(home.context(), "sqlite:/there/vault.db");
  expect(storeAt(home.context())).toMatchObject({ chosenBy: "use", file: "/there/vault.db", isShared: false });
});

test("a file that others can reach isn't used: it says where logins go", async () => {
  using home = newHome();
  await keepStore(home.context(), ADDRESS);
  const { store } = home.context().paths;
  for (const mode of [0o644, 0o660, 0o602]) {
    chmodSync(store, mode);
    const refused = await refusedAt(home.context());
    expect([mode, refused.code, refused.text.includes(`chmod 600 ${store}`)]).toEqual([mode, "vault_locked", true]);
    expect(refused.text).not.toContain("a-password");
  }
});

test("what is no address is said to be none, without being shown; and it is replaced or dropped", async () => {
  using home = newHome();
  const { store } = home.context().paths;
  const contents = ["", "\n", "ftp://a-password", `${ADDRESS}\n${ADDRESS}\n`, "redis:", "x".repeat(5000)];
  for (const content of contents) {
    writeFileSync(store, content, { mode: 0o600 });
    const refused = await refusedAt(home.context());
    expect([content, refused.code, refused.text.includes("auth vault use --local")]).toEqual([content, "usage", true]);
    expect(refused.text).not.toContain("a-password");
  }
  await keepStore(home.context(), ADDRESS);
  expect(keptStore(home.context())).toBe(ADDRESS);
  rmSync(store);
  mkdirSync(store, { mode: 0o700 });
  expect((await refusedAt(home.context())).code).toBe("usage");
});

test("a link is followed to a file of this user's, as of dotfiles that are kept elsewhere", async () => {
  using home = newHome();
  const { store } = home.context().paths;
  writeFileSync(`${home.folder}/elsewhere`, `${ADDRESS}\n`, { mode: 0o600 });
  symlinkSync(`${home.folder}/elsewhere`, store);
  expect(keptStore(home.context())).toBe(ADDRESS);
});

test.each(["a link that leads nowhere", "a link that leads to itself"])(
  "%s is not taken for no address: another vault would be used without a word",
  async (what) => {
    using home = newHome();
    const { store } = home.context().paths;
    symlinkSync(what === "a link that leads to itself" ? store : `${home.folder}/unmounted/store`, store);
    const refused = await refusedAt(home.context());
    expect([refused.code, refused.text.includes(store)]).toEqual(["vault_locked", true]);
    expect(refused.text).toContain("auth vault use --local");
    expect(await dropStore(home.context())).toBe(true);
    expect(storeAt(home.context()).chosenBy).toBeNull();
  },
);

test("below what is no folder there is no address, as for a service whose home is /dev/null", () => {
  using home = newHome();
  const context = home.context();
  expect(keptStore({ paths: { ...context.paths, store: "/dev/null/auth/store" } })).toBeNull();
});

test("a folder in its place is left there, and every way on says to move it away", async () => {
  using home = newHome();
  const { store } = home.context().paths;
  mkdirSync(store);
  const refused = await Promise.all([
    refusedAt(home.context()),
    refusal(dropStore(home.context())),
    refusal(keepStore(home.context(), ADDRESS)),
  ]);
  for (const { code, text } of refused)
    expect([code, text.includes(`mv ${store} ${store}.old`)]).toEqual(["usage", true]);
  expect(statSync(store).isDirectory()).toBe(true);
});

test("drafts that killed commands left, with a password in them, go at the next use and with --local", async () => {
  using home = newHome();
  const draft = `${home.context().paths.store}.0123456789abcdef.new`;
  const leave = (): void => {
    writeFileSync(draft, `${ADDRESS}\n`, { mode: 0o600 });
    const hoursAgo = new Date(Date.now() - 3 * 3_600_000);
    utimesSync(draft, hoursAgo, hoursAgo);
  };
  leave();
  await keepStore(home.context(), ADDRESS);
  expect(existsSync(draft)).toBe(false);
  leave();
  await dropStore(home.context());
  expect(existsSync(draft)).toBe(false);
});

test("nothing is kept of an address that the file couldn't hold", async () => {
  using home = newHome();
  for (const address of [`${ADDRESS}\nsecond`, `redis://${"x".repeat(5000)}`])
    expect((await refusal(keepStore(home.context(), address))).code).toBe("usage");
  expect(existsSync(home.context().paths.store)).toBe(false);
});

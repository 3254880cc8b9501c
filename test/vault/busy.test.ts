/** A vault file that another process has to itself: waited for a while, by everything that opens, reads or writes it. */

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { busy, retryWhileBusy, ServerFull } from "../../src/vault/driver.ts";
import { localPlace } from "../../src/vault/file-store.ts";
import { openedVault } from "../../src/vault/opened.ts";
import { rekeyVault } from "../../src/vault/rekey.ts";
import { openSqlite } from "../../src/vault/sqlite.ts";
import { vaultStatus } from "../../src/vault/status.ts";
import { type Home, KEY, newHome, put } from "./home.ts";

let home: Home;
const holders: Bun.Subprocess[] = [];
beforeEach(async () => {
  home = newHome();
  const vault = await home.open();
  await vault.commit([put("a:b", 1, "the body")]);
  vault.close();
});
afterEach(async () => {
  for (const holder of holders.splice(0)) {
    holder.kill("SIGKILL");
    await holder.exited;
  }
  home[Symbol.dispose]();
});

/** `EXCLUSIVE` keeps all others from reading too, as a commit or a recovery does; `IMMEDIATE` from writing. */
const HOLD = `
  const { Database } = require("bun:sqlite");
  const db = new Database(process.argv[1]);
  db.run("BEGIN " + process.argv[3]);
  console.log("held");
  setTimeout(() => { db.run("ROLLBACK"); db.close(); }, Number(process.argv[2]));
`;

async function held(milliseconds: number, mode: "EXCLUSIVE" | "IMMEDIATE" = "EXCLUSIVE"): Promise<void> {
  const command = [process.execPath, "-e", HOLD, home.file, String(milliseconds), mode];
  const holder = Bun.spawn(command, { stdout: "pipe", stderr: "inherit" });
  holders.push(holder);
  const { done } = await holder.stdout.getReader().read();
  if (done) throw new Error("the vault could not be held");
}

describe("a vault that another process holds for a moment", () => {
  test("is opened, read and written once it lets go", async () => {
    await held(700);
    const vault = await home.open();
    expect((await vault.read("connection", "a:b"))?.body).toBe("the body");
    await held(700, "IMMEDIATE");
    expect(await vault.commit([put("c:d", 1, "another")])).toBe("committed");
    vault.close();
  });

  test("is looked through, for a name that isn't there, once it lets go", async () => {
    const driver = await openSqlite(home.file);
    if (driver === null) throw new Error("no vault");
    let tries = 0;
    const check = (): Promise<void> => (++tries < 3 ? Promise.reject(busy(null)) : driver.check());
    const context = home.context({ AUTH_KEY: KEY });
    const vault = await openedVault(context, localPlace(context, home.file), { ...driver, check }, undefined);
    expect(await vault.read("connection", "not:there")).toBeNull();
    expect(tries).toBe(3);
    vault.close();
  });

  test("for as long as a slow disk takes, is waited for", async () => {
    await held(6_000);
    const vault = await home.open();
    expect((await vault.read("connection", "a:b"))?.body).toBe("the body");
    vault.close();
  }, 20_000);

  test("tells its status, and is rekeyed, once it lets go", async () => {
    await held(700);
    expect((await vaultStatus(home.context()))?.records).toBe(1);
    await held(700);
    expect((await rekeyVault(home.context({ AUTH_KEY: KEY }), { source: "file" })).records).toBe(1);
  });
});

test("a vault that another process holds for long is busy, not broken: nothing to be mended is named", async () => {
  await held(60_000);
  const error = await home.open().then(
    () => null,
    (error: unknown) => error,
  );
  expect(error).toMatchObject({ code: "busy", hint: "Try again." });
}, 40_000);

test("a server that is full is asked less and less often, other processes' commits at once again", async () => {
  const tries = async (error: Error): Promise<number> => {
    let count = 0;
    const asked = retryWhileBusy(() => {
      count++;
      throw error;
    }, 1_000);
    expect(await asked.catch((thrown: unknown) => thrown)).toBe(error);
    return count;
  };
  // From 10 ms on, each twice the one before, give or take half.
  expect(await tries(new ServerFull(null))).toBeLessThanOrEqual(10);
  expect(await tries(busy(null))).toBeGreaterThan(10);
});

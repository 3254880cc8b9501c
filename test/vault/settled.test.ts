/** The rest of what makes reading without SQLite safe is in test/e2e/settled: here SQLite is loaded, and that ends it. */
import { expect, test } from "bun:test";
import { utimesSync } from "node:fs";
import { openSettled } from "../../src/vault/settled.ts";
import { openSqlite } from "../../src/vault/sqlite.ts";
import { newHome, put } from "./home.ts";

test("a process in which SQLite has a vault open doesn't open the file beside it, which would take its locks away", async () => {
  using home = newHome();
  const vault = await home.open();
  await vault.commit([put("a:b", 1, "the body")]);
  vault.close();
  utimesSync(home.file, 1, 1);
  const driver = await openSqlite(home.file);
  expect(openSettled(home.file)).toBeNull();
  driver?.close();
});

/** Vault files as a crash, or an earlier version of auth, leaves them. */
import { Database } from "bun:sqlite";
import { statSync } from "node:fs";
import type { Home } from "./home.ts";

/** As earlier versions made their vaults: with a write-ahead log. */
export function useWal(home: Home): void {
  const database = new Database(home.file);
  database.run("PRAGMA journal_mode=WAL");
  database.close();
}

/** Kills a writer in the middle of a commit: half of its pages are in the file, the old ones in the journal. */
export async function cutOffCommit(home: Home): Promise<void> {
  const child = Bun.spawn([process.execPath, "-e", SPILL, home.file], { stdout: "pipe", stderr: "inherit" });
  await child.stdout.getReader().read();
  child.kill("SIGKILL");
  await child.exited;
  if (statSync(`${home.file}-journal`).size === 0) throw new Error("no journal was left behind");
}

/** So small a cache that pages reach the file before the commit. */
const SPILL = `
  const { Database } = require("bun:sqlite");
  const db = new Database(process.argv[1]);
  db.run("PRAGMA cache_size=1; PRAGMA cache_spill=1; PRAGMA journal_mode=TRUNCATE");
  db.run("BEGIN IMMEDIATE");
  db.run("UPDATE store SET value = zeroblob(100000)");
  console.log("half way");
  setInterval(() => {}, 1000);
`;

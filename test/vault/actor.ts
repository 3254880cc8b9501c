/** The other process in a test: opens the vault of AUTH_HOME and does what its argument says. Started by `actor()`. */

import type { Context } from "../../src/platform/context.ts";
import { pathsFor } from "../../src/platform/paths.ts";
import { openVault } from "../../src/vault/store.ts";
import type { Vault } from "../../src/vault/types.ts";
import { openOrMake, put, version } from "./home.ts";

const env = { ...process.env };
const context: Context = {
  env,
  paths: pathsFor(env, process.platform),
  now: () => Date.now(),
  debug: () => {},
  audit: async () => {},
  warn: () => {},
  http: () => Promise.reject(new Error("the vault asks no network")),
};
const say = (line: string): Promise<number> => Bun.write(Bun.stdout, `${line}\n`);
const input = Bun.stdin.stream().getReader();
const open = (): Promise<Vault> => openOrMake(context);

const deeds: Record<string, () => Promise<void>> = {
  /** Waits for the word, opens, and says what it found or made. */
  async open() {
    await say("ready");
    await input.read();
    const vault = await open();
    await say(`${vault.id} ${await vault.fingerprint("same")}`);
    vault.close();
  },
  async read() {
    try {
      const vault = await openVault(context);
      await say(vault === null ? "none" : ((await vault.read("connection", "a:b"))?.body ?? "null"));
    } catch (error) {
      await say(`${(error as { code?: string }).code} ${(error as Error).message}`);
    }
  },
  async write() {
    try {
      const vault = await open();
      await say(await vault.commit([put("w:w", 1, "{}")]));
    } catch (error) {
      await say(`${(error as { code?: string }).code} ${(error as Error).message}`);
    }
  },
  /** Leads w:w from its first version to the second. */
  async "write-over"() {
    const vault = await open();
    await vault.commit([put("w:w", 2, "new")]);
    vault.close();
  },
  /** Writes a:b again and again, until told to stop; says how often. */
  async rewrite() {
    const vault = await open();
    let stop = false;
    input.read().then(() => {
      stop = true;
    });
    await say("ready");
    let generation = 1;
    while (!stop) {
      generation++;
      const done = await vault.commit([put("a:b", generation, String(generation).repeat(2000))]);
      if (done !== "committed") throw new Error(done);
      await Bun.sleep(0);
    }
    await say(String(generation));
    vault.close();
  },
  /** Opens the vault and reads a:b, two hundred times. */
  async watch() {
    let newest = 0;
    for (let i = 0; i < 200; i++) {
      const vault = await open();
      const entry = await vault.read("connection", "a:b");
      vault.close();
      const generation = entry?.version.generation ?? 0;
      const body = generation === 1 ? "the body" : String(generation).repeat(2000);
      if (entry?.body !== body || generation < newest) throw new Error(`generation ${generation} after ${newest}`);
      newest = generation;
    }
    await say("200 in order");
  },
  /** Takes the lock, keeps it until told, or killed. */
  async lock() {
    const lock = await (await open()).tryLock("a:b");
    await say(lock === null ? "taken" : "held");
    await input.read();
    lock?.release();
    await say("released");
  },
  /** The same by SQLite, as a version of auth did that knew no other way. */
  async "lock-by-sqlite"() {
    const { bySqlite } = await import("../../src/vault/lock.ts");
    const file = bySqlite(process.env.LOCK_FILE ?? "");
    await say(file.take() ? "held" : "taken");
    await input.read();
    file.close();
    await say("released");
  },
  /** Adds one to a counter under the lock, fifty times. */
  async count() {
    const { waitForLock } = await import("../../src/vault/lock.ts");
    const vault = await open();
    for (let i = 0; i < 50; i++) {
      const turn = await waitForLock(vault, "a:b", { timeout: 60_000, watch: async () => null });
      if (turn.kind !== "locked") throw new Error(turn.kind);
      const entry = await vault.read("connection", "a:b");
      if (entry === null) throw new Error("no counter");
      const generation = entry.version.generation + 1;
      const done = await vault.commit([put("a:b", generation, String(Number(entry.body) + 1))]);
      turn.lock.release();
      if (done !== "committed") throw new Error(done);
    }
    vault.close();
    await say("done");
  },
  /** Writes one record after another, whatever key the vault has, until told to stop; says how many and how often rekeyed. */
  async busy() {
    const vault = await open();
    let stop = false;
    input.read().then(() => {
      stop = true;
    });
    let written = 0;
    let rekeyed = 0;
    await say("ready");
    while (!stop) {
      const result = await vault.commit([put(`busy:${written + 1}`, 1, String(written + 1))]);
      if (result === "committed") written++;
      else if (result === "rekeyed") {
        rekeyed++;
        await vault.reload();
      } else throw new Error(result);
      await Bun.sleep(1);
    }
    await say(`${written} ${rekeyed}`);
    vault.close();
  },
  async keep() {
    const vault = await open();
    const lock = await vault.tryLock("a:b");
    if (lock === null) throw new Error("taken");
    await lock.reply.prepare();
    await say("prepared");
    await input.read();
    await lock.reply.keep(version(7), new TextEncoder().encode("the raw reply"));
    await say("kept");
    await input.read();
  },
};

await deeds[process.argv[2] ?? ""]?.();
process.exit(0);

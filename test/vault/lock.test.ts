import { afterEach, beforeEach, expect, test } from "bun:test";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { bySqlite, waitForLock } from "../../src/vault/lock.ts";
import type { Lock, Vault } from "../../src/vault/types.ts";
import { actor, type Home, KEY, newHome, put } from "./home.ts";

let home: Home;
let vault: Vault;
beforeEach(async () => {
  home = newHome();
  vault = await home.open();
});
afterEach(() => {
  vault.close();
  home[Symbol.dispose]();
});

const nothing = async (): Promise<null> => null;

test("a lock held by another process is not to be had, and is once that process lets go", async () => {
  const other = actor(home, "lock");
  expect(await other.line()).toBe("held");
  expect(await vault.tryLock("a:b")).toBeNull();
  other.go();
  expect(await other.line()).toBe("released");
  const lock = await vault.tryLock("a:b");
  expect(lock).not.toBeNull();
  lock?.release();
  await other.child.exited;
});

test("kill -9 of the holder frees the lock at once", async () => {
  const other = actor(home, "lock");
  expect(await other.line()).toBe("held");
  other.child.kill("SIGKILL");
  await other.child.exited;
  const lock = await vault.tryLock("a:b");
  expect(lock).not.toBeNull();
  lock?.release();
});

test("one process takes a lock once, however many vaults it has open", async () => {
  const second = await home.open();
  const lock = await vault.tryLock("a:b");
  expect(await vault.tryLock("a:b")).toBeNull();
  expect(await second.tryLock("a:b")).toBeNull();
  lock?.release();
  const next = await second.tryLock("a:b");
  expect(next).not.toBeNull();
  next?.release();
  second.close();
});

test("opening, trying and closing in the holder's own process doesn't drop its lock", async () => {
  const lock = await vault.tryLock("a:b");
  const second = await home.open();
  await second.tryLock("a:b");
  await second.commit([put("a:b", 1, "1")]);
  second.close();
  const other = actor(home, "lock");
  expect(await other.line()).toBe("taken");
  other.go();
  await other.child.exited;
  lock?.release();
});

/** The path of the lock of a:b. It is free afterwards. */
async function lockFile(): Promise<string> {
  (await vault.tryLock("a:b"))?.release();
  const folder = `${home.folder}/vault.locks`;
  return `${folder}/${readdirSync(folder).find((name) => name !== "vault.lock" && name.endsWith(".lock"))}`;
}

test("a holder that locks by SQLite, as earlier versions do, keeps us out until it lets go or is killed", async () => {
  const path = await lockFile();
  for (const end of ["let go", "killed"]) {
    const other = actor(home, "lock-by-sqlite", { AUTH_KEY: KEY, LOCK_FILE: path });
    expect(await other.line()).toBe("held");
    expect(await vault.tryLock("a:b")).toBeNull();
    if (end === "killed") other.child.kill("SIGKILL");
    else {
      other.go();
      expect(await other.line()).toBe("released");
    }
    await other.child.exited;
    const lock = await vault.tryLock("a:b");
    expect(lock).not.toBeNull();
    lock?.release();
  }
});

test("who locks by SQLite is kept out by us, in another process and in our own", async () => {
  const path = await lockFile();
  const lock = await vault.tryLock("a:b");
  const other = actor(home, "lock-by-sqlite", { AUTH_KEY: KEY, LOCK_FILE: path });
  expect(await other.line()).toBe("taken");
  other.go();
  await other.child.exited;
  const ours = bySqlite(path);
  expect(ours.take()).toBe(false);
  lock?.release();
  expect(ours.take()).toBe(true);
  expect(await vault.tryLock("a:b")).toBeNull();
  ours.close();
});

test.if(process.platform === "linux")(
  "on Linux, reading the lock's file in the holder's own process doesn't drop the lock",
  async () => {
    const path = await lockFile();
    const lock = await vault.tryLock("a:b");
    readFileSync(path);
    const other = actor(home, "lock-by-sqlite", { AUTH_KEY: KEY, LOCK_FILE: path });
    expect(await other.line()).toBe("taken");
    other.go();
    await other.child.exited;
    lock?.release();
  },
);

test("connections don't wait for each other", async () => {
  const locks = [await vault.tryLock("a:b"), await vault.tryLock("a:c"), await vault.tryLock("b:b")];
  expect(locks).not.toContain(null);
  for (const lock of locks) lock?.release();
});

test("releasing twice doesn't release what someone else has taken since", async () => {
  const first = await vault.tryLock("a:b");
  first?.release();
  const second = await vault.tryLock("a:b");
  first?.release();
  expect(await vault.tryLock("a:b")).toBeNull();
  second?.release();
});

test("the garbage collector doesn't let go of a lock that nothing refers to any more", async () => {
  let lock: Lock | null = await vault.tryLock("a:b");
  expect(lock).not.toBeNull();
  lock = null;
  for (let i = 0; i < 5; i++) {
    Bun.gc(true);
    await Bun.sleep(20);
  }
  const other = actor(home, "lock");
  expect(await other.line()).toBe("taken");
  other.go();
  await other.child.exited;
});

test("a child that outlives the holder doesn't inherit the lock", async () => {
  const lock = await vault.tryLock("a:b");
  const child = Bun.spawn(["sleep", "60"]);
  lock?.release();
  const other = actor(home, "lock");
  expect(await other.line()).toBe("held");
  other.go();
  await other.child.exited;
  child.kill();
  await child.exited;
});

test("lock files are private, named by hash, and stay", async () => {
  (await vault.tryLock("acme:planted"))?.release();
  const folder = `${home.folder}/vault.locks`;
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  const names = readdirSync(folder).filter((name) => name !== "vault.lock");
  expect(names).toEqual([expect.stringMatching(/^[0-9a-f]{64}\.lock$/)]);
  expect(statSync(`${folder}/${names[0]}`).mode & 0o777).toBe(0o600);
});

test("four processes that count under the lock lose no step", async () => {
  await vault.commit([put("a:b", 1, "0")]);
  const others = [1, 2, 3, 4].map(() => actor(home, "count"));
  for (const other of others) expect(await other.line()).toBe("done");
  expect((await vault.read("connection", "a:b"))?.body).toBe("200");
}, 60_000);

test("a wait ends with the lock once its holder lets go, and the event loop goes on meanwhile", async () => {
  const held = await vault.tryLock("a:b");
  let ticks = 0;
  const timer = setInterval(() => ticks++, 2);
  setTimeout(() => held?.release(), 100);
  const turn = await waitForLock(vault, "a:b", { timeout: 30_000, watch: nothing });
  clearInterval(timer);
  expect(turn.kind).toBe("locked");
  expect(ticks).toBeGreaterThan(5);
  if (turn.kind === "locked") turn.lock.release();
});

test("a wait ends without the lock once what was waited for is seen", async () => {
  const held = await vault.tryLock("a:b");
  let looks = 0;
  const turn = await waitForLock(vault, "a:b", {
    timeout: 30_000,
    watch: async () => (++looks === 3 ? "newer" : null),
  });
  expect(turn).toEqual({ kind: "seen", value: "newer" });
  held?.release();
});

test("what is there already is seen before the lock is tried", async () => {
  const turn = await waitForLock({ tryLock: () => Promise.reject(new Error("tried")) }, "a:b", {
    timeout: 0,
    watch: async () => "there",
  });
  expect(turn).toEqual({ kind: "seen", value: "there" });
});

test("a wait is bounded, and its turns are 5 to 15 ms apart", async () => {
  const held = await vault.tryLock("a:b");
  let clock = 0;
  const sleeps: number[] = [];
  const turn = await waitForLock(vault, "a:b", {
    timeout: 60_000,
    watch: nothing,
    now: () => clock,
    sleep: async (milliseconds) => {
      sleeps.push(milliseconds);
      clock += 1000;
    },
  });
  expect(turn).toEqual({ kind: "timeout" });
  expect(sleeps).toHaveLength(60);
  expect(sleeps.every((sleep) => sleep >= 5 && sleep <= 15)).toBe(true);
  held?.release();
});

test("where each try is a question to a server, they are the further apart the longer it takes", async () => {
  let clock = 0;
  const sleeps: number[] = [];
  const lockInterval = { shortest: 60, longest: 600 };
  await waitForLock({ tryLock: async () => null, lockInterval }, "a:b", {
    timeout: 10_000,
    watch: nothing,
    now: () => clock,
    sleep: async (milliseconds) => {
      sleeps.push(milliseconds);
      clock += 200;
    },
  });
  const within = (from: number, shortest: number, longest: number): boolean =>
    sleeps.slice(from).every((sleep) => sleep >= shortest && sleep <= longest);
  expect(sleeps[0]).toBeGreaterThanOrEqual(30);
  expect(sleeps[0]).toBeLessThanOrEqual(90);
  expect(within(0, 30, 900)).toBe(true);
  // 2.4 s, and from there as far apart as it gets.
  expect(within(12, 300, 900)).toBe(true);
});

test("two who hold one lock each and wait for the other's don't freeze", async () => {
  const [a, b] = [await vault.tryLock("a:a"), await vault.tryLock("b:b")];
  const waits = ["b:b", "a:a"].map((name) => waitForLock(vault, name, { timeout: 50, watch: nothing }));
  expect((await Promise.all(waits)).map(({ kind }) => kind)).toEqual(["timeout", "timeout"]);
  a?.release();
  b?.release();
});

/** Who gets a lock that ends by time while a request may be under way: only a home that keeps its reply. */
import { expect, test } from "bun:test";
import { locksWhenAnswered } from "../../src/connections/under-way.ts";
import type { Lock } from "../../src/vault/types.ts";
import { loggedIn, NAME, noteOf, OTHER_LOGIN, REF, START, versionAt } from "./support.ts";

/** The record was edited since: it is at 7. */
const note = noteOf({ generation: 5 });
const stored = { ref: REF, version: versionAt(7), record: loggedIn({ note }) };

for (const [words, at, opens, gets] of [
  ["nothing", null, false, false],
  ["its reply", versionAt(5), true, true],
  ["a reply to a refresh after all that the vault has", versionAt(8), true, true],
  ["a reply to an earlier refresh", versionAt(4), true, false],
  ["a reply of another state after the note", versionAt(6), true, false],
  ["another login's reply", versionAt(5, OTHER_LOGIN), true, false],
  ["what says that it is its reply, and doesn't open", versionAt(5), false, false],
] as const)
  test(`a home that keeps ${words} ${gets ? "goes on" : "waits"}`, async () => {
    const done: string[] = [];
    const read = async (): Promise<Uint8Array | null> => (opens ? new Uint8Array(1) : null);
    const lock = { reply: { read }, confirm: async () => 1, release: () => done.push("release") };
    const vault = { keptVersion: async () => at, tryLock: async () => lock as unknown as Lock };
    const context = { now: () => START + 1000 };
    const locks = locksWhenAnswered(
      { vault, context } as never,
      () => stored,
      () => false,
    );
    expect((await locks.tryLock(NAME)) !== null).toBe(gets);
    expect(done).toEqual(gets ? [] : ["release"]);
  });

test("one that can't read what it keeps gives the lock back", async () => {
  let released = 0;
  const read = (): Promise<never> => Promise.reject(new Error("out of reach"));
  const lock = { reply: { read }, confirm: async () => 1, release: () => released++ };
  const vault = { keptVersion: async () => versionAt(5), tryLock: async () => lock as unknown as Lock };
  const locks = locksWhenAnswered(
    { vault, context: { now: () => START } } as never,
    () => stored,
    () => false,
  );
  await expect(locks.tryLock(NAME)).rejects.toThrow("out of reach");
  expect(released).toBe(1);
});

/** Seconds between the note and the one who comes, by the server's clock and by how theirs are apart. */
for (const [words, byServer, apart, gets] of [
  ["just now, by a clock that is a minute behind", 1, 60, false],
  ["just now, by a clock that is a minute ahead", 1, -60, false],
  // As after a failover to a server whose clock is a minute ahead.
  ["a minute ago, and just now by both machines' clocks", 60, -59, false],
  ["a minute ago, by a clock that is two minutes ahead", 60, -120, true],
  ["a minute ago, by a clock that is right", 60, 0, true],
  ["just now, and by a server that doesn't tell its time", null, 0, false],
  ["a minute ago, and by a server that doesn't tell its time", null, 59, true],
] as const)
  test(`of a note of ${words}, the lock is ${gets ? "taken" : "left alone"}`, async () => {
    const AT_SERVER = 1_000_000;
    const noted = { ...stored, record: loggedIn({ note: { ...note, serverTime: AT_SERVER } }) };
    const serverTime = (): number | null => (byServer === null ? null : AT_SERVER + byServer * 1000);
    const lock = { reply: {}, confirm: async () => 1, serverTime, release() {} };
    const vault = { keptVersion: async () => null, tryLock: async () => lock as unknown as Lock };
    const context = { now: () => START + ((byServer ?? 1) + apart) * 1000 };
    const locks = locksWhenAnswered(
      { vault, context } as never,
      () => noted,
      () => false,
    );
    expect((await locks.tryLock(NAME)) !== null).toBe(gets);
  });

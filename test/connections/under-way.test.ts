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

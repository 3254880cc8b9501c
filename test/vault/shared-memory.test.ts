/** What a home remembers of a shared vault, where other processes of the same home remember at the same time. */
import { expect, test } from "bun:test";
import { parseAddress } from "../../src/vault/address.ts";
import { random } from "../../src/vault/bytes.ts";
import type { ReplyKeys } from "../../src/vault/reply-file.ts";
import { homeMemory } from "../../src/vault/shared/memory.ts";
import { newHome, version } from "./home.ts";

const PLACE = "ab".repeat(32);
const [FIRST, SECOND] = [version(1, "01".repeat(16)), version(1, "02".repeat(16))];

/** Two processes of one home. */
async function twoProcesses() {
  const home = newHome();
  const key = { vaultId: "aa", epoch: 1, id: "0011223344556677", raw: random(32) };
  const keys: ReplyKeys = { current: () => key, find: async (id) => (id === key.id ? key : null) };
  const address = await parseAddress("redis://127.0.0.1:6379/0", "AUTH_STORE");
  const memory = () => homeMemory(home.context(), address, "aa");
  return { one: memory(), other: memory(), keys, [Symbol.dispose]: () => home[Symbol.dispose]() };
}

test("a login made while another process finds the one before it gone is not taken for one that has ended", async () => {
  using two = await twoProcesses();
  const { one, other, keys } = two;
  await one.remember(PLACE, FIRST, keys);
  await one.rememberAbsent(PLACE, keys, async () => {
    await other.remember(PLACE, SECOND, keys);
    return true;
  });
  expect(await one.compareToSeen(PLACE, SECOND, keys)).toBe("later");
  expect(await one.compareToSeen(PLACE, FIRST, keys)).toBe("older");
});

test("a login that is there after all has not ended", async () => {
  using two = await twoProcesses();
  const { one, keys } = two;
  await one.remember(PLACE, FIRST, keys);
  for (const absent of [
    () => one.rememberAbsent(PLACE, keys, async () => false),
    () => one.rememberOnly(new Set(), keys, async () => false),
    () => one.rememberOnly(new Set([PLACE]), keys, async () => true),
  ])
    await absent();
  expect(await one.compareToSeen(PLACE, FIRST, keys)).toBe("same");
});

test("what was never seen is not remembered as absent", async () => {
  using two = await twoProcesses();
  const { one, keys } = two;
  await one.rememberAbsent(PLACE, keys, async () => true);
  await one.remember(PLACE, FIRST, keys);
  expect(await one.compareToSeen(PLACE, FIRST, keys)).toBe("same");
});

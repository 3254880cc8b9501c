/** When a lease may be relied on: less than a third of it used, by both clocks (RULES.md §5). */
import { expect, test } from "bun:test";
import { LIMITS } from "../../src/platform/limits.ts";
import { takeLease } from "../../src/vault/shared/lease.ts";
import type { Leases } from "../../src/vault/shared/store.ts";

const THIRD = LIMITS.lease / 3;

function leases(held: { renewals: number; isMine: boolean; onRenew?: () => void }): Leases {
  return {
    take: async () => ({ at: 5_000_000 }),
    renew: async () => {
      held.renewals++;
      held.onRenew?.();
      return held.isMine;
    },
    held: async () => [],
    release: async () => {},
  };
}

async function lease(onRenew?: () => void) {
  const held = { renewals: 0, isMine: true, ...(onRenew && { onRenew }) };
  const time = { monotonic: 1_000, wall: 1_000_000 };
  const taken = await takeLease(leases(held), "a", { monotonic: () => time.monotonic, wall: () => time.wall });
  if (taken === null) throw new Error("not taken");
  const pass = (milliseconds: number, wall = milliseconds): void => {
    time.monotonic += milliseconds;
    time.wall += wall;
  };
  return { held, pass, confirm: taken.confirm, serverTime: taken.serverTime };
}

test("one that was just taken is confirmed without a question to the server", async () => {
  const { held, pass, confirm } = await lease();
  pass(THIRD - 1);
  expect(await confirm()).toBe(LIMITS.lease - THIRD + 1);
  expect(held.renewals).toBe(0);
});

test("one of which a third is used is renewed, and lasts for two thirds at least", async () => {
  const { held, pass, confirm } = await lease();
  pass(THIRD);
  expect(await confirm()).toBe(LIMITS.lease);
  expect(held.renewals).toBe(1);
});

test("a sleep that only the wall clock has seen counts", async () => {
  const { held, pass, confirm } = await lease();
  pass(5, THIRD * 10);
  expect(await confirm()).toBe(LIMITS.lease);
  expect(held.renewals).toBe(1);
});

test("a wall clock that was set back tells nothing: it is renewed", async () => {
  const { held, pass, confirm } = await lease();
  pass(5, -600_000);
  expect(await confirm()).toBe(LIMITS.lease);
  expect(held.renewals).toBe(1);
});

test("one that is another's is not confirmed", async () => {
  const { held, pass, confirm } = await lease();
  held.isMine = false;
  pass(THIRD);
  expect(await confirm()).toBe(0);
});

test("a pause while the server is asked counts as used: it is asked again, and then given up", async () => {
  const slow = await lease(() => slow.pass(THIRD * 2));
  slow.pass(THIRD);
  expect(await slow.confirm()).toBe(0);
  expect(slow.held.renewals).toBe(2);
});

test("the server's time goes on by the clock that can't be set", async () => {
  const { pass, serverTime } = await lease();
  pass(40, -600_000);
  expect(serverTime()).toBe(5_000_040);
});

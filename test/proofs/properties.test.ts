/** "The newest token ever received is the one stored, or the state says which was lost", whatever happens when. */
import { afterAll, beforeAll, describe, expect, spyOn, test } from "bun:test";
import fc from "fast-check";
import { type Lacking, live, type Reached, STORY } from "./model.ts";
import { SCALE } from "./proof-home.ts";

/** Sleeping is a step like any other: the scheduler of the run at hand says when it ends. */
let current: fc.Scheduler | null = null;
const sleep = spyOn(Bun, "sleep");
beforeAll(() => {
  sleep.mockImplementation(async () => {
    await current?.schedule(Promise.resolve(), "sleep");
    // A poll that never leaves the microtasks would starve the one it waits for.
    await new Promise((resolve) => setImmediate(resolve));
  });
});
afterAll(() => sleep.mockRestore());

const SEED = Number(process.env.AUTH_PROOF_SEED ?? Math.floor(Math.random() * 2 ** 31));

async function check(runs: number, lacking: Lacking, reached: Reached): Promise<string | null> {
  const property = fc.asyncProperty(STORY, fc.scheduler(), async (story, scheduler) => {
    current = scheduler;
    await live(story, scheduler, lacking, reached);
  });
  const result = await fc.check(property, { seed: SEED, numRuns: runs, endOnFailure: false });
  return result.failed ? `${result.errorInstance}\n${fc.defaultReportMessage(result)}` : null;
}

/** What any run of some size must have met. */
const CLASSES = [
  "refreshed",
  "adopted",
  "valid",
  "failed",
  "conflict",
  "login",
  "edit: committed",
  "sound",
  "lost before",
  "lost after",
  "never sent",
  "503",
  "500 after",
  "network",
  "provider_unavailable",
  "rotation_lost",
  "a living token",
  ...["read", "lock", "prepare", "commit", "send", "receive", "keep", "blank"].map((step) => `died at ${step}`),
];

describe(`any interleaving of actors, crashes, faults and clock steps (seed ${SEED})`, () => {
  test("keeps the newest token, or says that it was lost", async () => {
    const reached: Reached = new Map();
    const failure = await check(2000 * SCALE, null, reached);
    if (failure !== null) throw new Error(failure);
    expect(CLASSES.filter((name) => !reached.has(name))).toEqual([]);
  }, 600_000);

  for (const lacking of ["locks", "compare-and-set"] as const)
    test(`the proof fails without what it proves: ${lacking}`, async () => {
      expect(await check(2000, lacking, new Map())).toMatch(
        /is handed out|is stored, not|the next call says|where login/,
      );
    }, 120_000);
});

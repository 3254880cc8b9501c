/** A refresh that is cut off at any instant loses nothing that reached this machine (DESIGN.md §6, RULES.md 6.2). */
import { describe, expect, test } from "bun:test";
import type { Mutant } from "../../src/platform/faults.ts";
import type { Ended } from "../support/program.ts";
import {
  COUNTS,
  inParallel,
  LOGIN,
  mustFail,
  type Order,
  type ProofHome,
  reportCounts,
  SCALE,
  withProofHome,
} from "./proof-home.ts";

reportCounts();

interface Instant {
  /** The program's own fault point, or the issuer's doing. */
  readonly at: "program" | "arrival" | "processed";
  /** Whether the provider has rotated, and its reply never reached a disk of ours. */
  readonly lost: boolean;
  /** Requests in all, once the next call has come to its end. */
  readonly requests: number;
}

const INSTANTS: Readonly<Record<string, Instant>> = {
  note: { at: "program", lost: false, requests: 1 },
  sent: { at: "arrival", lost: false, requests: 2 },
  processed: { at: "processed", lost: true, requests: 2 },
  "reply-read": { at: "program", lost: true, requests: 2 },
  kept: { at: "program", lost: false, requests: 1 },
  // The reply's text is looked through for secrets: that may take a while.
  "reply-learn": { at: "program", lost: false, requests: 1 },
  commit: { at: "program", lost: false, requests: 1 },
  print: { at: "program", lost: false, requests: 1 },
};
const TIMES = 10 * SCALE;

/** Starts `auth token` on an expired token and ends it at the instant. */
async function cutOff(home: ProofHome, name: string, instant: Instant, mutant?: Mutant): Promise<Ended> {
  const { issuer } = home;
  if (instant.at === "program") return home.run(["token", LOGIN], { fault: `${name}:kill`, mutant });
  const running = home.start(["token", LOGIN], { mutant });
  const kill = async (): Promise<void> => {
    running.process.kill("SIGKILL");
    await running.ended;
  };
  if (instant.at === "arrival") issuer.onArrival = () => kill().then(() => "drop" as const);
  else issuer.onProcessed = kill;
  const ended = await running.ended;
  issuer.onArrival = () => undefined;
  issuer.onProcessed = () => undefined;
  return ended;
}

async function crash(name: string, grace: boolean, mutant?: Mutant): Promise<void> {
  const instant = INSTANTS[name] as Instant;
  await withProofHome(
    async (home) => {
      const { issuer } = home;
      const began = Date.now();
      const cut = await cutOff(home, name, instant, mutant);
      const ended = Date.now();
      expect(cut.signal).toBe("SIGKILL");
      const before = await home.tokens();
      const next = await home.run(["token", LOGIN, "--json"]);
      const after = await home.tokens().catch((error: unknown) => {
        COUNTS.corrupt++;
        throw error;
      });
      if (mutant === undefined && next.code !== 0 && !next.stderr.includes("rotation_lost"))
        COUNTS["silently logged out"]++;
      COUNTS.sent += issuer.requests.length;
      if (instant.lost && !grace) {
        COUNTS.lost++;
        expect(next).toMatchObject({ code: 4, stdout: "" });
        const { error } = JSON.parse(next.stderr);
        expect(error).toMatchObject({ code: "rotation_lost", exitCode: 4, connection: LOGIN });
        // In the person's own time, to the second, with the zone's offset.
        const [time] = /\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d\d:?\d\d/.exec(error.hint) ?? [error.hint];
        expect(Date.parse(time)).toBeWithin(began - (began % 1000), ended + 1);
        expect(error.hint).toContain(`auth login ${LOGIN}`);
        // Kept aside, though it is dead.
        expect(after).toEqual(before);
      } else {
        const { access, refresh } = issuer.chain.newest();
        expect(next.code).toBe(0);
        expect(JSON.parse(next.stdout).access_token).toBe(access);
        expect(after).toEqual({ access, refresh });
        expect(issuer.chain.isDead()).toBe(false);
      }
      expect(issuer.requests).toHaveLength(instant.requests);
      // Whoever has seen a token finds it stored.
      expect(cut.stdout).toBe("");
    },
    -1000,
    { grace },
  );
}

describe(`kill -9 in the middle of a refresh, ${TIMES} times at each instant`, () => {
  for (const [name, { lost }] of Object.entries(INSTANTS))
    for (const grace of [false, true]) {
      const promise = lost && !grace ? "rotation_lost, its time and the remedy" : "the next call yields a valid token";
      test(`${name}, issuer ${grace ? "with" : "without"} grace: ${promise}`, async () => {
        await inParallel(3, Array(TIMES).fill(name), () => crash(name, grace));
      }, 600_000);
    }
});

test("a kept reply outlives an edit of the settings that comes before the next call", async () => {
  await withProofHome(async (home) => {
    const { issuer } = home;
    await home.run(["token", LOGIN], { fault: "kept:kill" });
    expect((await home.run(["profile", "edit", LOGIN, "--add-scope", "c"])).code).toBe(0);
    const { access, refresh } = issuer.chain.newest();
    expect(await home.run(["token", LOGIN])).toMatchObject({ code: 0, stdout: `${access}\n` });
    expect(await home.tokens()).toEqual({ access, refresh });
    expect(issuer.requests).toHaveLength(1);
  });
});

describe("the proof of the crash fails without what it proves", () => {
  test("note-off: a lost rotation is taken for a refused token", () =>
    mustFail(() => crash("processed", false, "note-off"), /refresh_token_invalid/));

  test("print-before-commit: a token is seen that isn't stored", () =>
    mustFail(() => crash("reply-read", true, "print-before-commit"), /\+ "access-/));
});

describe("SIGTERM and SIGINT lose nothing, at any instant", () => {
  const CODES = { SIGTERM: 143, SIGINT: 130 } as const;

  async function interrupt(signal: keyof typeof CODES, name: string): Promise<void> {
    await withProofHome(async (home) => {
      const { issuer } = home;
      const order: Order = ["sent", "processed"].includes(name) ? {} : { fault: `${name}:${signal}` };
      const running = home.start(["token", LOGIN], order);
      const send = async (): Promise<undefined> => {
        running.process.kill(signal);
        await Bun.sleep(20);
      };
      if (name === "sent") issuer.onArrival = send;
      if (name === "processed") issuer.onProcessed = send;
      const { code, signal: killed } = await running.ended;
      // Before the note and after the commit nothing is at stake, and a signal does what it always does.
      if (killed === null) expect(code).toBe(CODES[signal]);
      else expect(killed).toBe(signal);
      if (name !== "locked") {
        const { access, refresh } = issuer.chain.newest();
        expect(await home.tokens()).toEqual({ access, refresh });
      }
      const next = await home.run(["token", LOGIN]);
      expect(next).toMatchObject({ code: 0, stdout: `${issuer.chain.newest().access}\n` });
      expect(issuer.requests).toHaveLength(1);
      expect(issuer.chain.isDead()).toBe(false);
      COUNTS.sent++;
    });
  }

  for (const signal of ["SIGTERM", "SIGINT"] as const)
    for (const name of ["locked", ...Object.keys(INSTANTS)])
      test(`${signal} at ${name}`, async () => {
        await inParallel(3, Array(2 * SCALE).fill(name), () => interrupt(signal, name));
      }, 120_000);
});

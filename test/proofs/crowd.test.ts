/** However many ask at once, one refresh is sent, and all get what it brought (RULES.md 2.5, 6.3). */
import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readlinkSync } from "node:fs";
import type { Mutant } from "../../src/platform/faults.ts";
import { FAULTS } from "../issuers/faults.ts";
import { lacking } from "../support/needs.ts";
import {
  COUNTS,
  LOGIN,
  mustFail,
  type Order,
  PROVIDER,
  type ProofHome,
  type Running,
  reportCounts,
  SCALE,
  withProofHome,
} from "./proof-home.ts";

reportCounts();

const CROWD = SCALE > 1 ? 500 : 50;
const ROUNDS = 20;

/** Whether a process has the vault and a lock file open: it holds the lock, or waits for it. */
function waits({ process: { pid } }: Running): boolean {
  const open = openFiles(pid);
  return open.some((path) => path.endsWith("/vault.db")) && open.some((path) => path.endsWith(".lock"));
}

function openFiles(pid: number): string[] {
  const folder = `/proc/${pid}/fd`;
  if (!existsSync(folder)) return [];
  return readdirSync(folder).flatMap((fd) => {
    try {
      return [readlinkSync(`${folder}/${fd}`)];
    } catch {
      return []; // Closed while we looked.
    }
  });
}

/** @returns a wait until all of them wait or have ended, and whether they all waited: else the round would prove nothing */
function everyoneOf(size: number, running: readonly Running[]): () => Promise<boolean> {
  const waiting = new Set<Running>();
  return async () => {
    for (;;) {
      for (const one of running) {
        if (waiting.has(one) || !waits(one)) continue;
        waiting.add(one);
        // Five hundred that look for the lock a hundred times a second would leave nothing to start the others with. Ten don't:
        // and a mutant that no lock holds back must not be stopped in the middle of a commit, which would hold back the rest.
        if (size > 10) one.process.kill("SIGSTOP");
      }
      // A process that has ended will not come: the round is then judged by what it did.
      const here = running.filter((one) => waiting.has(one) || one.process.exitCode !== null).length;
      if (here === size) return waiting.size === size;
      await Bun.sleep(10);
    }
  };
}

/** Milliseconds in which a process that isn't kept out sends as well: a proof that a lock holds must give it time not to. */
const A_MOMENT = 200;

/**
 * The lock is the test's until all have the vault open and wait for it, stopped, however long it takes to start
 * them all; and the issuer holds its reply until it has seen the same, and for a moment more.
 */
async function crowd(size: number, args: readonly string[], left: number, order: Order = {}): Promise<void> {
  await withProofHome(async (home) => {
    const running: Running[] = [];
    const everyoneWaits = everyoneOf(size, running);
    let complete = false;
    home.issuer.onArrival = async () => {
      complete = await everyoneWaits();
      await Bun.sleep(A_MOMENT);
      return undefined;
    };
    await home.vault(async (vault) => {
      const gate = await vault.tryLock(LOGIN);
      const everyone = everyoneWaits();
      for (let i = 0; i < size; i++) {
        running.push(home.start(args, order));
        await Bun.sleep(0);
      }
      await everyone;
      for (const one of running) one.process.kill("SIGCONT");
      gate?.release();
    });
    const ended = await Promise.all(running.map(({ ended }) => ended));
    COUNTS.sent += home.issuer.requests.length;
    COUNTS.adopted += size - home.issuer.requests.length;
    expect({ requests: home.issuer.requests.length, complete }).toEqual({ requests: 1, complete: true });
    const { access, refresh } = home.issuer.chain.newest();
    for (const { code, stdout, stderr } of ended)
      expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: `${access}\n`, stderr: "" });
    expect(await home.tokens()).toEqual({ access, refresh });
    expect(home.issuer.chain.isDead()).toBe(false);
  }, left);
}

const TOKEN = ["token", LOGIN];
const FORCE = ["refresh", LOGIN, "--force", "-o", "token"];

describe.skipIf(lacking("linux"))("a crowd on an expired token, at an issuer that ends the login on a replay", () => {
  for (let round = 1; round <= ROUNDS; round++)
    test(
      `${CROWD} processes: one request, and everyone exits 0 with the new token (round ${round})`,
      () => crowd(CROWD, TOKEN, -1000),
      120_000,
    );

  test(`refresh --force × ${CROWD} on a good token makes one refresh`, () => crowd(CROWD, FORCE, 3_600_000), 120_000);

  for (const mutant of ["lock-off", "reread-off"] as const satisfies readonly Mutant[])
    test(
      `the proof fails without what it proves: ${mutant}`,
      () => mustFail(() => crowd(10, TOKEN, -1000, { mutant }), /"requests": (?!1\b)\d+/),
      60_000,
    );
});

describe("two connections in crossed order", () => {
  test("are refreshed once each, and none waits for ever", async () => {
    await withProofHome(async (home) => {
      await home.login("other", -1000);
      home.issuer.onArrival = async () => {
        await Bun.sleep(200);
        return undefined;
      };
      const orders = [
        [LOGIN, `${PROVIDER}:other`],
        [`${PROVIDER}:other`, LOGIN],
      ];
      const running = Array.from({ length: 20 }, (_, i) => {
        const [a, b] = orders[i % 2] as [string, string];
        return home.run(["export", "-c", `${a}=A_TOKEN`, "-c", `${b}=B_TOKEN`]);
      });
      for (const { code, stderr } of await Promise.all(running))
        expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(home.issuer.requests).toHaveLength(2);
      expect(home.issuer.chain.isDead(0) || home.issuer.chain.isDead(1)).toBe(false);
    });
  }, 60_000);
});

describe("a provider that hangs", () => {
  const limits = { exchange: 1000, holder: 1500, lockWait: 3000 };

  async function hang(size: number, mutant?: Mutant): Promise<void> {
    await withProofHome(async (home) => {
      home.issuer.order(FAULTS["no answer at all"], size);
      const started = performance.now();
      const ended = await Promise.all(
        Array.from({ length: size }, () => home.run([...TOKEN, "--json"], { limits, mutant })),
      );
      for (const { code, stderr } of ended) {
        expect(code).toBe(5);
        // One that comes after the first attempt says that it isn't tried again yet, and why.
        expect(JSON.parse(stderr).error).toMatchObject({
          code: "network",
          message: expect.stringContaining("connection timed out"),
        });
      }
      // A late-comer, who reads what the first one committed, may not ask again before the back-off ends either.
      expect({ requests: home.issuer.requests.length }).toEqual({ requests: 1 });
      // No convoy: not one time limit after the other.
      expect(performance.now() - started).toBeLessThan(limits.lockWait * 5);
    });
  }

  test("is asked once, and the whole crowd is done within the limits", () => hang(20), 60_000);

  test(
    "the proof fails without what it proves: reread-off",
    () => mustFail(() => hang(3, "reread-off"), /Received: 4/),
    60_000,
  );
});

describe("a holder that is stopped", () => {
  const limits = { lockWait: 400 };

  /** Stops `auth token` while the issuer has its request. */
  async function stopped(
    home: ProofHome,
    order: Order = {},
  ): Promise<{ holder: Running; answer: () => void; go: () => void }> {
    const gate = Promise.withResolvers<undefined>();
    const reached = Promise.withResolvers<void>();
    home.issuer.onArrival = () => {
      reached.resolve();
      return gate.promise;
    };
    const holder = home.start(TOKEN, order);
    await reached.promise;
    holder.process.kill("SIGSTOP");
    return {
      holder,
      answer: () => gate.resolve(undefined),
      go: () => holder.process.kill("SIGCONT"),
    };
  }

  test("blocks no other for ever: a valid token is given with a warning, an expired one is exit 5 busy", async () => {
    for (const [left, code] of [
      [60_000, 0],
      [-1000, 5],
    ] as const)
      await withProofHome(async (home) => {
        const { access } = await home.tokens();
        const { holder, answer, go } = await stopped(home);
        const waiter = await home.run(TOKEN, { limits });
        expect(waiter.code).toBe(code);
        expect(waiter.stdout).toBe(code === 0 ? `${access}\n` : "");
        expect(waiter.stderr).toMatch(code === 0 ? /^Warning: .*still works/ : /^Error: Another process/);
        answer();
        go();
        const ended = await holder.ended;
        expect(ended).toMatchObject({ code: 0, stdout: `${home.issuer.chain.newest().access}\n` });
        expect((await home.run(TOKEN)).stdout).toBe(ended.stdout);
        expect(home.issuer.requests).toHaveLength(1);
      }, left);
  }, 60_000);

  test("finds the reply that came while it stood still, even past its time limit", async () => {
    await withProofHome(async (home) => {
      const { holder, answer, go } = await stopped(home, { limits: { exchange: 500, holder: 700 } });
      answer();
      // The reply waits in a socket that isn't read.
      await Bun.sleep(1500);
      expect(home.issuer.chain.newest().n).toBe(1);
      go();
      expect(await holder.ended).toMatchObject({ code: 0, stdout: `${home.issuer.chain.newest().access}\n` });
      expect(home.issuer.requests).toHaveLength(1);
    });
  }, 60_000);
});

describe("a login or a logout while a refresh is under way", () => {
  /** Changes the vault while the issuer has the request. */
  async function meanwhile(change: (home: ProofHome) => Promise<void>, mutant?: Mutant) {
    return withProofHome(async (home) => {
      const { issuer } = home;
      issuer.onArrival = async () => {
        issuer.onArrival = () => undefined;
        await change(home);
        return undefined;
      };
      return { home, issuer, ended: await home.run(TOKEN, { mutant }) };
    });
  }

  async function newLoginStands(mutant?: Mutant): Promise<void> {
    const { home, issuer, ended } = await meanwhile(async (there) => void (await there.login()), mutant);
    const { access, refresh } = issuer.chain.newest(1);
    expect(await home.tokens()).toEqual({ access, refresh });
    expect(ended).toMatchObject({ code: 0, stdout: `${access}\n` });
  }

  async function refusalIsNoDeath(mutant?: Mutant): Promise<void> {
    const { home, issuer, ended } = await meanwhile(async (there) => {
      await there.login();
      there.issuer.chain.end(0);
    }, mutant);
    const { access, refresh } = issuer.chain.newest(1);
    expect(ended).toMatchObject({ code: 0, stdout: `${access}\n` });
    expect(await home.tokens()).toEqual({ access, refresh });
    expect((await home.stored()).record.failure).toBeNull();
  }

  test("the newer login is kept, and the refresh hands out its token", () => newLoginStands());
  test("an invalid_grant for the replaced token is not held against the new one", () => refusalIsNoDeath());
  test("the proof fails without what it proves: cas-off", () =>
    mustFail(() => newLoginStands("cas-off"), /access-0-1/));
  test("the proof fails without what it proves: adoption-off", () =>
    mustFail(() => refusalIsNoDeath("adoption-off"), /refresh_token_invalid/));

  test("logged out: nothing is stored, and what came is revoked", async () => {
    await withProofHome(async (home) => {
      const { issuer } = home;
      issuer.onArrival = async () => {
        await home.vault(async (vault) => {
          const name = LOGIN;
          const entry = await vault.read("connection", name);
          await vault.commit([{ type: "connection", name, expected: entry?.version ?? null, next: null }]);
        });
        return undefined;
      };
      expect((await home.run(TOKEN)).code).toBe(2);
      expect(issuer.strays).toEqual(["/revoke", "/revoke"]);
      expect((await home.run(["list", "--json"])).stdout.trim()).toBe("[]");
    });
  });
});

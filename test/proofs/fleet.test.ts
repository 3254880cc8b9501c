/**
 * One login on many machines, which share a vault in a database: one refresh, however many ask, and whoever was held up for
 * longer than a lease lasts is refused by the database (RULES.md §5, 6.2, 6.3). Each machine is a home of its own.
 */
import { afterAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Mutant } from "../../src/platform/faults.ts";
import { type FaultyOptions, startFaulty } from "../issuers/faulty.ts";
import { lacking } from "../support/needs.ts";
import { type Ended, tempFolder } from "../support/program.ts";
import { BACKENDS, lazyServer } from "../vault/shared-home.ts";
import {
  isConnected,
  LOGIN,
  mustFail,
  type Order,
  type ProofHome,
  proofHome,
  type Running,
  SCALE,
} from "./proof-home.ts";

/** Milliseconds. What the release has takes three quarters of a minute. */
const SHORT = { lease: 2_000 };
/** One machine is twenty here, and their server as well: it answers late for no fault of what is proven. */
const ONE_FOR_ALL = { storeConnect: 60_000, storeCall: 60_000, lockWait: 300_000 };
/** On each machine. `npm run soak` has the fleet that was promised. */
const PROCESSES = SCALE > 1 ? 25 : 5;

interface Fleet {
  readonly home: ProofHome;
  /** Runs `auth` on a machine of its own, or on one that was there before. */
  start(args: readonly string[], order?: Order, machine?: string): Running;
}

for (const [name, { needs, start }] of Object.entries(BACKENDS))
  describe.skipIf(lacking(...needs, "linux"))(name, () => {
    // Fewer places than processes: some wait for one. Not where there are 500, on a machine that can't run them at once.
    const places = `max_connections=${PROCESSES > 5 ? 600 : 40}`;
    const server = lazyServer(() => start(name === "PostgreSQL" ? { settings: [places] } : {}));
    afterAll(() => server.stop());

    async function withFleet<T>(work: (fleet: Fleet) => Promise<T>, options: FaultyOptions = {}): Promise<T> {
      const issuer = startFaulty(options);
      try {
        const home = await proofHome(issuer, -1000, tempFolder(), { AUTH_STORE: await server.address() });
        return await work({
          home,
          start: (args, order = {}, machine = tempFolder()) =>
            home.start(args, { ...order, env: { ...order.env, HOME: machine, AUTH_HOME: machine } }),
        });
      } finally {
        issuer.stop();
      }
    }

    const TOKEN = ["token", LOGIN];

    async function crowd(machines: number, processes: number, mutant?: Mutant): Promise<void> {
      const order = { limits: ONE_FOR_ALL, mutant };
      await withFleet(async ({ home, start }) => {
        const running: Running[] = [];
        // Long enough for one that isn't kept out to send as well.
        home.issuer.onArrival = async () => {
          await Bun.sleep(500);
          return undefined;
        };
        await home.vault(async (vault) => {
          const gate = await vault.tryLock(LOGIN);
          for (let machine = 0; machine < machines; machine++) {
            const folder = tempFolder();
            for (let i = 0; i < processes; i++) running.push(start(TOKEN, order, folder));
            await gate?.confirm?.();
          }
          const come = new Set<Running>();
          while (come.size < running.length) {
            for (const one of running) if (one.process.exitCode !== null || isConnected(one)) come.add(one);
            await gate?.confirm?.();
            await Bun.sleep(20);
          }
          gate?.release();
        });
        const ended = await Promise.all(running.map((one) => one.ended));
        expect({ requests: home.issuer.requests.length }).toEqual({ requests: 1 });
        const { access, refresh } = home.issuer.chain.newest();
        for (const { code, stdout, stderr } of ended)
          expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: `${access}\n`, stderr: "" });
        expect(await home.tokens()).toEqual({ access, refresh });
        expect(home.issuer.chain.isDead()).toBe(false);
      });
    }

    test(
      `20 machines × ${PROCESSES} processes on an expired token: one request, and everyone exits 0 with the new token`,
      () => crowd(20, PROCESSES),
      600_000,
    );

    test(
      "the proof fails without what it proves: lock-off",
      () => mustFail(() => crowd(4, 2, "lock-off"), /"requests": (?!1\b)\d+/),
      60_000,
    );

    /** Starts `auth token`, and stops it at a point of the refresh, as a machine would that falls asleep. */
    async function heldUp(fleet: Fleet, point: string, mutant?: Mutant) {
      const gate = join(tempFolder(), "gate");
      const holder = fleet.start(TOKEN, { fault: `${point}:pause=${gate}`, limits: SHORT, mutant });
      while (!existsSync(`${gate}.reached`)) await Bun.sleep(10);
      holder.process.kill("SIGSTOP");
      return async (): Promise<Ended> => {
        await Bun.write(gate, "");
        holder.process.kill("SIGCONT");
        return holder.ended;
      };
    }
    const elsewhere = (fleet: Fleet, args = TOKEN): Promise<Ended> => fleet.start(args, { limits: SHORT }).ended;

    async function stoppedBeforeSending(mutant?: Mutant): Promise<void> {
      await withFleet(async (fleet) => {
        const { issuer } = fleet.home;
        const goOn = await heldUp(fleet, "note", mutant);
        const other = await elsewhere(fleet);
        expect(other).toMatchObject({ code: 0, stdout: `${issuer.chain.newest().access}\n` });
        const ended = await goOn();
        expect({ requests: issuer.requests.length }).toEqual({ requests: 1 });
        expect(ended).toMatchObject({ code: 0, stdout: other.stdout });
      });
    }

    test(
      "a machine that is stopped before it sends finds its lease lost, sends nothing, and takes the other's token",
      () => stoppedBeforeSending(),
      60_000,
    );
    test(
      "the proof fails without what it proves: lease-unchecked",
      () => mustFail(() => stoppedBeforeSending("lease-unchecked"), /"requests": (?!1\b)\d+/),
      60_000,
    );

    async function stoppedBeforeCommit(mutant?: Mutant): Promise<void> {
      await withFleet(async (fleet) => {
        const { home } = fleet;
        const { issuer } = home;
        const goOn = await heldUp(fleet, "kept", mutant);
        // The other machine finds the reply in the database, and stores what it brought.
        expect(await elsewhere(fleet)).toMatchObject({ code: 0, stdout: `${issuer.chain.newest().access}\n` });
        expect(issuer.requests).toHaveLength(1);
        expect(await elsewhere(fleet, ["refresh", LOGIN, "--force", "-o", "token"])).toMatchObject({ code: 0 });
        expect(issuer.requests).toHaveLength(2);
        const ended = await goOn();
        const { access, refresh } = issuer.chain.newest();
        expect(await home.tokens()).toEqual({ access, refresh });
        expect(ended).toMatchObject({ code: 0, stdout: `${access}\n` });
        expect(ended.stderr).toContain("its newer token counts");
        expect(issuer.chain.isDead()).toBe(false);
      });
    }

    test(
      "a machine that wakes up with an older token is refused by the database, takes the newer one, and says so",
      () => stoppedBeforeCommit(),
      60_000,
    );
    test(
      "the proof fails without what it proves: cas-off",
      () => mustFail(() => stoppedBeforeCommit("cas-off"), /access-0-1/),
      60_000,
    );

    test("a machine that wakes up with the only new token stores it, although another has given the login up", async () => {
      await withFleet(async (fleet) => {
        const { home } = fleet;
        const { issuer } = home;
        const goOn = await heldUp(fleet, "reply-read");
        // Its refresh token is used up by then. The provider of this proof ends no login for that.
        issuer.onArrival = async () => "drop" as const;
        expect((await elsewhere(fleet)).code).toBe(5);
        const { access, refresh } = issuer.chain.newest();
        expect(await goOn()).toMatchObject({ code: 0, stdout: `${access}\n` });
        expect(await home.tokens()).toEqual({ access, refresh });
        expect((await home.stored()).record.failure).toBeNull();
      });
    }, 60_000);

    for (const [point, requests] of [
      ["note", 1],
      ["kept", 1],
      ["commit", 1],
      ["print", 1],
    ] as const)
      test(`kill -9 at '${point}': another machine goes on once the lease has ended`, async () => {
        await withFleet(async (fleet) => {
          const { home } = fleet;
          const killed = await fleet.start(TOKEN, { fault: `${point}:kill`, limits: SHORT }).ended;
          expect(killed.signal).toBe("SIGKILL");
          const next = await elsewhere(fleet);
          const { access, refresh } = home.issuer.chain.newest();
          expect(next).toMatchObject({ code: 0, stdout: `${access}\n` });
          expect(home.issuer.requests).toHaveLength(requests);
          expect(await home.tokens()).toEqual({ access, refresh });
        });
      }, 60_000);

    test("a database that stands still after the provider was asked: the new token is stored once it goes on", async () => {
      await withFleet(async (fleet) => {
        const { home } = fleet;
        const database = await server.get();
        home.issuer.onProcessed = async () => {
          database.pause();
          setTimeout(() => database.resume(), 1_500);
        };
        const limits = { storeCall: 500, storeConnect: 500 };
        const ended = await fleet.start(TOKEN, { limits }).ended;
        const { access, refresh } = home.issuer.chain.newest();
        expect(ended).toMatchObject({ code: 0, stdout: `${access}\n` });
        expect(await home.tokens()).toEqual({ access, refresh });
        expect(home.issuer.requests).toHaveLength(1);
      });
    }, 60_000);
  });

/**
 * A machine that is cut off, or stopped, in the middle of a refresh, while another wants the token (RULES.md §5): one
 * request to the issuer, which ends a login whose used refresh token comes again; or, where the lease was lost, a loser
 * that adopts the newer token.
 */
import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Mutant } from "../../src/platform/faults.ts";
import { type FaultyIssuer, type FaultyOptions, startFaulty } from "../issuers/faulty.ts";
import { type Machine, machineKinds } from "../support/machines.ts";
import { lacking } from "../support/needs.ts";
import { type Ended, tempFolder } from "../support/program.ts";
import { BACKENDS, lazyServer } from "../vault/shared-home.ts";
import { isConnected, LOGIN, mustFail, type Order, type ProofHome, proofHome, type Running } from "./proof-home.ts";

/** Milliseconds. Of the machine that is cut off: it finds out sooner than in the release. */
const QUICK = { storeConnect: 2_000, storeCall: 1_000 };
const SHORT = { lease: 2_000 };
const TOKEN = ["token", LOGIN];
const FORCE = ["refresh", LOGIN, "--force", "-o", "token"];

interface Scene {
  readonly home: ProofHome;
  readonly issuer: FaultyIssuer;
  readonly machine: Machine;
  /** On the machine that can be cut off. */
  here(args: readonly string[], order?: Order): Running;
  elsewhere(args: readonly string[], order?: Order): Running;
  /** The issuer's next request: what is awaited on its arrival, and then before its reply. */
  atIssuer(arrived: () => Promise<void>, processed?: () => Promise<void>): void;
  /** Whether the machine has a reply on its disk that it couldn't commit yet. */
  hasKept(): boolean;
  /** Since then: kept it nowhere else, and found no one on a new connection either. */
  triedInVain(): Promise<void>;
}

for (const [name, { needs, start }] of Object.entries(BACKENDS))
  for (const [kind, makeMachine] of Object.entries(machineKinds()))
    describe.skipIf(lacking(...needs, "linux"))(`${name}, a machine ${kind}`, () => {
      const server = lazyServer(start);
      afterAll(() => server.stop());

      /** @param left milliseconds that the login's access token lives on */
      async function scene(
        work: (scene: Scene) => Promise<void>,
        { left = -1000, ...options }: FaultyOptions & { left?: number } = {},
      ): Promise<void> {
        const issuer = startFaulty(options);
        const database = (await server.get()).port;
        const machine = await makeMachine({ database, issuer: Number(new URL(issuer.url).port) });
        const url = `http://127.0.0.1:${machine.issuerAt}`;
        const folder = tempFolder();
        try {
          const AUTH_STORE = await server.address();
          const home = await proofHome({ ...issuer, url, tokenUrl: `${url}/token` }, left, tempFolder(), {
            AUTH_STORE,
          });
          const at = (own: string, store: string) => ({ HOME: own, AUTH_HOME: own, AUTH_STORE: store });
          const other = tempFolder();
          await work({
            home,
            issuer,
            machine,
            here: (args, { limits, ...order } = {}) =>
              home.start(args, {
                ...order,
                limits: { ...QUICK, ...limits },
                under: machine.under,
                env: at(folder, machine.store(AUTH_STORE)),
              }),
            elsewhere: (args, order) => home.start(args, { ...order, env: at(other, AUTH_STORE) }),
            atIssuer(arrived, processed = async () => {}) {
              issuer.onArrival = async () => {
                issuer.onArrival = () => undefined;
                await arrived();
                return undefined;
              };
              issuer.onProcessed = async () => {
                issuer.onProcessed = () => undefined;
                await processed();
              };
            },
            hasKept: () => keptIn(folder),
            triedInVain: () => Bun.sleep(QUICK.storeCall + QUICK.storeConnect + 500),
          });
        } finally {
          await machine.heal();
          await machine.stop();
          issuer.stop();
        }
      }

      const printed = ({ code, stdout }: Ended) => ({ code, stdout });
      const newest = ({ issuer }: Scene) => ({ code: 0, stdout: `${issuer.chain.newest().access}\n` });

      /** The issuer and the database agree, and no login was lost. */
      async function isWhole({ home, issuer }: Scene, requests: number): Promise<void> {
        const { access, refresh } = issuer.chain.newest();
        expect({ requests: issuer.requests.length }).toEqual({ requests });
        expect(await home.tokens()).toEqual({ access, refresh });
        expect(issuer.chain.isDead()).toBe(false);
      }

      test.concurrent(
        "cut off from the database before it can commit: all wait, and have the one token once it is back",
        () =>
          scene(async (it) => {
            it.atIssuer(() => it.machine.cut("database"));
            const first = it.here(TOKEN);
            while (!it.hasKept()) await Bun.sleep(10);
            const second = it.elsewhere(TOKEN);
            await it.triedInVain();
            expect([first.process.exitCode, second.process.exitCode]).toEqual([null, null]);
            await it.machine.heal();
            for (const { ended } of [first, second]) expect(printed(await ended)).toEqual(newest(it));
            await isWhole(it, 1);
            expect(printed(await it.here(TOKEN).ended)).toEqual(newest(it));
            await isWhole(it, 1);
          }),
        60_000,
      );

      test.concurrent(
        "cut off for longer than its lease, while the old token lives: others use that, and the new one is stored",
        () =>
          scene(
            async (it) => {
              const old = it.issuer.chain.newest().access;
              it.atIssuer(() => it.machine.cut("database"));
              const first = it.here(FORCE, { limits: SHORT });
              while (!it.hasKept()) await Bun.sleep(10);
              const [second] = await Promise.all([it.elsewhere(TOKEN, { limits: SHORT }).ended, it.triedInVain()]);
              expect(printed(second)).toEqual({ code: 0, stdout: `${old}\n` });
              expect(second.stderr).not.toBe("");
              await it.machine.heal();
              expect(printed(await first.ended)).toEqual(newest(it));
              await isWhole(it, 1);
              expect(printed(await it.elsewhere(TOKEN).ended)).toEqual(newest(it));
              expect(printed(await it.here(TOKEN).ended)).toEqual(newest(it));
              await isWhole(it, 1);
            },
            // Due, and not yet at its end.
            { left: 200_000 },
          ),
        60_000,
      );

      async function fenced(mutant?: Mutant): Promise<void> {
        await scene(
          async (it) => {
            it.atIssuer(() => it.machine.cut("database"));
            const first = it.here(TOKEN, { limits: SHORT, mutant });
            while (!it.hasKept()) await Bun.sleep(10);
            const [second] = await Promise.all([it.elsewhere(TOKEN, { limits: SHORT }).ended, it.triedInVain()]);
            expect(printed(second)).toEqual(newest(it));
            await it.machine.heal();
            const ended = await first.ended;
            await isWhole(it, 2);
            expect(printed(ended)).toEqual(newest(it));
            expect(ended.stderr).toContain("its newer token counts");
            expect(printed(await it.here(TOKEN).ended)).toEqual(newest(it));
            await isWhole(it, 2);
          },
          { grace: true },
        );
      }

      test.concurrent(
        "cut off for longer than its lease, and another has refreshed: it is refused, and adopts the newer token",
        () => fenced(),
        60_000,
      );
      test.concurrent(
        "the proof fails without what it proves: cas-off",
        () => mustFail(() => fenced("cas-off"), /\+ +"access": "access-0-1/),
        60_000,
      );

      test.concurrent(
        "cut off for longer than its lease, and the old token has ended: a strict issuer ends the login, and all are told",
        () =>
          scene(async (it) => {
            it.atIssuer(() => it.machine.cut("database"));
            const first = it.here(TOKEN, { limits: SHORT });
            while (!it.hasKept()) await Bun.sleep(10);
            const [second] = await Promise.all([it.elsewhere(TOKEN, { limits: SHORT }).ended, it.triedInVain()]);
            expect({ code: second.code, stdout: second.stdout }).toEqual({ code: 4, stdout: "" });
            expect(second.stderr).toContain("was lost");
            expect(it.issuer.chain.isDead()).toBe(true);
            await it.machine.heal();
            // What it received may work on for its time at an API; that the login is over is told at the next refresh.
            expect(printed(await first.ended)).toEqual(newest(it));
            const { access, refresh } = it.issuer.chain.newest();
            expect(await it.home.tokens()).toEqual({ access, refresh });
            for (const machine of [it.elsewhere, it.here]) {
              const ended = await machine(FORCE).ended;
              expect(ended.code).toBe(4);
              expect(ended.stderr).toContain("Log in again");
            }
            expect(it.issuer.requests).toHaveLength(3);
          }),
        60_000,
      );

      test.concurrent(
        "stopped for longer than its lease after it has sent, while the old token lives: the reply isn't lost",
        () =>
          scene(
            async (it) => {
              const old = it.issuer.chain.newest().access;
              const sent = Promise.withResolvers<void>();
              const first = it.here(FORCE, { limits: SHORT });
              it.atIssuer(async () => {
                first.process.kill("SIGSTOP");
                sent.resolve();
              });
              await sent.promise;
              const second = await it.elsewhere(TOKEN, { limits: SHORT }).ended;
              expect(printed(second)).toEqual({ code: 0, stdout: `${old}\n` });
              first.process.kill("SIGCONT");
              expect(printed(await first.ended)).toEqual(newest(it));
              await isWhole(it, 1);
            },
            { left: 200_000 },
          ),
        60_000,
      );

      test.concurrent(
        "cut off from the issuer while it takes its time, and back: all have the one token",
        () =>
          scene(async (it) => {
            const waiting = Promise.withResolvers<Running>();
            it.atIssuer(
              async () => {},
              async () => {
                await it.machine.cut("issuer");
                waiting.resolve(it.elsewhere(TOKEN));
              },
            );
            const first = it.here(TOKEN);
            const second = await waiting.promise;
            await Bun.sleep(500);
            expect([first.process.exitCode, second.process.exitCode]).toEqual([null, null]);
            await it.machine.heal();
            for (const { ended } of [first, second]) expect(printed(await ended)).toEqual(newest(it));
            await isWhole(it, 1);
          }),
        60_000,
      );

      test.concurrent(
        "cut off from the issuer before it has heard: that is everyone's outcome, and later one request is sent",
        () =>
          scene(async (it) => {
            await it.machine.cut("issuer");
            const gate = join(tempFolder(), "gate");
            const first = it.here(TOKEN, { limits: { exchange: 1_000 }, fault: `note:pause=${gate}` });
            while (!existsSync(`${gate}.reached`)) await Bun.sleep(10);
            const second = it.elsewhere(TOKEN);
            while (!isConnected(second)) await Bun.sleep(10);
            await Bun.write(gate, "");
            const ends = await Promise.all([first.ended, second.ended]);
            expect(ends.map(({ code }) => code)).toEqual([5, 5]);
            expect(it.issuer.requests).toHaveLength(0);
            await it.machine.heal();
            expect(printed(await it.elsewhere(FORCE).ended)).toEqual(newest(it));
            expect(printed(await it.here(TOKEN).ended)).toEqual(newest(it));
            await isWhole(it, 1);
          }),
        60_000,
      );
    });

/** A kept reply's file begins with the length of what it holds. */
function keptIn(home: string): boolean {
  return [...new Bun.Glob("**/*.reply").scanSync({ cwd: home, dot: true })].some((path) => {
    const file = join(home, path);
    const bytes = existsSync(file) ? readFileSync(file) : Buffer.alloc(0);
    return bytes.length > 4 && bytes.subarray(0, 4).some((byte) => byte > 0);
  });
}

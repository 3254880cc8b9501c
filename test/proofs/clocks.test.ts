/**
 * A machine whose clock is ten minutes off, before or behind, among machines that share a login: no storm of refreshes, the
 * newest token for everyone, and leases that last as long as the server says. The program is told another time by
 * libfaketime; the clock that can't be set goes on as it is.
 */
import { afterAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type FaultyOptions, startFaulty } from "../issuers/faulty.ts";
import { fakeTime, lacking } from "../support/needs.ts";
import { type Ended, tempFolder } from "../support/program.ts";
import { BACKENDS, lazyServer } from "../vault/shared-home.ts";
import { isConnected, LOGIN, type Order, type ProofHome, proofHome, type Running } from "./proof-home.ts";

const TOKEN = ["token", LOGIN];
const MINUTES = 10;
/** Milliseconds that the token lives on: on each of the machines it has ended. */
const ENDED = -3_600_000;

interface Machines {
  readonly home: ProofHome;
  /** On the machine whose clock is off. */
  off(args: readonly string[], order?: Order): Running;
  right(args: readonly string[], order?: Order): Running;
}

for (const [name, { needs, start }] of Object.entries(BACKENDS))
  for (const minutes of [MINUTES, -MINUTES])
    describe.skipIf(lacking(...needs, "libfaketime"))(`${name}, a clock ${minutes} minutes off`, () => {
      const server = lazyServer(start);
      afterAll(() => server.stop());

      async function withMachines(
        work: (machines: Machines) => Promise<void>,
        left = ENDED,
        options: FaultyOptions = {},
      ): Promise<void> {
        const issuer = startFaulty(options);
        try {
          const home = await proofHome(issuer, left, tempFolder(), { AUTH_STORE: `${await server.address()}&cache=0` });
          const on =
            (folder: string, variables: Readonly<Record<string, string>>) =>
            (args: readonly string[], order: Order = {}): Running =>
              home.start(args, { ...order, env: { HOME: folder, AUTH_HOME: folder, ...variables } });
          await work({
            home,
            off: on(tempFolder(), fakeTime(minutes * 60)),
            right: on(tempFolder(), {}),
          });
        } finally {
          issuer.stop();
        }
      }

      const printed = ({ code, stdout }: Ended) => ({ code, stdout });
      const newest = ({ issuer }: ProofHome) => ({ code: 0, stdout: `${issuer.chain.newest().access}\n` });

      test.concurrent(
        "the program sees that time",
        () =>
          withMachines(async ({ home, off }) => {
            expect((await off(["refresh", LOGIN, "--force"]).ended).code).toBe(0);
            const { tokens } = (await home.stored()).record;
            const ahead = (tokens?.obtainedAt ?? 0) - Date.now();
            expect(Math.round(ahead / 60_000)).toBe(minutes);
          }),
        60_000,
      );

      test.concurrent(
        "whoever asks gets the newest token, and two refreshes are enough",
        () =>
          withMachines(async ({ home, off, right }) => {
            for (const machine of [off, right, off, right, right, off, off, right])
              expect(printed(await machine(TOKEN).ended)).toEqual(newest(home));
            expect(home.issuer.requests.length).toBeLessThanOrEqual(2);
            expect(home.issuer.chain.isDead()).toBe(false);
          }),
        60_000,
      );

      test.concurrent(
        "a token that an API refused is replaced, and the new one is no reason for more than another",
        () =>
          withMachines(async ({ home, off, right }) => {
            const { access } = home.issuer.chain.newest();
            const rejected = ["token", LOGIN, "--rejected", "-"];
            for (const machine of [off, right])
              expect(printed(await machine(rejected, { stdin: access }).ended)).toEqual(newest(home));
            expect(home.issuer.requests.length).toBeLessThanOrEqual(2);
          }, 1_800_000),
        60_000,
      );

      test.concurrent(
        "its lease keeps the others out, and ends by the server's clock once it was killed",
        () =>
          withMachines(async ({ home, off, right }) => {
            const gate = join(tempFolder(), "gate");
            const limits = { lease: 4_000 };
            const killed = off(TOKEN, { fault: `note:pause=${gate}`, limits });
            while (!existsSync(`${gate}.reached`)) await Bun.sleep(10);
            const waiting = right(TOKEN, { limits });
            while (!isConnected(waiting)) await Bun.sleep(10);
            await Bun.sleep(500);
            expect([waiting.process.exitCode, home.issuer.requests.length]).toEqual([null, 0]);
            killed.process.kill("SIGKILL");
            expect(printed(await waiting.ended)).toEqual(newest(home));
            expect(home.issuer.requests).toHaveLength(1);
          }),
        60_000,
      );

      test.concurrent(
        "it waits for another's lease, and has that one's token",
        () =>
          withMachines(async ({ home, off, right }) => {
            const gate = join(tempFolder(), "gate");
            const holder = right(TOKEN, { fault: `note:pause=${gate}` });
            while (!existsSync(`${gate}.reached`)) await Bun.sleep(10);
            const waiting = off(TOKEN);
            while (!isConnected(waiting)) await Bun.sleep(10);
            await Bun.sleep(500);
            expect([waiting.process.exitCode, home.issuer.requests.length]).toEqual([null, 0]);
            await Bun.write(gate, "");
            for (const { ended } of [holder, waiting]) expect(printed(await ended)).toEqual(newest(home));
            expect(home.issuer.requests.length).toBeLessThanOrEqual(2);
          }),
        60_000,
      );
    });

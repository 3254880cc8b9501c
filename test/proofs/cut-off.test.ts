/**
 * A machine that is cut off from the shared vault between the provider's answer and the commit has the only copy of the new
 * refresh token: it is stored as soon as that machine is back, whatever others have tried meanwhile, and never over
 * something newer (RULES.md 2.2).
 */
import { afterAll, describe, expect, test } from "bun:test";
import { successor } from "../../src/connections/changes.ts";
import type { ChainOptions } from "../issuers/chain.ts";
import { FAULTS } from "../issuers/faults.ts";
import { startFaulty } from "../issuers/faulty.ts";
import { inPostgres, inRedis } from "../support/databases.ts";
import { fakeTime, lacking } from "../support/needs.ts";
import { type Ended, tempFolder } from "../support/program.ts";
import { type Relay, relayTo } from "../support/relay.ts";
import { BACKENDS, lazyServer } from "../vault/shared-home.ts";
import { LOGIN, type Order, type ProofHome, proofHome } from "./proof-home.ts";

/** Milliseconds: nobody is to wait for long for a machine that is away. */
const LIMITS = { lease: 2_000, holder: 1_000, storeConnect: 1_000, storeCall: 1_000, storeCommit: 1_000 };
const TOKEN = ["token", LOGIN];
const REFRESH = ["refresh", LOGIN, "--force", "-o", "token"];

interface Machines {
  readonly home: ProofHome;
  /** The way of the first machine to the server. */
  readonly way: Relay;
  /** On the machine that will be cut off. */
  first(args: readonly string[], order?: Order): Promise<Ended>;
  /** On the same machine, by another address of the server. */
  firstElsewhere(args: readonly string[]): Promise<Ended>;
  second(args: readonly string[], order?: Order): Promise<Ended>;
}

for (const [name, { needs, start }] of Object.entries(BACKENDS))
  describe.skipIf(lacking(...needs))(name, () => {
    const server = lazyServer(start);
    afterAll(() => server.stop());

    async function withMachines(
      left: number,
      options: ChainOptions,
      work: (machines: Machines) => Promise<void>,
    ): Promise<void> {
      const issuer = startFaulty(options);
      const { port } = await server.get();
      const way = await relayTo(port);
      try {
        const address = await server.address();
        const home = await proofHome(issuer, left, tempFolder(), { AUTH_STORE: address });
        const [one, other] = [tempFolder(), tempFolder()];
        const byRelay = address.replace(`:${port}/`, `:${way.port}/`);
        const on =
          (env: Readonly<Record<string, string>>) =>
          (args: readonly string[], order: Order = { limits: LIMITS }): Promise<Ended> =>
            home.start(args, { ...order, env: { ...env, ...order.env } }).ended;
        const env = { HOME: one, AUTH_HOME: one, AUTH_STORE: byRelay };
        await work({
          home,
          way,
          first: on(env),
          firstElsewhere: on({ ...env, AUTH_STORE: address }),
          second: on({ HOME: other, AUTH_HOME: other }),
        });
      } finally {
        issuer.stop();
        await way.cut();
      }
    }

    /** The first machine refreshes, and is cut off before it can store what came. */
    async function cutOff({ home: { issuer }, way, first }: Machines, args: readonly string[]): Promise<void> {
      issuer.onProcessed = () => way.cut();
      const ended = await first(args);
      issuer.onProcessed = () => undefined;
      expect(ended).toMatchObject({ code: 0, stdout: `${issuer.chain.newest().access}\n` });
      expect(ended.stderr).toContain("its reply is kept");
    }

    for (const [args, words] of [
      [TOKEN, "token"],
      [["refresh", LOGIN, "-o", "token"], "refresh"],
    ] as const)
      test(`'${words}' stores a reply that was kept, although the token that is stored is still valid`, async () => {
        await withMachines(3_600_000, {}, async (machines) => {
          const { home, way, first } = machines;
          await cutOff(machines, REFRESH);
          const { access, refresh } = home.issuer.chain.newest();
          await way.mend();
          expect(await first(args)).toMatchObject({ code: 0, stdout: `${access}\n` });
          expect(await home.tokens()).toEqual({ access, refresh });
          expect((await home.stored()).record.note).toBeNull();
          expect(home.issuer.requests).toHaveLength(1);
        });
      }, 60_000);

    test("the reply is stored in the vault, by whatever address that is reached afterwards", async () => {
      await withMachines(-1000, {}, async (machines) => {
        const { home, firstElsewhere } = machines;
        await cutOff(machines, TOKEN);
        const { access, refresh } = home.issuer.chain.newest();
        expect(await firstElsewhere(TOKEN)).toMatchObject({ code: 0, stdout: `${access}\n` });
        expect(await home.tokens()).toEqual({ access, refresh });
        expect(home.issuer.requests).toHaveLength(1);
      });
    }, 60_000);

    for (const [words, options] of [
      ["only refuses a used refresh token", { lenient: true }],
      ["ends the login for a used refresh token", {}],
    ] as const)
      test(`where the provider ${words}, the machine that is back stores its reply over another's failure`, async () => {
        await withMachines(-1000, options, async (machines) => {
          const { home, way, first, second } = machines;
          const { chain } = home.issuer;
          await cutOff(machines, TOKEN);
          expect(await second(TOKEN)).toMatchObject({ code: 4, stdout: "" });
          const { access, refresh } = chain.newest();
          await way.mend();
          expect(await first(TOKEN)).toMatchObject({ code: 0, stdout: `${access}\n` });
          expect(await home.tokens()).toEqual({ access, refresh });
          expect(home.issuer.requests).toHaveLength(2);
          const next = await second(REFRESH);
          expect(home.issuer.requests.at(-1)?.refreshToken).toBe(refresh);
          expect(next).toMatchObject(chain.isDead() ? { code: 4 } : { code: 0, stdout: `${chain.newest().access}\n` });
          expect(chain.isDead()).toBe(!("lenient" in options));
        });
      }, 60_000);

    for (const [words, fault] of [
      ["and ends with its reply in the database", "kept:kill"],
      ["stores that, and ends before its reply is blanked", "reply-blank:kill"],
    ] as const)
      test(`another is refused for the used token, ${words}: the newer reply of this machine counts`, async () => {
        await withMachines(-1000, { lenient: true }, async (machines) => {
          const { home, way, first, second } = machines;
          // The first machine rotates the token, and keeps what came in its home alone.
          await cutOff(machines, TOKEN);
          const { access, refresh } = home.issuer.chain.newest();
          // The second one sends the old token, keeps the refusal in the database, and comes no further than this.
          expect(await second(TOKEN, { limits: LIMITS, fault })).toMatchObject({ signal: "SIGKILL" });
          expect(home.issuer.requests).toHaveLength(2);
          await way.mend();
          expect(await first(TOKEN)).toMatchObject({ code: 0, stdout: `${access}\n` });
          expect(await home.tokens()).toEqual({ access, refresh });
          // A third finds no failure, and the second's refusal is none of the new token.
          expect(await second(TOKEN)).toMatchObject({ code: 0, stdout: `${access}\n` });
          expect(await second(REFRESH)).toMatchObject({ code: 0, stdout: `${home.issuer.chain.newest().access}\n` });
          expect(home.issuer.requests.map(({ refreshToken }) => refreshToken === refresh)).toEqual([
            false,
            false,
            true,
          ]);
        });
      }, 60_000);

    test("a reply that was kept is not stored over a login that came since", async () => {
      await withMachines(-1000, {}, async (machines) => {
        const { home, way, first, second } = machines;
        await cutOff(machines, TOKEN);
        expect((await second(TOKEN)).code).toBe(4);
        const { access, refresh } = await home.login();
        await way.mend();
        expect(await first(TOKEN)).toMatchObject({ code: 0, stdout: `${access}\n` });
        expect(await home.tokens()).toEqual({ access, refresh });
      });
    }, 60_000);

    test("nor over what another refresh has brought since, where the old token could be used again", async () => {
      await withMachines(-1000, { grace: true }, async (machines) => {
        const { home, way, first, second } = machines;
        await cutOff(machines, TOKEN);
        expect((await second(TOKEN)).code).toBe(0);
        home.issuer.chain.end(0);
        expect((await second(REFRESH)).code).toBe(4);
        const { access, refresh } = home.issuer.chain.newest();
        await way.mend();
        await first(TOKEN);
        expect(await home.tokens()).toEqual({ access, refresh });
      });
    }, 60_000);

    for (const [words, args, sender, before, env] of [
      ["", TOKEN, "first", async () => {}, {}],
      [", although a machine whose clock is ahead has failed before", REFRESH, "first", failAhead, {}],
      [", although the one that comes keeps a reply to an earlier refresh", REFRESH, "second", keepEarlier, {}],
      [", although the sender's clock is a minute behind", TOKEN, "first", async () => {}, fakeTime(-60)],
    ] as const)
      test.skipIf("LD_PRELOAD" in env && lacking("libfaketime"))(
        `a lease that the server lost while a request is under way: nobody else sends, and all have its token${words}`,
        async () => {
          await withMachines(-1000, {}, async (machines) => {
            const { issuer } = machines.home;
            const comer = sender === "first" ? "second" : "first";
            await before(machines);
            const sent = issuer.requests.length;
            let other: Promise<Ended> | null = null;
            issuer.onProcessed = async () => {
              if (other !== null) return;
              await loseLeases();
              other = machines[comer](args, {});
              // Long enough for one that isn't kept out to send as well.
              await Promise.race([other, Bun.sleep(2_000)]);
            };
            const one = await machines[sender](args, { env });
            const { access } = issuer.chain.newest();
            expect(issuer.requests).toHaveLength(sent + 1);
            expect(one).toMatchObject({ code: 0, stdout: `${access}\n` });
            expect(await other).toMatchObject({ code: 0, stdout: `${access}\n` });
          });
        },
        60_000,
      );

    /** A refresh whose reply was lost, on a machine whose clock is two minutes ahead. */
    async function failAhead({ home, first }: Machines): Promise<void> {
      const { issuer } = home;
      issuer.onArrival = () => Promise.resolve("drop");
      expect((await first(TOKEN)).code).toBe(5);
      issuer.onArrival = () => undefined;
      await home.vault(async (vault) => {
        const before = await home.stored();
        const { note, failure } = before.record;
        if (note === null || failure === null) throw new Error("the refresh is not in doubt");
        const [sentAt, at] = [note.sentAt + 120_000, failure.at + 120_000];
        const record = { ...before.record, note: { ...note, sentAt }, failure: { ...failure, at } };
        expect(await vault.commit([successor(before, record)])).toBe("committed");
      });
    }

    test("a reply of no more use is looked for once: then a valid token is read with a warning, and without the server", async () => {
      await withMachines(-1000, {}, async (machines) => {
        const { home, way, first, second } = machines;
        const { issuer } = home;
        await keepEarlier(machines);
        issuer.order(FAULTS["503"], 1);
        expect((await second(REFRESH)).code).toBe(5);
        const { length } = issuer.requests;
        const served = { code: 0, stdout: `${issuer.chain.newest().access}\n` };
        const warned = "HTTP 503. The current token still works.";
        const looked = await first(TOKEN, {});
        expect(looked).toMatchObject(served);
        expect(looked.stderr).toContain(warned);
        await way.cut();
        const next = await first(TOKEN, {});
        expect(next).toMatchObject(served);
        expect(next.stderr).toContain(warned);
        expect(issuer.requests).toHaveLength(length);
      });
    }, 60_000);

    /** What the first machine keeps is of no more use once the second has refreshed. */
    async function keepEarlier(machines: Machines): Promise<void> {
      await keepRefusal(machines);
      expect((await machines.second(TOKEN)).code).toBe(0);
    }

    /** The provider says 429 to the first machine, which is cut off before it can store that. */
    async function keepRefusal({ home: { issuer }, way, first }: Machines): Promise<void> {
      issuer.order(FAULTS["429"], 1);
      issuer.onProcessed = () => way.cut();
      expect((await first(TOKEN)).code).not.toBe(0);
      issuer.onProcessed = () => undefined;
      await way.mend();
    }

    /** Of all vaults there: each test has one of its own, and they run one after the other. */
    async function loseLeases(): Promise<void> {
      const database = await server.get();
      if (name === "Redis")
        for (const lease of (await inRedis(database, "KEYS", "*:lease:*")) as string[])
          await inRedis(database, "DEL", lease);
      else
        for (const { schema } of await inPostgres(
          database,
          "SELECT schemaname AS schema FROM pg_tables WHERE tablename = 'leases'",
        ))
          await inPostgres(database, `DELETE FROM ${schema}.leases`);
    }
  });

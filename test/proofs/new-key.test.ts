/**
 * A shared vault is given a new key while a machine that doesn't get it refreshes: a member who is removed, or one that has
 * the former AUTH_KEY. The rekey waits for the outcome; where that takes too long it goes first, and the machine is told
 * where its login is, and how it is stored.
 */
import { afterAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { startFaulty } from "../issuers/faulty.ts";
import { lacking } from "../support/needs.ts";
import { type Ended, tempFolder } from "../support/program.ts";
import { BACKENDS, lazyServer } from "../vault/shared-home.ts";
import { LOGIN, type Order, type ProofHome, proofHome, type Running } from "./proof-home.ts";

const NEXT_KEY = "TmV4dCBrZXkgZm9yIHByb29mcywgMzIgYnl0ZXMhISE=";
const TOKEN = ["token", LOGIN];
const REFRESH = ["refresh", LOGIN, "--force", "-o", "token"];

interface Scene {
  readonly home: ProofHome;
  /** The machine that gives the new key. */
  here(args: readonly string[], order?: Order): Running;
  /** The one that doesn't get it. */
  there(args: readonly string[], order?: Order): Running;
  giveNewKey(order?: Order): Running;
  /** What the other machine is told to do. */
  readonly remedy: RegExp;
  letIn(): Promise<void>;
}

type Machine = (args: readonly string[], order?: Order) => Running;

/** As `machine` in an environment: an empty variable is none. */
function within(machine: Machine, env: Readonly<Record<string, string>>): Machine {
  return (args, order = {}) => machine(args, { ...order, env: { ...env, ...order.env } });
}

async function done({ ended }: Running): Promise<Ended> {
  const found = await ended;
  expect(found).toMatchObject({ code: 0 });
  return found;
}

const KINDS = {
  "by a member who removes another": async (home: ProofHome, address: string): Promise<Scene> => {
    const folder = tempFolder();
    const here = within(home.start, { AUTH_KEY: "" });
    const own = within(home.start, { HOME: folder, AUTH_HOME: folder, AUTH_KEY: "" });
    const { stdout } = await done(own(["vault", "member", "key"]));
    const add = ["vault", "member", "add", "other", stdout.trim()];
    await done(home.start([...add, "--as", "self"]));
    const { fingerprint } = JSON.parse((await done(here(["vault", "member", "list", "--json"]))).stdout);
    const there = within(own, { AUTH_STORE: `${address}&fingerprint=${fingerprint}` });
    return {
      home,
      here,
      there,
      giveNewKey: (order) => here(["vault", "member", "remove", "other"], order),
      remedy: /auth vault member add '?<name>'? age1/,
      letIn: async () => void (await done(here(add))),
    };
  },
  "by AUTH_NEW_KEY": async (home: ProofHome): Promise<Scene> => {
    const folder = tempFolder();
    let AUTH_KEY: string | null = null;
    const keyed = (): Readonly<Record<string, string>> => (AUTH_KEY === null ? {} : { AUTH_KEY });
    return {
      home,
      here: (args, order = {}) => home.start(args, { ...order, env: { AUTH_KEY: NEXT_KEY, ...order.env } }),
      there: (args, order = {}) =>
        home.start(args, { ...order, env: { HOME: folder, AUTH_HOME: folder, ...keyed(), ...order.env } }),
      giveNewKey: (order = {}) =>
        home.start(["vault", "rekey", "--key", "env"], { ...order, env: { AUTH_NEW_KEY: NEXT_KEY } }),
      remedy: /was given another key/,
      letIn: async () => {
        AUTH_KEY = NEXT_KEY;
      },
    };
  },
};

for (const [name, { needs, start }] of Object.entries(BACKENDS))
  for (const [how, make] of Object.entries(KINDS))
    describe.skipIf(lacking(...needs))(`${name}, a new key ${how}`, () => {
      const server = lazyServer(start);
      afterAll(() => server.stop());

      /** The other machine has its reply, and hasn't stored it yet. */
      async function whileItRefreshes(
        work: (scene: Scene, refresh: Running, goOn: () => Promise<void>) => Promise<void>,
      ) {
        const issuer = startFaulty();
        try {
          const address = await server.address();
          const home = await proofHome(issuer, -1000, tempFolder(), { AUTH_STORE: address });
          const scene = await make(home, address);
          const gate = join(tempFolder(), "gate");
          const refresh = scene.there(TOKEN, { fault: `kept:pause=${gate}` });
          while (!existsSync(`${gate}.reached`)) await Bun.sleep(10);
          await work(scene, refresh, async () => void (await Bun.write(gate, "")));
        } finally {
          issuer.stop();
        }
      }

      test("waits for the refresh, whose outcome is stored", async () => {
        await whileItRefreshes(async ({ home: { issuer }, here, giveNewKey }, refresh, goOn) => {
          const { access, refresh: next } = issuer.chain.newest();
          const given = giveNewKey();
          // Long enough for one that doesn't wait to be done.
          await Promise.race([given.ended, Bun.sleep(3_000)]);
          await goOn();
          const printed = { code: 0, stdout: `${access}\n` };
          expect(await refresh.ended).toMatchObject({ ...printed, stderr: "" });
          expect((await done(given)).stderr).toContain(`Being refreshed: ${LOGIN}.`);
          expect(await here(TOKEN).ended).toMatchObject(printed);
          expect(await here(REFRESH).ended).toMatchObject({ code: 0 });
          expect(issuer.requests.at(-1)?.refreshToken).toBe(next);
          expect(issuer.requests).toHaveLength(2);
        });
      }, 60_000);

      test("goes first where that takes too long: who is left out is told the truth, and stores its login once it is let in", async () => {
        await whileItRefreshes(async (scene, refresh, goOn) => {
          const { home, here, there, giveNewKey, letIn, remedy } = scene;
          const { access } = home.issuer.chain.newest();
          const given = await done(giveNewKey({ limits: { lockWait: 500 } }));
          expect(given.stderr).toContain(`Still being refreshed: ${LOGIN}.`);
          await goOn();
          const printed = { code: 0, stdout: `${access}\n` };
          const told = await refresh.ended;
          expect(told).toMatchObject(printed);
          expect(told.stderr).toMatch(remedy);
          expect(told.stderr).toContain("the login behind it is on this machine alone");
          expect(told.stderr).not.toContain("the next call on this machine stores it");
          expect((await there(TOKEN).ended).code).toBe(8);
          await letIn();
          expect(await there(TOKEN).ended).toMatchObject(printed);
          expect(await here(TOKEN).ended).toMatchObject(printed);
          expect(home.issuer.requests).toHaveLength(1);
        });
      }, 60_000);
    });

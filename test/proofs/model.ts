/**
 * The engine in a world that is all chance: actors on one vault, each step of each of them in any order, any of them
 * dead at any step, a provider that loses replies, a clock that jumps. What the world should come to is read from the
 * issuer's own chain (RULES.md 6.8).
 */
import fc from "fast-check";
import { access } from "../../src/connections/access.ts";
import { newIncarnation, successor } from "../../src/connections/changes.ts";
import { type Connection, encodeRecord } from "../../src/connections/record.ts";
import { refreshConnection } from "../../src/connections/refresh.ts";
import type { Services } from "../../src/connections/services.ts";
import { readConnection } from "../../src/connections/store.ts";
import { errorCode } from "../../src/platform/errors.ts";
import type { HttpReply, HttpRequest } from "../../src/platform/http.ts";
import { HttpError } from "../../src/platform/http-failure.ts";
import { Secret } from "../../src/platform/secret.ts";
import type { ProviderDefinition } from "../../src/providers/schema.ts";
import type { Change, Lock, Vault, Version } from "../../src/vault/types.ts";
import { MemoryVault } from "../connections/memory-vault.ts";
import { ending, json, loggedIn, NAME, REF, START, servicesOf, TOKEN_URL, tokensOf } from "../connections/support.ts";
import { Chain, type Link } from "../issuers/chain.ts";

export type Fate = "sound" | "lost before" | "lost after" | "never sent" | "503" | "500 after";

export interface Actor {
  readonly does: "token" | "force" | "login" | "edit";
  /** Milliseconds by which the clock jumps before it begins. */
  readonly jump: number;
  /** At which of its steps it is killed, and whether that step still took effect. */
  readonly death: { readonly step: number; readonly done: boolean } | null;
  /** Of its requests, in turn; after that they are sound. */
  readonly fates: readonly Fate[];
}

export interface Story {
  readonly grace: boolean;
  readonly actors: readonly Actor[];
}

export const STORY: fc.Arbitrary<Story> = fc.record({
  grace: fc.boolean(),
  actors: fc.array(
    fc.record<Actor>({
      does: fc.oneof(
        { arbitrary: fc.constantFrom("token", "force"), weight: 4 },
        { arbitrary: fc.constantFrom("login", "edit"), weight: 1 },
      ) as fc.Arbitrary<Actor["does"]>,
      jump: fc.oneof(fc.constant(0), fc.integer({ min: -900_000, max: 7_200_000 })),
      death: fc.option(fc.record({ step: fc.integer({ min: 1, max: 14 }), done: fc.boolean() }), { freq: 2 }),
      fates: fc.array(fc.constantFrom<Fate>("sound", "lost before", "lost after", "never sent", "503", "500 after"), {
        maxLength: 2,
      }),
    }),
    { minLength: 1, maxLength: 6 },
  ),
});

/** Safeguards of the vault that a mutant of this world lacks. */
export type Lacking = "locks" | "compare-and-set" | null;

/** What a run went through: a model that never gets somewhere proves nothing about it. */
export type Reached = Map<string, number>;

const HOUR = 3_600_000;

/** @throws Error when the newest token that was received isn't the one stored, and the state doesn't say so */
export async function live(story: Story, scheduler: fc.Scheduler, lacking: Lacking, reached: Reached): Promise<void> {
  const chain = new Chain({ grace: story.grace });
  const vault = new MemoryVault();
  const onDisk = new Set<string>();
  let now = START;
  let latest = START;
  let family = 0;
  const note = (what: string): void => void reached.set(what, (reached.get(what) ?? 0) + 1);

  const first = chain.start();
  onDisk.add(first.refresh);
  await vault.commit([birth(null, first, START - HOUR)]);

  /** One life: every effect is a step, and after its death no step comes back. */
  function bornAs({ death, fates }: Actor): { services: Services; died: Promise<"died"> } {
    const end = Promise.withResolvers<"died">();
    const locks = new Set<Lock>();
    const queue = [...fates];
    let steps = 0;
    const step = async <T>(name: string, effect: () => Promise<T>): Promise<T> => {
      await scheduler.schedule(Promise.resolve(name), name);
      steps++;
      if (death?.step !== steps) return effect();
      if (death.done) await effect();
      note(`died at ${name}`);
      for (const lock of locks) lock.release();
      end.resolve("died");
      return new Promise(() => {});
    };
    const mine: Vault = {
      id: vault.id,
      read: (type, name) => step("read", () => vault.read(type, name)),
      list: (type) => step("list", () => vault.list(type)),
      commit: (changes) =>
        step("commit", async () => {
          const result = await vault.commit(lacking === "compare-and-set" ? await blind(vault, changes) : changes);
          if (result === "conflict") note("conflict");
          else for (const { next } of changes) markStored(next?.body ?? "");
          return result;
        }),
      reload: async () => {},
      isMade: async () => true,
      isReplaced: () => false,
      requireWritable: async () => {},
      keptVersion: (name) => vault.keptVersion(name),
      fingerprint: (secret) => vault.fingerprint(secret),
      close() {},
      tryLock: (name) =>
        step("lock", async () => {
          if (lacking === "locks") vault.locked.clear();
          const lock = await vault.tryLock(name);
          if (lock === null) return null;
          locks.add(lock);
          const { reply } = lock;
          return {
            reply: {
              prepare: () => step("prepare", () => reply.prepare()),
              keep: (version: Version, bytes: Uint8Array) =>
                step("keep", async () => {
                  markStored(new TextDecoder().decode(bytes));
                  await reply.keep(version, bytes);
                }),
              read: (version: Version) => reply.read(version),
              kept: () => reply.kept(),
              blank: (version) => step("blank", () => reply.blank(version)),
            },
            release: () => {
              locks.delete(lock);
              lock.release();
            },
          };
        }),
    };
    const http = async (request: HttpRequest): Promise<HttpReply> => {
      const fate = queue.shift() ?? "sound";
      note(fate);
      const refresh = new URLSearchParams(request.body).get("refresh_token") ?? "";
      if (fate === "never sent")
        return step("send", () => Promise.reject(new HttpError("connection refused", TOKEN_URL)));
      const answer = await step("send", async () =>
        fate === "lost before" || fate === "503" ? null : (chain.rotate(refresh) ?? "refused"),
      );
      return step("receive", async () => {
        if (fate.startsWith("lost")) throw new HttpError("connection lost", TOKEN_URL);
        if (fate === "503") return json(503, "down", { "retry-after": "20" });
        if (fate === "500 after") return json(500, "oops");
        return answer === null || answer === "refused"
          ? json(400, { error: "invalid_grant" })
          : json(200, tokens(answer));
      });
    };
    return { services: servicesOf(mine, acme(story.grace), { now: () => now, http }), died: end.promise };
  }

  function markStored(text: string): void {
    for (const token of text.match(/refresh-\d+-\d+-[0-9a-f]+/g) ?? []) onDisk.add(token);
  }

  async function act(actor: Actor, services: Services): Promise<void> {
    await scheduler.schedule(Promise.resolve(), "begin");
    now = Math.max(START - HOUR, now + actor.jump);
    latest = Math.max(latest, now);
    try {
      switch (actor.does) {
        case "login": {
          const link = chain.start();
          for (;;) {
            const before = await readConnection(services.vault, REF);
            if ((await services.vault.commit([birth(before?.version ?? null, link, now)])) !== "committed") continue;
            family = link.family;
            return note("login");
          }
        }
        case "edit": {
          const found = await readConnection(services.vault, REF);
          if (found === null) return;
          const edited = { ...found.record, scopes: ["edited"] };
          return note(`edit: ${await services.vault.commit([successor(found, edited)])}`);
        }
        default: {
          const options = { minTtl: 0, force: actor.does === "force", mustAgree: false, rejected: null };
          const outcome = await refreshConnection(services, REF, options);
          note(outcome.kind === "refreshed" && outcome.adopted ? "adopted" : outcome.kind);
          if (outcome.kind === "failed") return note(outcome.error.code);
          const seen = outcome.stored.record.tokens?.refreshToken?.reveal() ?? "";
          if (!onDisk.has(seen)) throw new Broken(`${seen} is handed out, and is on no disk`);
        }
      }
    } catch (error) {
      if (error instanceof Broken || errorCode(error) === undefined) throw error;
      note(String(errorCode(error)));
    }
  }

  const lives = story.actors.map((actor) => ({ actor, ...bornAs(actor) }));
  await scheduler.waitFor(
    Promise.all(lives.map(({ actor, services, died }) => Promise.race([act(actor, services), died]))),
  );

  // The dust has settled: hours later, at a provider that is well, someone asks.
  now = latest + 3 * HOUR;
  const { services } = bornAs({ does: "token", jump: 0, death: null, fates: [] });
  // Logins are compared by what is stored: one that died before its commit never was.
  const inVault = (await readConnection(vault, REF))?.record.tokens?.refreshToken?.reveal() ?? "";
  const newest = chain.newest(family);
  const lost = !onDisk.has(newest.refresh);
  if (!inVault.startsWith(`refresh-${family}-`) && !lives.some(({ actor }) => actor.does === "login" && actor.death))
    throw new Broken(`${inVault} is stored where login ${family} should`);
  let verdict = "a living token";
  try {
    await scheduler.waitFor(access(services, REF, { minTtl: 0, mustAgree: false }));
  } catch (error) {
    verdict = errorCode(error) ?? String(error);
  }
  const held = (await readConnection(vault, REF))?.record.tokens?.refreshToken?.reveal() ?? "";
  const mine = Number(held.split("-")[1]);
  if (mine !== family) return judge(chain, mine, held, verdict, !onDisk.has(chain.newest(mine).refresh), story.grace);
  return judge(chain, family, held, verdict, lost, story.grace);

  function judge(of: Chain, which: number, token: string, said: string, wasLost: boolean, grace: boolean): void {
    const expected = wasLost && !grace ? "rotation_lost" : "a living token";
    note(expected);
    if (said !== expected) throw new Broken(`the next call says ${said}, not ${expected}`);
    if (expected === "a living token" && token !== of.newest(which).refresh)
      throw new Broken(`${token} is stored, not ${of.newest(which).refresh}`);
  }

  function birth(before: Version | null, link: Link, obtainedAt: number): Change {
    const next = {
      version: { incarnation: newIncarnation(), generation: 1 },
      body: encodeRecord(recordOf(link, obtainedAt)),
    };
    return { type: "connection", name: NAME, expected: before, next };
  }
}

/** A promise of the engine, broken. */
class Broken extends Error {
  readonly code = undefined;
}

/** What a store without compare-and-set does: it takes whatever comes. */
async function blind(vault: MemoryVault, changes: readonly Change[]): Promise<Change[]> {
  return Promise.all(
    changes.map(async (change) => ({
      ...change,
      expected: (await vault.read(change.type, change.name))?.version ?? null,
    })),
  );
}

function acme(grace: boolean): ProviderDefinition {
  return {
    id: "acme",
    title: "Acme",
    endpoints: { token: TOKEN_URL, device: "https://acme.example/device" },
    refresh: { rotation: "family", ...(grace && { graceSeconds: 60 }) },
    flows: ["device"],
  };
}

function tokens({ access: accessToken, refresh }: Link): Record<string, unknown> {
  return { access_token: accessToken, token_type: "Bearer", expires_in: 3600, refresh_token: refresh };
}

function recordOf(link: Link, obtainedAt: number): Connection {
  const accessToken = new Secret(link.access);
  const refreshToken = new Secret(link.refresh);
  return loggedIn({
    createdAt: obtainedAt,
    tokens: tokensOf({ accessToken, refreshToken, obtainedAt, ...ending(obtainedAt + HOUR), scopes: [] }),
  });
}

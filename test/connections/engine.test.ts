import { beforeEach, describe, expect, test } from "bun:test";
import { access } from "../../src/connections/access.ts";
import { successor } from "../../src/connections/changes.ts";
import { keepClient } from "../../src/connections/clients.ts";
import { encodeKept, tokensFingerprint } from "../../src/connections/kept-reply.ts";
import type { Connection } from "../../src/connections/record.ts";
import { refreshConnection } from "../../src/connections/refresh.ts";
import type { Services } from "../../src/connections/services.ts";
import { stateOf } from "../../src/connections/status.ts";
import { readConnection } from "../../src/connections/store.ts";
import { AuthError } from "../../src/platform/errors.ts";
import type { HttpReply, HttpRequest } from "../../src/platform/http.ts";
import { HttpError } from "../../src/platform/http-failure.ts";
import { localTime } from "../../src/platform/local-time.ts";
import { Secret } from "../../src/platform/secret.ts";
import type { ProviderDefinition } from "../../src/providers/schema.ts";
import type { Kept, Version } from "../../src/vault/types.ts";
import { MemoryVault } from "./memory-vault.ts";
import {
  ending,
  failureOf,
  json,
  loggedIn,
  NAME,
  noteOf,
  OTHER_LOGIN,
  pinnedTo,
  putRecord,
  REF,
  START,
  servicesOf,
  TOKEN_URL,
  tokensOf,
  versionAt,
} from "./support.ts";

let vault: MemoryVault;
let now: number;
let sent: HttpRequest[];
let answer: (request: HttpRequest) => HttpReply | Promise<HttpReply>;
let refresh: ProviderDefinition["refresh"];
let settings: ProviderDefinition["settings"];
let movedFrom: ProviderDefinition["movedFrom"];
let account: ProviderDefinition["account"];

beforeEach(() => {
  vault = new MemoryVault();
  now = START;
  sent = [];
  refresh = undefined;
  settings = undefined;
  movedFrom = undefined;
  account = undefined;
  answer = renewed;
});

function renewed(): HttpReply {
  return json(200, { access_token: "access-2", token_type: "Bearer", expires_in: 3600, refresh_token: "refresh-2" });
}

function services(): Services {
  const acme: ProviderDefinition = {
    id: "acme",
    title: "Acme",
    endpoints: { token: TOKEN_URL, device: "https://acme.example/device" },
    ...(refresh && { refresh }),
    ...(settings && { settings }),
    ...(movedFrom && { movedFrom }),
    ...(account && { account }),
    flows: ["device"],
  };
  const http = async (request: HttpRequest): Promise<HttpReply> => {
    sent.push(request);
    vault.steps.push("send");
    return answer(request);
  };
  return servicesOf(vault, acme, { now: () => now, http });
}

async function given(different: Partial<Connection> = {}, left = -1000): Promise<void> {
  await putRecord(vault, loggedIn({ tokens: tokensOf(ending(START + left)), ...different }));
  vault.steps.length = 0;
}

async function stored(): Promise<Connection> {
  const found = await readConnection(vault, REF);
  if (found === null) throw new Error("no record");
  return found.record;
}

/** What another process does to the record. */
async function edit(different: Partial<Connection>): Promise<void> {
  const found = await readConnection(vault, REF);
  if (found === null) throw new Error("no record");
  await vault.commit([successor(found, { ...found.record, ...different })]);
}

const DUE = { minTtl: 0, force: false, mustAgree: false, rejected: null };
const FORCE = { ...DUE, force: true };
const ACCESS = { minTtl: 0, mustAgree: false };
const refreshToken = async (): Promise<string | undefined> => (await stored()).tokens?.refreshToken?.reveal();

describe("a refresh in its order", () => {
  test("is noted, sent, kept, committed, in that order, under the lock", async () => {
    await given();
    const outcome = await refreshConnection(services(), REF, DUE);
    expect(outcome.kind).toBe("refreshed");
    expect(vault.steps).toEqual(["lock", "prepare", "commit", "send", "keep", "commit", "blank", "release"]);
    expect(await refreshToken()).toBe("refresh-2");
    expect((await stored()).note).toBeNull();
  });

  test("a fresh token is given without a lock or a request", async () => {
    await given({}, 3_600_000);
    const { stored: found } = await access(services(), REF, ACCESS);
    expect(found.record.tokens?.accessToken.reveal()).toBe("access-1");
    expect(vault.steps).toEqual([]);
  });

  test("a reply without a refresh token or scope leaves the old ones", async () => {
    await given();
    answer = () => json(200, { access_token: "access-2", token_type: "Bearer", expires_in: 3600 });
    await refreshConnection(services(), REF, DUE);
    expect(await refreshToken()).toBe("refresh-1");
    expect((await stored()).tokens?.scopes).toEqual(["read"]);
  });

  test("an outcome that another process committed meanwhile is adopted: nothing is sent", async () => {
    await given();
    const lock = await vault.tryLock(NAME);
    const waiting = refreshConnection(services(), REF, DUE);
    await Bun.sleep(5);
    const tokens = tokensOf({ accessToken: new Secret("theirs"), obtainedAt: now, ...ending(now + 1e6) });
    await edit({ tokens, outcomes: 1 });
    lock?.release();
    const outcome = await waiting;
    expect(outcome).toMatchObject({ kind: "refreshed", adopted: true });
    expect(sent).toHaveLength(0);
  });
});

describe("no failure deletes a credential", () => {
  // Every other answer: test/proofs/faults.test.ts.
  test("connection refused is transient (network), and the refresh token stays", async () => {
    await given();
    answer = () => Promise.reject(new HttpError("connection refused", TOKEN_URL));
    const outcome = await refreshConnection(services(), REF, DUE);
    expect(outcome.kind).toBe("failed");
    expect((await stored()).failure).toMatchObject({ class: "transient", code: "network" });
    expect(await refreshToken()).toBe("refresh-1");
  });

  test("a token that still lives is given with a warning", async () => {
    await given({}, 60_000);
    answer = () => json(503, "down");
    const { warning } = await access(services(), REF, ACCESS);
    expect(warning).toContain("HTTP 503");
  });

  test("a dead token is never sent again, not even by force", async () => {
    await given();
    answer = () => json(400, { error: "invalid_grant" });
    await refreshConnection(services(), REF, DUE);
    now += 3_600_000;
    const again = await refreshConnection(services(), REF, FORCE);
    expect(again).toMatchObject({ kind: "failed", error: { code: "refresh_token_invalid" } });
    expect(sent).toHaveLength(1);
  });

  test("a refused client is not asked again until it is forced", async () => {
    await given();
    answer = () => json(401, { error: "invalid_client" });
    await refreshConnection(services(), REF, DUE);
    now += 3_600_000;
    await refreshConnection(services(), REF, DUE);
    expect(sent).toHaveLength(1);
    answer = () => json(200, { access_token: "access-2", token_type: "Bearer", expires_in: 3600 });
    expect((await refreshConnection(services(), REF, FORCE)).kind).toBe("refreshed");
  });

  test("a client's new secret is tried at once, without force", async () => {
    const withSecret = (secret: string): Promise<void> =>
      keepClient(vault, "acme", "https://acme.example", "client", {
        secret: new Secret(secret),
        source: "person",
        savedAt: now,
        refused: null,
      });
    await given({ pinned: pinnedTo({ authentication: "body" }) });
    await withSecret("old");
    answer = () => json(401, { error: "invalid_client" });
    for (const _ of ["sent", "not sent"]) await refreshConnection(services(), REF, DUE);
    expect(sent).toHaveLength(1);
    await withSecret("new");
    answer = renewed;
    expect((await refreshConnection(services(), REF, DUE)).kind).toBe("refreshed");
    expect(new URLSearchParams(sent.at(-1)?.body).get("client_secret")).toBe("new");
  });

  test("a secret that was renewed ends no login where the provider calls a wrong one access_denied", async () => {
    await given({ pinned: pinnedTo({ authentication: "body" }) });
    const entry = { source: "person", savedAt: now, refused: null } as const;
    await keepClient(vault, "acme", "https://acme.example", "client", { ...entry, secret: new Secret("old") });
    answer = () => json(401, { error: "access_denied", error_description: "Unauthorized" });
    expect(await refreshConnection(services(), REF, DUE)).toMatchObject({ error: { code: "client_rejected" } });
    await keepClient(vault, "acme", "https://acme.example", "client", { ...entry, secret: new Secret("new") });
    answer = renewed;
    expect((await refreshConnection(services(), REF, DUE)).kind).toBe("refreshed");
    expect(new URLSearchParams(sent.at(-1)?.body).get("refresh_token")).toBe("refresh-1");
  });

  test("nor does access_denied end one with another status, or for a public client: it is sent again by force", async () => {
    for (const status of [401, 403]) {
      vault = new MemoryVault();
      await given();
      answer = () => json(status, { error: "access_denied" });
      await refreshConnection(services(), REF, DUE);
      expect(await stored()).toMatchObject({ failure: { class: "refused", code: "refresh_refused" }, dead: [] });
      answer = renewed;
      expect((await refreshConnection(services(), REF, FORCE)).kind).toBe("refreshed");
    }
  });

  test("a token that is dead for one API is never sent for it again, whatever became of that failure, and is for others", async () => {
    await given();
    const forced = (resource: string) => ({ ...FORCE, resource: { resource, scope: null } });
    answer = () => json(400, { error: "invalid_grant" });
    await refreshConnection(services(), REF, forced("https://one.example"));
    expect(sent).toHaveLength(1);
    await edit({ resources: {} });
    const again = await refreshConnection(services(), REF, forced("https://one.example"));
    expect(again).toMatchObject({ kind: "failed", error: { code: "refresh_token_invalid" } });
    expect(sent).toHaveLength(1);
    answer = renewed;
    expect((await refreshConnection(services(), REF, forced("https://two.example"))).kind).toBe("refreshed");
    expect(sent).toHaveLength(2);
  });
});

describe("back-off is remembered", () => {
  test("a provider that is down is left alone for a while, then asked again", async () => {
    await given();
    answer = () => json(503, "down", { "retry-after": "120" });
    await refreshConnection(services(), REF, DUE);
    now += 119_000;
    expect((await refreshConnection(services(), REF, DUE)).kind).toBe("failed");
    expect(sent).toHaveLength(1);
    now += 2_000;
    await refreshConnection(services(), REF, DUE);
    expect(sent).toHaveLength(2);
  });

  test("the error names the time of the next try, and isn't reported as a new failure", async () => {
    await given();
    answer = () => json(503, "down", { "retry-after": "600" });
    await refreshConnection(services(), REF, DUE);
    now += 60_000;
    const until = new Date(START + 600_000).toTimeString().slice(0, 5);
    const outcome = await refreshConnection(services(), REF, DUE);
    if (outcome.kind !== "failed") throw new Error("must fail");
    expect(outcome.error).toMatchObject({
      code: "provider_unavailable",
      message: `acme:default was not refreshed. Not tried again until ${until} (the last try failed: HTTP 503).`,
      hint: "Now: auth refresh acme --force",
    });
    expect(sent).toHaveLength(1);
  });

  test("force ignores it", async () => {
    await given();
    answer = () => json(503, "down", { "retry-after": "120" });
    await refreshConnection(services(), REF, DUE);
    await refreshConnection(services(), REF, FORCE);
    expect(sent).toHaveLength(2);
  });

  test("a stored time further ahead than any cap comes from a wrong clock, and is ignored", async () => {
    await given();
    answer = () => json(503, "down", { "retry-after": "3000" });
    await refreshConnection(services(), REF, DUE);
    now -= 7_200_000;
    await refreshConnection(services(), REF, { ...DUE, minTtl: 1e9 });
    expect(sent).toHaveLength(2);
  });
});

describe("in doubt", () => {
  test("while the access token lives it is served, and nothing is sent", async () => {
    await given({}, 60_000);
    answer = () => Promise.reject(new HttpError("connection lost", TOKEN_URL));
    await access(services(), REF, ACCESS);
    now += 30_000;
    const { warning } = await access(services(), REF, ACCESS);
    expect(warning).not.toBeNull();
    expect(sent).toHaveLength(1);
  });

  test("after it, one try is made; invalid_grant then means that the rotation was lost, at the time of the note", async () => {
    await given({}, 60_000);
    answer = () => Promise.reject(new HttpError("connection lost", TOKEN_URL));
    await access(services(), REF, ACCESS);
    now += 120_000;
    answer = () => json(400, { error: "invalid_grant" });
    const outcome = await refreshConnection(services(), REF, DUE);
    if (outcome.kind !== "failed") throw new Error("must fail");
    expect(outcome.error.code).toBe("rotation_lost");
    expect(outcome.error.hint).toContain(localTime(START, true));
  });

  test("within a declared grace the second try comes at once", async () => {
    refresh = { graceSeconds: 60 };
    await given({}, 60_000);
    answer = () => Promise.reject(new HttpError("connection lost", TOKEN_URL));
    await access(services(), REF, ACCESS);
    now += 2_000;
    answer = renewed;
    await access(services(), REF, ACCESS);
    expect(await refreshToken()).toBe("refresh-2");
  });

  test("a living token is given at once, although another machine's request may be under way for an hour by its clock", async () => {
    const note = noteOf({ sentAt: START + 3_600_000 });
    await given({ note }, 60_000);
    const tryLock = vault.tryLock.bind(vault);
    vault.tryLock = async (name) => {
      const lock = await tryLock(name);
      return lock && { ...lock, confirm: async () => 45_000 };
    };
    const { stored: found, warning } = await access(services(), REF, ACCESS);
    expect(found.record.tokens?.accessToken.reveal()).toBe("access-1");
    expect(warning).toContain("still works");
    expect(vault.steps).toEqual(["lock", "release"]);
  });

  test("a note that came with the lock, after the last look at the record, is waited for as any is", async () => {
    await given();
    const tryLock = vault.tryLock.bind(vault);
    let tries = 0;
    vault.tryLock = async (name) => {
      tries++;
      // The other machine's lease was lost: it notes its refresh, and has the reply by the second look.
      if (tries === 1) await edit({ note: noteOf({ generation: 2 }) });
      if (tries === 2) {
        const tokens = tokensOf({ accessToken: new Secret("theirs"), obtainedAt: now, ...ending(now + 3_600_000) });
        await edit({ tokens, note: null, outcomes: 1 });
      }
      const lock = await tryLock(name);
      return lock && { ...lock, confirm: async () => 45_000 };
    };
    expect(await refreshConnection(services(), REF, DUE)).toMatchObject({ kind: "refreshed", adopted: true });
    expect(sent).toHaveLength(0);
  });

  test("a failure that was never sent leaves no doubt", async () => {
    await given();
    answer = () => Promise.reject(new HttpError("host not found", TOKEN_URL));
    await refreshConnection(services(), REF, DUE);
    expect((await stored()).note).toBeNull();
  });

  test("nor does one that this program refused to send", async () => {
    const refuse = (): Promise<never> => Promise.reject(new AuthError("network", "There is nowhere to send it to."));
    await given();
    answer = refuse;
    await expect(refreshConnection(services(), REF, DUE)).rejects.toThrow("nowhere");
    expect((await stored()).note).toBeNull();
    answer = () => Promise.reject(new HttpError("connection timed out", TOKEN_URL));
    await refreshConnection(services(), REF, DUE);
    const { note } = await stored();
    expect(note?.sentAt).toBe(START);
    now += 1000;
    answer = refuse;
    await expect(refreshConnection(services(), REF, FORCE)).rejects.toThrow("nowhere");
    expect((await stored()).note).toEqual(note);
  });

  test("nor does it settle an older doubt", async () => {
    await given();
    answer = () => Promise.reject(new HttpError("connection timed out", TOKEN_URL));
    await refreshConnection(services(), REF, DUE);
    answer = () => Promise.reject(new HttpError("connection refused", TOKEN_URL));
    await refreshConnection(services(), REF, FORCE);
    expect((await stored()).note?.doubtSince).toBe(START);
  });
});

describe("a reply that reached the disk is never lost", () => {
  test("after a crash before the commit it is taken in, and nothing is sent", async () => {
    await given();
    vault.beforeCommit = () => {
      if (vault.steps.includes("keep")) throw new Error("crash");
    };
    const outcome = await refreshConnection(services(), REF, DUE);
    expect(outcome).toMatchObject({ kind: "refreshed" });
    expect(await refreshToken()).toBe("refresh-1");
    vault.beforeCommit = () => {};
    const next = await refreshConnection(services(), REF, DUE);
    expect(next.kind).toBe("refreshed");
    expect(await refreshToken()).toBe("refresh-2");
    expect(sent).toHaveLength(1);
  });

  test("one that has grown old is taken in, and its refresh token, not the old one, is sent", async () => {
    await given();
    vault.beforeCommit = () => {
      if (vault.steps.includes("keep")) throw new Error("crash");
    };
    await refreshConnection(services(), REF, DUE);
    vault.beforeCommit = () => {};
    now += 7_200_000;
    answer = () => json(200, { access_token: "access-3", token_type: "Bearer", refresh_token: "refresh-3" });
    expect(await refreshConnection(services(), REF, DUE)).toMatchObject({ kind: "refreshed", adopted: false });
    expect(sent.map(({ body }) => new URLSearchParams(body).get("refresh_token"))).toEqual(["refresh-1", "refresh-2"]);
    expect(await refreshToken()).toBe("refresh-3");
  });

  test("attack: one that can't be read hands its login's token to no other API", async () => {
    await given({}, 3_600_000);
    answer = () => json(200, { refresh_token: "refresh-2", token_type: "Bearer" });
    vault.beforeCommit = () => {
      if (vault.steps.includes("keep")) throw new Error("crash");
    };
    await refreshConnection(services(), REF, FORCE);
    vault.beforeCommit = () => {};
    const resource = { resource: "https://api.example", scope: "api" };
    for (let calls = 0; calls < 2; calls++)
      await expect(access(services(), REF, { ...ACCESS, resource })).rejects.toMatchObject({ connection: NAME });
    expect(sent).toHaveLength(1);
    const { stored: found } = await access(services(), REF, ACCESS);
    expect(found.record.tokens?.accessToken.reveal()).toBe("access-1");
  });

  test("one that can't be read stays, and is read again before anything is sent", async () => {
    await given();
    answer = () => json(200, { refresh_token: "refresh-2", token_type: "Bearer" });
    const outcome = await refreshConnection(services(), REF, DUE);
    expect(outcome.kind).toBe("failed");
    expect((await stored()).failure?.unreadable).toBe(true);
    now += 600_000;
    await refreshConnection(services(), REF, DUE);
    expect(sent).toHaveLength(1);
    expect(vault.replies.size).toBe(1);
  });
});

describe("a kept reply that others have come after", () => {
  const failure = failureOf({ retryAt: START + 60_000, retryCap: 60_000 });
  const API = { resource: "https://api.example", scope: "api" };

  /** A reply is kept, and its outcome is never stored. */
  async function keepOne(options: Parameters<typeof refreshConnection>[2]): Promise<void> {
    vault.beforeCommit = () => {
      if (vault.steps.includes("keep")) throw new Error("crash");
    };
    await refreshConnection(services(), REF, options);
    vault.beforeCommit = () => {};
    expect(vault.replies.size).toBe(1);
    vault.steps.length = 0;
  }

  test("is blanked by the call that finds its tokens replaced: the next one takes no lock, and all are warned", async () => {
    await given();
    await keepOne(DUE);
    const tokens = tokensOf({
      ...ending(START + 3_600_000),
      accessToken: new Secret("access-9"),
      refreshToken: new Secret("refresh-9"),
    });
    await edit({ tokens, note: null, failure, outcomes: 2 });
    vault.steps.length = 0;
    for (let calls = 0; calls < 2; calls++) {
      const { stored: found, warning } = await access(services(), REF, ACCESS);
      expect(found.record.tokens?.accessToken.reveal()).toBe("access-9");
      expect(warning).toContain("HTTP 503. The current token still works.");
      expect(vault.steps).toEqual(["lock", "blank", "release"]);
    }
    expect(vault.replies.size).toBe(0);
    expect(await refreshToken()).toBe("refresh-9");
    expect(sent).toHaveLength(1);
  });

  test("is taken in while its tokens are there: for an API those are that one's, whoever asks", async () => {
    await given({}, 3_600_000);
    await keepOne({ ...FORCE, resource: API });
    await edit({ note: null, failure, outcomes: 1 });
    const { stored: found } = await access(services(), REF, ACCESS);
    expect(found.record.tokens?.accessToken.reveal()).toBe("access-1");
    expect(await refreshToken()).toBe("refresh-2");
    expect((await stored()).resources?.[API.resource]?.tokens?.accessToken.reveal()).toBe("access-2");
    expect(sent).toHaveLength(1);
  });

  for (const [words, status, body, failed] of [
    ["a refusal of the same token", 400, '{"error":"invalid_grant"}', failure],
    ["one that can't be read", 200, '{"refresh_token":"refresh-9"}', failureOf({ inDoubt: true, unreadable: true })],
  ] as const)
    test(`is taken in although another machine's lies beside it, later and ${words}, which stays`, async () => {
      await given();
      await keepOne(DUE);
      const found = await readConnection(vault, REF);
      if (found === null) throw new Error("no record");
      const note = noteOf({ generation: 3 });
      const raw = { status, headers: { "content-type": "application/json" }, body: new TextEncoder().encode(body) };
      const sentFor = await tokensFingerprint(vault, found.record);
      const elsewhere: Kept = { version: versionAt(3), bytes: encodeKept({ note, sentFor, raw }) };
      await edit({ note: { ...note, ended: true }, failure: failed, outcomes: 1 });
      await edit({ note: null });
      const blanked: unknown[] = [];
      const tryLock = vault.tryLock.bind(vault);
      vault.tryLock = async (name) => {
        const lock = await tryLock(name);
        if (lock === null) return null;
        const kept = async (): Promise<Kept[]> => [elsewhere, ...(await lock.reply.kept())];
        const blank = async (which: Version | "all"): Promise<void> => void blanked.push(which);
        return { ...lock, reply: { ...lock.reply, kept, blank } };
      };
      expect((await refreshConnection(services(), REF, DUE)).kind).toBe("refreshed");
      expect(await refreshToken()).toBe("refresh-2");
      expect(sent).toHaveLength(1);
      expect(blanked).toEqual([versionAt(2)]);
    });

  for (const [words, incarnation, text] of [
    ["it is another login's", OTHER_LOGIN, '{"note":{"generation":1},"sentFor":"other tokens"}\n{}'],
    ["it doesn't tell what it was sent for", undefined, "an older version's"],
  ] as const)
    test(`stays where ${words}`, async () => {
      await given();
      const kept: Kept = { version: versionAt(1, incarnation), bytes: new TextEncoder().encode(text) };
      vault.replies.set(NAME, kept);
      let atSending: Kept | undefined;
      answer = () => {
        atSending = vault.replies.get(NAME);
        return renewed();
      };
      await refreshConnection(services(), REF, DUE);
      expect(atSending).toBe(kept);
    });
});

describe("a kept reply that can't be used is no dead end", () => {
  const BODIES = {
    "cut JSON": '{"access_token":"access-2","refresh_token":"refresh-2"',
    "no access token": '{"refresh_token":"refresh-2","token_type":"Bearer"}',
    "an access token that is a number": '{"access_token":42,"refresh_token":"refresh-2"}',
    "another account": '{"access_token":"access-2","refresh_token":"refresh-2","user":{"id":"other"}}',
  };
  for (const [name, body] of Object.entries(BODIES))
    for (const [when, left] of [
      ["while the token lives", 3_600_000],
      ["past its expiry", -1000],
    ] as const)
      test(`${name}: --force sends one request each time it is called, ${when}`, async () => {
        account = { from: "reply", id: ["user.id"] };
        await given({ account: { id: "me", label: null, organization: null } }, left);
        answer = () => json(200, body);
        for (let calls = 1; calls <= 3; calls++) {
          expect((await refreshConnection(services(), REF, FORCE)).kind).toBe("failed");
          expect(sent).toHaveLength(calls);
          expect((await stored()).failure?.unreadable).toBe(true);
          // Without it nothing is sent: the refresh token in the kept reply is the one that counts.
          await refreshConnection(services(), REF, { ...DUE, minTtl: 7_200_000 });
          expect(sent).toHaveLength(calls);
        }
        answer = () => json(200, { access_token: "access-3", expires_in: 3600, user: { id: "me" } });
        expect((await refreshConnection(services(), REF, FORCE)).kind).toBe("refreshed");
        expect(sent).toHaveLength(4);
        expect((await stored()).failure).toBeNull();
      });

  test("past its expiry every call says log in, until a try succeeds", async () => {
    await given();
    answer = () => json(200, BODIES["no access token"]);
    for (let calls = 0; calls < 2; calls++) {
      const outcome = await refreshConnection(services(), REF, DUE);
      expect(outcome).toMatchObject({ kind: "failed", error: { code: "token_expired" } });
      expect(stateOf(await stored(), now)).toEqual({ status: "invalid", reason: "reply_unreadable" });
    }
    // A kept reply that is read in vain once more is no further attempt.
    expect((await stored()).outcomes).toBe(1);
    answer = () => json(200, { access_token: "access-3", expires_in: 3600 });
    await refreshConnection(services(), REF, FORCE);
    expect(stateOf(await stored(), now)).toEqual({ status: "connected", reason: null });
  });

  test("a page or a message that only mentions a refresh token is not kept", async () => {
    for (const [body, failure] of [
      ["<html>Your refresh_token has expired</html>", { class: "transient", inDoubt: true }],
      ['{"errcode":40030,"errmsg":"invalid refresh_token"}', { class: "refused", inDoubt: false }],
    ] as const) {
      vault = new MemoryVault();
      await given({}, 60_000);
      answer = () => json(200, body);
      await refreshConnection(services(), REF, FORCE);
      expect((await stored()).failure).toMatchObject({ ...failure, unreadable: false });
    }
  });
});

describe("a refusal that no table knows", () => {
  test("is kept as a verdict: nothing is sent again until --force, and the refresh token stays", async () => {
    await given();
    answer = () => json(400, { error: "already_used", error_description: "It was used before." });
    const outcome = await refreshConnection(services(), REF, DUE);
    if (outcome.kind !== "failed") throw new Error("must fail");
    expect(outcome.error).toMatchObject({
      code: "refresh_refused",
      message: "refresh failed for acme (default): the provider refused the refresh (HTTP 400: already_used)",
      detail: "It was used before.",
    });
    expect(stateOf(await stored(), now)).toEqual({ status: "invalid", reason: "refresh_refused" });
    now += 7_200_000;
    await refreshConnection(services(), REF, DUE);
    expect(sent).toHaveLength(1);
    for (let calls = 2; calls <= 3; calls++) {
      await refreshConnection(services(), REF, FORCE);
      expect(sent).toHaveLength(calls);
    }
    expect(await refreshToken()).toBe("refresh-1");
    answer = () => json(200, { access_token: "access-2", expires_in: 3600 });
    expect((await refreshConnection(services(), REF, FORCE)).kind).toBe("refreshed");
    expect((await stored()).failure).toBeNull();
  });

  test("without a code the provider's words are the detail, and not in the message", async () => {
    await given();
    answer = () => json(400, { message: "Bad Request" });
    const outcome = await refreshConnection(services(), REF, DUE);
    expect(outcome).toMatchObject({
      kind: "failed",
      error: { message: expect.stringMatching(/\(HTTP 400\)$/), detail: "Bad Request" },
    });
  });

  // A public client has shown nothing that a 401 could refuse: what is wrong is what it sent (RFC 6749 §5.2).
  test("with 401 for a public client it is about the login", async () => {
    await given();
    answer = () => json(401, { detail: "no such token" });
    await refreshConnection(services(), REF, DUE);
    expect((await stored()).failure).toMatchObject({
      class: "refused",
      code: "refresh_refused",
      detail: "no such token",
      hint: expect.stringMatching(/^Log in again: auth login acme\n/),
    });
  });

  test("attack: the provider's words are one short line, and hold no secret of ours", async () => {
    await given();
    const words = `token refresh-1 is\u001b[2J not\r\nError: valid ${"and more ".repeat(50)}`;
    answer = () => json(400, { error: "weird", error_description: words });
    await refreshConnection(services(), REF, DUE);
    const { detail } = (await stored()).failure ?? {};
    expect(detail).toStartWith("token [redacted] is\\x1b[2J not\\r\\nError: valid and more");
    expect(detail).toHaveLength(200);
  });
});

describe("what happens in between is respected", () => {
  test("a commit that a server made before it went away is this process's own, not another's", async () => {
    for (const reply of [renewed, () => json(400, { error: "weird" })]) {
      vault = new MemoryVault();
      await given();
      answer = reply;
      vault.beforeCommit = async (changes) => {
        if (!vault.steps.includes("send")) return;
        vault.beforeCommit = () => {};
        await vault.commit(changes);
        throw new AuthError("vault_unreachable", "gone");
      };
      const told: string[] = [];
      const all = services();
      const context = { ...all.context, warn: (message: string) => told.push(message) };
      const outcome = await refreshConnection({ ...all, context }, REF, DUE);
      expect(outcome).toMatchObject(reply === renewed ? { kind: "refreshed", adopted: false } : { kind: "failed" });
      expect(told).toEqual([]);
      expect((await stored()).note).toBeNull();
    }
  });

  test("settings edited before the note: the record is read again, and one request is sent", async () => {
    await given();
    let edited = false;
    vault.beforeCommit = async () => {
      if (edited) return;
      edited = true;
      await edit({ scopes: ["write"] });
    };
    expect((await refreshConnection(services(), REF, DUE)).kind).toBe("refreshed");
    expect(sent).toHaveLength(1);
    expect((await stored()).scopes).toEqual(["write"]);
  });

  test("logged out meanwhile: what was received is not stored", async () => {
    await given();
    answer = () => {
      vault.entries.clear();
      return renewed();
    };
    await expect(refreshConnection(services(), REF, DUE)).rejects.toMatchObject({ code: "connection_not_found" });
    expect(vault.entries.size).toBe(0);
  });

  test("logged in again meanwhile: the newer login is kept", async () => {
    await given();
    answer = async () => {
      vault.entries.clear();
      await given({}, 3_600_000);
      const entry = vault.entries.get(`connection ${NAME}`);
      if (entry === undefined) throw new Error("no entry");
      vault.entries.set(`connection ${NAME}`, { ...entry, version: { incarnation: "b".repeat(32), generation: 1 } });
      return json(200, { access_token: "late", token_type: "Bearer", expires_in: 3600, refresh_token: "late" });
    };
    const outcome = await refreshConnection(services(), REF, DUE);
    expect(outcome).toMatchObject({ kind: "refreshed", adopted: true });
    expect(await refreshToken()).toBe("refresh-1");
  });

  test("settings edited meanwhile: the new tokens land on the edited record", async () => {
    await given();
    answer = async () => {
      await edit({ scopes: ["write"] });
      return renewed();
    };
    await refreshConnection(services(), REF, DUE);
    expect(await refreshToken()).toBe("refresh-2");
    expect((await stored()).scopes).toEqual(["write"]);
  });
});

describe("an endpoint that the description has moved since the login", () => {
  const pinnedAt = (token: string, issuer: string | null = null): Partial<Connection> => ({
    pinned: pinnedTo({ origins: [new URL(token).origin], endpoints: { token }, issuer }),
  });
  const OLD = "https://acme.example/old/token";
  const asked = async (record: Partial<Connection>): Promise<string[]> => {
    await given(record);
    await refreshConnection(services(), REF, DUE);
    return sent.map(({ url }) => url);
  };

  test("to another path of its origin is asked there", async () => {
    expect(await asked(pinnedAt(OLD))).toEqual([TOKEN_URL]);
  });

  test("attack: to another origin is asked where it was", async () => {
    const elsewhere = "https://login.acme.example/token";
    expect(await asked(pinnedAt(elsewhere))).toEqual([elsewhere]);
  });

  test("to another origin, by a description of ours that says that it moved from there, is asked there", async () => {
    movedFrom = ["https://old.acme.example"];
    expect(await asked(pinnedAt("https://old.acme.example/token"))).toEqual([TOKEN_URL]);
    vault = new MemoryVault();
    sent = [];
    const elsewhere = "https://login.acme.example/token";
    expect(await asked(pinnedAt(elsewhere))).toEqual([elsewhere]);
  });

  test("that a flag or the issuer named is asked where it was", async () => {
    expect(await asked({ ...pinnedAt(OLD), endpoints: { token: OLD } })).toEqual([OLD]);
    vault = new MemoryVault();
    sent = [];
    expect(await asked(pinnedAt(OLD, "https://acme.example"))).toEqual([OLD]);
  });

  test("by a description that no longer takes the login's settings is asked where it was", async () => {
    settings = { tenant: { title: "The tenant", pattern: "[a-z]+" } };
    expect(await asked({ ...pinnedAt(OLD), settings: { tenant: "UPPER" } })).toEqual([OLD]);
  });
});

describe("a token that an API refused", () => {
  const options = (token: string) => ({ ...ACCESS, rejected: new Secret(token) });

  test("is refreshed once, if it is still the stored one", async () => {
    await given({}, 3_600_000);
    const { stored: found } = await access(services(), REF, options("access-1"));
    expect(found.record.tokens?.accessToken.reveal()).toBe("access-2");
    expect(sent).toHaveLength(1);
  });

  test("is answered with the stored one, if that is newer: a herd makes one refresh", async () => {
    await given({}, 3_600_000);
    await access(services(), REF, options("access-1"));
    const { stored: found } = await access(services(), REF, options("access-1"));
    expect(found.record.tokens?.accessToken.reveal()).toBe("access-2");
    expect(sent).toHaveLength(1);
  });

  test("minted moments ago, is not refreshed again: token_refused", async () => {
    await given({}, 3_600_000);
    await access(services(), REF, options("access-1"));
    await expect(access(services(), REF, options("access-2"))).rejects.toMatchObject({ code: "token_refused" });
    expect(sent).toHaveLength(1);
  });

  test("is never given back when the refresh fails, though it still lives", async () => {
    await given({}, 3_600_000);
    answer = () => json(503, "down");
    await expect(access(services(), REF, options("access-1"))).rejects.toMatchObject({ code: "provider_unavailable" });
  });
});

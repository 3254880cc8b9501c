/** Minting in the engine: the same lock and the same outcomes as a refresh, and nothing that only a rotation needs. */
import { beforeEach, describe, expect, test } from "bun:test";
import { access } from "../../src/connections/access.ts";
import type { Connection } from "../../src/connections/record.ts";
import { refreshConnection } from "../../src/connections/refresh.ts";
import type { Services } from "../../src/connections/services.ts";
import { stateOf } from "../../src/connections/status.ts";
import { readConnection } from "../../src/connections/store.ts";
import { readPrivateKey } from "../../src/oauth/key-file.ts";
import type { HttpReply, HttpRequest } from "../../src/platform/http.ts";
import type { ProviderDefinition } from "../../src/providers/schema.ts";
import { verified } from "../issuers/assertions.ts";
import { EC_KEY, publicKey } from "../support/keys.ts";
import { MemoryVault } from "./memory-vault.ts";
import { ending, json, loggedIn, pinnedTo, putRecord, REF, START, servicesOf, TOKEN_URL, tokensOf } from "./support.ts";

const DUE = { minTtl: 0, force: false, mustAgree: false, rejected: null };
const WISH = { minTtl: 0, mustAgree: false };

let vault: MemoryVault;
let now: number;
let sent: HttpRequest[];
let answer: (request: HttpRequest) => HttpReply;
let use: "grant" | "bearer" | "assertion";

beforeEach(() => {
  vault = new MemoryVault();
  now = START;
  sent = [];
  use = "grant";
  answer = () => json(200, { access_token: "access-2", token_type: "Bearer", expires_in: 3600 });
});

function services(): Services {
  const acme: ProviderDefinition = {
    id: "acme",
    title: "Acme",
    endpoints: { token: TOKEN_URL },
    minting: {
      jwt: {
        use,
        sign: { algorithm: "ES256", claims: { iss: "robot", aud: "{tokenEndpoint}" }, lifetimeSeconds: 600 },
      },
    },
    flows: ["jwt"],
  };
  const http = async (request: HttpRequest): Promise<HttpReply> => {
    sent.push(request);
    vault.steps.push("send");
    return answer(request);
  };
  return servicesOf(vault, acme, { now: () => now, http });
}

async function given(): Promise<void> {
  const secret = await readPrivateKey(EC_KEY, "ES256");
  const record = loggedIn({
    flow: "jwt",
    pinned: pinnedTo({ clientId: null }),
    mint: { proof: "key", secret, source: null, values: {}, clockOffset: 0 },
    tokens: tokensOf({ ...ending(START - 1000), refreshToken: null }),
  });
  await putRecord(vault, record);
  vault.steps.length = 0;
}

async function stored(): Promise<Connection> {
  const found = await readConnection(vault, REF);
  if (found === null) throw new Error("no record");
  return found.record;
}

const claimsOf = async ({ body = "" }: HttpRequest) =>
  (await verified(new URLSearchParams(body).get("assertion"), publicKey(EC_KEY), "ES256"))?.claims;

test("minted under the lock, without note or kept reply, and stored before it is given", async () => {
  await given();
  const { stored: found } = await access(services(), REF, WISH);
  expect(found.record.tokens?.accessToken.reveal()).toBe("access-2");
  expect(vault.steps).toEqual(["lock", "send", "commit", "release"]);
  expect(await stored()).toMatchObject({ note: null, failure: null, outcomes: 1 });
  expect((await stored()).mint?.secret?.reveal()).toStartWith("-----BEGIN PRIVATE KEY-----");
});

test("cached until it is due, and then minted again; signed here, nothing is ever sent", async () => {
  use = "bearer";
  await given();
  const token = async () => (await access(services(), REF, WISH)).stored.record.tokens?.accessToken.reveal();
  const first = await token();
  now += 299_000;
  expect(await token()).toBe(first);
  now += 2_000;
  expect(await token()).not.toBe(first);
  expect(sent).toEqual([]);
});

test("what authenticates a client says so in its type (RFC 10070), what is exchanged for a token is a plain JWT", async () => {
  await given();
  for (const [as, parameter, typ] of [
    ["assertion", "client_assertion", "client-authentication+jwt"],
    ["grant", "assertion", "JWT"],
  ] as const) {
    use = as;
    await refreshConnection(services(), REF, { ...DUE, force: true });
    const jwt = new URLSearchParams(sent.at(-1)?.body ?? "").get(parameter);
    expect((await verified(jwt, publicKey(EC_KEY), "ES256"))?.header).toMatchObject({ typ });
  }
});

test("one past its expiry is still a connection that works", async () => {
  await given();
  expect(stateOf(await stored(), now)).toEqual({ status: "connected", reason: null });
});

describe("the provider's clock", () => {
  const at = (offset: number) => ({ date: new Date(now + offset).toUTCString() });

  test("a refusal by another clock: signed again by it, once, and remembered", async () => {
    await given();
    answer = () =>
      sent.length === 1
        ? json(400, { error: "invalid_grant" }, at(7_200_000))
        : json(200, { access_token: "access-2", expires_in: 3600 }, at(7_200_000));
    await refreshConnection(services(), REF, DUE);
    expect(sent).toHaveLength(2);
    const [first, second] = await Promise.all(sent.map(claimsOf));
    expect([first?.iat, second?.iat]).toEqual([START / 1000, START / 1000 + 7200]);
    expect((await stored()).mint?.clockOffset).toBe(7_200_000);
    now += 3_500_000;
    await refreshConnection(services(), REF, DUE);
    expect(sent).toHaveLength(3);
    expect((await claimsOf(sent[2] as HttpRequest))?.iat).toBe(now / 1000 + 7200);
  });

  test("a refusal by the same clock is a refusal", async () => {
    await given();
    answer = () => json(400, { error: "invalid_grant" }, at(10_000));
    const outcome = await refreshConnection(services(), REF, DUE);
    expect(outcome).toMatchObject({ kind: "failed", error: { code: "refresh_token_invalid" } });
    expect(sent).toHaveLength(1);
  });

  test("a lifetime is never counted by it", async () => {
    await given();
    answer = () => json(200, { access_token: "access-2", expires_in: 3600 }, at(7_200_000));
    await refreshConnection(services(), REF, DUE);
    expect((await stored()).tokens?.expiresAt).toBe(START + 3_600_000);
  });
});

describe("failures", () => {
  test("a reply that was lost leaves no doubt: it is asked for again", async () => {
    await given();
    answer = () => json(502, "bad gateway");
    expect(await refreshConnection(services(), REF, DUE)).toMatchObject({
      kind: "failed",
      error: { code: "provider_unavailable", message: "refresh failed for acme (default): HTTP 502" },
    });
    expect((await stored()).failure).toMatchObject({ class: "transient", inDoubt: false, unreadable: false });
    now += 5_000;
    answer = () => json(200, { access_token: "access-2", expires_in: 3600 });
    expect((await refreshConnection(services(), REF, DUE)).kind).toBe("refreshed");
  });

  test("a refresh token in the reply is not kept: the key is what brings the next one", async () => {
    await given();
    answer = () => json(200, { access_token: "access-2", expires_in: 3600, refresh_token: "unasked" });
    await refreshConnection(services(), REF, DUE);
    expect((await stored()).tokens?.refreshToken).toBeNull();
  });

  test("logged out meanwhile: what was minted isn't stored", async () => {
    await given();
    vault.beforeCommit = () => void vault.entries.clear();
    await expect(refreshConnection(services(), REF, DUE)).rejects.toMatchObject({ code: "connection_not_found" });
    expect(vault.entries.size).toBe(0);
  });
});

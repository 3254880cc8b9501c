/** A token for a program that runs for long: each use is answered by what the vault holds then. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { copyFileSync, renameSync, rmSync } from "node:fs";
import { successor } from "../../src/connections/changes.ts";
import { type LiveToken, liveToken } from "../../src/connections/live-token.ts";
import type { Connection } from "../../src/connections/record.ts";
import { readConnection } from "../../src/connections/store.ts";
import type { HttpReply } from "../../src/platform/http.ts";
import { Secret } from "../../src/platform/secret.ts";
import type { ProviderDefinition } from "../../src/providers/schema.ts";
import type { Vault } from "../../src/vault/types.ts";
import { type Home, newHome, refusal } from "../vault/home.ts";
import { ending, json, loggedIn, putRecord, REF, START, servicesOf, TOKEN_URL, tokensOf } from "./support.ts";

const HOUR = 3_600_000;
const ACME: ProviderDefinition = {
  id: "acme",
  title: "Acme",
  endpoints: { token: TOKEN_URL, device: "https://acme.example/device" },
  flows: ["device"],
};

let home: Home;
let vault: Vault;
let other: Vault;
let now: number;
let sent: number;
let answer: () => Promise<HttpReply>;
let live: LiveToken;

beforeEach(async () => {
  home = newHome("auth-live-");
  vault = await home.open();
  other = await home.open();
  now = START;
  sent = 0;
  answer = async () => renewed();
  live = liveToken(servicesOf(vault, ACME, { now: () => now, http }), REF);
});
afterEach(() => {
  vault.close();
  other.close();
  home[Symbol.dispose]();
});

const http = (): Promise<HttpReply> => {
  sent++;
  return answer();
};

function renewed(): HttpReply {
  const n = sent + 1;
  return json(200, { access_token: `access-${n}`, expires_in: 3600, refresh_token: `refresh-${n}` });
}

async function given(left: number, different: Partial<Connection> = {}): Promise<void> {
  await putRecord(other, loggedIn({ tokens: tokensOf(ending(START + left)), ...different }));
}

/** What another process commits. */
async function elsewhere(accessToken: string): Promise<void> {
  const found = await readConnection(other, REF);
  if (found === null) throw new Error("no record");
  const tokens = tokensOf({ ...ending(now + HOUR), accessToken: new Secret(accessToken), obtainedAt: now });
  const { record } = found;
  await other.commit([successor(found, { ...record, tokens, outcomes: record.outcomes + 1 })]);
}

const shown = async (asked = live.get()): Promise<string | undefined> =>
  (await asked).stored.record.tokens?.accessToken.reveal();

describe("get", () => {
  test("gives what another process has stored a moment ago", async () => {
    await given(HOUR);
    expect(await shown()).toBe("access-1");
    await elsewhere("access-of-another");
    expect(await shown()).toBe("access-of-another");
    expect(sent).toBe(0);
  });

  test("fails once another process has logged out", async () => {
    await given(HOUR);
    await live.get();
    const found = await readConnection(other, REF);
    await other.commit([{ type: "connection", name: "acme:default", expected: found?.version ?? null, next: null }]);
    expect((await refusal(live.get())).code).toBe("connection_not_found");
  });

  test("gives the next token once this one is due", async () => {
    await given(HOUR);
    expect(await shown()).toBe("access-1");
    now += HOUR - 200_000;
    expect(await shown()).toBe("access-2");
    expect(await shown()).toBe("access-2");
    expect(sent).toBe(1);
  });

  test("asked for two hundred times at once, a due token is refreshed once", async () => {
    await given(-1000);
    const tokens = await Promise.all(Array.from({ length: 200 }, () => shown()));
    expect([...new Set(tokens)]).toEqual(["access-2"]);
    expect(sent).toBe(1);
  });

  test("asks for a longer life where the caller does", async () => {
    await given(HOUR / 2);
    expect(await shown()).toBe("access-1");
    expect(await shown(live.get(HOUR * 0.75))).toBe("access-2");
  });

  test("a refresh that failed is told to all who waited, and tried again later", async () => {
    await given(-1000);
    answer = async () => json(503, "busy");
    const failures = await Promise.all(Array.from({ length: 20 }, () => refusal(live.get())));
    expect([...new Set(failures.map(({ code }) => code))]).toEqual(["provider_unavailable"]);
    expect(sent).toBe(1);
    answer = async () => renewed();
    now += 120_000;
    expect(await shown()).toBe("access-3");
  });

  test("keeps many connections apart", async () => {
    const names = Array.from({ length: 200 }, (_, n) => `n${n}`);
    for (const name of names)
      await putRecord(
        other,
        loggedIn({ name, tokens: tokensOf({ ...ending(START + HOUR), accessToken: new Secret(`of-${name}`) }) }),
      );
    const services = servicesOf(vault, ACME, { now: () => now, http });
    const tokens = names.map((name) => liveToken(services, { provider: "acme", name }));
    for (let round = 0; round < 2; round++)
      expect(await Promise.all(tokens.map((token) => shown(token.get())))).toEqual(names.map((name) => `of-${name}`));
  });
});

describe("rejected", () => {
  test("refreshes a token that is still the stored one, once for all who were refused", async () => {
    await given(HOUR);
    const refused = new Secret("access-1");
    const tokens = await Promise.all(Array.from({ length: 50 }, () => shown(live.rejected(refused))));
    expect([...new Set(tokens)]).toEqual(["access-2"]);
    expect(sent).toBe(1);
  });

  test("gives the one that another process has stored since, without a refresh", async () => {
    await given(HOUR);
    await live.get();
    await elsewhere("access-of-another");
    expect(await shown(live.rejected(new Secret("access-1")))).toBe("access-of-another");
    expect(sent).toBe(0);
  });

  test("an API that refuses every token ends in an error, not in a refresh for each call", async () => {
    await given(HOUR);
    const second = (await live.rejected(new Secret("access-1"))).stored.record.tokens?.accessToken;
    expect((await refusal(live.rejected(second ?? new Secret("")))).code).toBe("token_refused");
    expect(sent).toBe(1);
  });
});

describe("a vault whose file is another one by now", () => {
  test("is not used any more: put back from a backup", async () => {
    await given(HOUR);
    await live.get();
    copyFileSync(home.file, `${home.file}.backup`);
    renameSync(`${home.file}.backup`, home.file);
    expect((await refusal(live.get())).code).toBe("vault_replaced");
    expect((await refusal(live.rejected(new Secret("access-1")))).code).toBe("vault_replaced");
  });

  test("or removed", async () => {
    await given(HOUR);
    await live.get();
    rmSync(home.file);
    expect((await refusal(live.get())).code).toBe("vault_replaced");
  });
});

/**
 * Every MUST of OpenID Connect Core §3.1.3.7 (ID Token) and §5.3.2 (UserInfo), and of RFC 9207 §2.4 (`iss` in the answer),
 * by its number and both ways: kept, a login goes through; broken, it is refused.
 */
import { afterEach, describe, expect, test } from "bun:test";
import { askAccount } from "../../src/oauth/account.ts";
import { type BrowserLogin, startBrowserLogin } from "../../src/oauth/browser.ts";
import { readTokenReply } from "../../src/oauth/reply.ts";
import type { Client, Server } from "../../src/oauth/types.ts";
import { http } from "../../src/platform/http.ts";
import { Secret } from "../../src/platform/secret.ts";
import { json, publicClient, reply, type Scripted, script, secretClient, server, thrown } from "./support.ts";

const ISSUER = "https://issuer.example/realm";
const NOW = Date.UTC(2026, 0, 1);
const SECONDS = NOW / 1000;
const CLAIMS = {
  iss: ISSUER,
  sub: "alice",
  aud: publicClient.id,
  iat: SECONDS,
  exp: SECONDS + 3600,
  nonce: "the nonce",
};

interface Case {
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly header?: Readonly<Record<string, unknown>>;
  /** Instead of a JWT of these. */
  readonly idToken?: unknown;
  readonly nonce?: string | null;
  readonly client?: Client;
  readonly more?: Partial<Server>;
  /** Milliseconds. */
  readonly now?: number;
}

function token(header: Readonly<Record<string, unknown>>, claims: Readonly<Record<string, unknown>>): string {
  const part = (value: unknown): string =>
    new TextEncoder().encode(JSON.stringify(value)).toBase64({ alphabet: "base64url", omitPadding: true });
  return `${part(header)}.${part(claims)}.c2lnbmF0dXJl`;
}

/** What a login makes of that id_token: whether it is taken, or why it is refused. */
async function login(given: Case): Promise<string> {
  const { claims, header, idToken, nonce = "the nonce", client = publicClient, more, now = NOW } = given;
  const at = server({}, { issuer: ISSUER, idTokenAlgorithms: ["RS256", "ES256", "HS256"], ...more });
  const id_token = idToken ?? token({ alg: "RS256", ...header }, { ...CLAIMS, ...claims });
  const body = { access_token: "a", refresh_token: "r", id_token };
  try {
    const tokens = await readTokenReply(at, client, reply(body), { subject: null, nonce, now, login: true });
    return tokens.idToken === null ? "taken, without its id_token" : "taken";
  } catch (error) {
    expect(error).toMatchObject({ received: { accessToken: expect.anything(), refreshToken: expect.anything() } });
    return (error as Error).message;
  }
}

/** Rule → kept → broken. */
const RULES: Readonly<
  Record<string, { kept: Readonly<Record<string, Case>>; broken: Readonly<Record<string, Case>> }>
> = {
  "1 (an encrypted one was never asked for)": {
    kept: { "signed only": {} },
    broken: {
      encrypted: { idToken: "aaaa.bbbb.cccc.dddd.eeee" },
      "no JWT": { idToken: "x" },
      "no text": { idToken: 42 },
    },
  },
  "2 (iss is the issuer exactly)": {
    kept: {
      same: {},
      "of one tenant": {
        claims: { iss: "https://issuer.example/t1/v2" },
        more: { issuer: "https://issuer.example/{tenantid}/v2" },
      },
    },
    broken: {
      another: { claims: { iss: "https://attacker.example" } },
      "another path": { claims: { iss: `${ISSUER}/other` } },
      "a slash more": { claims: { iss: `${ISSUER}/` } },
      "of two parts, where the template has one": {
        claims: { iss: "https://issuer.example/a/b/v2" },
        more: { issuer: "https://issuer.example/{tenantid}/v2" },
      },
      "of an empty part": {
        claims: { iss: "https://issuer.example//v2" },
        more: { issuer: "https://issuer.example/{tenantid}/v2" },
      },
      "of a tenant elsewhere": {
        claims: { iss: "https://attacker.example/t1/v2" },
        more: { issuer: "https://issuer.example/{tenantid}/v2" },
      },
      "another case": { claims: { iss: ISSUER.toUpperCase() } },
      missing: { claims: { iss: undefined } },
      "a list": { claims: { iss: [ISSUER] } },
    },
  },
  "3 (aud has this client, and no audience that isn't trusted)": {
    kept: {
      text: {},
      "a list of one": { claims: { aud: [publicClient.id] } },
      "several, issued to this client": { claims: { aud: ["api", publicClient.id], azp: publicClient.id } },
    },
    broken: {
      another: { claims: { aud: "another" } },
      "an integer": { claims: { aud: 42 }, client: { ...publicClient, id: "42" } },
      "a list with an integer": { claims: { aud: [publicClient.id, 42], azp: publicClient.id } },
      "an empty list": { claims: { aud: [] } },
      missing: { claims: { aud: undefined } },
      "several, with no azp": { claims: { aud: [publicClient.id, "api"] } },
    },
  },
  "4 and 5 (azp is this client)": {
    kept: { none: {}, same: { claims: { azp: publicClient.id } } },
    broken: {
      another: { claims: { azp: "another" } },
      "another, of several audiences": { claims: { aud: [publicClient.id, "another"], azp: "another" } },
      "no text": { claims: { azp: 1 } },
    },
  },
  "6 (TLS in place of the signature: not where it is none)": {
    kept: { signed: {} },
    broken: {
      none: { header: { alg: "none" } },
      None: { header: { alg: "None" } },
      missing: { header: { alg: undefined } },
    },
  },
  "7 (alg is one of the issuer's)": {
    kept: {
      listed: { header: { alg: "ES256" } },
      "the issuer lists none": { header: { alg: "EdDSA" }, more: { idTokenAlgorithms: undefined as never } },
    },
    broken: { "not listed": { header: { alg: "PS512" } }, "no text": { header: { alg: 256 } } },
  },
  "8 (a MAC is keyed by the client's secret)": {
    kept: { "a client with a secret": { header: { alg: "HS256" }, client: secretClient("basic") } },
    broken: { "a client without one": { header: { alg: "HS256" } } },
  },
  "9 (now is before exp)": {
    kept: { before: {}, "five minutes of leeway": { now: NOW + 3_899_000 } },
    broken: {
      after: { now: NOW + 3_900_000 },
      "long after": { claims: { exp: 1 } },
      missing: { claims: { exp: undefined } },
      text: { claims: { exp: "9999999999" } },
    },
  },
  "10 (iat is not too far from now)": {
    kept: { now: {}, "five minutes of leeway": { claims: { iat: SECONDS + 300 } } },
    broken: {
      "in the future": { claims: { iat: SECONDS + 301 } },
      missing: { claims: { iat: undefined } },
      text: { claims: { iat: "now" } },
    },
  },
  "11 (nonce is the one that was sent)": {
    kept: { same: {}, "none was sent": { nonce: null, claims: { nonce: undefined } } },
    broken: {
      another: { claims: { nonce: "another" } },
      missing: { claims: { nonce: undefined } },
      empty: { claims: { nonce: "" } },
      "a list": { claims: { nonce: ["the nonce"] } },
    },
  },
  "of §2 (sub is there, at most 255 characters long)": {
    kept: { "255 characters": { claims: { sub: "a".repeat(255) } } },
    broken: {
      missing: { claims: { sub: undefined } },
      empty: { claims: { sub: "" } },
      "a number": { claims: { sub: 7 } },
      "256 characters": { claims: { sub: "a".repeat(256) } },
    },
  },
};

describe("OpenID Connect Core §3.1.3.7, rule", () => {
  for (const [rule, { kept, broken }] of Object.entries(RULES))
    describe(rule, () => {
      for (const [name, given] of Object.entries(kept))
        test(`kept, ${name}: the login goes through`, async () => {
          expect(await login(given)).toBe("taken");
        });
      for (const [name, given] of Object.entries(broken))
        test(`broken, ${name}: the login is refused, and its tokens are named to be given back`, async () => {
          expect(await login(given)).toStartWith("the identity token ");
        });
    });

  test("9 and 10 go by the issuer's clock where it shows one: a wrong one here refuses no login", async () => {
    const at = server({}, { issuer: ISSUER });
    const body = { access_token: "a", id_token: token({ alg: "RS256" }, CLAIMS) };
    const headers = { "content-type": "application/json", date: new Date(NOW).toUTCString() };
    for (const now of [NOW - 86_400_000, NOW + 86_400_000]) {
      const expected = { subject: null, nonce: "the nonce", now, login: true };
      expect((await readTokenReply(at, publicClient, reply(body, 200, headers), expected)).idToken).not.toBeNull();
    }
  });

  test("in a refresh a bad one is left out, and one of another issuer, client or account refused (§12.2)", async () => {
    const at = server({}, { issuer: ISSUER });
    const refresh = (claims: object, header: object = {}) => {
      const body = {
        access_token: "a",
        refresh_token: "r",
        id_token: token({ alg: "RS256", ...header }, { ...CLAIMS, ...claims }),
      };
      return readTokenReply(at, publicClient, reply(body), { subject: "alice", now: NOW });
    };
    for (const bad of [{ exp: 1 }, { iat: undefined }, { aud: 42 }])
      expect(await refresh(bad)).toMatchObject({ idToken: null, refreshToken: expect.anything() });
    expect((await refresh({}, { alg: "none" })).idToken).toBeNull();
    for (const foreign of [{ iss: `${ISSUER}/` }, { aud: "another" }, { azp: "another" }, { sub: "mallory" }])
      expect(await thrown(() => refresh(foreign))).toMatchObject({ unreadable: true, received: null });
  });
});

describe("OpenID Connect Core §5.3.2", () => {
  const running: Scripted[] = [];
  afterEach(() => {
    for (const one of running.splice(0)) one.stop();
  });
  const idToken = new Secret(token({ alg: "RS256" }, CLAIMS));
  const ask = (body: unknown, issuer: string | null = ISSUER, headers: Record<string, string> = {}) => {
    const at = script(json(body, 200, headers));
    running.push(at);
    const tokens = { accessToken: new Secret("a"), idToken };
    return askAccount(http, at.server({}, { issuer }), tokens, { timeout: 5_000 });
  };

  test("kept: the sub of the ID Token makes the claims count", async () => {
    expect(await ask({ sub: "alice", email: "a@b.c" })).toMatchObject({
      kind: "known",
      account: { id: "alice", label: "a@b.c" },
    });
  });

  test("broken: another sub, or one that only looks the same: nothing of it is used", async () => {
    for (const sub of ["mallory", "Alice", "alice ", 7, null, ["alice"]])
      expect(await ask({ sub, email: "a@b.c" })).toEqual({ kind: "contradicted" });
  });

  test("broken: no sub from an issuer: its claims are not used", async () => {
    expect(await ask({ email: "mallory@b.c" })).toEqual({ kind: "unreachable", reason: expect.any(String) });
  });

  test("an account endpoint of an API's own, which knows no sub, is read as described", async () => {
    expect(await ask({ id: 7, email: "a@b.c" }, null)).toMatchObject({ kind: "known", account: { id: "7" } });
  });

  test("broken: no JSON object", async () => {
    for (const body of ["alice", ["alice"], null])
      expect(await ask(body)).toEqual({ kind: "unreachable", reason: expect.any(String) });
  });
});

describe("RFC 9207 §2.4", () => {
  const logins: BrowserLogin[] = [];
  afterEach(() => {
    for (const one of logins.splice(0)) one.close();
  });
  const answer = async (query: string, more: Partial<Server> = {}): Promise<unknown> => {
    const endpoints = { authorization: `${ISSUER}/authorize`, token: `${ISSUER}/token` };
    const at = server({ authorize: { extra: ["tenant"] } }, { endpoints, issuer: ISSUER, issRequired: true, ...more });
    const request = { scopes: ["read"], port: null, redirectUri: null, timeout: 30_000 };
    const started = await startBrowserLogin(at, publicClient, request);
    logins.push(started);
    const state = new URL(started.url).searchParams.get("state") ?? "";
    const reply = await fetch(`${started.redirectUri}?state=${state}&${query}`, { redirect: "manual" });
    if (reply.status === 303) return (await started.callback).code.reveal();
    return started.callback.catch((error: unknown) => error);
  };
  const iss = encodeURIComponent(ISSUER);

  test("kept: iss is extracted, decoded, and the issuer's, character by character", async () => {
    expect(await answer(`code=c&iss=${iss}`)).toBe("c");
    expect(await answer(`code=c&iss=${ISSUER}`)).toBe("c");
  });

  test("broken: another, or one that only means the same, is refused, and its code not used", async () => {
    for (const other of ["https://attacker.example", `${ISSUER}/`, "HTTPS://ISSUER.EXAMPLE/realm", `${ISSUER}%20`, ""])
      expect(await answer(`code=c&iss=${other}`)).toMatchObject({ code: "access_denied" });
  });

  test("broken: none, where the issuer always gives it by its metadata", async () => {
    expect(await answer("code=c")).toMatchObject({ code: "access_denied" });
    expect(await answer("code=c", { issRequired: false })).toBe("c");
    // Nothing to compare it with.
    expect(await answer(`code=c&iss=${iss}`, { issuer: null, issRequired: false })).toBe("c");
  });

  test("broken: an error of another issuer is not reported as this one's", async () => {
    const refused = await answer("error=access_denied&error_description=ours&iss=https://attacker.example");
    expect(refused).toMatchObject({ code: "access_denied", message: expect.stringContaining("does not come from") });
    expect(await answer(`error=access_denied&error_description=ours&iss=${iss}`)).toMatchObject({
      detail: "ours",
    });
  });

  test("broken: any parameter twice, the same or another (RFC 6749 §3.1)", async () => {
    const once = `code=c&iss=${iss}&tenant=t`;
    expect(await answer(once)).toBe("c");
    for (const [name, second] of [
      ["iss", iss],
      ["iss", "https://attacker.example"],
      ["code", "c"],
      ["tenant", "u"],
      ["whatever", "1&whatever=2"],
    ])
      expect(await answer(`${once}&${name}=${second}`)).toMatchObject({
        code: "provider_unavailable",
        message: expect.stringContaining(`${name} more than once`),
      });
    expect(await answer(`error=access_denied&error=server_error&iss=${iss}`)).toMatchObject({
      code: "provider_unavailable",
    });
  });
});

/** Token replies as providers really send them (RFC 6749 §5 and everything beside it). */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { readTokenReply } from "../../src/oauth/reply.ts";
import { OAuthFailure, type RawReply, type Server, type TokenReply } from "../../src/oauth/types.ts";
import { Secret } from "../../src/platform/secret.ts";
import { jwt, publicClient, reply, server, thrown } from "./support.ts";

const NOW = Date.UTC(2026, 10, 21, 12);
const SECONDS = NOW / 1000;

function read(raw: RawReply, at: Server = server(), subject: string | null = null): Promise<TokenReply> {
  return readTokenReply(at, publicClient, raw, { subject, now: NOW });
}

async function failure(raw: RawReply, at: Server = server(), subject: string | null = null): Promise<OAuthFailure> {
  const error = await thrown(() => read(raw, at, subject));
  if (error instanceof OAuthFailure) return error;
  throw error;
}

test("a reply as RFC 6749 §5.1 has it", async () => {
  const got = await read(
    reply({ access_token: "a", token_type: "Bearer", expires_in: 3600, refresh_token: "r", scope: "one two" }),
  );
  expect(got.accessToken.reveal()).toBe("a");
  expect(got.refreshToken?.reveal()).toBe("r");
  expect(got).toMatchObject({
    tokenType: "bearer",
    expiresIn: 3600,
    scopes: ["one", "two"],
    idToken: null,
    account: null,
  });
});

describe("expires_in", () => {
  const cases: [sent: unknown, seconds: number | null][] = [
    [3600, 3600],
    ["3600", 3600],
    [3599.7, 3599],
    ["3599.7", 3599],
    [0, 0],
    [-1, 0],
    [315360000, 315360000],
    // Another unit than the one expected: a time, or milliseconds.
    [1_764_000_000, null],
    [1e308, null],
    [null, null],
    ["", null],
    [true, null],
    ["3600abc", null],
    ["2027-01-01T00:00:00Z", null],
    [" 3600", null],
    ["0x10", null],
    [[3600], null],
    [{}, null],
    [undefined, null],
  ];
  for (const [sent, seconds] of cases)
    test(`${JSON.stringify(sent)} is ${seconds === null ? "absent" : `${seconds} s`}`, async () => {
      expect((await read(reply({ access_token: "a", expires_in: sent }))).expiresIn).toBe(seconds);
    });

  test("1e999 is absent", async () => {
    expect((await read(reply('{"access_token":"a","expires_in":1e999}'))).expiresIn).toBeNull();
  });

  test("and expires_at beside it: whichever can be read", async () => {
    const rows: [fields: Record<string, unknown>, seconds: number | null][] = [
      [{ expires_at: SECONDS + 90 }, 90],
      [{ expires_at: String(SECONDS + 90) }, 90],
      [{ expires_at: NOW + 90_000 }, 90],
      [{ expires_at: "2026-11-21T12:01:30Z" }, 90],
      [{ expires_at: "Sat, 21 Nov 2026 12:01:30 GMT" }, 90],
      [{ expires_in: 60, expires_at: SECONDS + 90 }, 60],
      [{ expires_in: "an hour", expires_at: SECONDS + 90 }, 90],
      [{ expires_at: "next week" }, null],
      [{ expires_at: 3600 }, null],
    ];
    for (const [fields, seconds] of rows)
      expect((await read(reply({ access_token: "a", ...fields }))).expiresIn).toBe(seconds);
    const at = server({ reply: { accessToken: "data.token", expiry: { path: "data.ttl" } } });
    expect((await read(reply({ data: { token: "a", expires_at: SECONDS + 90 } }), at)).expiresIn).toBe(90);
  });

  test("what can't be read is reported, without a credential and not at length", async () => {
    const unread = async (fields: Record<string, unknown>): Promise<readonly string[]> =>
      (await read(reply({ access_token: "a", ...fields }))).unread;
    expect(await unread({ expires_in: "3600abc" })).toEqual(['expires_in "3600abc"']);
    expect(await unread({ expires_in: true, refresh_token_expires_in: [] })).toEqual([
      "expires_in true",
      "refresh_token_expires_in []",
    ]);
    expect((await unread({ expires_in: "x".repeat(5000) }))[0]?.length).toBeLessThan(60);
    expect((await unread({ expires_in: "gho_16C7e42F292c6912E7710c838347Ae178B4a" }))[0]).not.toContain("16C7e42F");
    for (const fields of [{}, { expires_in: null }, { expires_in: "" }, { expires_in: "3600" }, { expires_in: 0 }])
      expect(await unread(fields)).toEqual([]);
  });

  test("a JWT tells its own end", async () => {
    const own = async (exp: unknown): Promise<number | null> =>
      (await read(reply({ access_token: jwt({ exp }) }))).ownExpiresIn;
    expect(await own(SECONDS + 90)).toBe(90);
    expect(await own(SECONDS - 90)).toBe(-90);
    for (const bad of [undefined, "soon", null, 1e308, NOW]) expect(await own(bad)).toBeNull();
    expect((await read(reply({ access_token: "opaque" }))).ownExpiresIn).toBeNull();
  });

  test("the lifetimes of the refresh token and of the authorization are read, zero being none", async () => {
    const sent = { refresh_token_expires_in: 100, refresh_token_timeout: "200", authorization_expires_in: 300 };
    expect(await read(reply({ access_token: "a", ...sent }))).toMatchObject({
      refreshExpiresIn: 100,
      refreshTimeout: 200,
      authorizationExpiresIn: 300,
    });
    expect(await read(reply({ access_token: "a", refresh_token_timeout: 0 }))).toMatchObject({ refreshTimeout: null });
  });

  test("milliseconds, epochs and dates are read where the dialect has them", async () => {
    const units = [
      ["milliseconds", 90_500, 90],
      ["epoch", SECONDS + 90, 90],
      ["epoch", String(SECONDS + 90), 90],
      ["epoch-milliseconds", NOW + 90_000, 90],
      ["iso", "2026-11-21T12:01:30Z", 90],
      ["iso", "2026-11-21T12:01:30.123+00:00", 90],
      ["iso", "2020-01-01T00:00:00Z", 0],
      ["iso", "2026-11-21T13:01:30+0100", 90],
      ["iso", "next week", null],
      ["http-date", "Sat, 21 Nov 2026 12:01:30 GMT", 90],
      ["http-date", "Sat, 21 Nov 2026 12:01:30 +0000", null],
      ["http-date", "-1", null],
      ["http-date", SECONDS + 90, null],
      ["epoch", SECONDS - 90, 0],
    ] as const;
    for (const [unit, value, seconds] of units) {
      const at = server({ reply: { expiry: { path: "when.exactly", unit } } });
      expect((await read(reply({ access_token: "a", when: { exactly: value } }), at)).expiresIn).toBe(seconds);
    }
  });

  test("of several places the first that has one counts", async () => {
    const others = [{ path: "until", unit: "http-date" as const }];
    const at = server({ reply: { expiry: { path: "data.until", unit: "iso", others } } });
    const rows: [fields: Record<string, unknown>, seconds: number | null, unread: string[]][] = [
      [{ data: { until: "2026-11-21T12:01:30Z" }, until: "Sat, 21 Nov 2026 12:02:30 GMT" }, 90, []],
      [{ data: {}, until: "Sat, 21 Nov 2026 12:01:30 GMT" }, 90, []],
      [{ data: { until: "soon" }, until: "Sat, 21 Nov 2026 12:01:30 GMT" }, 90, ['data.until "soon"']],
      [{ data: { expires_in: 90 } }, 90, []],
      [{ data: {} }, null, []],
    ];
    for (const [fields, expiresIn, unread] of rows)
      expect(await read(reply({ access_token: "a", ...fields }), at)).toMatchObject({ expiresIn, unread });
  });

  test("0 is none told, where the dialect says so", async () => {
    const at = server({ reply: { expiry: { zero: "absent" } } });
    for (const zero of [0, "0", "0.0"])
      expect((await read(reply({ access_token: "a", expires_in: zero }), at)).expiresIn).toBeNull();
    expect((await read(reply({ access_token: "a", expires_in: 0, expires_at: SECONDS + 90 }), at)).expiresIn).toBe(90);
    expect((await read(reply({ access_token: "a", expires_in: -1 }), at)).expiresIn).toBe(0);
  });

  test("a point in time is read by the server's clock, not by ours", async () => {
    const at = server({ reply: { expiry: { path: "expires_at", unit: "iso" } } });
    const headers = { "content-type": "application/json", date: "Sat, 21 Nov 2026 10:00:00 GMT" };
    const got = await read(reply({ access_token: "a", expires_at: "2026-11-21T11:00:00Z" }, 200, headers), at);
    expect(got.expiresIn).toBe(3600);
  });
});

describe("what isn't there", () => {
  test("empty texts and nulls count as absent", async () => {
    const got = await read(
      reply({
        access_token: "a",
        refresh_token: "",
        scope: null,
        id_token: null,
        token_type: null,
        refresh_token_expires_in: "",
      }),
    );
    expect(got).toMatchObject({
      refreshToken: null,
      scopes: null,
      idToken: null,
      tokenType: "bearer",
      refreshExpiresIn: null,
    });
  });

  test("an empty scope means none, in any form; one that can't be read counts as absent", async () => {
    for (const scope of ["", " ", []])
      expect((await read(reply({ access_token: "a", scope }))).scopes, JSON.stringify(scope)).toEqual([]);
    for (const scope of [null, 7, { repo: true }, "\u0007"])
      expect((await read(reply({ access_token: "a", scope }))).scopes, JSON.stringify(scope)).toBeNull();
  });

  test("no refresh token and no scope mean unchanged, not none", async () => {
    expect(await read(reply({ access_token: "a" }))).toMatchObject({ refreshToken: null, scopes: null });
  });

  test("an unknown token type is no reason to lose the tokens", async () => {
    expect((await read(reply({ access_token: "a", token_type: "user" }))).tokenType).toBe("user");
    expect((await read(reply({ access_token: "a", token_type: "__proto__" }))).tokenType).toBe("__proto__");
  });
});

describe("other shapes", () => {
  test("201 is a success", async () => {
    expect((await read(reply({ access_token: "a" }, 201))).accessToken.reveal()).toBe("a");
  });

  test("camelCase, other names and no type: as Sentry's integrations send it", async () => {
    const at = server({
      reply: {
        accessToken: "token",
        refreshToken: "refreshToken",
        scope: "scopes",
        expiry: { path: "expiresAt", unit: "iso" },
      },
    });
    const body = {
      token: "t",
      refreshToken: "r",
      expiresAt: "2026-11-21T20:00:00Z",
      scopes: ["org:read", "team:read"],
    };
    const got = await read(reply(body, 201), at);
    expect([got.accessToken.reveal(), got.refreshToken?.reveal(), got.expiresIn, got.scopes]).toEqual([
      "t",
      "r",
      8 * 3600,
      ["org:read", "team:read"],
    ]);
  });

  test("nested tokens, and further fields to keep", async () => {
    const at = server({
      reply: { accessToken: "authed_user.access_token", extra: ["team.id", "instance_url", "missing"] },
    });
    const got = await read(
      reply({ ok: true, authed_user: { access_token: "x" }, team: { id: "T1" }, instance_url: "https://i" }),
      at,
    );
    expect(got.accessToken.reveal()).toBe("x");
    expect(got.extra).toEqual({ "team.id": "T1", instance_url: "https://i" });
  });

  test("scopes separated by commas, or as the dialect has it", async () => {
    const commas = server({ scopes: { replySeparator: "," } });
    expect((await read(reply({ access_token: "a", scope: "repo,gist" }), commas)).scopes).toEqual(["repo", "gist"]);
    expect((await read(reply({ access_token: "a", scope: "repo, gist" }), commas)).scopes).toEqual(["repo", "gist"]);
    expect((await read(reply({ access_token: "a", scope: "user:a,b" }))).scopes).toEqual(["user:a,b"]);
  });

  test("a form, by its label or by its look", async () => {
    const text = "access_token=a%2Bb&scope=repo&token_type=bearer";
    for (const type of ["application/x-www-form-urlencoded; charset=utf-8", "text/plain", "text/html"])
      expect((await read(reply(text, 200, { "content-type": type }))).accessToken.reveal()).toBe("a+b");
  });

  test("JSON under another label, or after a byte order mark", async () => {
    for (const type of ["text/plain", "text/html", "application/octet-stream", ""])
      expect((await read(reply('{"access_token":"a"}', 200, { "content-type": type }))).accessToken.reveal()).toBe("a");
    expect((await read(reply('\ufeff{"access_token":"a"}'))).accessToken.reveal()).toBe("a");
  });

  test("the account, where the reply names it", async () => {
    const at = server({ account: { from: "reply", id: ["user.id"], label: ["user.email"], organization: ["org"] } });
    const got = await read(reply({ access_token: "a", user: { id: 42, email: "a@b.c" }, org: "acme" }), at);
    expect(got.account).toEqual({ id: "42", label: "a@b.c", organization: "acme" });
  });

  test("a path never leads to what objects inherit", async () => {
    const at = server({ reply: { accessToken: "constructor.name" } });
    expect((await failure(reply({ a: 1 }), at)).unreadable).toBe(false);
  });
});

describe("a refresh whose reply has no access token", () => {
  const at = server({ refresh: { keepsAccessToken: { result: "0000" } }, reply: { error: "result" } });
  const current = new Secret("the-old-one");
  const refreshed = (body: unknown, expected: { current?: Secret } = { current }): Promise<TokenReply> =>
    readTokenReply(at, publicClient, reply(body), { subject: null, now: NOW, ...expected });

  test("keeps the old one where it says so", async () => {
    const got = await refreshed({ result: "0000", message: "OK" });
    expect(got.accessToken.equals(current)).toBe(true);
    expect(got).toMatchObject({ expiresIn: null, refreshToken: null });
    expect((await refreshed({ result: "0000", access_token: "new" })).accessToken.reveal()).toBe("new");
  });

  test("and not otherwise: another value, none, a login, another dialect", async () => {
    for (const body of [{ result: "5006", message: "no" }, { message: "OK" }, {}, { result: null }, "OK"])
      expect(await thrown(() => refreshed(body)), JSON.stringify(body)).toBeInstanceOf(OAuthFailure);
    expect(await thrown(() => refreshed({ result: "0000" }, {}))).toBeInstanceOf(OAuthFailure);
    expect(await thrown(() => read(reply({ result: "0000" })))).toBeInstanceOf(OAuthFailure);
  });
});

describe("a success that can't be used", () => {
  test("is kept where it may hold a refresh token", async () => {
    const bodies = [
      '{"refresh_token":"r"}',
      '{"access_token":null,"refresh_token":"r"}',
      '{"access_token":"","refresh_token":"r"}',
      '{"access_token":{"value":"a"},"refresh_token":"r"}',
      '{"access_token":"a","refresh_token":"r"',
      '{"refresh_token" : "cut o',
      "refresh_token=r&access_token=",
      '[{"access_token":"a","refresh_token":"r"}]',
      '<pre>{"access_token":"a","refresh_token":"r"}</pre>',
    ];
    for (const body of bodies)
      expect(await failure(reply(body))).toMatchObject({
        class: "transient",
        unreadable: true,
        inDoubt: true,
        status: 200,
      });
  });

  test("is no more than in doubt where it holds none", async () => {
    for (const body of [
      ...["", "<html>Sign in to the WLAN</html>", "null", "[]", "42", '"text"', "{}", "\0\0\0"],
      "<html>Your refresh_token is invalid</html>",
      "the field refresh_token = is missing",
      '{"refresh_token":""}',
      '{"refresh_token":null}',
      '{"access_token":"a","refresh_to',
    ])
      expect(await failure(reply(body))).toMatchObject({
        class: "transient",
        unreadable: false,
        inDoubt: true,
        status: 200,
        reason: "unreadable reply",
      });
    expect(await failure(reply("", 204, {}))).toMatchObject({ unreadable: false, inDoubt: true });
  });

  test("an error with status 200 is an error, not a reply to keep", async () => {
    expect(await failure(reply({ errcode: 40030, errmsg: "invalid refresh_token" }))).toMatchObject({
      class: "refused",
      unreadable: false,
    });
    // Not a code that its own provider names, beside what may be the only copy of a token.
    expect(await failure(reply({ errcode: 1, refresh_token: "r" }))).toMatchObject({ unreadable: true });
    const got = await failure(reply({ error: "invalid_grant", refresh_token: "r" }));
    expect(got).toMatchObject({ class: "dead", unreadable: false, inDoubt: false });
  });
});

describe("the id_token", () => {
  const claims = { iss: "https://issuer.example", sub: "alice", aud: publicClient.id, iat: SECONDS, exp: SECONDS + 60 };
  const at = server({}, { issuer: "https://issuer.example" });
  const tokens = { access_token: "a", refresh_token: "r" };

  test("a good one is kept, and tells whose the tokens are", async () => {
    const got = await read(reply({ ...tokens, id_token: jwt({ ...claims, email: "a@b.c" }) }), at);
    expect(got.idToken).not.toBeNull();
    expect(got.account).toEqual({ id: "alice", label: "a@b.c", organization: null });
  });

  test("a bad one never costs the tokens beside it", async () => {
    for (const bad of ["garbage", "a.b.c", "", 42, jwt({}), `${jwt(claims)}.x`]) {
      const got = await read(reply({ ...tokens, id_token: bad }), at);
      expect([got.refreshToken?.reveal(), got.idToken]).toEqual(["r", null]);
    }
  });

  test("another account in the reply itself is as foreign", async () => {
    const by = server({ account: { from: "reply", id: ["user.id"] } });
    expect(await failure(reply({ ...tokens, user: { id: 2 } }), by, "1")).toMatchObject({ unreadable: true });
    expect((await read(reply({ ...tokens, user: { id: 1 } }), by, "1")).account?.id).toBe("1");
  });
});

test("whatever a provider sends, it is tokens or a failure that is classed", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        fc.json(),
        fc.string(),
        fc
          .dictionary(
            fc.constantFrom("access_token", "refresh_token", "error", "expires_in", "scope", "id_token", "token_type"),
            fc.jsonValue(),
          )
          .map((value) => JSON.stringify(value)),
      ),
      fc.constantFrom(200, 201, 204, 400, 401, 429, 500),
      async (text, status) => {
        const got = await read(reply(text, status)).catch((error: unknown) => error);
        if (!(got instanceof OAuthFailure)) expect((got as TokenReply).accessToken.length).toBeGreaterThan(0);
      },
    ),
    { numRuns: 300 },
  );
});

/**
 * Providers that answer with what is no answer: at the token endpoint, the device endpoint, the account, revocation,
 * and discovery. One clear error, exit 5, nothing stored, and no credential lost.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Fault, json, type Server, serve } from "../issuers/server.ts";
import { checkJson, checkText, expectComplaint } from "../support/complaint.ts";
import { errorOf, type LoggedIn, loggedIn, PROVIDER } from "../support/logged-in.ts";
import { auth, bareEnvironment, type Ended } from "../support/program.ts";
import { Stock, strayFiles } from "../support/stock.ts";
import { tryByBrowser } from "../support/visitor.ts";

type Reply = Exclude<Fault["reply"], "hang">;

const asJson = { "content-type": "application/json" };
const page = "<!doctype html><title>Sign in to the hotel's network</title>".padEnd(5000, " ");
const TEN_MB = 10_000_000;

/** Each with status 200, but where it says otherwise. */
const REPLIES: Readonly<Record<string, Reply>> = {
  HTML: { status: 200, body: page, headers: { "content-type": "text/html" } },
  "HTML that says it is JSON": { status: 200, body: page, headers: asJson },
  "10 MB of JSON": { status: 200, body: `{"access_token":"a","pad":"${"x".repeat(TEN_MB)}"}`, headers: asJson },
  "10 MB of NUL bytes": { status: 200, body: "\0".repeat(TEN_MB), headers: asJson },
  "what isn't JSON": { status: 200, body: "access granted", headers: asJson },
  "JSON cut short": { status: 200, body: '{"access_token":"abc', headers: asJson },
  "an array": { status: 200, body: '[{"access_token":"abc"}]', headers: asJson },
  null: { status: 200, body: "null", headers: asJson },
  "a string": { status: 200, body: '"abc"', headers: asJson },
  "a number": { status: 200, body: "42", headers: asJson },
  nothing: { status: 200, body: "", headers: asJson },
  "an empty object": { status: 200, body: "{}", headers: asJson },
  "a token that is a number": { status: 200, body: '{"access_token":42,"token_type":"Bearer"}', headers: asJson },
  "an empty token": { status: 200, body: '{"access_token":"","token_type":"Bearer"}', headers: asJson },
  "a deep nest": { status: 200, body: "[".repeat(20_000), headers: asJson },
  "bytes that aren't UTF-8": { status: 200, body: "\ud800", headers: asJson },
  "HTML with status 500": { status: 500, body: page },
  "HTML with status 403": { status: 403, body: page },
  "10 MB with status 502": { status: 502, body: "x".repeat(TEN_MB) },
};

/** A stranger's words on the way to a terminal. */
const HOSTILE: Reply = {
  status: 400,
  body: JSON.stringify({
    error: "invalid_grant\u001b[2J",
    error_description: `\u001b]0;owned\u0007\r\nError: type your password at https://evil.example ${"x".repeat(20_000)}`,
  }),
  headers: asJson,
};

const TOKEN = "/oauth/token/";
const homes: LoggedIn[] = [];
const servers: Server[] = [];
afterAll(() => Promise.all([...homes.map((home) => home.stop()), ...servers.map((server) => server.stop())]));

async function home(...args: Parameters<typeof loggedIn>): Promise<LoggedIn> {
  const made = await loggedIn(...args);
  homes.push(made);
  return made;
}

async function expectNothingStored(at: LoggedIn): Promise<void> {
  expect(JSON.parse((await at.call(["list", "--json"])).stdout)).toEqual([]);
  expect(strayFiles(at.env.AUTH_HOME ?? "")).toEqual([]);
}

describe("a login by browser whose code brings", () => {
  let at: LoggedIn;
  beforeAll(async () => {
    at = await home({}, null);
  });
  for (const [name, reply] of Object.entries(REPLIES))
    test(`${name} fails at once, and stores nothing`, async () => {
      at.issuer.server.fail({ path: TOKEN, reply });
      const ended = await tryByBrowser(["login", PROVIDER, "-f", "browser", ...at.places], at.env);
      checkJson(ended, { exit: 5, code: ["provider_unavailable", "network"] });
      expect(ended.stdout).not.toContain('"connected"');
      await expectNothingStored(at);
    });

  test("a hostile error is shown on one line, short and harmless", async () => {
    at.issuer.server.fail({ path: TOKEN, reply: HOSTILE });
    const ended = await tryByBrowser(["login", PROVIDER, "-f", "browser", ...at.places], at.env);
    expect([4, 5, 6, 7]).toContain(ended.code ?? -1);
    checkJson(ended, { exit: ended.code ?? -1, code: String(errorOf(ended).code) });
    await expectNothingStored(at);
  });
});

describe("a login by device", () => {
  let patient: LoggedIn;
  beforeAll(async () => {
    patient = await home({}, null);
  });
  for (const [name, reply] of Object.entries(REPLIES))
    test(`whose first answer is ${name} fails at once`, async () => {
      const at = patient;
      at.issuer.server.fail({ path: "/oauth/device/code/", times: 2, reply });
      const call = (args: readonly string[]): Promise<Ended> => at.call([...args, ...at.places]);
      const trouble = { exit: 5, code: ["provider_unavailable", "network"] };
      // So do servers that are too old for it, and this provider's description says so.
      const old = { exit: 6, code: "client_rejected", says: "older than 26.1.0" };
      await expectComplaint(["login", PROVIDER], name === "HTML with status 403" ? old : trouble, {}, call);
      await expectNothingStored(at);
    });

  test("that gets one HTML 502 while it waits goes on", async () => {
    const at = await home({}, null);
    at.issuer.server.fail({ path: TOKEN, reply: { status: 502, body: page } });
    const { code, stderr } = await at.call(["login", PROVIDER, ...at.places]);
    expect({ code, stderr }).toEqual({ code: 0, stderr });
  }, 60_000);

  for (const name of ["HTML", "null", "an array", "what isn't JSON"])
    test(`that is answered with ${name} for ever ends by its deadline`, async () => {
      const at = await home({}, null);
      at.issuer.server.fail({ path: TOKEN, times: 99, reply: REPLIES[name] as Reply });
      const ended = await at.call(["login", PROVIDER, ...at.places, "--timeout", "2", "--json"]);
      expect([5, 7]).toContain(ended.code ?? -1);
      checkJson(ended, { exit: ended.code ?? -1, code: String(errorOf(ended).code) });
      await expectNothingStored(at);
    }, 60_000);
});

describe("a refresh that brings", () => {
  let at: LoggedIn;
  beforeAll(async () => {
    at = await home();
  });
  for (const [name, reply] of Object.entries(REPLIES))
    test(`${name} fails with 5, keeps the login, and the next one succeeds`, async () => {
      const secrets = async (): Promise<string> =>
        (await at.call(["get", PROVIDER, "--no-refresh", "--show-secret", "--json"])).stdout;
      const { accessToken, refreshToken } = JSON.parse(await secrets());
      at.issuer.server.fail({ path: TOKEN, times: 2, reply });
      const complaint = { exit: 5, code: ["provider_unavailable", "network"] };
      await expectComplaint(["refresh", PROVIDER, "--force"], complaint, {}, at.call);
      expect(JSON.parse(await secrets())).toMatchObject({ accessToken, refreshToken });
      // The old token still lives, and is served.
      expect((await at.call(["token", PROVIDER])).stdout).toBe(`${accessToken}\n`);
      const again = await at.call(["refresh", PROVIDER, "--force", "-o", "token"]);
      expect({ code: again.code, stderr: again.stderr }).toEqual({ code: 0, stderr: again.stderr });
      expect(again.stdout).not.toBe(`${accessToken}\n`);
      expect(strayFiles(at.env.AUTH_HOME ?? "")).toEqual([]);
    });

  test("a hostile error is shown on one line, short and harmless, there and later", async () => {
    at.issuer.server.fail({ path: TOKEN, times: 2, reply: HOSTILE });
    const text = await at.call(["refresh", PROVIDER, "--force"]);
    checkText(text, { exit: text.code ?? -1, code: "text" });
    checkJson(await at.call(["refresh", PROVIDER, "--force", "--json"]), {
      exit: text.code ?? -1,
      code: "refresh_refused",
    });
    for (const args of [["status", PROVIDER], ["list"]]) {
      const { stdout, stderr } = await at.call(args);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
      expect(stdout + stderr).not.toMatch(/[\x00-\x08\x0b-\x1f\x7f]/);
      expect((stdout + stderr).length).toBeLessThan(3000);
    }
  });
});

describe("a logout whose revocation brings", () => {
  let at: LoggedIn;
  beforeAll(async () => {
    at = await home();
  });
  for (const [name, reply] of Object.entries(REPLIES))
    test(`${name} erases all the same`, async () => {
      const { env } = new Stock(at.env).copy();
      const faulted = at.issuer.server.calls.filter((call) => call.faulted).length;
      at.issuer.server.fail({ path: "/oauth/revoke/", reply });
      const ended = await auth(["logout", PROVIDER, "--json"], { env });
      expect({ code: ended.code, stderr: ended.stderr }).toEqual({ code: 0, stderr: ended.stderr });
      expect(JSON.parse(ended.stdout)).toMatchObject({ erased: true });
      expect(at.issuer.server.calls.filter((call) => call.faulted)).toHaveLength(faulted + 1);
      expect(JSON.parse((await auth(["list", "--json"], { env })).stdout)).toEqual([]);
      expect(strayFiles(env.AUTH_HOME ?? "")).toEqual([]);
    });
});

describe("discovery that brings", () => {
  interface Discovered {
    readonly status?: number;
    readonly body: (url: string) => string;
    readonly headers?: Record<string, string>;
    readonly says?: string;
  }
  const metadata = (url: string, more: Readonly<Record<string, unknown>> = {}): string =>
    JSON.stringify({
      issuer: url,
      authorization_endpoint: `${url}/authorize`,
      token_endpoint: `${url}/token`,
      device_authorization_endpoint: `${url}/device`,
      ...more,
    });
  const ANSWERS: Readonly<Record<string, Discovered>> = {
    "another issuer": { body: () => metadata("https://accounts.evil.example"), says: "another issuer" },
    "another path of the issuer": { body: (url) => metadata(url, { issuer: `${url}/other` }), says: "another issuer" },
    "an issuer that is a list": { body: (url) => metadata(url, { issuer: [url] }) },
    "a token endpoint over plain http": {
      body: (url) => metadata(url, { token_endpoint: "http://evil.example/token" }),
      says: "token_endpoint",
    },
    "a device endpoint that is a script": {
      body: (url) => metadata(url, { device_authorization_endpoint: "javascript:alert(1)" }),
    },
    "a token endpoint with a password": {
      body: (url) => metadata(url, { token_endpoint: "https://me:secret@evil.example/" }),
    },
    HTML: { body: () => page, headers: { "content-type": "text/html" } },
    "10 MB": { body: (url) => metadata(url, { pad: "x".repeat(TEN_MB) }) },
    "what isn't JSON": { body: () => "hello" },
    "an array": { body: () => "[]" },
    null: { body: () => "null" },
    nothing: { body: () => "" },
    "status 404": { status: 404, body: () => "{}" },
    "status 500": { status: 500, body: () => "{}" },
    "a redirect": { status: 302, body: () => "", headers: { location: "https://evil.example/" } },
    "an issuer that steers the terminal": {
      body: (url) => metadata(url, { issuer: `${url}\u001b[2J\u202e\n${"x".repeat(50_000)}` }),
    },
  };

  for (const [name, { status = 200, body, headers, says = "" }] of Object.entries(ANSWERS))
    test(`${name} ends the login before anything else is asked`, async () => {
      const answer = (url: string) => () => new Response(body(url), { status, headers: { ...asJson, ...headers } });
      const server = serve((url) => ({
        "GET /.well-known/openid-configuration": answer(url),
        "GET /.well-known/oauth-authorization-server": answer(url),
        "POST /*": () => json({}),
      }));
      servers.push(server);
      const env = bareEnvironment();
      for (const args of [
        ["login", server.url, "--client-id", "x"],
        ["login", "oidc", "--issuer", server.url, "--client-id", "x"],
      ])
        await expectComplaint(args, { exit: 5, code: "provider_unavailable", says }, { env });
      // A URL may be an MCP server's: it is asked that first, without a token.
      const isQuestion = ({ path, json, basic, bearer }: (typeof server.calls)[number]): boolean =>
        path === "/" && json?.method === "tools/list" && basic === null && bearer === null;
      expect(server.calls.filter((call) => call.method !== "GET" && !isQuestion(call))).toEqual([]);
      expect(JSON.parse((await auth(["list", "--json"], { env })).stdout)).toEqual([]);
    }, 60_000);
});

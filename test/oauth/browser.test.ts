/** The browser flow (RFC 8252, 7636, 9207), and everybody else who talks to its loopback listener. */
import { afterEach, describe, expect, test } from "bun:test";
import { WrongPaste } from "../../src/oauth/answer.ts";
import { type BrowserLogin, type BrowserRequest, startBrowserLogin } from "../../src/oauth/browser.ts";
import { exchangeCode } from "../../src/oauth/code.ts";
import { cannotListen } from "../../src/oauth/loopback.ts";
import type { Client, Server } from "../../src/oauth/types.ts";
import { http } from "../../src/platform/http.ts";
import type { ProviderDefinition } from "../../src/providers/schema.ts";
import {
  type Answer,
  json,
  jwt,
  publicClient,
  type Scripted,
  script,
  secretClient,
  server as silent,
  thrown,
} from "./support.ts";

const logins: BrowserLogin[] = [];
const running: Scripted[] = [];
afterEach(() => {
  for (const login of logins.splice(0)) login.close();
  for (const one of running.splice(0)) one.stop();
});

function at(...answers: Answer[]): Scripted {
  const started = script(...answers);
  running.push(started);
  return started;
}

const ISSUER = "https://issuer.example";

async function start(
  different: Partial<ProviderDefinition> = {},
  request: Partial<BrowserRequest> = {},
  more: Partial<Server> = {},
): Promise<BrowserLogin> {
  const endpoints = { authorization: `${ISSUER}/authorize?tenant=a b`, token: `${ISSUER}/token` };
  const login = await startBrowserLogin(silent(different, { endpoints, ...more }), publicClient, {
    scopes: ["read"],
    port: null,
    redirectUri: null,
    timeout: 30_000,
    ...request,
  });
  logins.push(login);
  return login;
}

const parametersOf = (login: BrowserLogin): Record<string, string> =>
  Object.fromEntries(new URL(login.url).searchParams);
const stateOf = (login: BrowserLogin): string => parametersOf(login).state ?? "";

/** The browser, sent back with those parameters; not following what it is told. */
function back(login: BrowserLogin, parameters: Record<string, string>, init: RequestInit = {}): Promise<Response> {
  return fetch(`${login.redirectUri}?${new URLSearchParams(parameters)}`, { redirect: "manual", ...init });
}

/** The first to settle, or "waiting": a callback that was not answered. */
async function settled(login: BrowserLogin): Promise<unknown> {
  return Promise.race([login.callback.catch((error: unknown) => error), Bun.sleep(30).then(() => "waiting")]);
}

describe("the authorization URL", () => {
  test("has all that the RFCs ask for, and keeps the endpoint's own query", async () => {
    const login = await start({}, { scopes: ["openid", "a+b"] });
    expect(parametersOf(login)).toEqual({
      tenant: "a b",
      response_type: "code",
      client_id: "my client",
      redirect_uri: login.redirectUri,
      scope: "openid a+b",
      state: expect.stringMatching(/^[\w-]{43}$/),
      nonce: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: "S256",
    });
    expect(login.url).toContain("scope=openid%20a%2Bb");
    expect(login.redirectUri).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/callback$/);
  });

  test("carries the provider's parameters, which can't replace the protocol's", async () => {
    const parameters = {
      prompt: "consent",
      state: "fixed",
      code_challenge_method: "plain",
      redirect_uri: "https://x.example",
    };
    const login = await start({ authorize: { parameters } });
    expect(parametersOf(login)).toMatchObject({
      prompt: "consent",
      code_challenge_method: "S256",
      redirect_uri: login.redirectUri,
    });
    expect(stateOf(login)).not.toBe("fixed");
  });

  test("has no nonce without openid, no scope without scopes, no challenge where the dialect has no PKCE", async () => {
    const { nonce, scope, code_challenge } = parametersOf(await start({ authorize: { pkce: false } }, { scopes: [] }));
    expect([nonce, scope, code_challenge]).toEqual([undefined, undefined, undefined]);
  });

  test("is new for each login", async () => {
    const [one, two] = [parametersOf(await start()), parametersOf(await start())];
    for (const name of ["state", "code_challenge"]) expect(one[name]).not.toBe(two[name]);
  });
});

describe("the answer", () => {
  test("is taken, the browser is sent to a clean page, and the page waits for the end", async () => {
    const login = await start();
    const reply = await back(login, { state: stateOf(login), code: "the code" });
    expect(reply.status).toBe(303);
    expect((await login.callback).code.reveal()).toBe("the code");
    const clean = new URL(reply.headers.get("location") ?? "", login.redirectUri);
    expect(clean.search).toBe("");
    const page = fetch(clean);
    expect(await Promise.race([page, Bun.sleep(30).then(() => "held")])).toBe("held");
    await login.succeed();
    expect((await page).status).toBe(200);
    expect(await (await page).text()).toContain("Logged in to Test");
  });

  test("shows a failure where the tokens didn't come", async () => {
    const login = await start();
    const page = fetch(new URL("/done", (await back(login, { state: stateOf(login), code: "c" })).url));
    await Bun.sleep(10);
    login.close();
    expect((await page).status).toBe(400);
    expect(await (await page).text()).toContain("The login to Test failed");
  });

  test("every page and redirect is private, and runs nothing", async () => {
    const login = await start();
    const replies = [
      await back(login, { state: "wrong", code: "c" }),
      await back(login, { state: stateOf(login), code: "c" }),
    ];
    const last = fetch(new URL("/done", login.redirectUri));
    await login.succeed();
    replies.push(await last);
    for (const { headers } of replies) {
      expect(headers.get("cache-control")).toBe("no-store");
      expect(headers.get("referrer-policy")).toBe("no-referrer");
    }
    for (const page of [replies[0], replies[2]]) {
      const policy = page?.headers.get("content-security-policy") ?? "";
      expect(policy).toStartWith("default-src 'none'; style-src 'sha256-");
      const html = (await page?.text()) ?? "";
      expect(html).not.toMatch(/<script|javascript:|\son\w+=|https?:|url\(|@import/i);
      const style = /<style>(.*)<\/style>/s.exec(html)?.[1] ?? "";
      expect(policy).toContain(new Bun.CryptoHasher("sha256").update(style).digest("base64"));
    }
  });

  test("an error is shown as an error, and ends the login", async () => {
    const cases = [
      ["access_denied", "access_denied"],
      ["invalid_scope", "scope_rejected"],
      ["unauthorized_client", "client_rejected"],
      ["login_required", "interaction_required"],
      ["temporarily_unavailable", "provider_unavailable"],
    ] as const;
    for (const [error, code] of cases) {
      const login = await start();
      const reply = await back(login, { state: stateOf(login), error, error_description: "the provider's words" });
      expect(reply.status).toBe(400);
      const html = await reply.text();
      expect(html).toContain("The login to Test failed");
      expect(html).toContain("the provider&#39;s words");
      expect(html).not.toMatch(/logged in/i);
      expect(await settled(login)).toMatchObject({ code });
    }
  });

  test("attack: a provider's words can't become markup or turn the page round", async () => {
    const login = await start();
    const words = `<script>alert(1)</script>"'&\u202e\x1b[2J`;
    const html = await (
      await back(login, { state: stateOf(login), error: "access_denied", error_description: words })
    ).text();
    expect(html).toContain("&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;\\u202e\\x1b[2J");
    expect(await settled(login)).toMatchObject({ message: expect.stringContaining("\\u202e\\x1b[2J") });
  });

  test("without a code, or with two, it is none", async () => {
    for (const query of ["", "&code=", "&code=a&code=b"]) {
      const login = await start();
      await fetch(`${login.redirectUri}?state=${stateOf(login)}${query}`);
      expect(await settled(login)).toMatchObject({ code: "provider_unavailable" });
    }
  });

  test("does not come in time: the login ends and the port is free again", async () => {
    const login = await start({}, { timeout: 20 });
    expect(await thrown(() => login.callback)).toMatchObject({ code: "login_timeout" });
    expect(await thrown(() => fetch(login.redirectUri))).toMatchObject({ code: "ECONNREFUSED" });
  });

  test("Ctrl-C ends the wait", async () => {
    const abort = new AbortController();
    const login = await start({}, { signal: abort.signal });
    abort.abort();
    expect(await thrown(() => login.callback)).toMatchObject({ code: "interrupted" });
    const late = await start({}, { signal: AbortSignal.abort() });
    expect(await thrown(() => late.callback)).toMatchObject({ code: "interrupted" });
  });
});

describe("the issuer's name in the answer (RFC 9207)", () => {
  const known = { issuer: ISSUER, issRequired: true };

  test("attack: another issuer's answer is refused, and its code is not used", async () => {
    for (const iss of ["https://attacker.example", `${ISSUER}/other`, ""]) {
      const login = await start({}, {}, known);
      const reply = await back(login, { state: stateOf(login), code: "c", iss });
      expect(reply.status).toBe(400);
      expect(await settled(login)).toMatchObject({ code: "access_denied" });
    }
  });

  test("attack: an answer without it is refused where the issuer always gives it", async () => {
    const login = await start({}, {}, known);
    expect((await back(login, { state: stateOf(login), code: "c" })).status).toBe(400);
    expect(await settled(login)).toMatchObject({ code: "access_denied" });
  });

  test("a wrong one is refused even where none is required", async () => {
    const login = await start({}, {}, { issuer: ISSUER });
    await back(login, { state: stateOf(login), code: "c", iss: "https://attacker.example" });
    expect(await settled(login)).toMatchObject({ code: "access_denied" });
  });

  test("the right one is taken; one that can't be compared is ignored", async () => {
    const login = await start({}, {}, known);
    expect((await back(login, { state: stateOf(login), code: "c", iss: ISSUER })).status).toBe(303);
    const unknown = await start();
    expect((await back(unknown, { state: stateOf(unknown), code: "c", iss: ISSUER })).status).toBe(303);
  });
});

describe("the last page", () => {
  test("names the host and the account", async () => {
    const login = await start();
    const page = fetch(new URL("/done", (await back(login, { state: stateOf(login), code: "c" })).url));
    await Bun.sleep(10);
    await login.succeed({ id: "7", label: "ada@example.com<b>", organization: null });
    expect(await (await page).text()).toContain(
      "<p>As ada@example.com&lt;b&gt;, at issuer.example.</p>\n<p>You can close this page",
    );
  });
});

describe("a browser that fetches ahead", () => {
  test("is no answer, whatever it calls that; the visit after it is one", async () => {
    for (const [name, value] of [
      ["sec-purpose", "prefetch"],
      ["sec-purpose", "prefetch;prerender"],
      ["purpose", "prefetch"],
      ["x-moz", "prefetch"],
    ] as const) {
      const login = await start();
      const answer = { state: stateOf(login), code: "c" };
      expect((await back(login, answer, { headers: { [name]: value } })).status).toBe(503);
      expect(await settled(login)).toBe("waiting");
      expect((await back(login, answer)).status).toBe(303);
      expect((await login.callback).code.reveal()).toBe("c");
    }
  });
});

describe("attacks on the listener", () => {
  test("a wrong state, none, two, or half of it: refused, and the wait goes on", async () => {
    const login = await start();
    const state = stateOf(login);
    for (const query of [
      "code=evil",
      "code=evil&state=",
      "code=evil&state=wrong",
      `code=evil&state=${state.slice(0, -1)}`,
      `code=evil&state=${state}&state=${state}`,
      `code=evil&state=${state}x`,
    ]) {
      const reply = await fetch(`${login.redirectUri}?${query}`);
      expect(reply.status).toBe(400);
      expect(await reply.text()).not.toMatch(/logged in/i);
    }
    expect(await settled(login)).toBe("waiting");
    expect((await back(login, { state, code: "good" })).status).toBe(303);
    expect((await login.callback).code.reveal()).toBe("good");
  });

  test("an error without the state can't end the login", async () => {
    const login = await start();
    expect((await back(login, { error: "access_denied" })).status).toBe(400);
    expect(await settled(login)).toBe("waiting");
  });

  test("a foreign Host (DNS rebinding) is refused, even with the right state", async () => {
    const login = await start();
    const { port } = new URL(login.redirectUri);
    for (const host of [
      "attacker.example",
      `attacker.example:${port}`,
      `localhost:${port}`,
      "127.0.0.1",
      `127.0.0.1:${port}.evil.example`,
    ]) {
      const reply = await back(login, { state: stateOf(login), code: "evil" }, { headers: { host } });
      expect({ host, status: reply.status }).toEqual({ host, status: 400 });
    }
    expect(await settled(login)).toBe("waiting");
  });

  test("POST, HEAD, PUT and OPTIONS are refused", async () => {
    const login = await start();
    for (const method of ["POST", "HEAD", "PUT", "OPTIONS", "DELETE"]) {
      const reply = await back(login, { state: stateOf(login), code: "evil" }, { method });
      expect({ method, status: reply.status }).toEqual({ method, status: 405 });
    }
    expect(await settled(login)).toBe("waiting");
  });

  test("another path is nothing, favicon included", async () => {
    const login = await start();
    const query = `?state=${stateOf(login)}&code=evil`;
    for (const path of [
      "/",
      "/favicon.ico",
      "/callback/",
      "/Callback",
      "/callback%2f",
      "//callback",
      "/x/../callback/.",
      "/done",
      "/%63allback",
    ])
      expect({ path, status: (await ask(login, `GET ${path}${query} HTTP/1.1`)).status }).toEqual({
        path,
        status: 404,
      });
    expect(await settled(login)).toBe("waiting");
  });

  test("a second answer is refused", async () => {
    const login = await start();
    await back(login, { state: stateOf(login), code: "first" });
    const reply = await back(login, { state: stateOf(login), code: "second" });
    expect(reply.status).toBe(400);
    expect((await login.callback).code.reveal()).toBe("first");
  });

  test("what is no HTTP, or has two Hosts, or none, is refused", async () => {
    const login = await start();
    const { host } = new URL(login.redirectUri);
    const target = `/callback?state=${stateOf(login)}&code=evil`;
    for (const head of [
      `GET ${target} HTTP/1.1\r\nHost: ${host}\r\nHost: ${host}`,
      `GET ${target} HTTP/1.1\r\nX: y`,
      `GET http://${host}${target} HTTP/1.1\r\nHost: ${host}`,
      `GET ${target}\r\nHost: ${host}`,
      `get ${target} HTTP/1.1\r\nHost: ${host}`,
      "\x16\x03\x01\x02\x00",
    ])
      expect((await raw(login, `${head}\r\n\r\n`)).slice(0, 12)).toBe("HTTP/1.1 400");
    expect(await settled(login)).toBe("waiting");
  });

  test("an oversized request is cut off", async () => {
    const login = await start();
    const { host } = new URL(login.redirectUri);
    const large = `GET /callback?state=${stateOf(login)}&code=${"x".repeat(9000)} HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
    expect((await raw(login, large)).slice(0, 12)).toBe("HTTP/1.1 431");
    expect((await raw(login, "x".repeat(9000))).slice(0, 12)).toBe("HTTP/1.1 431");
    expect(await settled(login)).toBe("waiting");
  });

  test("a request that drips in (slowloris) is hung up on, and doesn't hold up the answer", async () => {
    const login = await start();
    const closed = Promise.withResolvers<void>();
    const slow = await connect(login, { close: closed.resolve });
    const drip = setInterval(() => slow.write("x"), 200);
    expect((await back(login, { state: stateOf(login), code: "good" })).status).toBe(303);
    await closed.promise;
    clearInterval(drip);
  }, 30_000);

  test("a crowd of connections gets no further than the 64th, and the answer still comes through", async () => {
    const login = await start();
    let refused = 0;
    const crowd = [];
    for (let i = 0; i < 80; i++) crowd.push(await connect(login, { close: () => void refused++ }));
    for (let i = 0; i < 100 && refused < 16; i++) await Bun.sleep(10);
    expect(refused).toBe(16);
    for (const one of crowd) one.terminate();
    await Bun.sleep(20);
    expect((await back(login, { state: stateOf(login), code: "good" })).status).toBe(303);
  });

  test("connections that are held open without a request don't keep the answer out: the most silent makes room", async () => {
    const login = await start();
    const ended: number[] = [];
    const crowd = [];
    for (let i = 0; i < 64; i++) crowd.push(await connect(login, { close: () => void ended.push(i) }));
    // No longer the one that has been silent longest.
    crowd[0]?.write("GET /");
    crowd[0]?.flush();
    await Bun.sleep(50);
    expect((await back(login, { state: stateOf(login), code: "good" })).status).toBe(303);
    expect(ended[0]).toBe(1);
    expect((await login.callback).code.reveal()).toBe("good");
    for (const one of crowd) one.terminate();
  });

  test("an answer that comes in pieces is put together", async () => {
    const login = await start();
    const { host } = new URL(login.redirectUri);
    const head = `GET /callback?state=${stateOf(login)}&code=good HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
    const one = await connect(login, {});
    for (let i = 0; i < head.length; i += 20) {
      one.write(head.slice(i, i + 20));
      one.flush();
      await Bun.sleep(1);
    }
    expect((await login.callback).code.reveal()).toBe("good");
  });
});

/** A bare connection to the listener. */
function connect(login: BrowserLogin, on: { data?: (text: string) => void; close?: () => void }): Promise<Bun.Socket> {
  const { hostname, port } = new URL(login.redirectUri);
  return Bun.connect({
    hostname,
    port: Number(port || 80),
    socket: {
      data: (_, chunk) => on.data?.(chunk.toString()),
      close: () => on.close?.(),
      error: () => {},
    },
  });
}

/** Everything that comes back for these bytes. */
async function raw(login: BrowserLogin, bytes: string): Promise<string> {
  const closed = Promise.withResolvers<void>();
  let text = "";
  const socket = await connect(login, { data: (more) => (text += more), close: closed.resolve });
  socket.write(bytes);
  await closed.promise;
  return text;
}

async function ask(login: BrowserLogin, line: string): Promise<{ status: number }> {
  const text = await raw(login, `${line}\r\nHost: ${new URL(login.redirectUri).host}\r\n\r\n`);
  return { status: Number(text.slice(9, 12)) };
}

function canListenOn(port: number): boolean {
  try {
    Bun.listen({ hostname: "127.0.0.1", port, exclusive: true, socket: { data: () => {} } }).stop(true);
    return true;
  } catch {
    return false;
  }
}

describe("the redirect", () => {
  test("to localhost is heard on both loopback addresses, on one port", async () => {
    const login = await start({ authorize: { redirect: { host: "localhost", path: "/" } } });
    const { port, pathname, hostname } = new URL(login.redirectUri);
    expect([hostname, pathname]).toEqual(["localhost", "/"]);
    for (const address of ["127.0.0.1", "[::1]"]) {
      const reply = await fetch(`http://${address}:${port}/?state=wrong`, { headers: { host: `localhost:${port}` } });
      expect(await reply.text()).toContain("not the login that is waiting");
    }
  });

  test("to localhost fails where somebody else has the port on IPv6", async () => {
    const other = Bun.listen({ hostname: "::1", port: 0, socket: { data: () => {} } });
    const redirect = { authorize: { redirect: { host: "localhost" } } } as const;
    expect(await thrown(() => start(redirect, { port: other.port }))).toMatchObject({ code: "usage" });
    other.stop(true);
    const free = await start(redirect, { port: other.port });
    expect(new URL(free.redirectUri).port).toBe(String(other.port));
  });

  test("on a port that is taken fails before anything is shown", async () => {
    const taken = new URL((await start()).redirectUri);
    expect(await thrown(() => start({}, { port: Number(taken.port) }))).toMatchObject({
      code: "usage",
      message: `Port ${taken.port} on this machine is in use by another program.`,
    });
  });

  test("on a port that is forbidden, or fails otherwise, says that instead", () => {
    const failed = (code: string): string => cannotListen(80, Object.assign(new Error(), { code })).message;
    expect(failed("EACCES")).toBe("This user may not listen on port 80.");
    expect(failed("EADDRNOTAVAIL")).toBe("Port 80 on this machine can't be listened on (EADDRNOTAVAIL).");
  });

  test("that the provider insists on is listened for as it is", async () => {
    const port = new URL((await start()).redirectUri).port;
    logins.pop()?.close();
    const login = await start({}, { redirectUri: `http://127.0.0.1:${port}/oauth/cb` });
    expect(login.redirectUri).toBe(`http://127.0.0.1:${port}/oauth/cb`);
    expect((await back(login, { state: stateOf(login), code: "c" })).status).toBe(303);
  });

  /** A redirect to port 80, which a URL's parser takes for none: some browsers' `Host` leaves it out (RFC 9110 §4.2.1). */
  test.skipIf(!canListenOn(80))("keeps the port that was named, also where it is http's own", async () => {
    for (const request of [{ redirectUri: "http://127.0.0.1:80/oauth/cb" }, { port: 80 }]) {
      const login = await start({ authorize: { redirect: { path: "/oauth/cb" } } }, request);
      expect(login.redirectUri).toBe("http://127.0.0.1:80/oauth/cb");
      expect(parametersOf(login).redirect_uri).toBe("http://127.0.0.1:80/oauth/cb");
      const path = `/oauth/cb?${new URLSearchParams({ state: stateOf(login), code: "c" })}`;
      const answer = await raw(login, `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`);
      expect(answer).toStartWith("HTTP/1.1 303");
      expect((await login.callback).redirectUri).toBe("http://127.0.0.1:80/oauth/cb");
      login.close();
    }
  });

  test("elsewhere can only be pasted", async () => {
    const login = await start({}, { redirectUri: "https://app.example/cb" });
    expect(parametersOf(login).redirect_uri).toBe("https://app.example/cb");
    expect(login.accept(`https://app.example/cb?state=${stateOf(login)}&code=c`).code.reveal()).toBe("c");
    await login.succeed();
  });

  test("that is neither https nor this machine is refused", async () => {
    for (const redirectUri of [
      "http://app.example/cb",
      "http://127.0.0.9/cb",
      "https://app.example/cb?x=1",
      "http://localhost/#f",
    ])
      expect(await thrown(() => start({}, { redirectUri }))).toMatchObject({ code: "usage" });
  });
});

describe("the final URL, pasted", () => {
  test("is as good as the browser's own visit", async () => {
    const login = await start({}, {}, { issuer: ISSUER, issRequired: true });
    const iss = encodeURIComponent(ISSUER);
    const got = login.accept(`  ${login.redirectUri}?code=c%2F1&state=${stateOf(login)}&iss=${iss}\n`);
    expect(got.code.reveal()).toBe("c/1");
    login.close();
    expect(await settled(login)).toBe("waiting");
  });

  test("gets the same checks: address, state, issuer, error", async () => {
    const login = await start({}, {}, { issuer: ISSUER, issRequired: true });
    const good = `code=c&state=${stateOf(login)}&iss=${encodeURIComponent(ISSUER)}`;
    const wrong = [
      "",
      "c",
      "y",
      `c ${stateOf(login)}`,
      `https://attacker.example/callback?${good}`,
      `${login.redirectUri.replace("/callback", "/other")}?${good}`,
      `${login.redirectUri}?code=c&state=wrong`,
      `${login.redirectUri}?code=c`,
      `${login.redirectUri}?code=c&state=${stateOf(login)}`,
      `${login.redirectUri}?error=access_denied&state=${stateOf(login)}&iss=${encodeURIComponent(ISSUER)}`,
    ];
    for (const pasted of wrong)
      expect(await thrown(() => login.accept(pasted))).toMatchObject({ code: "access_denied" });
    expect(login.accept(`${login.redirectUri}?${good}`).code.reveal()).toBe("c");
  });
});

describe("the answer, pasted in short", () => {
  test("is taken as the address's query, and as the code and the state", async () => {
    for (const short of [
      (state: string) => `?code=c&state=${state}`,
      (state: string) => `state=${state}&code=c`,
      (state: string) => `c ${state}`,
      (state: string) => `c#${state}`,
      (state: string) => `'c\t${state}'`,
    ]) {
      const login = await start();
      expect(login.accept(short(stateOf(login))).code.reveal()).toBe("c");
    }
    const other = await start({ authorize: { codeParameter: "auth_code", names: { state: "tag" } } });
    const state = parametersOf(other).tag ?? "";
    expect(other.accept(`c ${state}`).code.reveal()).toBe("c");
  });

  test("says what is wrong with it, and shows none of it", async () => {
    const login = await start();
    for (const [pasted, why] of [
      ["y", `not the final address: that begins with ${login.redirectUri}`],
      ["4/0AVGzR1Bsecretcode", "without its state"],
      ["4/0AVGzR1Bsecretcode another-state", "another login"],
      ["https://attacker.example/?code=secretcode&state=x", `begins with ${login.redirectUri}`],
      ["code=secretcode&state=x", "another login"],
    ] as const) {
      const error = await thrown(() => login.accept(pasted));
      expect(error).toBeInstanceOf(WrongPaste);
      expect((error as WrongPaste).message).toContain(why);
      expect(`${(error as WrongPaste).message}${(error as WrongPaste).hint}`).not.toContain("secretcode");
    }
    expect(await settled(login)).toBe("waiting");
  });

  test("without the issuer's name is not enough where the issuer always gives it", async () => {
    const login = await start({}, {}, { issuer: ISSUER, issRequired: true });
    expect(await thrown(() => login.accept(`c ${stateOf(login)}`))).toBeInstanceOf(WrongPaste);
  });
});

describe("the code", () => {
  async function exchange(
    issuer: Scripted,
    client: Client = publicClient,
    different: Partial<ProviderDefinition> = {},
    scopes = ["openid"],
  ) {
    const server = issuer.server(different);
    const login = await startBrowserLogin(server, client, { scopes, port: null, redirectUri: null, timeout: 30_000 });
    logins.push(login);
    const authorization = login.accept(`${login.redirectUri}?state=${stateOf(login)}&code=the+code`);
    return { login, authorization, outcome: exchangeCode(http, server, client, authorization, Date.now()) };
  }

  test("is exchanged with the verifier that fits the challenge", async () => {
    const issuer = at(json({ access_token: "a" }));
    const { login, outcome } = await exchange(issuer, secretClient("body"), {
      request: { tokenParameters: { audience: "api" } },
    });
    await outcome;
    const { code_verifier = "", ...form } = issuer.seen[0]?.form ?? {};
    expect(form).toEqual({
      grant_type: "authorization_code",
      code: "the code",
      redirect_uri: login.redirectUri,
      audience: "api",
      client_id: "my client",
      client_secret: "s3cret:&+%",
    });
    const hash = new Bun.CryptoHasher("sha256").update(code_verifier).digest("base64url");
    expect(parametersOf(login).code_challenge).toBe(hash);
  });

  test("brings tokens in the provider's dialect", async () => {
    const issuer = at(
      new Response("access_token=a&scope=repo,gist&token_type=bearer", {
        headers: { "content-type": "application/x-www-form-urlencoded" },
      }),
    );
    const reply = await (await exchange(issuer, publicClient, { scopes: { replySeparator: "," } })).outcome;
    expect(reply.scopes).toEqual(["repo", "gist"]);
  });

  test("refused, it says why", async () => {
    for (const [body, status, code] of [
      [{ error: "invalid_grant" }, 400, "access_denied"],
      [{ error: "invalid_client" }, 401, "client_rejected"],
      [{ error: "bad_verification_code" }, 200, "client_rejected"],
      [{ error: "server_error" }, 500, "provider_unavailable"],
      [{ refresh_token: "r" }, 200, "provider_unavailable"],
    ] as const)
      expect(await thrown(async () => (await exchange(at(json(body, status)))).outcome)).toMatchObject({ code });
  });

  test("attack: an id_token of another login (nonce) is refused with the tokens beside it", async () => {
    const now = Date.now() / 1000;
    const claims = { iss: "i", sub: "s", aud: publicClient.id, iat: now, exp: now + 60 };
    for (const nonce of ["another", undefined]) {
      const issuer = at(json({ access_token: "a", id_token: jwt({ ...claims, nonce }) }));
      expect(await thrown(async () => (await exchange(issuer)).outcome)).toMatchObject({
        code: "provider_unavailable",
      });
    }
    let right = "";
    const issuer = at(() => json({ access_token: "a", id_token: jwt({ ...claims, nonce: right }) }));
    const { authorization } = await exchange(at(json({ access_token: "a" })));
    right = authorization.nonce ?? "";
    expect((await exchangeCode(http, issuer.server(), publicClient, authorization, Date.now())).idToken).not.toBeNull();
  });
});

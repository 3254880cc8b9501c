/** The browser flow (RFC 8252, 7636): what the browser is sent with, and what it brings and is shown. */
import { describe, expect, test } from "bun:test";
import { back, closeLogins, parametersOf, settled, start, stateOf } from "./browser-login.ts";
import { thrown } from "./support.ts";

closeLogins();

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

  test("a redirect without a path has no slash, and the answer comes all the same", async () => {
    const login = await start({ authorize: { redirect: { host: "localhost", path: "" } } });
    expect(login.redirectUri).toMatch(/^http:\/\/localhost:\d+$/);
    expect(parametersOf(login).redirect_uri).toBe(login.redirectUri);
    await back(login, { code: "the code", state: stateOf(login) });
    expect(await settled(login)).toMatchObject({ redirectUri: login.redirectUri });
    const given = await start({}, { redirectUri: "http://127.0.0.1/" });
    expect(given.redirectUri).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
    const bare = await start({}, { redirectUri: "http://127.0.0.1" });
    expect(bare.redirectUri).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
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
    expect(await settled(login)).toMatchObject({ detail: expect.stringContaining("\\u202e\\x1b[2J") });
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

/** The one-shot form: one person answers it once, and no one else can read it or answer it. Real HTTP throughout. */
import { afterEach, describe, expect, test } from "bun:test";
import { connect } from "node:net";
import { openForm, type WebForm } from "../../src/oauth/form.ts";
import type { Field } from "../../src/oauth/form-page.ts";

const forms: WebForm[] = [];
afterEach(() => {
  for (const form of forms.splice(0)) form.close();
});

const ID: Field = { name: "client_id", label: "Client id", kind: "text", required: true };
const SECRET: Field = { name: "client_secret", label: "Client secret", kind: "secret", required: false };
const KEY: Field = { name: "key", label: "Key", kind: "key", required: true };
const STEPS = [
  "Create one: https://provider.example/apps?a=1&b=2",
  "Redirect URI to enter there: http://127.0.0.1/callback",
];

function start(fields: readonly Field[] = [ID, SECRET], timeout = 20_000, title = "Log in to Example"): WebForm {
  const form = openForm({ page: { title, text: "It needs this.", steps: STEPS, fields }, port: null, timeout });
  forms.push(form);
  return form;
}

async function csrfOf(form: WebForm): Promise<string> {
  const page = await (await fetch(form.url)).text();
  return /name="csrf" value="([^"]+)"/.exec(page)?.[1] ?? "";
}

function post(form: WebForm, fields: Record<string, string>, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(form.url, { method: "POST", body: new URLSearchParams(fields), headers, redirect: "manual" });
}

async function waits(form: WebForm): Promise<boolean> {
  const first = await Promise.race([
    form.answers.then(
      () => "answered",
      () => "ended",
    ),
    Bun.sleep(50).then(() => "waiting"),
  ]);
  return first === "waiting";
}

/** Bytes as they are, for what fetch would never send. */
function raw(form: WebForm, text: string): Promise<string> {
  const { port } = new URL(form.url);
  return new Promise((resolve, reject) => {
    let got = "";
    const socket = connect(Number(port), "127.0.0.1", () => socket.write(text));
    socket.on("data", (chunk) => {
      got += chunk.toString();
    });
    socket.on("close", () => resolve(got));
    socket.on("error", reject);
  });
}

describe("a person", () => {
  test("opens it, sends it, is thanked, and it is gone", async () => {
    const form = start();
    const answer = await post(form, {
      csrf: await csrfOf(form),
      client_id: " my-client ",
      client_secret: "s3cret&+%ü",
    });
    expect([answer.status, answer.headers.get("location")]).toEqual([303, new URL(form.url).pathname]);
    const thanks = await (await fetch(form.url)).text();
    expect(thanks).toContain("Thank you");
    expect(thanks).not.toContain("s3cret");
    const answers = await form.answers;
    expect(answers.get("client_id")?.reveal()).toBe("my-client");
    expect(answers.get("client_secret")?.reveal()).toBe("s3cret&+%ü");
    expect(fetch(form.url)).rejects.toThrow();
  });

  test("leaves out what may be left out", async () => {
    const form = start();
    await post(form, { csrf: await csrfOf(form), client_id: "my-client", client_secret: "" });
    expect([...(await form.answers).keys()]).toEqual(["client_id"]);
  });

  test("forgets something: sees what, with the id kept and no secret shown again", async () => {
    const form = start([ID, { ...SECRET, required: true }]);
    const csrf = await csrfOf(form);
    const missing = await post(form, { csrf, client_id: "my-client", client_secret: "  " });
    const page = await missing.text();
    expect([missing.status, page.includes("Client secret is missing.")]).toEqual([400, true]);
    expect(page).toContain('value="my-client"');
    const odd = await (await post(form, { csrf, client_id: "my\u0007client", client_secret: "s3cret" })).text();
    expect(odd).toContain("paste it once more");
    expect(odd).not.toContain("s3cret");
    expect(await waits(form)).toBe(true);
    await post(form, { csrf, client_id: "my-client", client_secret: "s3cret" });
    expect((await form.answers).size).toBe(2);
  });

  test("pastes a key of several lines", async () => {
    const form = start([KEY]);
    const key = "-----BEGIN PRIVATE KEY-----\r\nMIIB\r\n-----END PRIVATE KEY-----";
    await post(form, { csrf: await csrfOf(form), key });
    expect((await form.answers).get("key")?.reveal()).toBe(key);
  });

  test("doesn't come: login_timeout, and nothing listens any more", async () => {
    const form = start([ID], 80);
    expect(form.answers).rejects.toMatchObject({ code: "login_timeout" });
    await form.answers.catch(() => {});
    expect(fetch(form.url)).rejects.toThrow();
  });

  test("sees what to do: where a client is made is a link, the redirect is to be copied", async () => {
    const page = await (await fetch(start().url)).text();
    expect(page).toContain(
      '<a href="https://provider.example/apps?a=1&amp;b=2" target="_blank" rel="noopener noreferrer">',
    );
    expect(page).toContain("<code>http://127.0.0.1/callback</code>");
    expect(page).toContain('type="password" name="client_secret"');
  });
});

describe("attack:", () => {
  test("a page in the browser sends the form without its token (cross-site request forgery)", async () => {
    const form = start();
    for (const csrf of ["", "x", "x".repeat(43)])
      expect((await post(form, { csrf, client_id: "evil" })).status).toBe(403);
    expect((await post(form, { client_id: "evil" })).status).toBe(403);
    expect(await waits(form)).toBe(true);
  });

  test("even with the token, another origin's form is refused", async () => {
    const form = start();
    const fields = { csrf: await csrfOf(form), client_id: "evil" };
    for (const headers of [
      { origin: "https://evil.example" },
      { origin: "null" },
      { origin: form.url.replace("127.0.0.1", "localhost") },
      { "sec-fetch-site": "cross-site" },
      { "sec-fetch-site": "same-site" },
      { "sec-fetch-site": "none" },
    ])
      expect((await post(form, fields, headers as Record<string, string>)).status).toBe(403);
    expect(await waits(form)).toBe(true);
    expect(
      (await post(form, fields, { origin: new URL(form.url).origin, "sec-fetch-site": "same-origin" })).status,
    ).toBe(303);
  });

  test("a name that leads here (DNS rebinding): the Host is not this one", async () => {
    const form = start();
    const { port, pathname } = new URL(form.url);
    for (const host of ["evil.example", `evil.example:${port}`, `localhost:${port}`, "127.0.0.1", `[::1]:${port}`]) {
      const got = await raw(form, `GET ${pathname} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
      expect(got).toStartWith("HTTP/1.1 400");
      expect(got).not.toContain("csrf");
    }
    const twice = await raw(form, `GET ${pathname} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nHost: evil.example\r\n\r\n`);
    expect(twice).toStartWith("HTTP/1.1 400");
  });

  test("a program that doesn't know the address finds nothing", async () => {
    const form = start();
    const { origin, pathname } = new URL(form.url);
    expect(pathname).toMatch(/^\/[\w-]{43}$/);
    for (const path of ["/", "/form", "/done", pathname.slice(0, -1), `${pathname}/`, pathname.toLowerCase()]) {
      const got = await fetch(`${origin}${path}`);
      expect([got.status, (await got.text()).includes("csrf")]).toEqual([404, false]);
    }
  });

  test("a second answer is refused, from any sender", async () => {
    const form = start();
    const csrf = await csrfOf(form);
    const answers = await Promise.all(
      ["first", "second", "third"].map((client_id) => post(form, { csrf, client_id }).then(({ status }) => status)),
    );
    expect(answers.filter((status) => status === 303)).toHaveLength(1);
    expect((await form.answers).size).toBe(1);
  });

  test("a field twice, or one that isn't asked for", async () => {
    const form = start();
    const csrf = await csrfOf(form);
    const body = `csrf=${csrf}&client_id=a&client_id=b`;
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    expect((await fetch(form.url, { method: "POST", body, headers })).status).toBe(403);
    await post(form, { csrf, client_id: "a", token_endpoint: "https://evil.example" });
    expect([...(await form.answers).keys()]).toEqual(["client_id"]);
  });

  test("other methods and types are refused: JSON, text, HEAD, PUT", async () => {
    const form = start();
    const csrf = await csrfOf(form);
    const json = { method: "POST", body: JSON.stringify({ csrf, client_id: "evil" }) };
    expect((await fetch(form.url, { ...json, headers: { "content-type": "application/json" } })).status).toBe(415);
    expect(
      (
        await fetch(form.url, {
          method: "POST",
          body: `csrf=${csrf}&client_id=evil`,
          headers: { "content-type": "text/plain" },
        })
      ).status,
    ).toBe(415);
    for (const method of ["HEAD", "PUT", "DELETE", "OPTIONS"])
      expect((await fetch(form.url, { method })).status).toBe(405);
    expect(await waits(form)).toBe(true);
  });

  test("too much, a length that is none, two lengths, chunks: refused, and the wait goes on", async () => {
    const form = start();
    const { port, pathname } = new URL(form.url);
    const head = (more: string) =>
      `POST ${pathname} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: application/x-www-form-urlencoded\r\n${more}\r\n\r\n`;
    expect(await raw(form, head("Content-Length: 100000000"))).toStartWith("HTTP/1.1 413");
    expect(await raw(form, head("Content-Length: -1"))).toStartWith("HTTP/1.1 400");
    expect(await raw(form, head("Content-Length: 0x10"))).toStartWith("HTTP/1.1 400");
    expect(await raw(form, head("Content-Length: 3\r\nContent-Length: 5"))).toStartWith("HTTP/1.1 400");
    expect(await raw(form, head("Transfer-Encoding: chunked"))).toStartWith("HTTP/1.1 400");
    expect(await raw(form, `GET /${"x".repeat(9000)} HTTP/1.1\r\n`)).toStartWith("HTTP/1.1 431");
    expect(await waits(form)).toBe(true);
  });

  test("the page can't be framed, cached, scripted, and its address is in no referrer", async () => {
    const got = await fetch(start().url);
    expect(got.headers.get("cache-control")).toBe("no-store");
    expect(got.headers.get("referrer-policy")).toBe("same-origin");
    expect(got.headers.get("x-content-type-options")).toBe("nosniff");
    const policy = got.headers.get("content-security-policy") ?? "";
    for (const rule of ["default-src 'none'", "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'"])
      expect(policy).toContain(rule);
    expect(await got.text()).not.toContain("<script");
  });

  test("a provider's text can't become part of the page", async () => {
    const evil = '"><script>alert(1)</script>\u202e\n';
    const form = openForm({
      page: {
        title: evil,
        text: evil,
        steps: [evil, `Create: https://x.example/"><img src=x>`],
        fields: [{ ...ID, label: evil }],
      },
      port: null,
      timeout: 5_000,
    });
    forms.push(form);
    const page = await (await fetch(form.url)).text();
    expect(page).not.toContain("<script");
    expect(page).not.toContain("<img");
    expect(page).not.toContain("\u202e");
  });
});

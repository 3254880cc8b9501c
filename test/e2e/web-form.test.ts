/** `login --web`: an agent without a terminal has a person give what a login lacks. The built binary, a real browser. */
import { afterAll, describe, expect, test } from "bun:test";
import { startGithub } from "../issuers/github.ts";
import type { Server } from "../issuers/server.ts";
import { type Browser, startChromium } from "../support/chromium.ts";
import { EC_KEY } from "../support/keys.ts";
import { errorOf } from "../support/logged-in.ts";
import { lacking } from "../support/needs.ts";
import { AUTH, auth, bareEnvironment, type Ended } from "../support/program.ts";
import { until } from "../support/until.ts";

const servers: Server[] = [];
afterAll(() => Promise.all(servers.map((server) => server.stop())));

type Event = { event: string; url?: string } & Record<string, unknown>;

/** Runs a login whose form is answered as `answer` does. */
async function login(
  args: readonly string[],
  env: Record<string, string>,
  answer: (url: string) => Promise<void>,
): Promise<Ended & { events: Event[] }> {
  const child = Bun.spawn([AUTH, "login", ...args, "--web", "--json"], {
    env,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const complaints = child.stderr.text();
  const events: Event[] = [];
  const decoder = new TextDecoder();
  let stdout = "";
  let rest = "";
  for await (const chunk of child.stdout) {
    rest += decoder.decode(chunk, { stream: true });
    const lines = rest.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      stdout += `${line}\n`;
      const event = JSON.parse(line) as Event;
      events.push(event);
      if (event.event === "form") await answer(String(event.url));
      // The person, in the same browser, at the provider.
      if (event.event === "authorize") await fetch(String(event.url)).then((page) => page.text());
    }
  }
  return { code: await child.exited, signal: child.signalCode, stdout, stderr: await complaints, events };
}

/** As a browser without scripts would send it. */
async function fill(url: string, fields: Record<string, string>): Promise<string> {
  const csrf = /name="csrf" value="([^"]+)"/.exec(await (await fetch(url)).text())?.[1] ?? "";
  const { origin } = new URL(url);
  return (
    await fetch(url, { method: "POST", body: new URLSearchParams({ csrf, ...fields }), headers: { origin } })
  ).text();
}

function github() {
  const issuer = startGithub({ approve: true, interval: 1 });
  servers.push(issuer.server);
  const places = Object.entries(issuer.endpoints).flatMap(([name, url]) => ["--endpoint", `${name}=${url}`]);
  return { issuer, places };
}

describe("what is missing is asked for, and nothing else:", () => {
  test("a client id; then the login goes on, and keeps it", async () => {
    const { issuer, places } = github();
    const env = bareEnvironment();
    const page: string[] = [];
    const ended = await login(["github", ...places], env, async (url) => {
      page.push(await (await fetch(url)).text(), await fill(url, { client_id: issuer.clientId }));
    });
    expect({ code: ended.code, stderr: ended.stderr }).toEqual({ code: 0, stderr: expect.any(String) });
    expect(ended.events.map(({ event }) => event)).toEqual(["form", "device_code", "connected"]);
    expect(ended.events[0]).toEqual({
      event: "form",
      url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/[\w-]{43}$/),
    });
    for (const text of [
      "Log in to GitHub",
      "https://github.com/settings/apps/new",
      "http://127.0.0.1/callback",
      "Enable Device Flow",
    ])
      expect(page[0]).toContain(text);
    expect(page[1]).toContain("Thank you");
    expect((await auth(["login", "github", "--force", ...places], { env })).code).toBe(0);
  }, 60_000);

  test("a client's secret, where the id is known: never on stdout or stderr", async () => {
    const { issuer, places } = github();
    const env = bareEnvironment();
    const args = ["github", "--flow", "browser", "--client-id", issuer.clientId, ...places];
    const page: string[] = [];
    const ended = await login(args, env, async (url) => {
      page.push(await (await fetch(url)).text());
      await fill(url, { client_secret: issuer.clientSecret });
    });
    expect(ended.events.map(({ event }) => event)).toEqual(["form", "authorize", "connected"]);
    expect(ended.stdout + ended.stderr).not.toContain(issuer.clientSecret);
    expect(page[0]).not.toContain('name="client_id"');
    expect(page[0]).toContain('name="client_secret"');
  }, 60_000);

  test("an API key", async () => {
    const env = bareEnvironment();
    const ended = await login(["apikey:openai", "--pattern", "sk-.*"], env, async (url) => {
      await fill(url, { token: "sk-typed-by-a-person" });
    });
    expect(ended.events.map(({ event }) => event)).toEqual(["form", "connected"]);
    expect((await auth(["token", "apikey:openai"], { env })).stdout).toBe("sk-typed-by-a-person\n");
    expect(ended.stdout + ended.stderr).not.toContain("sk-typed");
  });

  test("a key file, pasted", async () => {
    const env = bareEnvironment();
    const ended = await login(["appstoreconnect", "--key-id", "2X9R4HXF34"], env, async (url) => {
      await fill(url, { key: EC_KEY });
    });
    expect({ code: ended.code, stderr: ended.stderr }).toMatchObject({ code: 0 });
    expect((await auth(["token", "appstoreconnect"], { env })).stdout).toMatch(/^eyJ/);
  });

  test("a key that is none: exit 7, nothing stored", async () => {
    const env = bareEnvironment();
    const ended = await login(["appstoreconnect", "--key-id", "2X9R4HXF34"], env, async (url) => {
      await fill(url, { key: "not a key" });
    });
    expect([ended.code, errorOf(ended).code]).toEqual([7, "token_rejected"]);
    expect((await auth(["token", "appstoreconnect"], { env })).code).toBe(2);
  });

  test("where nothing is missing, there is no form", async () => {
    const { issuer, places } = github();
    const env = bareEnvironment({ AUTH_GITHUB_CLIENT_ID: issuer.clientId });
    const ended = await login(["github", ...places], env, async () => {
      throw new Error("a form");
    });
    expect(ended.events.map(({ event }) => event)).toEqual(["device_code", "connected"]);
  }, 60_000);

  test("a form that isn't filled in: 7 login_timeout, and nothing is stored", async () => {
    const env = bareEnvironment();
    const ended = await login(["github", "--timeout", "1"], env, async () => {});
    expect([ended.code, errorOf(ended).code]).toEqual([7, "login_timeout"]);
    expect((await auth(["list", "--json"], { env })).stdout).toBe("[]\n");
  });

  test("--port chooses the form's port, and the redirect's after it", async () => {
    const { issuer, places } = github();
    const env = bareEnvironment();
    const probe = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    const { port } = probe;
    probe.stop(true);
    const args = ["github", "--flow", "browser", "--port", String(port), "--timeout", "2", ...places];
    const ended = await login(args, env, async (url) => {
      expect(new URL(url).port).toBe(String(port));
      await fill(url, { client_id: issuer.clientId, client_secret: issuer.clientSecret });
    });
    expect(ended.events[1]).toMatchObject({ event: "authorize", redirectUri: `http://127.0.0.1:${port}/callback` });
  }, 60_000);
});

describe("in chromium", () => {
  const browsers: Browser[] = [];
  afterAll(() => Promise.all(browsers.map((browser) => browser.close())));

  test.skipIf(lacking("chromium"))(
    "a person fills in the form, sends it, and is thanked",
    async () => {
      const { issuer, places } = github();
      const browser = await startChromium(["--window-size=900,1100"]);
      browsers.push(browser);
      const seen: unknown[] = [];
      const ended = await login(["github", ...places], bareEnvironment(), async (url) => {
        await browser.visit(url);
        seen.push(await browser.evaluate("scrollY"));
        seen.push(await browser.evaluate("getComputedStyle(document.querySelector('button')).backgroundColor"));
        if (process.env.AUTH_SCREENSHOTS)
          await Bun.write(`${process.env.AUTH_SCREENSHOTS}/form.png`, await browser.screenshot());
        await browser.evaluate(`document.querySelector("[name=client_id]").value = ${JSON.stringify(issuer.clientId)}`);
        await browser.evaluate("document.querySelector('form').requestSubmit()");
        await until("the page thanks", async () => (await browser.evaluate("document.title")) === "Thank you");
      });
      expect({ code: ended.code, stderr: ended.stderr }).toMatchObject({ code: 0 });
      // The style sheet's hash is the page's own, and what to do first is what is seen first.
      expect(seen).toEqual([0, "rgb(47, 95, 208)"]);
    },
    120_000,
  );
});

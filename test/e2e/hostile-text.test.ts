/**
 * A provider may say anything, in every field that reaches a screen. Nothing it says steers the terminal, begins a line
 * of its own, or turns the reading direction around (RULES.md 3.5).
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { json, type Server, serve } from "../issuers/server.ts";
import { auth, bareEnvironment, type Ended } from "../support/program.ts";

/** Clears the screen, sets the title, begins a line, turns the text around, ends the line in three further ways. */
const EVIL = "a\u001b[2J\u001b]0;pwned\u0007\nInjected: line\u202egnp.exe\u2066\u2028\u2029\r\u009b31m\u0000\u200bz";

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const STEERING = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b\u200e\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069]/;

function expectHarmless(what: string, { stdout, stderr }: Ended): void {
  for (const text of [stdout, stderr]) {
    expect({ what, steering: STEERING.exec(text)?.[0]?.codePointAt(0)?.toString(16) ?? null, text }).toEqual({
      what,
      steering: null,
      text,
    });
    expect({ what, line: text.split("\n").find((line) => line.startsWith("Injected")) ?? null }).toEqual({
      what,
      line: null,
    });
  }
}

let server: Server;
let refuses: string | null = null;

beforeAll(() => {
  server = serve((url) => ({
    "POST /device": () =>
      json({
        device_code: "code",
        user_code: EVIL.slice(0, 40),
        verification_uri: `${url}/page`,
        verification_uri_complete: `${url}/page?code=\u202e\u001b[2J`,
        expires_in: 600,
        interval: 1,
      }),
    "POST /token": () =>
      refuses === null
        ? json({
            access_token: crypto.randomUUID(),
            refresh_token: crypto.randomUUID(),
            token_type: "Bearer",
            expires_in: 3600,
            scope: `org:read ${EVIL.replaceAll(/\s/g, "")}`,
            user: { id: EVIL, email: EVIL, name: EVIL },
            organization_id: EVIL,
          })
        : json({ error: refuses, error_description: EVIL, error_uri: EVIL }, 400),
    "GET /user": () => json({ user: { id: EVIL, email: EVIL }, organization_id: EVIL }),
  }));
});
afterAll(() => server.stop());

describe("every command, in text and in JSON", () => {
  const env = bareEnvironment({ SENTRY_CLIENT_ID: "client" });
  const call = (...args: string[]): Promise<Ended> => auth(args, { env });
  const places = (): string[] =>
    Object.entries({ device: "/device", token: "/token", userinfo: "/user" }).flatMap(([name, path]) => [
      "--endpoint",
      `${name}=${server.url}${path}`,
    ]);

  for (const mode of [[], ["--json"]] as const)
    test(`login${mode.join(" ")}`, async () => {
      const ended = await call("login", "sentry", ...mode, "--force", ...places());
      expect(ended.code).toBe(0);
      expectHarmless("login", ended);
    });

  for (const args of [
    ["status", "sentry"],
    ["status", "sentry", "--check"],
    ["list"],
    ["get", "sentry", "--field", "account"],
    ["get", "sentry", "--field", "organization"],
    ["get", "sentry", "--field", "scopes"],
    ["get", "sentry"],
    ["profile", "show", "sentry"],
    ["profile", "list"],
    ["inspect", "sentry"],
    ["token", "sentry", "--scope", "other"],
    ["export", "sentry"],
    ["log"],
    ["doctor", "--offline"],
  ])
    for (const mode of [[], ["--json"]])
      test(`${[...args, ...mode].join(" ")}`, async () => {
        const format = mode.length > 0 && args[0] === "export" ? ["--format", "json"] : mode;
        expectHarmless(args.join(" "), await call(...args, ...format));
      });

  for (const error of [EVIL, "invalid_grant", "invalid_client", "temporarily_unavailable"])
    for (const mode of [[], ["--json"]])
      test(`refresh${mode.join(" ")}, refused with ${JSON.stringify(error).slice(0, 24)}; and what later commands say of it`, async () => {
        refuses = error;
        const ended = await call("refresh", "sentry", "--force", ...mode);
        refuses = null;
        expect(ended.code).toBeGreaterThan(3);
        expectHarmless("refresh", ended);
        for (const args of [["status"], ["list"], ["log", "--failures"]])
          expectHarmless(args.join(" "), await call(...args, ...mode));
        expect((await call("login", "sentry", "--force", ...places())).code).toBe(0);
      });

  test("a login that is refused, by device and with a code", async () => {
    refuses = EVIL;
    expectHarmless("login", await call("login", "sentry:other", ...places()));
    expectHarmless("login --json", await call("login", "sentry:other", "--json", ...places()));
    refuses = null;
  });

  test("another account's name, when it is refused", async () => {
    expectHarmless("login", await call("login", "sentry", ...places()));
    expectHarmless("logout", await call("logout", "sentry"));
  });
});

describe("a tenant or a host that could lead elsewhere is refused, whole, before anything is asked", () => {
  const before = () => server.calls.length;
  for (const tenant of [
    "a/b",
    "a:8443",
    "user@contoso.example",
    "contoso.example#x",
    "..",
    "cöntoso.example",
    "a b",
    "a%2fb",
    "\u202econtoso",
    "",
  ])
    test(`--tenant ${JSON.stringify(tenant)}`, async () => {
      const asked = before();
      const ended = await auth([
        "login",
        "entra",
        "--tenant",
        tenant,
        "--client-id",
        "x",
        "--flow",
        "device",
        "--timeout",
        "1",
      ]);
      // An empty one is none: the default holds.
      expect(ended.code).toBe(tenant === "" ? (ended.code ?? 0) : 64);
      expectHarmless("tenant", ended);
      expect(before()).toBe(asked);
    });
  for (const host of [
    "evil.example/x",
    "user:pw@evil.example",
    "evil.example:99999",
    "http://evil.example",
    "ev\u0131l.example",
    "ex ample",
    "127.1",
    "0x7f.1",
    "[::1",
  ])
    for (const provider of ["github", "sentry", "entra"])
      test(`${provider} --host ${JSON.stringify(host)}`, async () => {
        const ended = await auth([
          "login",
          provider,
          "--host",
          host,
          "--client-id",
          "x",
          "--flow",
          "device",
          "--timeout",
          "1",
        ]);
        expect(ended.code).toBe(64);
        expectHarmless("host", ended);
      });
});

/**
 * A secret may be a word of ours: a client's by chance, a provider's because it calls one a token. What auth says in its own
 * words (commands, codes, names of fields, statuses) stays whole, and a provider keeps none of its failures out of the log.
 */
import { afterAll, afterEach, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { EXIT_CODES } from "../../src/cli/exit.ts";
import { AUDIT_EVENTS } from "../../src/platform/audit-event.ts";
import { auth, bareEnvironment, type Ended } from "../support/program.ts";

/** What the token endpoint answers next; without it, tokens. */
let answer: (() => Response) | null = null;
const server: Bun.Server<undefined> = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  fetch({ url }): Response {
    switch (new URL(url).pathname) {
      case "/.well-known/openid-configuration":
        return Response.json({
          issuer: ISSUER,
          token_endpoint: `${ISSUER}/token`,
          device_authorization_endpoint: `${ISSUER}/device`,
          userinfo_endpoint: `${ISSUER}/userinfo`,
        });
      case "/device":
        return Response.json({
          ...{ device_code: "a-device-code-0123456789", user_code: "ABCD-EFGH", verification_uri: `${ISSUER}/verify` },
          ...{ interval: 1, expires_in: 60 },
        });
      case "/userinfo":
        return userinfo();
      default:
        return answer?.() ?? Response.json(TOKENS);
    }
  },
});
const ISSUER: string = `http://127.0.0.1:${server.port}`;
const LOGIN = "oidc:work";
const TOKENS = {
  ...{ access_token: "access-4f9a2c7e81b35d60", refresh_token: "refresh-4f9a2c7e81b35d60", expires_in: 3600 },
  ...{ token_type: "Bearer", scope: "openid offline_access" },
};
const PLAIN_USER = { sub: "alice", email: "alice@example.com" };
let userinfo = (): Response => Response.json(PLAIN_USER);
afterAll(() => server.stop(true));
afterEach(() => {
  answer = null;
  userinfo = () => Response.json(PLAIN_USER);
});

interface Home {
  readonly env: Record<string, string>;
  readonly login: Ended;
}

async function loggedIn(secret?: string): Promise<Home> {
  const env = bareEnvironment();
  const client = ["--client-id", "c", ...(secret === undefined ? [] : ["--client-secret", "-"])];
  const login = await auth(["login", ISSUER, "-p", "work", "--flow", "device", "--no-browser", ...client], {
    env,
    stdin: secret ?? "",
  });
  return { env, login };
}

/** What a refresh says that fails, and what every command shows of it afterwards: without the times, which differ. */
async function said({ env }: Home): Promise<Record<string, string>> {
  const seen: Record<string, string> = {};
  for (const args of [
    ["refresh", LOGIN, "--force"],
    ["refresh", LOGIN, "--force", "--json"],
    ["status", LOGIN],
    ["status", LOGIN, "--json"],
    ["list"],
    ["log"],
    ["log", "--failures"],
    ["log", "--failures", "--json"],
  ]) {
    const { stdout, stderr } = await auth(args, { env });
    seen[args.join(" ")] = timeless(`${stdout}${stderr}`);
  }
  seen["audit.jsonl"] = timeless(readFileSync(join(env.AUTH_HOME ?? "", "audit.jsonl"), "utf8"));
  return seen;
}

function timeless(text: string): string {
  return text
    .replace(/\d{4}-\d\d-\d\d[T ][\d:.]+(Z| [+-]\d\d:?\d\d)?/g, "<time>")
    .replace(/\b\d\d:\d\d(:\d\d)?\b/g, "<time>")
    .replace(/\b\d+ (seconds?|minutes?|min|s)\b/g, "<time>")
    .replace(/"pid":\s*\d+/g, '"pid":0');
}

const COMMANDS = ["auth", "login", "logout", "refresh", "status", "client", "profile", "token", "force", "client-id"];
const FIELDS = [
  "time",
  "event",
  "status",
  "connection",
  "provider",
  "class",
  "code",
  "providerError",
  "message",
  "program",
];
const VALUES = [
  "success",
  "failure",
  "valid",
  "dead",
  "transient",
  "work",
  "oidc",
  "default",
  "Error",
  "Warning",
  "Bearer",
];
const WORDS = [
  ...new Set([
    ...Object.keys(EXIT_CODES),
    ...AUDIT_EVENTS,
    ...COMMANDS,
    ...FIELDS,
    ...VALUES,
    "secret",
    "auth login oidc",
  ]),
];

const refused = (fields: object = {}) => Response.json({ error: "invalid_grant", ...fields }, { status: 400 });

describe("a provider whose tokens are words of our messages", () => {
  const named = Object.fromEntries(
    [...WORDS, LOGIN, `auth login ${LOGIN}`, ISSUER].map((word, i) => [`t${i}_token`, word]),
  );

  test("changes nothing of what is said and logged of its failure", async () => {
    const [honest, hostile] = [await loggedIn(), await loggedIn()];
    answer = () => refused();
    const wanted = await said(honest);
    answer = () => refused(named);
    expect(await said(hostile)).toEqual(wanted);
    answer = null;
    expect(wanted["log --failures"]).toContain("invalid_grant");
    expect(wanted[`refresh ${LOGIN} --force`]).toContain(`auth login ${LOGIN}`);
  }, 60_000);

  test("changes nothing of a login, nor of the scopes that it grants", async () => {
    answer = () => Response.json({ ...TOKENS, ...named, open_token: "open", on_token: "line" });
    const { env, login } = await loggedIn();
    answer = null;
    expect(login.stderr).toContain(`✓ Logged in to ${LOGIN} as alice@example.com`);
    const status = JSON.parse((await auth(["status", LOGIN, "--json"], { env })).stdout);
    expect([status].flat()[0]).toMatchObject({ connection: LOGIN, scopes: ["openid", "offline_access"] });
    const [line] = readFileSync(join(env.AUTH_HOME ?? "", "audit.jsonl"), "utf8")
      .trim()
      .split("\n")
      .slice(-1);
    expect(JSON.parse(line ?? "")).toMatchObject({ event: "login", status: "success", connection: LOGIN });
  }, 60_000);
});

test("a client's secret that is a word of ours: nothing of what is said and logged changes", async () => {
  const home = await loggedIn("4f9a2c7e-neutral-81b35d60");
  expect(home.login.code).toBe(0);
  const failing = () => Response.json({ error: "invalid_client" }, { status: 401 });
  const outputs = async (secret: string): Promise<Record<string, string>> => {
    const set = ["client", "set", "oidc", "--issuer", ISSUER, "--client-id", "c", "--client-secret", "-"];
    const { stderr } = await auth(set, { env: home.env, stdin: secret });
    const refresh = await auth(["refresh", LOGIN, "--force"], { env: home.env });
    const audit = readFileSync(join(home.env.AUTH_HOME ?? "", "audit.jsonl"), "utf8");
    return { set: stderr, refresh: timeless(refresh.stderr), audit: timeless(audit.trim().split("\n").at(-1) ?? "") };
  };
  answer = failing;
  const wanted = await outputs("4f9a2c7e-neutral-81b35d60");
  expect(wanted.refresh).toContain("auth client set oidc --client-id c --client-secret - --issuer");
  for (const word of WORDS) expect({ word, ...(await outputs(word)) }).toEqual({ word, ...wanted });
  answer = null;
}, 60_000);

test("such a secret is masked in what the provider says, as a word", async () => {
  const { env } = await loggedIn("event");
  answer = () =>
    Response.json(
      { error: "invalid_client", error_description: "event is wrong: the event in events" },
      { status: 401 },
    );
  const { stderr } = await auth(["refresh", LOGIN, "--force"], { env });
  answer = null;
  expect(stderr).toContain("The provider says: [redacted] is wrong: the [redacted] in events\n");
}, 60_000);

describe("a provider whose reply is costly to redact", () => {
  const QUICK = 15_000;

  test("is handled in a moment: names and values that patterns match again and again", async () => {
    const { env } = await loggedIn();
    const slow = Array.from({ length: 900 }, (_, i) => [`token${i}`, `invalid${"a".repeat(30)}${100 + i}`]);
    answer = () => Response.json({ ...Object.fromEntries(slow), ...TOKENS });
    const began = performance.now();
    expect((await auth(["refresh", LOGIN, "--force"], { env })).code).toBe(0);
    answer = null;
    expect(performance.now() - began).toBeLessThan(QUICK);
  }, 60_000);

  test("is handled in a moment: a malformed form, sent as text", async () => {
    const { env } = await loggedIn();
    answer = () => new Response(`${"a=&".repeat(12_000)}<`, { status: 400, headers: { "content-type": "text/plain" } });
    const began = performance.now();
    expect((await auth(["refresh", LOGIN, "--force"], { env })).code).toBe(5);
    answer = null;
    expect(performance.now() - began).toBeLessThan(QUICK);
  }, 60_000);

  test("is handled in a moment: thousands of credentials that begin alike, and a long name", async () => {
    const many = Array.from({ length: 4_000 }, (_, i) => [`tkn${i}`, `${"a".repeat(20)}b${i}`]);
    userinfo = () => Response.json({ ...PLAIN_USER, email: "a".repeat(60_000), ...Object.fromEntries(many) });
    const began = performance.now();
    const { login } = await loggedIn();
    expect(login.code).toBe(0);
    expect(performance.now() - began).toBeLessThan(QUICK);
  }, 60_000);
});

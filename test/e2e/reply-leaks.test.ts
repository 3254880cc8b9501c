/**
 * A provider that repeats every secret it has seen, in every encoding, in every text of every reply: none of them is in
 * what any command prints, in the logs, in the audit log, or on the browser's page. The same replies are seen to leak
 * where redaction is taken out.
 */
import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { formsOf, leaksIn } from "../support/leaks.ts";
import { AUTH, bareEnvironment } from "../support/program.ts";
import { filesUnder } from "../support/stock.ts";

const TEST_BUILD = join(import.meta.dir, "..", "..", "dist", "test", "auth");
const CLIENT_SECRET = "client/secret+0123456789=&%";

type Fields = Record<string, unknown>;

/** An issuer, and what it puts into its replies. */
class Echo {
  /** Name → value: all that was sent to it or issued by it. */
  readonly secrets = new Map<string, string>([["client secret", CLIENT_SECRET]]);
  /** Endpoint → what its next replies are made into. */
  readonly plant = new Map<string, (fields: Fields) => Response | Promise<Response>>();
  readonly #spent = new Set<string>();
  #count = 0;
  readonly #server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: (request) => this.#answer(request) });
  readonly url = `http://127.0.0.1:${this.#server.port}`;

  stop(): Promise<void> {
    return this.#server.stop(true);
  }

  issue(name: string): string {
    const value = `${name}-${++this.#count}-${Buffer.from(crypto.getRandomValues(new Uint8Array(18))).toString("base64")}`;
    this.secrets.set(`${name} ${this.#count}`, value);
    return value;
  }

  neverIssued(value: string): void {
    for (const [name, secret] of this.secrets) if (secret === value) this.secrets.delete(name);
  }

  /** What the next command can't know: codes are good for one login. */
  forgetSpent(): void {
    for (const name of this.secrets.keys()) if (/^(device|code|authorization)/.test(name)) this.#spent.add(name);
  }

  /** Every secret that this login or this connection has to do with, in every form, in one text. */
  everything(): string {
    const atHand = [...this.secrets].filter(([name]) => !this.#spent.has(name)).slice(-5);
    const all = atHand.flatMap(([, value]) => formsOf(value).flatMap(([, needles]) => needles.slice(0, 6)));
    const basic = btoa(`the-client:${new URLSearchParams({ "": CLIENT_SECRET }).toString().slice(1)}`);
    return `everything: ${all.join(" ; ")} ; Basic ${basic}`;
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    const form = new URLSearchParams(await request.text());
    for (const name of ["code", "code_verifier", "device_code", "refresh_token", "token", "client_secret"])
      for (const value of form.getAll(name)) this.secrets.set(`${name} sent ${value.slice(0, 9)}`, value);
    const header = request.headers.get("authorization")?.split(" ")[1];
    if (header !== undefined) this.secrets.set("authorization header", header);
    const endpoint = pathname.slice(1);
    const fields = this.#honest(endpoint, form);
    if (fields === null) return new Response("", { status: 404 });
    return this.plant.get(endpoint)?.(fields) ?? Response.json(fields);
  }

  #honest(endpoint: string, form: URLSearchParams): Fields | null {
    switch (endpoint) {
      case ".well-known/openid-configuration":
        return {
          issuer: this.url,
          ...Object.fromEntries(
            ["authorization", "device_authorization", "token", "userinfo", "introspection", "revocation"].map(
              (name) => [`${name}_endpoint`, `${this.url}/${name}`],
            ),
          ),
          token_endpoint_auth_methods_supported: ["client_secret_post", "client_secret_basic"],
        };
      case "device_authorization":
        return {
          device_code: this.issue("device"),
          user_code: "ABCD-EFGH",
          verification_uri: `${this.url}/verify`,
          expires_in: 60,
          interval: 1,
        };
      case "token":
        return {
          access_token: this.issue("access"),
          token_type: "Bearer",
          expires_in: 3600,
          ...(form.get("grant_type") !== "client_credentials" && { refresh_token: this.issue("refresh") }),
        };
      case "userinfo":
        return { sub: "alice" };
      case "introspection":
        return { active: true };
      case "revocation":
        return {};
      default:
        return null;
    }
  }
}

interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(
  binary: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  stdin = "",
): Promise<Run> {
  const child = Bun.spawn([binary, ...args], {
    env: { ...env },
    stdin: new Blob([stdin]),
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  await child.exited;
  return { code: child.exitCode, stdout, stderr };
}

/** All that can be seen of a home: what the commands that show something print, and its files. */
async function sinks(binary: string, env: Readonly<Record<string, string>>): Promise<Map<string, string>> {
  const seen = new Map<string, string>();
  for (const args of [
    ["list", "-v"],
    ["list", "--json"],
    ["status", "-v"],
    ["status", "--json"],
    ["log", "-n", "500"],
    ["log", "-n", "500", "--json"],
    ["get", "oidc:work", "--no-refresh"],
    ["get", "oidc:work", "--no-refresh", "--json"],
    ["profile", "show", "oidc:work", "--json"],
    ["client", "list", "--json"],
    ["token", "oidc:work", "--resource", "urn:none"],
  ]) {
    const { stdout, stderr } = await run(binary, args, env);
    seen.set(`${args.join(" ")}: stdout`, stdout);
    seen.set(`${args.join(" ")}: stderr`, stderr);
  }
  const home = env.AUTH_HOME ?? "";
  for (const path of filesUnder(home)) seen.set(path, readFileSync(join(home, path), "latin1"));
  return seen;
}

/**
 * A token that is in an error's text alone, where only its looks say what it is. Without slashes, as Base64 has: they
 * would make short words of it.
 */
function knownByLooks(echo: Echo): string {
  const token = `rt9-${crypto.getRandomValues(new Uint8Array(18)).toBase64({ alphabet: "base64url" })}`;
  echo.secrets.set("a token known by its looks", token);
  return token;
}

function leaks(seen: ReadonlyMap<string, string>, secrets: ReadonlyMap<string, string>): string[] {
  return [...seen].flatMap(([where, text]) => leaksIn(text, secrets).map((leak) => `${where} holds the ${leak}`));
}

const echoes: Echo[] = [];
afterAll(() => Promise.all(echoes.map((echo) => echo.stop())));

interface Home {
  readonly echo: Echo;
  readonly env: Record<string, string>;
  readonly binary: string;
  call(args: readonly string[], stdin?: string): Promise<Run>;
}

async function homeAt(binary = AUTH, more: Record<string, string> = {}): Promise<Home> {
  const echo = new Echo();
  echoes.push(echo);
  const env = bareEnvironment(more);
  return { echo, env, binary, call: (args, stdin) => run(binary, args, env, stdin) };
}

const LOGIN = ["-p", "work", "-v", "-f", "device", "--client-id", "the-client", "--client-secret", "-"];

function logIn(at: Home): Promise<Run> {
  return at.call(["login", at.echo.url, ...LOGIN], CLIENT_SECRET);
}

/** Every text of the reply that isn't needed for it to work. */
const also = (text: string): Fields => ({ message: text, error_uri: text, detail: { inner: [text] }, [text]: text });

/** What was to be issued and isn't in the reply is no secret. */
const asError =
  (
    echo: Echo,
    status: number,
    body: (text: string, issued: Fields) => Fields,
    headers: (text: string) => Fields = () => ({}),
  ) =>
  (issued: Fields): Response => {
    const sent = JSON.stringify(body("", issued));
    for (const value of Object.values(issued)) if (!sent.includes(String(value))) echo.neverIssued(String(value));
    const text = echo.everything();
    return Response.json(body(text, issued), { status, headers: headers(text) as Record<string, string> });
  };

/** A secret that nothing but this reply shows, in its error's texts as well. */
const repeated = (echo: Echo, secret: string, fields: (secret: string) => Fields): ((issued: Fields) => Response) =>
  asError(echo, 400, () => {
    echo.secrets.set("repeated", secret);
    return { error: `bad ${secret}`, error_description: `no: ${secret}`, ...fields(secret) };
  });

/** Of a reply to a refresh: what is planted where. */
function refreshReplies(echo: Echo): Record<string, (issued: Fields) => Response> {
  return {
    "a code, 400": asError(echo, 400, (text) => ({ error: text, ...also(text) })),
    "a code that repeats one secret, 400": asError(echo, 400, () => ({ error: held(echo, "refresh") })),
    "a description, 400": asError(echo, 400, (text) => ({
      error: "invalid_request",
      error_description: text,
      ...also(text),
    })),
    "a description of a dead token, 400": asError(echo, 400, (text) => ({
      error: "temporarily_unavailable",
      error_description: text,
    })),
    "a refused client, 401": asError(echo, 401, () => ({ error: `wrong secret ${CLIENT_SECRET}` })),
    "interaction with claims, 400": asError(echo, 400, (text) => ({
      error: "temporarily_unavailable",
      claims: text,
      suberror: text,
    })),
    "an object for an error, 400": asError(echo, 400, (text) => ({ error: { code: text, type: text, status: text } })),
    "a server's error, 500": asError(echo, 500, () => ({
      error: `db timeout for refresh token ${held(echo, "refresh")}`,
    })),
    "too many, 429": asError(
      echo,
      429,
      (text) => ({ error: text }),
      () => ({ "retry-after": held(echo, "refresh") }),
    ),
    "a header, 503": asError(
      echo,
      503,
      (text) => ({ error: text }),
      () => ({ "content-type": `text/${held(echo, "access")}`, "retry-after": "1" }),
    ),
    "a new token in an error's text, 200": asError(echo, 200, (_, issued) => ({
      refresh_token: issued.refresh_token,
      error: `stored ${issued.refresh_token}, then failed`,
      error_description: knownByLooks(echo),
    })),
    "a new token in nothing but an error, 200": asError(echo, 200, () => ({ error: knownByLooks(echo) })),
    "tokens that begin alike, 400": (issued) => {
      echo.secrets.set("the longer one's end", "TAILSEK9");
      const longer = `${issued.access_token}.TAILSEK9`;
      const tokens = { access_token: issued.access_token, refresh_token: longer };
      return Response.json({ error: `bad ${longer}`, error_description: longer, ...tokens }, { status: 400 });
    },
    "a token with separators, 400": repeated(echo, "abcdefgh,sekretB;zz", (secret) => ({ refresh_token: secret })),
    "a token in a list, 400": repeated(echo, "hunter-sekret-nine", (secret) => ({ refresh_token: [secret] })),
    "a password of words, 400": repeated(echo, "correct horse battery staple", (secret) => ({ password: secret })),
    "a short secret, 400": repeated(echo, "sk-1234", (secret) => ({ client_secret: secret })),
    "a name in camel case, 400": repeated(echo, "hunter-sekret-ten", (secret) => ({ newRefresh: secret })),
    "a name with an escape in it, 400": (issued) => {
      for (const value of Object.values(issued)) echo.neverIssued(String(value));
      echo.secrets.set("repeated", "hunter-sekret-six");
      const body = '{"error":"bad hunter-sekret-six","refresh_t\\u006fken":"hunter-sekret-six"}';
      return new Response(body, { status: 400, headers: { "content-type": "application/json" } });
    },
    "a page, 502": () =>
      new Response(`<html>${echo.everything()}</html>`, { status: 502, headers: { "content-type": "text/html" } }),
    "tokens with texts, 200": (issued) => {
      const text = `${issued.access_token} ${issued.refresh_token} ${echo.everything()}`;
      return Response.json({ ...issued, scope: text, message: text });
    },
  };
}

/** A token that the connection holds: of those issued at the login, since no reply here brings new ones. */
function held(echo: Echo, name: string): string {
  return [...echo.secrets].find(([key]) => key.startsWith(`${name} `))?.[1] ?? "";
}

function last(echo: Echo, name: string): string {
  return [...echo.secrets].findLast(([key]) => key.startsWith(`${name} `))?.[1] ?? "";
}

describe("what a provider says in answer to a refresh", () => {
  for (const name of Object.keys(refreshReplies({} as Echo)))
    test(`is stored and shown without a secret: ${name}`, async () => {
      const at = await homeAt();
      const { echo } = at;
      expect((await logIn(at)).code).toBe(0);
      echo.forgetSpent();
      const replies = refreshReplies(echo);
      echo.plant.set("token", (issued) => replies[name]?.(issued) ?? Response.error());
      const seen = new Map<string, string>();
      for (const format of [[], ["--json"]]) {
        const { stdout, stderr } = await at.call(["refresh", "oidc:work", "--force", "-v", ...format]);
        seen.set(`refresh ${format}: stdout`, stdout);
        seen.set(`refresh ${format}: stderr`, stderr);
      }
      for (const [where, text] of await sinks(at.binary, at.env)) seen.set(where, text);
      expect(leaks(seen, echo.secrets)).toEqual([]);
    }, 60_000);
});

describe("what a provider says in answer to a login", () => {
  const cases: Record<string, (echo: Echo) => [endpoint: string, (fields: Fields) => Response]> = {
    discovery: (echo) => [
      ".well-known/openid-configuration",
      (fields) =>
        Response.json({ ...fields, scopes_supported: [echo.everything(), "openid"], ...also(echo.everything()) }),
    ],
    "discovery of an endpoint with a secret in it": (echo) => [
      ".well-known/openid-configuration",
      (fields) =>
        Response.json({ ...fields, token_endpoint: `${echo.url}/token?x=${encodeURIComponent(CLIENT_SECRET)}` }),
    ],
    "discovery of another issuer": (echo) => [
      ".well-known/openid-configuration",
      (fields) => Response.json({ ...fields, issuer: `${echo.url}/${echo.everything()}` }),
    ],
    "a device code": (echo) => [
      "device_authorization",
      (fields) =>
        Response.json({
          ...fields,
          verification_uri_complete: `${echo.url}/v?c=${encodeURIComponent(String(fields.device_code))}`,
          ...also(echo.everything()),
        }),
    ],
    "a user code that is the device code": () => [
      "device_authorization",
      (fields) => Response.json({ ...fields, user_code: fields.device_code }),
    ],
    "a refused device code": (echo) => [
      "device_authorization",
      asError(echo, 400, (text) => ({ error: text, error_description: text, ...also(text) })),
    ],
    "a refused poll": (echo) => [
      "token",
      asError(echo, 400, (text) => ({ error: "access_denied", error_description: text })),
    ],
    "a refused client": (echo) => ["token", asError(echo, 401, (text) => ({ error: text, error_description: text }))],
    "a poll's success": (echo) => [
      "token",
      (fields) => {
        const text = `${fields.access_token} ${fields.refresh_token} ${echo.everything()}`;
        return Response.json({ ...fields, scope: text, message: text });
      },
    ],
    "a poll's token type": (echo) => [
      "token",
      (fields) => Response.json({ ...fields, token_type: `${fields.access_token}${echo.everything()}` }),
    ],
    "a poll's lifetime": (echo) => [
      "token",
      (fields) => Response.json({ ...fields, expires_in: `${fields.access_token}${echo.everything()}` }),
    ],
    userinfo: (echo) => [
      "userinfo",
      () => {
        const text = echo.everything();
        return Response.json({
          sub: last(echo, "access"),
          email: text,
          preferred_username: text,
          name: text,
          ...also(text),
        });
      },
    ],
    "userinfo's error": (echo) => ["userinfo", asError(echo, 500, (text) => ({ error: text, ...also(text) }))],
  };
  for (const [name, make] of Object.entries(cases))
    test(`is stored and shown without a secret: ${name}`, async () => {
      const at = await homeAt();
      at.echo.plant.set(...make(at.echo));
      const seen = new Map<string, string>();
      const text = await logIn(at);
      seen.set("login: stdout", text.stdout);
      seen.set("login: stderr", text.stderr);
      at.echo.forgetSpent();
      const json = await at.call(["login", at.echo.url, ...LOGIN, "--force", "--json"], CLIENT_SECRET);
      seen.set("login --json: stdout", json.stdout);
      seen.set("login --json: stderr", json.stderr);
      for (const [where, shown] of await sinks(at.binary, at.env)) seen.set(where, shown);
      expect(leaks(seen, at.echo.secrets)).toEqual([]);
    }, 60_000);

  test("is shown without a secret where a registration says it", async () => {
    for (const [status, body] of [
      [400, (text: string) => ({ error: text, error_description: text })],
      [201, (text: string, secret: string) => ({ client_id: secret, client_secret: secret, client_name: text })],
      [
        201,
        (text: string, secret: string) => ({
          client_id: "fine",
          client_secret: secret,
          client_name: `${text}${secret}`,
        }),
      ],
    ] as const) {
      const at = await homeAt();
      const { echo } = at;
      echo.secrets.delete("client secret");
      echo.plant.set(".well-known/openid-configuration", (fields) =>
        Response.json({ ...fields, registration_endpoint: `${echo.url}/userinfo` }),
      );
      echo.plant.set("userinfo", () => {
        const secret = echo.issue("registered");
        if (status !== 201) echo.neverIssued(secret);
        return Response.json(body(echo.everything(), secret), { status });
      });
      const { stdout, stderr } = await at.call(["login", echo.url, "-p", "work", "-v", "-f", "device"]);
      const seen = await sinks(at.binary, at.env);
      for (const [where, shown] of [
        ["stdout", stdout],
        ["stderr", stderr],
      ] as const)
        seen.set(where, shown);
      expect(leaks(seen, echo.secrets)).toEqual([]);
    }
  }, 60_000);

  test("is shown without a secret, on the page too, where the browser brings it back", async () => {
    const at = await homeAt();
    const { echo, env } = at;
    const args = ["login", echo.url, "-p", "work", "-v", "-f", "browser", "--client-id", "the-client", "--json"];
    const child = Bun.spawn([AUTH, ...args, "--client-secret", "-"], {
      env,
      stdin: new Blob([CLIENT_SECRET]),
      stdout: "pipe",
      stderr: "pipe",
    });
    const stderr = child.stderr.text();
    let stdout = "";
    let page = "";
    for await (const chunk of child.stdout) {
      stdout += Buffer.from(chunk).toString();
      const event = stdout.includes("\n") ? (JSON.parse(stdout.split("\n")[0] ?? "") as Fields) : {};
      if (event.event !== "authorize" || page !== "") continue;
      const asked = new URL(String(event.url)).searchParams;
      const back = new URL(asked.get("redirect_uri") ?? "");
      const code = echo.issue("code");
      back.search = new URLSearchParams({
        state: asked.get("state") ?? "",
        error: `refused ${code}`,
        error_description: `${CLIENT_SECRET} ${btoa(CLIENT_SECRET)} ${code}`,
        error_uri: code,
        code,
      }).toString();
      page = await (await fetch(back)).text();
    }
    await child.exited;
    expect(page).toContain("failed");
    const seen = await sinks(at.binary, env);
    for (const [where, shown] of [
      ["stdout", stdout],
      ["stderr", await stderr],
      ["page", page],
    ] as const)
      seen.set(where, shown);
    expect(leaks(seen, echo.secrets)).toEqual([]);
  }, 60_000);
});

test("what introspection and revocation say is shown without a secret", async () => {
  const at = await homeAt();
  const { echo } = at;
  expect((await logIn(at)).code).toBe(0);
  echo.forgetSpent();
  const seen = new Map<string, string>();
  const look = async (args: readonly string[]): Promise<void> => {
    const { stdout, stderr } = await at.call(args);
    seen.set(`${args.join(" ")}: stdout`, stdout);
    seen.set(`${args.join(" ")}: stderr`, stderr);
  };
  echo.plant.set("introspection", () =>
    Response.json({ active: true, username: echo.everything(), ...also(echo.everything()) }),
  );
  await look(["inspect", "oidc:work", "--introspect", "-v"]);
  await look(["inspect", "oidc:work", "--introspect", "--json"]);
  echo.plant.set(
    "introspection",
    asError(echo, 400, (text) => ({ error: text, error_description: text })),
  );
  await look(["inspect", "oidc:work", "--introspect", "-v"]);
  await look(["inspect", "oidc:work", "--introspect", "--json"]);
  echo.plant.set(
    "userinfo",
    asError(echo, 401, (text) => ({ error: text })),
  );
  await look(["status", "oidc:work", "--check", "-v"]);
  echo.plant.set(
    "revocation",
    asError(echo, 400, (text) => ({ error: text, error_description: text })),
  );
  await look(["revoke", "oidc:work", "-v"]);
  for (const [where, shown] of await sinks(at.binary, at.env)) seen.set(where, shown);
  expect(leaks(seen, echo.secrets)).toEqual([]);
}, 60_000);

/** Without these, the promises above could be kept by looking nowhere. */
describe.skipIf(!existsSync(TEST_BUILD))("where redaction is taken out", () => {
  test("the same replies leak into each sink", async () => {
    const at = await homeAt(TEST_BUILD, { AUTH_TEST_MUTANT: "redaction-off" });
    const { echo } = at;
    expect((await logIn(at)).code).toBe(0);
    const seen = new Map<string, string>();
    echo.plant.set(
      "token",
      asError(echo, 400, () => ({ error: `no ${CLIENT_SECRET}`, error_description: CLIENT_SECRET })),
    );
    for (const format of [[], ["--json"]]) {
      const { stderr } = await at.call(["refresh", "oidc:work", "--force", "-v", ...format]);
      seen.set(`refresh ${format}: stderr`, stderr);
    }
    for (const [where, shown] of await sinks(at.binary, at.env)) seen.set(where, shown);
    const found = leaks(seen, new Map([["client secret", CLIENT_SECRET]]));
    for (const sink of [
      ...[
        "refresh : stderr",
        "refresh --json: stderr",
        "list --json: stdout",
        "status -v: stdout",
        "status --json: stdout",
      ],
      ...["log -n 500: stdout", "log -n 500 --json: stdout", "get oidc:work --no-refresh --json: stdout"],
      ...["audit.jsonl", "logs/auth.log"],
    ])
      expect({ sink, leaks: found.some((leak) => leak.startsWith(`${sink} holds`)) }).toEqual({ sink, leaks: true });
  }, 60_000);
});

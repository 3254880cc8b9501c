/** Tokens, secrets and ids that can't be what they are to be: refused before they are stored or sent, by position. */
import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { checkText } from "../support/complaint.ts";
import { errorOf } from "../support/logged-in.ts";
import { AUTH, auth, bareEnvironment, onTerminal } from "../support/program.ts";

const BAD: Readonly<Record<string, [text: string, says: string]>> = {
  "a line break": ["good\nbad", "U+000A at position 5"],
  "a carriage return": ["good\rbad", "U+000D at position 5"],
  "a NUL": ["good\0bad", "U+0000 at position 5"],
  "a zero-width space": ["good\u200bbad", "U+200B at position 5"],
  "a letter that only looks like a": ["goоd", "U+043E at position 3"],
  "an escape": ["good\x1b[31mbad", "U+001B at position 5"],
  "a delete": ["good\x7fbad", "U+007F at position 5"],
};

const servers: { stop(): Promise<void> }[] = [];
afterAll(() => Promise.all(servers.map((server) => server.stop())));

async function home(reply: (n: number) => Record<string, unknown>, description = "") {
  let count = 0;
  const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => Response.json(reply(++count)) });
  servers.push({ stop: () => server.stop(true) });
  const env = bareEnvironment();
  const folder = join(env.AUTH_HOME ?? "", "providers");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(
    join(folder, "acme.toml"),
    `id = "acme"\ntitle = "Acme"\nflows = ["code", "token"]\n${description}\n[endpoints]\ntoken = "http://127.0.0.1:${server.port}/token"\n[environment]\nread = ["ACME_TOKEN"]\n`,
    { mode: 0o600 },
  );
  const call = (args: readonly string[], stdin = "", more: Record<string, string> = {}) =>
    auth(args, { env: { ...env, ...more }, stdin });
  const login = (stdin = "the-code-given") =>
    call(["login", "acme", "--client-id", "me", "--code", "-", "--json"], stdin);
  const list = async () => JSON.parse((await call(["list", "--json"])).stdout) as Record<string, unknown>[];
  return { env, call, login, list, requests: () => count };
}

describe("what a login received and can't use is revoked", () => {
  for (const [name, reply] of Object.entries({
    "tokens of a type that isn't known": { access_token: "acc", token_type: "mac", refresh_token: "ref" },
    "an access token with a line break": { access_token: "good\nbad", token_type: "Bearer", refresh_token: "ref" },
    "a refresh token with a line break": { access_token: "acc", token_type: "Bearer", refresh_token: "good\nbad" },
  }))
    test(name, async () => {
      const revoked: string[] = [];
      const server = Bun.serve({
        hostname: "127.0.0.1",
        port: 0,
        fetch: async (request) => {
          if (new URL(request.url).pathname !== "/revoke") return Response.json(reply);
          revoked.push(new URLSearchParams(await request.text()).get("token") ?? "");
          return new Response();
        },
      });
      servers.push({ stop: () => server.stop(true) });
      const env = bareEnvironment();
      const folder = join(env.AUTH_HOME ?? "", "providers");
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      writeFileSync(
        join(folder, "acme.toml"),
        `id = "acme"\ntitle = "Acme"\nflows = ["code"]\n[endpoints]\ntoken = "${server.url}token"\nrevocation = "${server.url}revoke"\n`,
        { mode: 0o600 },
      );
      const ended = await auth(["login", "acme", "--client-id", "me", "--code", "-"], { env, stdin: "the-code-given" });
      expect(ended.code).not.toBe(0);
      expect(ended.stderr).not.toContain("Try again later");
      expect(revoked).toContain(reply.refresh_token);
      expect(JSON.parse((await auth(["list", "--json"], { env })).stdout)).toEqual([]);
    });
});

describe("what is pasted around a token is not taken for part of it", () => {
  const WRAPPED = [
    ...["Bearer sk-abc", "Authorization: Bearer sk-abc", "x-api-key: sk-abc", "X-Api-Key:sk-abc", "token: sk-abc"],
    ...['"sk-abc"', "'sk-abc'", "`sk-abc`", "<sk-abc>"],
    ...["X_API_KEY=sk-abc", "MY_VAR=sk-abc", 'token = "sk-abc"', "export TOKEN=sk-abc", "export X=sk-abc"],
    ...["set X_TOKEN=sk-abc", "setx X_TOKEN sk-abc", '$env:X_TOKEN="sk-abc"'],
    ...["$X_TOKEN", `$${"{X_TOKEN}"}`, "%X_TOKEN%", "-H 'x-api-key: sk-abc'"],
    ...['{"token":"sk-abc"}', '{ "user": "me", "access_token": "sk-abc", "n": 1 }'],
  ];
  for (const text of WRAPPED)
    test(text, async () => {
      const env = bareEnvironment();
      const ended = await auth(["login", "apikey:x", "--token", "-", "--no-verify"], { env, stdin: text });
      checkText(ended, { exit: 7, code: "token_rejected", says: "more than a token" });
      const insisting = "auth login apikey:x --no-verify --pattern '.*' --token -";
      expect(ended.stderr).toContain("If that is the whole key: auth login apikey:x");
      expect(ended.stderr).toContain("--pattern");
      const kept = await auth([...insisting.replaceAll("'", "").split(" ").slice(1), "--quiet"], { env, stdin: text });
      expect(kept).toMatchObject({ code: 0, stderr: "" });
      expect((await auth(["token", "apikey:x"], { env })).stdout).toBe(`${text}\n`);
    });

  test("a client's secret, a refused token and another issuer's token are asked for alone, too", async () => {
    const env = bareEnvironment();
    for (const args of [
      ["client", "set", "sentry", "--client-id", "me", "--client-secret", "-"],
      ["login", "sentry", "--client-id", "me", "--client-secret", "-"],
      ["login", "google", "--audience", "//iam.googleapis.com/p", "--subject-token", "-"],
      ["inspect", "-"],
    ])
      checkText(await auth(args, { env, stdin: "export SECRET=s3cret" }), {
        exit: 64,
        code: "usage",
        says: "the command that sets a variable",
      });
  });

  test("a variable's token with Bearer before it is used without it; one in quotes is refused by the variable's name", async () => {
    const call = (value: string) => auth(["token", "sentry"], { env: { SENTRY_AUTH_TOKEN: value } });
    expect(await call("Bearer sntrys-abc")).toMatchObject({ code: 0, stdout: "sntrys-abc\n" });
    checkText(await call('"sntrys-abc"'), { exit: 64, code: "usage", says: "SENTRY_AUTH_TOKEN" });
  });

  test("an unusual key is kept", async () => {
    const env = bareEnvironment();
    const UNUSUAL = [
      ...["YWJjZA==", "key=", "a b", "tokens", "it's", "me:secret", "{abc}", "$2y$10$abc.def", "<abc", "A=b", "set"],
      ...["postgres://me:pw@host/db?a=b", '{"type":"service_account","private_key_id":"1"}', "ABC_DEF"],
    ];
    for (const [i, text] of UNUSUAL.entries())
      expect((await auth(["login", `apikey:x${i}`, "--token", "-", "-q"], { env, stdin: text })).code).toBe(0);
  });
});

describe("a token that is received with", () => {
  for (const [name, [text, says]] of Object.entries(BAD))
    test(`${name} is refused at login, and nothing is stored`, async () => {
      const { login, list } = await home(() => ({ access_token: text, token_type: "Bearer", refresh_token: "r" }));
      const ended = await login();
      expect(ended.code).toBe(5);
      expect(errorOf(ended).message).toContain(`The access token has ${says}`);
      expect(await list()).toEqual([]);
    });

  test("a line break in its refresh token is refused too", async () => {
    const { login, list } = await home(() => ({ access_token: "a", token_type: "Bearer", refresh_token: "r\nx" }));
    expect(errorOf(await login()).message).toContain("The refresh token has U+000A at position 2");
    expect(await list()).toEqual([]);
  });

  test("a line break at a refresh takes nothing away: the token before is used", async () => {
    const { login, call } = await home((n) => ({
      access_token: n === 1 ? "good" : "good\nbad",
      refresh_token: `r${n}`,
    }));
    expect((await login()).code).toBe(0);
    const ended = await call(["refresh", "acme", "--force", "--json"]);
    expect(ended.code).toBe(5);
    expect(errorOf(ended).message).toContain("U+000A at position 5");
    expect((await call(["token", "acme"])).stdout).toBe("good\n");
  });

  test("a malformed scope is left out, and the login says so", async () => {
    const { call, login, list } = await home(() => ({ access_token: "a", scope: 'read wr"ite é' }));
    expect((await login()).code).toBe(0);
    expect((await list())[0]).toMatchObject({ scopes: ["read"] });
    expect(
      (await call(["login", "acme", "--client-id", "me", "--code", "-", "--force"], "the-code-given")).stderr,
    ).toContain("can't be read, and counts as not there: scope");
  });
});

describe("a token's type", () => {
  for (const type of ["mac", "user", "N_A"])
    test(`that isn't understood is refused by its name: ${type}`, async () => {
      const { login, list } = await home(() => ({ access_token: "a", token_type: type }));
      const ended = await login();
      expect(ended.code).toBe(7);
      expect(errorOf(ended)).toMatchObject({ code: "token_rejected" });
      expect(String(errorOf(ended).message)).toContain(`of the type ${type.toLowerCase()}`);
      expect(await list()).toEqual([]);
    });

  for (const type of ["bearer", "Bearer", "BEARER", "DPoP", undefined])
    test(`${type} is understood`, async () => {
      const { login } = await home(() => ({ access_token: "a", token_type: type }));
      expect((await login()).code).toBe(0);
    });

  test("is understood where the description says so", async () => {
    const { login, call } = await home(
      () => ({ access_token: "a", token_type: "user" }),
      'reply.tokenTypes = ["User"]',
    );
    expect((await login()).code).toBe(0);
    expect((await call(["token", "acme", "-o", "header"])).stdout).toBe("Authorization: Bearer a\n");
  });
});

describe("what a person gives with", () => {
  for (const [name, [text, says]] of Object.entries(BAD))
    test(`${name} in it is refused before it is stored or sent`, async () => {
      const { call, login, list, requests } = await home(() => ({ access_token: "a" }));
      // Standard input is one line of text already.
      const piped = !/[\n\r\0]/.test(text);
      if (piped) {
        const pasted = await call(["login", "acme", "--token", "-"], text);
        checkText(pasted, { exit: 7, code: "token_rejected", says: `The access token has ${says}` });
        const key = await call(["login", "apikey:one", "--token", "-", "--env", "ONE_TOKEN"], text);
        checkText(key, { exit: 7, code: "token_rejected", says });
        checkText(await call(["login", "acme", "--client-id", "me", "--code", "-"], text), {
          exit: 64,
          code: "usage",
          says: `The code has ${says}`,
        });
        const secret = ["--client-id", "me", "--client-secret", "-"];
        checkText(await call(["client", "set", "google", ...secret], text), {
          exit: 64,
          code: "usage",
          says: `The client secret has ${says}`,
        });
      }
      if (!text.includes("\0")) {
        const id = await call(["login", "acme", "--client-id", text, "--code", "-"], "the-code-given");
        checkText(id, { exit: 64, code: "usage", says: `The client id has ${says}` });
        const variables = { AUTH_ACME_CLIENT_ID: "me", AUTH_ACME_CLIENT_SECRET: text };
        checkText(await call(["login", "acme", "--code", "-"], "the-code-given", variables), {
          exit: 64,
          code: "usage",
          says: `The client secret has ${says}`,
        });
        const variable = await call(["token", "acme"], "", { ACME_TOKEN: text });
        checkText(variable, { exit: 64, code: "usage", says: `ACME_TOKEN: The access token has ${says}` });
      }
      expect(requests()).toBe(0);
      expect(await list()).toEqual([]);
      expect((await login()).code).toBe(0);
    }, 60_000);

  test("an escape in it that is pasted on a terminal is refused, not dropped", async () => {
    const { env, list } = await home(() => ({}));
    for (const paste of ["good\x1b[31mbad", "\x1b[200~good\x1b[31mbad\x1b[201~", "good\x1bxbad"]) {
      const terminal = onTerminal([AUTH, "login", "acme", "--token", "-"], { env });
      await terminal.waitFor("oken: ");
      terminal.type(`${paste}\r`);
      expect((await terminal.ended).code).toBe(7);
      expect(terminal.screen()).toContain("U+001B at position 5");
    }
    expect(await list()).toEqual([]);
  }, 60_000);
});

/** `auth import`: what is here already, what stays and why, and what a provider's name means afterwards. */
import { afterAll, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Server, serve } from "../issuers/server.ts";
import { auth, bareEnvironment, type Ended, tempFolder } from "../support/program.ts";

let server: Server | undefined;
afterAll(() => server?.stop());

function homeWith(files: Readonly<Record<string, string>>) {
  const home = tempFolder();
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(home, name)), { recursive: true });
    writeFileSync(join(home, name), text, { mode: 0o600 });
  }
  const env = bareEnvironment({ HOME: home });
  return { home, env, call: (...args: string[]): Promise<Ended> => auth(args, { env, cwd: home }) };
}

const HOSTS = `github.com:
    users:
        mona:
            oauth_token: gho_mona0123456789abcdefABCDEF000000000
        octocat:
            oauth_token: gho_octocat0123456789abcdefABCDEF000000
    user: octocat
`;

test("gh's active user is what the provider's name means, where nothing else was chosen", async () => {
  const { call } = homeWith({ ".config/gh/hosts.yml": HOSTS });
  const { stderr } = await call("import", "gh", "--yes", "--no-verify");
  expect(stderr).toContain("github now means github:octocat, which gh uses.");
  expect((await call("token", "github")).stdout).toStartWith("gho_octocat");
});

test("what was chosen here before stays chosen", async () => {
  const { call } = homeWith({ ".config/gh/hosts.yml": HOSTS });
  await call("import", "gh", "github:mona", "--yes", "--no-verify");
  await call("use", "github:mona");
  const { stderr } = await call("import", "gh", "--yes", "--no-verify");
  expect(stderr).not.toContain("now means");
  expect((await call("token", "github")).stdout).toStartWith("gho_mona");
});

test("the list says what is here already, and that nothing goes which would be copied", async () => {
  const { call } = homeWith({ ".config/gh/hosts.yml": HOSTS });
  await call("import", "gh", "github:mona", "--yes", "--no-verify");
  const { found } = JSON.parse((await call("import", "--json")).stdout);
  expect(found).toMatchObject([
    { connection: "github:mona", action: "held", moves: false },
    { connection: "github:octocat", action: "copy", moves: false },
  ]);
  expect((await call("import")).stdout).toContain("github:mona (is here already)");
});

test("secrets that stay in a file are named, and so the file isn't taken for clean", async () => {
  const env =
    "OPENAI_API_KEY=sk-dotenv0123456789abcdef0123456789\nSTRIPE_KEY=sk_live_1\nDATABASE_URL=postgres://a:b@db.example/x\n";
  const { call } = homeWith({ ".env": env });
  const { code, stderr } = await call("import", "env", "--move", "--yes", "--no-verify");
  expect(code).toBe(0);
  for (const variable of ["STRIPE_KEY", "DATABASE_URL"])
    expect(stderr).toMatch(new RegExp(`of ${variable} in .* stays: `));
});

test("a token that the provider refuses is told with the import that takes it unasked, which is right as printed", async () => {
  server ??= serve(() => ({ "GET /user": () => new Response(null, { status: 403 }) }));
  const { call } = homeWith({ ".env": "SENTRY_AUTH_TOKEN=sntryu_0123456789abcdef0123456789abcdef\n" });
  await call("profile", "create", "sentry:own", "--endpoint", `userinfo=${server.url}/user`);
  const refused = await call("import", "env", "-p", "own", "--yes");
  expect(refused.stderr).toContain("does not accept this token (HTTP 403)");
  const [, command = ""] = /^Store it unasked: auth (.*)$/m.exec(refused.stderr) ?? [];
  expect(command).toBe("import env -p own --no-verify --yes");
  expect((await call(...command.split(" "))).code).toBe(0);
});

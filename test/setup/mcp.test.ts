/** `auth setup mcp <client> <url>`: each client's file gets a server that the client can start, and loses it again. */
import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { CLIENTS } from "../../src/mcp/configured/table.ts";
import { surroundingsOf } from "../../src/platform/places.ts";
import { TOOLS } from "../../src/setup/table.ts";
import { McpServer } from "../issuers/mcp.ts";
import { loginByBrowser } from "../support/browser-login.ts";
import { AUTH, auth, bareEnvironment, type Ended } from "../support/program.ts";

const URL_ = "https://mcp.sentry.dev/mcp";

const FILES: Readonly<Record<string, { readonly file: string; readonly text: string }>> = {
  "claude-code": { file: ".claude.json", text: '{ "mcpServers": { "mine": { "command": "x" } } }' },
  codex: { file: ".codex/config.toml", text: '# mine\nmodel = "x"\n\n[mcp_servers.mine]\ncommand = "x"\n' },
  vscode: { file: ".config/Code/User/mcp.json", text: '{\n  // mine\n  "servers": {},\n  "inputs": []\n}\n' },
  cursor: { file: ".cursor/mcp.json", text: '{\n\t"mcpServers": { "mine": { "url": "https://x.example" } }\n}\n' },
};

class Home {
  readonly env = bareEnvironment();
  readonly client: (typeof CLIENTS)[number];
  readonly file: string;

  constructor(id: string) {
    const client = CLIENTS.find((one) => one.id === id);
    if (client === undefined) throw new Error(id);
    this.client = client;
    this.file = join(this.env.HOME ?? "", FILES[id]?.file ?? "");
  }

  write(text: string): this {
    mkdirSync(dirname(this.file), { recursive: true });
    writeFileSync(this.file, text);
    return this;
  }

  get text(): string {
    return readFileSync(this.file, "utf8");
  }

  servers() {
    return this.client.read(this.text, surroundingsOf(this.env));
  }

  setup(...args: string[]): Promise<Ended> {
    return auth(["setup", "mcp", ...args], { env: this.env });
  }
}

test("each client has a file here, and completes", () => {
  const ids = CLIENTS.map(({ id }) => id);
  expect(Object.keys(FILES).sort()).toEqual([...ids].sort());
  expect(TOOLS.mcp?.words).toEqual(ids);
});

describe.each(Object.keys(FILES))("%s", (id) => {
  test.each(["no file", "a file"])(
    "with %s: the server is there as its client reads it, and gone to the byte",
    async (what) => {
      const text = FILES[id]?.text ?? "";
      const home = new Home(id);
      if (what === "a file") home.write(text);
      const done = await home.setup(id, URL_, "--yes");
      expect([done.code, done.stderr]).toEqual([0, expect.stringContaining(`auth login ${URL_}`)]);
      expect(home.servers()).toContainEqual({ name: "sentry", url: URL_, skipReason: null });
      expect(home.text).toContain(JSON.stringify(AUTH));
      if (what === "a file") expect(home.servers().some(({ name }) => name === "mine")).toBe(/mine["\]]/.test(text));
      expect((await home.setup("--check")).code).toBe(0);
      const again = await home.setup(id, URL_, "--yes");
      expect([again.code, again.stderr]).toEqual([0, expect.stringContaining("nothing to change")]);
      expect((await home.setup("--undo", "--yes")).code).toBe(0);
      if (what === "a file") expect(home.text).toBe(text);
      else expect(existsSync(home.file)).toBe(false);
    },
  );

  test("a server that is there already stays, unless it is to be replaced; and comes back", async () => {
    const inJson = (key: string): string => `{ "${key}": { "errors": { "url": "${URL_}" } } }`;
    const text =
      id === "codex" ? `[mcp_servers.errors]\nurl = "${URL_}"\n` : inJson(id === "vscode" ? "servers" : "mcpServers");
    const home = new Home(id).write(text);
    const refused = await home.setup(id, URL_, "--yes");
    expect([refused.code === 0, home.text]).toEqual([false, text]);
    if (id === "codex") return expect(refused.stderr).toContain("codex mcp remove errors");
    expect((await home.setup(id, URL_, "--yes", "--replace")).code).toBe(0);
    expect(home.text).toContain('"errors"');
    expect(home.text).toContain(JSON.stringify(AUTH));
    expect((await home.setup("--undo", "--yes")).code).toBe(0);
    expect(JSON.parse(home.text)).toEqual(JSON.parse(text));
  });

  test("a file that its client couldn't read either is left alone", async () => {
    const home = new Home(id).write("{ [ = ");
    expect((await home.setup(id, URL_, "--yes")).code).not.toBe(0);
    expect(home.text).toBe("{ [ = ");
  });
});

test.each([
  { type: "http", url: URL_, headers: { Authorization: "Bearer hidden-value" } },
  { command: "npx", args: ["x"], env: { KEY: "hidden-value" } },
  { command: "npx", args: ["mcp-remote", URL_, "--header", "Authorization: Bearer hidden-value"] },
  { url: "https://mcp.example.com/mcp?key=hidden-value" },
])("an entry that may hold a secret isn't replaced, shown or recorded: %j", async (entry) => {
  const text = JSON.stringify({ mcpServers: { sentry: entry } });
  const home = new Home("claude-code").write(text);
  for (const more of [["--dry-run", "--json"], ["--yes"]]) {
    const ended = await home.setup("claude-code", URL_, "--replace", "--name", "sentry", ...more);
    expect(ended.code).toBe(1);
    expect(ended.stdout + ended.stderr).toContain("mcpServers.sentry");
    expect(ended.stdout + ended.stderr).not.toContain("hidden-value");
  }
  expect(home.text).toBe(text);
  expect(existsSync(join(home.env.HOME ?? "", "auth/setup/record.json"))).toBe(false);
});

test.each(["mcp_servers = {}\n", 'mcp_servers = { mine = { command = "x" } }\n'])(
  "Codex's file stays one that Codex can read: %j",
  async (text) => {
    const home = new Home("codex").write(text);
    const ended = await home.setup("codex", URL_, "--yes");
    expect([ended.code === 0, home.text]).toEqual([false, text]);
  },
);

test("-p goes into the entry, which has a name of its own; who is logged in isn't told to log in", async () => {
  const server = new McpServer();
  try {
    const home = new Home("cursor");
    await loginByBrowser(["login", server.url, "-p", "work", "--json", "--no-browser"], home.env);
    const work = await home.setup("cursor", server.url, "-p", "work", "--yes");
    expect([work.code, work.stderr]).toEqual([0, expect.not.stringContaining("auth login")]);
    const third = await home.setup("cursor", server.url, "-p", "third", "--yes");
    expect([third.code, third.stderr]).toEqual([0, expect.stringContaining(`auth login ${server.url} -p third`)]);
    const host = new URL(server.url).host.replaceAll(/[.:]/g, "-");
    expect(JSON.parse(home.text)).toEqual({
      mcpServers: Object.fromEntries(
        ["work", "third"].map((name) => [`${host}-${name}`, { command: AUTH, args: ["mcp", server.url, "-p", name] }]),
      ),
    });
    expect(home.servers().map(({ profile }) => profile)).toEqual(["work", "third"]);
    // Whoever logs in at all of them does so under these names.
    const all = await auth(["mcp", "login", "--all", "--yes", "--no-browser", "--timeout", "1", "--json"], home);
    const told = all.stdout.split("\n").flatMap((line) => (line.includes('"server"') ? [JSON.parse(line)] : []));
    expect(told).toMatchObject([
      { state: "connected", connection: "mcp:work" },
      { state: "failed", error: { code: "login_timeout", hint: expect.stringContaining("mcp:third") } },
    ]);
  } finally {
    await server.stop();
  }
});

test("what is missing is said: which clients there are, or which server", async () => {
  const home = new Home("cursor");
  const clients = CLIENTS.map(({ id }) => id).join(", ");
  const unknown = await home.setup("zed", URL_);
  expect([unknown.code, unknown.stderr]).toEqual([64, expect.stringContaining("'zed' is no MCP client")]);
  expect(unknown.stderr).toContain(`One of: ${clients}.`);
  expect((await home.setup()).stderr).toContain(`One of: ${clients}.`);
  expect((await home.setup("codex")).stderr).toContain("auth setup mcp codex <url>");
  expect((await home.setup("codex", URL_, "-p", "a b", "--yes")).code).toBe(64);
});

test("Claude Code can ask a command for headers instead", async () => {
  const home = new Home("claude-code");
  expect((await home.setup("claude-code", URL_, "headers", "--yes", "--name", "errors")).code).toBe(0);
  expect(JSON.parse(home.text)).toEqual({
    mcpServers: {
      errors: { type: "http", url: URL_, headersHelper: `${AUTH} token ${URL_} -o headers --min-ttl 60` },
    },
  });
  expect((await home.setup("codex", URL_, "headers", "--yes")).code).toBe(64);
});

test.each([
  [],
  ["claude-code"],
  ["emacs", URL_],
  ["claude-code", "http://mcp.example.com"],
  ["claude-code", "mcp.example.com"],
  ["claude-code", `${URL_}#x`],
  ["claude-code", "https://user@mcp.example.com"],
  ["claude-code", URL_, "--name", "a b"],
  ["claude-code", URL_, "more"],
])("%j is 64, and nothing is written", async (...words) => {
  const home = new Home("claude-code");
  const ended = await home.setup(...words, "--yes");
  expect([ended.code, existsSync(home.file)]).toEqual([64, false]);
});

test.each([
  ["https://mcp.sentry.dev/mcp", "sentry"],
  ["https://api.githubcopilot.com/mcp/", "githubcopilot"],
  ["https://127.0.0.1:8080/mcp", "127-0-0-1-8080"],
  ["http://localhost:8080/mcp", "localhost-8080"],
])("%s is called %s", async (url, name) => {
  const home = new Home("cursor");
  expect((await home.setup("cursor", url, "--yes")).code).toBe(0);
  expect(home.servers().map((server) => server.name)).toEqual([name]);
});

/** `auth mcp login --all`: what the clients' files name, by the built binary. */
import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type McpOptions, McpServer } from "../issuers/mcp.ts";
import { visit } from "../support/browser-login.ts";
import { AUTH, auth, bareEnvironment, type Ended, onTerminal } from "../support/program.ts";

const servers: { stop(): Promise<void> }[] = [];
afterAll(() => Promise.all(servers.map((server) => server.stop())));

function start(options: McpOptions = {}): McpServer {
  const server = new McpServer(options);
  servers.push(server);
  return server;
}

/** A home, and a project in it. */
class Machine {
  readonly env = bareEnvironment();
  readonly project = join(this.env.HOME ?? "", "project");

  constructor() {
    mkdirSync(this.project);
  }

  write(path: string, content: unknown): string {
    const file = join(this.env.HOME ?? "", path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content));
    return file;
  }

  call(...args: string[]): Promise<Ended> {
    return auth(["mcp", "login", ...args], { env: this.env, cwd: this.project });
  }

  /** With a person who visits each page that opens. */
  async withPerson(...args: string[]): Promise<{ code: number; events: Record<string, unknown>[]; stderr: string }> {
    const command = [AUTH, "mcp", "login", ...args, "--json", "--no-browser"];
    const child = Bun.spawn(command, {
      env: this.env,
      cwd: this.project,
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    const events: Record<string, unknown>[] = [];
    let text = "";
    for await (const chunk of child.stdout) {
      text += new TextDecoder().decode(chunk);
      const lines = text.split("\n");
      text = lines.pop() ?? "";
      for (const event of lines.map((line) => JSON.parse(line) as Record<string, unknown>)) {
        events.push(event);
        if (event.event === "authorize") await visit(String(event.url));
      }
    }
    return { code: await child.exited, events, stderr: await child.stderr.text() };
  }
}

const http = (server: McpServer, more: object = {}): object => ({ type: "http", url: server.url, ...more });

describe("auth mcp login --all", () => {
  test("reads each client's own file, logs in where that is needed, and tells of each", async () => {
    const [one, two, three, open] = [start(), start(), start(), start({ open: true, metadataAt: null })];
    const machine = new Machine();
    machine.write(".claude.json", {
      mcpServers: {
        one: http(one),
        local: { command: "npx", args: ["server"], env: { API_KEY: "k" } },
        keyed: http(start(), { headers: { Authorization: "Bearer x" } }),
      },
      projects: {
        [machine.project]: { mcpServers: { two: http(two) } },
        "/elsewhere": { mcpServers: { other: { url: "https://other.invalid/mcp" } } },
      },
    });
    machine.write(
      ".codex/config.toml",
      `model = "x"\n[mcp_servers.one]\nurl = "${one.url}"\n[mcp_servers.off]\nurl = "${start().url}"\nenabled = false\n[mcp_servers.env]\nurl = "${start().url}"\nbearer_token_env_var = "T"\n`,
    );
    machine.write(
      ".config/Code/User/mcp.json",
      `{ // with comments\n "servers": { "three": { "url": "${three.url}", }, } }`,
    );
    machine.write(".cursor/mcp.json", {
      mcpServers: { open: { url: open.url }, bridge: { command: "/usr/bin/auth", args: ["mcp", one.url] } },
    });
    const { code, events, stderr } = await machine.withPerson("--all", "--yes");
    expect([code, stderr]).toEqual([0, ""]);
    expect(events.at(-1)).toEqual({ summary: { loggedIn: 3, connected: 0, noLogin: 2, left: 3, failed: 0 } });
    const told = events.filter(({ event }) => event === "server");
    expect(told.find(({ origin }) => origin === one.origin)).toMatchObject({
      state: "logged_in",
      connection: one.connection,
      servers: [{ client: "claude-code" }, { client: "codex" }, { client: "cursor", name: "bridge" }],
    });
    expect(told.find(({ origin }) => origin === open.origin)).toMatchObject({ state: "no_login_needed" });
    expect(JSON.stringify(told)).not.toContain("other.invalid");
    for (const server of [one, two, three])
      expect((await auth(["token", server.url], { env: machine.env })).code).toBe(0);
    const again = await machine.call("--all", "--yes");
    expect([again.code, again.stderr]).toEqual([0, expect.stringContaining("3 before")]);
  });

  test("goes on past a server that fails, and ends with the worst code", async () => {
    const [broken, good] = [start({ metadataText: "no JSON" }), start()];
    const machine = new Machine();
    machine.write(".claude.json", { mcpServers: { broken: http(broken), good: http(good) } });
    const { code, events } = await machine.withPerson("--all", "--yes");
    expect(code).toBe(5);
    expect(events.filter(({ event }) => event === "server")).toMatchObject([
      { state: "failed", error: { code: "provider_unavailable" } },
      { state: "logged_in" },
    ]);
  });

  test("without a person and without --yes: 64, saying where it would log in; nothing was sent", async () => {
    const server = start();
    const machine = new Machine();
    machine.write(".claude.json", { mcpServers: { one: http(server) } });
    for (const flags of [[], ["--json"]]) {
      const ended = await machine.call("--all", ...flags);
      expect([ended.code, ended.stdout, ended.stderr]).toEqual([64, "", expect.stringContaining(server.origin)]);
    }
    expect(server.requests).toEqual([]);
  });

  test("files named on the command line, in either form", async () => {
    const server = start();
    const machine = new Machine();
    const named = machine.write("elsewhere/servers.json", { mcpServers: { one: http(server) } });
    expect((await machine.withPerson("--all", named, "--yes")).code).toBe(0);
    const toml = machine.write("elsewhere/servers.toml", `[mcp_servers.one]\nurl = "${server.url}"\n`);
    expect((await machine.call("--all", toml)).stderr).toContain("1 before");
    expect((await machine.call("--all", join(machine.project, "none"))).code).toBe(64);
    expect((await machine.call("--all", machine.write("x.json", "[]"))).code).toBe(9);
    expect((await machine.call()).code).toBe(64);
  });
});

describe("a hostile folder", () => {
  test.each([".mcp.json", ".vscode/mcp.json", ".cursor/mcp.json", ".codex/config.toml"])(
    "%s that names an attacker's server: nothing is sent there unasked, and its origin is told",
    async (name) => {
      const [attacker, own] = [start(), start()];
      const machine = new Machine();
      machine.write(".claude.json", { mcpServers: { own: http(own) } });
      const entry = { harmless: http(attacker) };
      const file = machine.write(
        join("project", name),
        name.endsWith(".toml")
          ? `[mcp_servers.harmless]\nurl = "${attacker.url}"\n`
          : { mcpServers: entry, servers: entry },
      );
      const { code, events, stderr } = await machine.withPerson("--all", "--yes");
      expect(code).toBe(0);
      expect(events.at(-1)).toEqual({ summary: { loggedIn: 1, connected: 0, noLogin: 0, left: 1, failed: 0 } });
      expect(stderr).toContain(`${file} names ${attacker.origin}: no login begins there unasked`);
      expect(attacker.requests).toEqual([]);
      expect(attacker.issuer.seen).toEqual([]);
      // Whoever names the file has seen it.
      expect((await machine.withPerson("--all", file, "--yes")).events.at(-1)).toMatchObject({
        summary: { loggedIn: 1 },
      });
    },
  );

  test("on a terminal its server is asked about by itself, by file and origin; a no is the end of it", async () => {
    const attacker = start();
    const machine = new Machine();
    machine.write("project/.mcp.json", { mcpServers: { harmless: http(attacker) } });
    const terminal = onTerminal([AUTH, "mcp", "login", "--all", "--yes"], {
      env: machine.env,
      cwd: machine.project,
      columns: 200,
    });
    await terminal.waitFor(`.mcp.json names ${attacker.origin}. Log in there?`);
    expect(attacker.requests).toEqual([]);
    terminal.type("n\r");
    expect((await terminal.ended).code).toBe(0);
    expect(attacker.requests).toEqual([]);
  });

  test("variables in a URL are left alone: no secret of the environment goes into a request", async () => {
    const variable = ["$", "{HOME}"].join("");
    const server = start();
    const machine = new Machine();
    machine.write(".claude.json", {
      mcpServers: { one: { url: `${server.url}?k=${variable}` }, two: { url: variable } },
    });
    const { code, stderr } = await machine.call("--all", "--yes");
    expect([code, stderr]).toEqual([0, expect.stringContaining("a variable stands in its URL")]);
    expect(server.requests).toEqual([]);
  });

  test("a file that is another's to write, or no file, isn't used: 9, and the others are", async () => {
    const server = start();
    const machine = new Machine();
    machine.write(".cursor/mcp.json", { mcpServers: { one: http(server) } });
    const file = machine.write(".claude.json", { mcpServers: { evil: http(start()) } });
    (await import("node:fs")).chmodSync(file, 0o666);
    const { code, events, stderr } = await machine.withPerson("--all", "--yes");
    expect([code, stderr]).toEqual([9, expect.stringContaining("every user can write it")]);
    expect(events.at(-1)).toMatchObject({ summary: { loggedIn: 1 } });
  });

  test("names with control characters are shown escaped; plain http and other schemes are left alone", async () => {
    const machine = new Machine();
    machine.write(".claude.json", {
      mcpServers: {
        "a\u001b[31m\nb": { url: "http://evil.example/mcp" },
        b: { url: "file:///etc/passwd" },
        c: { url: 1 },
      },
    });
    const { code, stderr } = await machine.call("--all", "--yes");
    expect(code).toBe(0);
    expect(stderr).not.toContain("\u001b");
    expect(stderr).toContain("tokens go over https only");
  });

  test("secrets in a configuration are shown nowhere: not in headers, variables, paths or queries", async () => {
    const secret = "zQ7kP2vXw9LmT4rB8nHc";
    const server = start({ path: `/s/${secret}/mcp`, metadataText: `{"resource": "x"}` });
    const machine = new Machine();
    machine.write(".claude.json", {
      mcpServers: {
        path: http(server, { headers: { "x-trace": secret } }),
        query: { url: `http://127.0.0.1:9/mcp?api_key=${secret}` },
        env: { command: "npx", args: ["--key", secret], env: { KEY: secret } },
        header: http(start(), { headers: { Authorization: `Bearer ${secret}` } }),
      },
    });
    for (const flags of [[], ["--json"]]) {
      const ended = await machine.call("--all", "--yes", "--no-browser", ...flags);
      expect(ended.code).toBe(5);
      expect(ended.stdout + ended.stderr).not.toContain(secret);
    }
  }, 30_000);
});

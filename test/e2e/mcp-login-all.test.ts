/** `auth mcp login --all`: what the clients' files name, by the built binary. */
import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type McpOptions, McpServer } from "../issuers/mcp.ts";
import { loginByBrowser, visit } from "../support/browser-login.ts";
import { flipped, putValue, recordsOf } from "../support/damage.ts";
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

  test("a server that can't be reached, or answers nothing of use, failed: it isn't one that takes no tokens", async () => {
    const down = start();
    await down.stop();
    const answering = (status: number): McpServer =>
      start({ open: true, metadataAt: null, handler: () => new Response(null, { status }) });
    const [busy, missing, open] = [answering(503), answering(404), answering(400)];
    const machine = new Machine();
    const all = { down, busy, missing, open };
    machine.write(".claude.json", {
      mcpServers: Object.fromEntries(Object.entries(all).map(([name, server]) => [name, http(server)])),
    });
    const { code, events } = await machine.withPerson("--all", "--yes");
    expect(code).toBe(5);
    expect(events.filter(({ event }) => event === "server")).toMatchObject([
      { state: "failed", error: { code: "network", message: expect.stringContaining("connection refused") } },
      { state: "failed", error: { code: "provider_unavailable" } },
      { state: "failed", error: { code: "provider_unavailable" } },
      { state: "no_login_needed" },
    ]);
    // In words, each of an error's lines is one.
    const { stderr } = await machine.call("--all", "--yes");
    expect(stderr).toMatch(
      /claude-code: down: .*connection refused.*\n *Check the address, and that the server is running\.\n/,
    );
    const alone = await auth(["login", down.url], { env: machine.env });
    expect([alone.code, alone.stderr]).toEqual([5, expect.stringContaining(`${down.origin} could not be reached`)]);
  }, 60_000);

  test("several logins at a server, or a damaged one, are that server's failure: the others have their logins", async () => {
    const [two, broken, fine, fresh] = [start(), start(), start(), start()];
    const machine = new Machine();
    const login = (server: McpServer, ...flags: string[]): Promise<unknown> =>
      loginByBrowser(["login", server.url, ...flags, "--json", "--no-browser"], machine.env);
    for (const name of ["one", "other"]) await login(two, "-p", name);
    await login(fine);
    const vault = `${machine.env.AUTH_HOME}/vault.db`;
    const before = recordsOf(vault).map(({ key }) => key);
    await login(broken);
    const fails = async (): Promise<boolean> => (await auth(["token", broken.url], { env: machine.env })).code === 8;
    for (const row of recordsOf(vault).filter(({ key }) => !before.includes(key))) {
      putValue(vault, { ...row, value: flipped(row.value, row.value.length - 3) });
      if (await fails()) break;
      putValue(vault, row);
    }
    const all = { two, broken, fine, fresh };
    machine.write(".claude.json", {
      mcpServers: Object.fromEntries(Object.entries(all).map(([name, server]) => [name, http(server)])),
    });
    const { code, events } = await machine.withPerson("--all", "--yes");
    expect(code).toBe(8);
    expect(events.filter(({ event }) => event === "server")).toMatchObject([
      { state: "failed", error: { code: "ambiguous_connection" } },
      { state: "failed", error: { code: "vault_corrupt" } },
      { state: "connected" },
      { state: "logged_in" },
    ]);
  }, 60_000);

  test("with AUTH_PROFILE it looks at the login of that name, and logs in under it", async () => {
    const server = start();
    const machine = new Machine();
    machine.write(".claude.json", { mcpServers: { one: http(server) } });
    expect((await machine.withPerson("--all", "--yes")).code).toBe(0);
    machine.env.AUTH_PROFILE = "work";
    for (const state of ["logged_in", "connected"]) {
      const { code, events } = await machine.withPerson("--all", "--yes");
      expect([code, events.find(({ event }) => event === "server")]).toMatchObject([
        0,
        { state, connection: "mcp:work" },
      ]);
    }
    expect(server.issuer.to("/authorize")).toHaveLength(2);
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

  test("without a person each of its servers has a command of its own; where nothing else was to do, the end is 64", async () => {
    const [attacker, other] = [start(), start({ path: "/s/zQ7kP2vXw9LmT4rB8nHc/mcp" })];
    const machine = new Machine();
    machine.write("project/.mcp.json", { mcpServers: { one: http(attacker), two: http(other) } });
    const { code, stderr } = await machine.call("--all", "--yes");
    expect([code, stderr]).toEqual([64, expect.stringContaining(`If you trust it: auth login ${attacker.url}\n`)]);
    expect(stderr).toContain("If you trust it: auth login <its URL>\n");
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

  test("a file that is nested as deeply as no parser likes isn't used: 9, and the others are", async () => {
    const machine = new Machine();
    const [json, toml] = [machine.write("project/.mcp.json", ""), machine.write("project/.codex/config.toml", "")];
    machine.write("project/.mcp.json", `{"mcpServers":${"[".repeat(100_000)}${"]".repeat(100_000)}}`);
    machine.write("project/.codex/config.toml", `mcp_servers = ${"[".repeat(100_000)}${"]".repeat(100_000)}`);
    machine.write(".cursor/mcp.json", { mcpServers: { own: { command: "a-program" } } });
    const { code, stderr } = await machine.call("--all");
    expect(code).toBe(9);
    expect(stderr).toContain(`${json} isn't used: it is nested too deeply.`);
    expect(stderr).toContain(`${toml} isn't used: it is no TOML.`);
    expect(stderr).toContain("cursor: own: a program, no login");
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
  }, 60_000);
});

/** `auth agent`: a process that keeps the vault open, and answers other programs and `auth` itself. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, lstatSync, mkdirSync, readFileSync, unlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { generateX25519Identity, identityToRecipient } from "age-encryption";
import { type AgentHome, agentHome, CLI, isAlive, KEYS, kill, PASSPHRASE, post } from "../support/agent-home.ts";

import { paste, succeeded } from "../support/home.ts";
import { AUTH, auth, onTerminal, tempFolder } from "../support/program.ts";
import { startApi, startAuthProxy } from "../support/proxy-home.ts";
import { until } from "../support/until.ts";

const homes: AgentHome[] = [];
afterAll(() => Promise.all(homes.map((home) => home.stop())));

async function made(...args: Parameters<typeof agentHome>): Promise<AgentHome> {
  const home = await agentHome(...args);
  homes.push(home);
  return home;
}

describe("its life", () => {
  let home: AgentHome;
  beforeAll(async () => {
    home = await made(3600);
  });

  test("started, it is told by status, and a second start changes nothing", async () => {
    expect(await home.call(["agent", "status"])).toMatchObject({ code: 1, stdout: "The agent isn't running.\n" });
    const { code, stderr } = await home.start();
    expect([code, stderr]).toEqual([0, expect.stringContaining("The agent is started")]);
    const first = await home.status();
    expect(first).toMatchObject({ running: true, locked: false, idleSeconds: 900, tcp: null, tcpSecret: null });
    expect((await home.start()).stderr).toContain("running already");
    expect((await home.status())?.pid).toBe(first?.pid ?? 0);
  });

  test("where no command goes by it, a start says how they open the vault", async () => {
    expect((await home.start()).stderr).toContain(
      "'auth' itself doesn't, and opens the vault as before, with the key file",
    );
  });

  test("a second start with another idle time says that the first one's stays", async () => {
    await home.start();
    const { code, stderr } = await home.start("--idle", "8h");
    expect([code, stderr]).toEqual([0, expect.stringContaining("still locks after 15 min")]);
    expect((await home.start("--idle", "15m")).stderr).not.toContain("still locks");
  });

  test("only its user reaches the socket", async () => {
    const { socket } = (await home.status()) ?? { socket: "" };
    expect((lstatSync(socket).mode & 0o777).toString(8)).toBe("700");
    expect((lstatSync(dirname(socket)).mode & 0o777).toString(8)).toBe("700");
  });

  test("it belongs to no terminal, keeps no folder busy, and has the key in no argument", async () => {
    const { pid } = (await home.status()) ?? { pid: 0 };
    expect(readFileSync(`/proc/${pid}/cmdline`, "utf8")).toBe("auth\0__agent\0");
    expect(readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ")[3]).toBe(String(pid));
  });

  test("locked, it gives nothing, and 'start' unlocks the same process", async () => {
    const before = await home.status();
    expect((await home.call(["agent", "lock"])).code).toBe(0);
    expect(await home.status()).toMatchObject({ locked: true, lockedBy: "request" });
    const { status, body } = await home.ask("/v1/token/acme");
    expect([status, body.error]).toEqual([423, expect.objectContaining({ code: "vault_locked", exitCode: 8 })]);
    expect((await home.start()).stderr).toContain("unlocked");
    expect(await home.status()).toMatchObject({ locked: false, pid: before?.pid });
    expect((await home.ask("/v1/token/acme")).status).toBe(200);
  });

  test("it is the same from a session with a runtime folder as from one without (cron, sudo)", async () => {
    const env = { HOME: tempFolder(), AUTH_HOME: undefined };
    const session = { ...env, XDG_RUNTIME_DIR: tempFolder() };
    await paste(env, "apikey:openai", "sk-0123456789abcdef");
    expect((await auth(["agent", "start"], { env: session })).code).toBe(0);
    try {
      expect((await auth(["agent", "start"], { env })).stderr).toContain("running already");
      expect((await auth(["agent", "lock", "--json"], { env })).stdout).toContain('"locked": true');
      expect((await auth(["agent", "status"], { env: session })).stdout).toContain("locked (auth agent lock)");
    } finally {
      await auth(["agent", "stop"], { env });
      await auth(["agent", "stop"], { env: session });
    }
  });

  test("a start where other programs can't open its socket says so", async () => {
    const folder = join(tempFolder(), "d".repeat(100));
    mkdirSync(folder);
    const env = { AUTH_HOME: folder };
    await paste(env, "apikey:openai", "sk-0123456789abcdef");
    const { code, stderr } = await auth(["agent", "start"], { env });
    await auth(["agent", "stop"], { env });
    expect([code, stderr]).toEqual([0, expect.stringContaining("too long for other programs")]);
  });

  test("stopped, it is gone, and so is its socket", async () => {
    const { pid, socket } = (await home.status()) ?? { pid: 0, socket: "" };
    expect((await home.call(["agent", "stop"])).code).toBe(0);
    await until("it ended", () => !isAlive(pid));
    expect(() => lstatSync(socket)).toThrow("ENOENT");
    expect(await home.call(["agent", "stop"])).toMatchObject({
      code: 0,
      stderr: expect.stringContaining("isn't running"),
    });
    expect((await home.call(["token", "acme"])).code).toBe(0);
  });

  test("in the foreground it ends by SIGTERM with exit code 0, and leaves no socket", async () => {
    const child = Bun.spawn([AUTH, "agent", "start", "--foreground", "--json"], {
      env: home.env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    for await (const _ of child.stdout) break;
    const { pid, socket } = (await home.status()) ?? { pid: 0, socket: "" };
    expect(pid).toBe(child.pid);
    child.kill("SIGTERM");
    expect(await child.exited).toBe(0);
    expect(() => lstatSync(socket)).toThrow("ENOENT");
  });

  test("where there is no vault there is nothing to keep", async () => {
    const { code, stderr } = await auth(["agent", "start"]);
    expect([code, stderr]).toEqual([2, expect.stringContaining("There is no vault yet")]);
  });
});

describe("an agent of another version, whose protocol isn't ours,", () => {
  /** What is asked of it; it takes orders, and ends. */
  async function another(home: AgentHome): Promise<string[]> {
    await home.start();
    const { socket, ...status } = (await home.status()) ?? { socket: "" };
    expect((await home.call(["agent", "stop"])).code).toBe(0);
    const asked: string[] = [];
    const server = Bun.serve({
      unix: socket,
      fetch(request) {
        const { pathname } = new URL(request.url);
        asked.push(pathname);
        if (pathname === "/cli/stop") setTimeout(() => void server.stop(true), 50);
        const isKnown = ["/v1/status", "/cli/lock", "/cli/stop"].includes(pathname);
        const found = { ...status, socket, version: "99.0.0", other: 1 };
        return isKnown ? Response.json(found) : Response.json({}, { status: 404 });
      },
    });
    return asked;
  }

  test("is shown, locked and ended", async () => {
    const home = await made(3600);
    const asked = await another(home);
    expect(await home.call(["agent", "status"])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("version 99.0.0"),
    });
    expect((await home.call(["agent", "lock", "--json"])).stdout).toContain('"locked": true');
    expect((await home.call(["token", "acme"])).code).toBe(0);
    expect((await home.call(["agent", "stop", "--json"])).stdout).toContain('"stopped": true');
    expect(asked.filter((path) => path === "/cli/lock" || path === "/cli/stop")).toEqual(["/cli/lock", "/cli/stop"]);
    expect((await home.call(["agent", "status"])).code).toBe(1);
  });

  test("is replaced by 'start'", async () => {
    const home = await made(3600);
    await another(home);
    const { code, stderr } = await home.start();
    expect([code, stderr]).toEqual([0, expect.stringContaining("of an other version was ended")]);
    expect((await home.ask("/v1/token/acme")).status).toBe(200);
  });

  test("takes the same orders from us", async () => {
    const home = await made(3600);
    await home.start();
    const { pid } = (await home.status()) ?? { pid: 0 };
    expect((await home.ask("/cli/lock", post({}))).body).toMatchObject({ locked: true });
    expect((await home.ask("/cli/stop", post({}))).status).toBe(200);
    await until("it ended", () => !isAlive(pid));
  });
});

describe("when nobody asks", () => {
  test("it locks after the idle time, and a vault with a key file is opened again by the next request", async () => {
    const home = await made(3600);
    await home.start("--idle", "1s");
    await Bun.sleep(2_500);
    expect(await home.status()).toMatchObject({ locked: true, lockedBy: "idle" });
    expect((await home.ask("/v1/token/acme")).status).toBe(200);
    expect(await home.status()).toMatchObject({ locked: false });
  });

  test("one that a passphrase opens stays locked", async () => {
    const home = await made(3600, "passphrase");
    await home.start("--idle", "1s");
    expect((await home.ask("/v1/token/acme")).status).toBe(200);
    await Bun.sleep(2_500);
    expect((await home.ask("/v1/token/acme")).status).toBe(423);
  });

  test("a key that was moved from its file to AUTH_KEY opens it, until it locks after the idle time", async () => {
    const home = await made(3600);
    const file = join(home.env.AUTH_HOME ?? "", "key");
    const [, key = ""] = readFileSync(file, "utf8").trim().split(" ");
    unlinkSync(file);
    const env = { AUTH_KEY: key };
    expect((await home.call(["agent", "start", "--idle", "1s"], { env })).stderr).toContain("The agent is started");
    expect(await home.status()).toMatchObject({ locked: false });
    for (let by = ""; by !== "idle"; by = (await home.status())?.lockedBy ?? "") await Bun.sleep(50);
    const { body } = await home.ask("/v1/token/acme");
    expect(body.error).toMatchObject({ code: "vault_locked", message: "The agent is locked." });
    expect((await home.call(["agent", "start"], { env })).stderr).toContain("unlocked");
    expect((await home.ask("/v1/token/acme")).status).toBe(200);
  });

  test("--idle takes times only", async () => {
    for (const wrong of ["0m", "15", "m", "-1s", "1w"]) {
      const { code } = await auth(["agent", "start", `--idle=${wrong}`]);
      expect(code).toBe(64);
    }
  });
});

test("as a service of a vault with a passphrase it starts locked, until a person unlocks it", async () => {
  const home = await made(3600, "passphrase");
  const child = Bun.spawn([AUTH, "agent", "start", "--foreground"], {
    env: home.env,
    stdio: ["ignore", "ignore", "pipe"],
  });
  await until("it answers", () => existsSync(join(home.env.AUTH_HOME ?? "", "agent")));
  for await (const _ of child.stderr) break;
  expect(await home.status()).toMatchObject({ locked: true, pid: child.pid });
  expect((await home.call(["token", "acme"])).code).toBe(8);
  expect((await home.start()).stderr).toContain("unlocked");
  expect((await home.call(["token", "acme"])).code).toBe(0);
  child.kill();
  expect(await child.exited).toBe(0);
});

describe("a vault that a passphrase opens", () => {
  let home: AgentHome;
  beforeAll(async () => {
    home = await made(3600, "passphrase");
    await home.start();
  });

  const READS: readonly (readonly [string, readonly string[], RegExp])[] = [
    ["token", ["token", "acme"], /^access-\d+\n$/],
    ["run", ["run", "acme", "--", "sh", "-c", "echo $ACME_TOKEN"], /^access-\d+\n$/],
    ["export", ["export", "acme"], /access-\d+/],
    ["get", ["get", "acme", "--field", "account"], /^42\n$/],
    ["list", ["list", "--json"], /"refreshable": true/],
    ["status", ["status"], /Authenticated as: 42/],
  ];
  for (const [name, words, shown] of READS)
    test(`auth ${name} works without the passphrase, by the agent`, async () => {
      const { code, stdout } = await home.call(words);
      expect([code, stdout]).toEqual([0, expect.stringMatching(shown)]);
      const without = await home.call(words, { env: { AUTH_AGENT: "off" } });
      expect(without.code).not.toBe(0);
    });

  test("and shows the same as without an agent", async () => {
    for (const words of [
      ["list", "--json"],
      ["status", "--json"],
      ["token", "acme", "-o", "headers"],
    ]) {
      const by = await home.call(words);
      const without = await home.call(words, { env: { AUTH_AGENT: "off", AUTH_PASSPHRASE: PASSPHRASE } });
      expect(by).toEqual(without);
    }
  });

  test("a refresh token is never handed out: neither by --show-secret nor to whoever asks as auth does", async () => {
    const refresh = [...home.issuer.live].map((token) => token.replace("access", "refresh"));
    expect((await home.call(["token", "acme", "-o", "json", "--show-secret"])).code).toBe(8);
    expect((await home.call(["get", "acme", "--field", "refreshToken", "--show-secret"])).code).toBe(8);
    const replies = await Promise.all([
      home.ask("/v1/token/acme"),
      home.ask("/v1/connections"),
      home.ask(`${CLI}/list`, post({ type: "connection" })),
      home.ask(`${CLI}/read`, post({ type: "connection", name: "acme:default" })),
      home.ask(`${CLI}/access`, post({ provider: "acme", name: "default", minTtl: 0, rejected: null, resource: null })),
      home.ask(`${CLI}/read`, post({ type: "client", name: "acme" })),
    ]);
    expect(replies.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 400]);
    const said = JSON.stringify(replies);
    expect(said).toContain("access-");
    for (const token of refresh) expect(said).not.toContain(token);
  });

  test("what changes the vault asks for the passphrase as ever", async () => {
    expect((await home.call(["logout", "acme"])).code).toBe(8);
    expect((await home.call(["refresh", "acme", "--force"])).code).toBe(8);
    const { code } = await home.call(["refresh", "acme", "--force"], { env: { AUTH_PASSPHRASE: PASSPHRASE } });
    expect(code).toBe(0);
    expect((await home.call(["token", "acme"])).stdout).toBe(`${[...home.issuer.live].at(-1)}\n`);
  });

  test("where nobody can be asked, starting an agent is the advice only for a command that goes by one", async () => {
    const CHANGES = [
      ["vault", "backup", join(tempFolder(), "vault.age")],
      ["vault", "rekey", "--key", "file"],
      ["allow", "--list"],
      ["use", "acme"],
      ["inspect", "acme"],
    ];
    for (const words of CHANGES) {
      const { code, stderr } = await home.call(words);
      expect([words, code, stderr]).toEqual([words, 8, expect.stringContaining("or set AUTH_PASSPHRASE")]);
      expect(stderr).not.toContain("auth agent start");
    }
    await home.call(["agent", "lock"]);
    for (const words of [["token", "acme"], ["list"]])
      expect((await home.call(words)).stderr).toContain("terminal: auth agent start\nOr set AUTH_PASSPHRASE");
    expect((await home.call(["agent", "start"])).stderr).not.toContain("auth agent start");
    expect((await home.start()).stderr).toBe("✓ The agent is unlocked.\n");
  });

  test("a locked agent is unlocked by the passphrase that a command asks for", async () => {
    await home.call(["agent", "lock"]);
    const terminal = onTerminal([AUTH, "token", "acme"], { env: home.env });
    await terminal.waitFor("Passphrase of the vault:");
    terminal.type(`${PASSPHRASE}\r`);
    expect((await terminal.ended).code).toBe(0);
    expect(await home.status()).toMatchObject({ locked: false });
    expect((await home.call(["token", "acme"])).code).toBe(0);
  });

  test("a wrong passphrase starts no agent", async () => {
    await home.call(["agent", "stop"]);
    expect((await home.call(["agent", "start"], { env: { AUTH_PASSPHRASE: "wrong" } })).code).toBe(8);
    expect(await home.status()).toBeNull();
  });

  test("AUTH_AGENT=start starts it when the passphrase has to be asked for", async () => {
    const env = { ...home.env, AUTH_AGENT: "start" };
    const terminal = onTerminal([AUTH, "token", "acme"], { env });
    await terminal.waitFor("Passphrase of the vault:");
    terminal.type(`${PASSPHRASE}\r`);
    expect((await terminal.ended).code).toBe(0);
    expect((await home.call(["token", "acme"])).code).toBe(0);
    expect(await home.status()).toMatchObject({ locked: false });
  });

  test("killed, it is missed by no one: the command asks as it did before", async () => {
    const { pid } = (await home.status()) ?? { pid: 0 };
    await kill(pid);
    const { code, stderr } = await home.call(["token", "acme"]);
    expect([code, stderr]).toEqual([8, expect.stringContaining("passphrase")]);
    expect((await home.call(["token", "acme"], { env: { AUTH_PASSPHRASE: PASSPHRASE } })).code).toBe(0);
    expect((await home.start()).code).toBe(0);
    expect((await home.call(["token", "acme"])).code).toBe(0);
  });
});

describe("what it keeps up with", () => {
  test("a login that was refreshed, ended or made anew by another process", async () => {
    const home = await made(3600);
    await home.start();
    const token = async (): Promise<unknown> => (await home.ask("/v1/token/acme:default")).body.token;
    const first = await token();
    await home.call(["refresh", "acme", "--force"]);
    expect(await token()).toBe([...home.issuer.live].at(-1));
    expect(await token()).not.toBe(first);
    await home.call(["logout", "acme"]);
    const { status, body } = await home.ask("/v1/token/acme:default");
    expect([status, body.error]).toEqual([404, expect.objectContaining({ code: "connection_not_found", exitCode: 2 })]);
    await home.call(["login", "acme", "--flow", "device"]);
    expect(await token()).toBe([...home.issuer.live].at(-1));
  });

  test("a token is renewed before it ends, of connections that were asked for since the start", async () => {
    const home = await made(6);
    await home.start();
    const asked = home.issuer.asked();
    await Bun.sleep(4_000);
    expect(home.issuer.asked()).toBe(asked);
    const { body } = await home.ask("/v1/token/acme");
    const before = home.issuer.asked();
    await until("it was renewed", () => home.issuer.asked() > before);
    expect(Date.now()).toBeLessThan(Date.parse(String(body.expires_at)));
  });

  test("a refused token is refreshed once, and one that isn't the stored one changes nothing", async () => {
    const home = await made(20);
    await home.start();
    // Until it isn't one that was just minted, for which another would fare no better.
    await Bun.sleep(2_200);
    const { body } = await home.ask("/v1/token/acme");
    const asked = home.issuer.asked();
    const refused = post({ connection: "acme", token: body.token });
    const replies = await Promise.all(Array.from({ length: 20 }, () => home.ask("/v1/rejected", refused)));
    expect(new Set(replies.map((reply) => reply.body.token)).size).toBe(1);
    expect(replies[0]?.body.token).not.toBe(body.token);
    expect((await home.ask("/v1/rejected", refused)).body.token).toBe(replies[0]?.body.token);
    expect(home.issuer.asked()).toBe(asked + 1);
  });
});

test("an agent whose vault has members goes on with its new key after another one was added", async () => {
  const home = await made(1, "members");
  expect((await home.start()).code).toBe(0);
  expect((await home.ask("/v1/token/acme")).status).toBe(200);
  const publicKey = await identityToRecipient(await generateX25519Identity());
  await succeeded(home.call(["vault", "member", "add", "other", publicKey]));
  // It has to be renewed, and so stored, by then.
  await Bun.sleep(1_100);
  const { status, body } = await home.ask("/v1/token/acme");
  expect([status, body.error]).toEqual([200, undefined]);
  expect(home.issuer.live.has(String(body.token))).toBe(true);
});

describe("the crowd: 200 callers at once on an expired token, by agent, command and proxy", () => {
  for (const key of ["file", "passphrase"] as const)
    test(`one refresh, and all get what it brought (key: ${key})`, async () => {
      const home = await made(1, key);
      await home.start();
      const api = await startApi((token) => home.issuer.live.has(token));
      // One that doesn't ask the agent, which would renew the token ahead of time for it.
      const env = { ...home.env, AUTH_AGENT: "off", ...KEYS[key] };
      const proxy = await startAuthProxy(env, ["acme", "--origin", api.origin]);
      await Bun.sleep(1_100);
      home.issuer.expireAfter(3600);
      home.issuer.hold();
      const asked = home.issuer.asked();
      const address = proxy.connections[0]?.addresses[api.origin];
      const byProxy = Array.from({ length: 50 }, async () => (await fetch(`${address}/x`)).status);
      const byAgent = Array.from({ length: 100 }, async () => (await home.ask("/v1/token/acme")).body.token);
      const byCommand = Array.from({ length: 50 }, async () => {
        const { code, stdout, stderr } = await home.call(["token", "acme"]);
        return code === 0 ? stdout.trim() : stderr;
      });
      await until("one asked", () => home.issuer.asked() > asked);
      await Bun.sleep(2_000);
      home.issuer.letGo();
      const tokens = new Set(await Promise.all([...byAgent, ...byCommand]));
      expect([...tokens]).toEqual([...home.issuer.live]);
      expect(new Set(await Promise.all(byProxy))).toEqual(new Set([200]));
      const shown = new Set(api.seen.map(({ headers }) => headers.authorization));
      expect([...shown]).toEqual([...home.issuer.live].map((token) => `Bearer ${token}`));
      expect(home.issuer.asked()).toBe(asked + 1);
      await proxy.stop();
      api.stop();
    }, 60_000);
});

describe("while a refresh is under way", () => {
  /** Starts a request that waits for the provider. */
  async function underWay(home: AgentHome): Promise<() => Promise<number>> {
    home.issuer.hold("refresh_token");
    await Bun.sleep(1_100);
    const asked = home.issuer.asked();
    const reply = home.ask("/v1/token/acme").then(({ status }) => status);
    await until("it was asked", () => home.issuer.asked() > asked);
    return () => reply;
  }

  test("SIGTERM waits for its end, and for the reply; the exit code is 0, and no socket is left", async () => {
    const home = await made(1);
    const child = Bun.spawn([AUTH, "agent", "start", "--foreground", "--json"], {
      env: home.env,
      stdio: ["ignore", "pipe", "ignore"],
    });
    for await (const _ of child.stdout) break;
    const { socket } = (await home.status()) ?? { socket: "" };
    const status = await underWay(home);
    child.kill("SIGTERM");
    await Bun.sleep(300);
    home.issuer.letGo();
    expect(await status()).toBe(200);
    expect(await child.exited).toBe(0);
    expect(() => lstatSync(socket)).toThrow("ENOENT");
  });

  test("its reply comes, however long the provider takes", async () => {
    const home = await made(1);
    await home.start();
    const status = await underWay(home);
    // Bun's own server gives up a silent connection after ten seconds, and looks every four.
    await Bun.sleep(14_000);
    home.issuer.letGo();
    expect(await status()).toBe(200);
  });

  test("each lock waits until nothing is in use", async () => {
    const home = await made(1);
    await home.start();
    const status = await underWay(home);
    let locked = 0;
    const locks = [1, 2].map(async () => {
      await home.call(["agent", "lock"]);
      locked++;
    });
    await Bun.sleep(1_500);
    expect(locked).toBe(0);
    home.issuer.letGo();
    await Promise.all(locks);
    expect(await status()).toBe(200);
  });

  test("a lock and a start don't keep its token from being renewed later", async () => {
    const home = await made(1);
    await home.start();
    home.issuer.expireAfter(8);
    const status = await underWay(home);
    const lock = home.call(["agent", "lock"]);
    for (let is = false; !is; ) is = (await home.status())?.locked === true;
    await home.start();
    home.issuer.letGo();
    await Promise.all([status(), lock]);
    expect((await home.ask("/v1/token/acme")).status).toBe(200);
    const asked = home.issuer.asked();
    await until("it was renewed", () => home.issuer.asked() > asked);
    expect((await home.ask("/v1/token/acme")).status).toBe(200);
  });
});

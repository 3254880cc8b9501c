/** "Please log in": a person who may be elsewhere is told once, when only a person can help (CLI.md §5). */
import { afterAll, afterEach, describe, expect, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { agentHome, isAlive } from "../support/agent-home.ts";
import { type HeldHome, heldHome } from "../support/held-home.ts";
import { succeeded } from "../support/home.ts";
import { tempFolder } from "../support/program.ts";
import { until } from "../support/until.ts";

const homes: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(homes.splice(0).map((home) => home.stop()));
});

interface Told {
  /** What each call of the command was told. */
  readonly told: () => Record<string, unknown>[];
  readonly file: string;
}

/** A command that writes a line for each call. */
function listener(): Told & { readonly command: string } {
  const file = join(tempFolder(), "told");
  const told = (): Record<string, unknown>[] =>
    existsSync(file)
      ? readFileSync(file, "utf8")
          .split("\n")
          .filter(Boolean)
          .map((line) => JSON.parse(line))
      : [];
  return { told, file, command: `cat >> ${file}; echo >> ${file}` };
}

/** A login whose token has ended, and whose refresh token the provider refuses. */
async function ended(): Promise<HeldHome> {
  const home = await heldHome(["acme"], 1);
  homes.push(home);
  home.issuers[0]?.live.clear();
  await Bun.sleep(1_100);
  return home;
}

describe("AUTH_NOTIFY_COMMAND", () => {
  test("is told once, in JSON, and what the caller gets is as without it", async () => {
    const home = await ended();
    const { told, command } = listener();
    const env = { AUTH_NOTIFY_COMMAND: command };
    const first = await home.call(["token", "acme"], { env });
    expect([first.code, first.stdout]).toEqual([4, ""]);
    await until("it was told", () => told().length > 0);
    const [event] = told();
    expect(event).toEqual({
      event: "login_needed",
      connection: "acme:default",
      code: "refresh_token_invalid",
      message: "acme:default needs you: refresh failed for acme (default): invalid_grant",
      command: "auth login acme:default",
    });
    expect(await home.call(["token", "acme"], { env })).toEqual(first);
    expect((await home.call(["refresh", "acme"], { env })).code).toBe(4);
    expect((await home.call(["run", "acme", "--", "true"], { env })).code).toBe(125);
    await Bun.sleep(500);
    expect(told()).toHaveLength(1);
  });

  test("is told in a line, with its end", async () => {
    const home = await ended();
    const { told, file } = listener();
    const env = { AUTH_NOTIFY_COMMAND: `while read -r line; do printf '%s\\n' "$line" >> ${file}; done` };
    await home.call(["token", "acme"], { env });
    await until("it was told", () => told().length === 1);
  });

  test("is told once by thirty callers at the same moment", async () => {
    const home = await ended();
    const { told, command } = listener();
    const calls = Array.from({ length: 30 }, () =>
      home.call(["token", "acme"], { env: { AUTH_NOTIFY_COMMAND: command } }),
    );
    expect(new Set((await Promise.all(calls)).map(({ code }) => code))).toEqual(new Set([4]));
    await until("it was told", () => told().length > 0);
    await Bun.sleep(500);
    expect(told()).toHaveLength(1);
  });

  test("is told again of the next login that ends", async () => {
    const home = await ended();
    const { told, command } = listener();
    const env = { AUTH_NOTIFY_COMMAND: command };
    await home.call(["token", "acme"], { env });
    await until("it was told", () => told().length === 1);
    await succeeded(home.call(["login", "acme", "--flow", "device"]));
    home.issuers[0]?.live.clear();
    await Bun.sleep(1_100);
    expect((await home.call(["token", "acme"], { env })).code).toBe(4);
    await until("it was told again", () => told().length === 2);
  });

  test("isn't told of what may pass", async () => {
    const home = await heldHome(["acme"], 1);
    homes.push(home);
    await home.issuers[0]?.stop();
    await Bun.sleep(1_100);
    const { told, command } = listener();
    expect((await home.call(["token", "acme"], { env: { AUTH_NOTIFY_COMMAND: command } })).code).toBe(5);
    await Bun.sleep(500);
    expect(told()).toEqual([]);
  });

  test("one that hangs keeps nobody waiting, one that fails harms nobody", async () => {
    const home = await ended();
    const { file } = listener();
    const slow = await home.call(["token", "acme"], { env: { AUTH_NOTIFY_COMMAND: `sleep 5; echo > ${file}` } });
    expect([slow.code, existsSync(file)]).toEqual([4, false]);
    const other = await ended();
    const without = await other.call(["token", "acme"]);
    const failing = await other.call(["token", "acme"], { env: { AUTH_NOTIFY_COMMAND: "/no/such/program" } });
    expect(failing).toEqual(without);
  });

  test.skipIf(process.platform === "win32")("and what it has started has no more than its time", async () => {
    const file = join(tempFolder(), "pids");
    const line = `sleep 300 & echo $! > ${file}; (sleep 300; true) & echo $! >> ${file}; wait`;
    const script = `import { superviseNotifyCommand } from "${join(import.meta.dir, "../../src/cli/notify.ts")}";
      process.exitCode = await superviseNotifyCommand(process.env, 500);`;
    const child = Bun.spawn([process.execPath, "-e", script], {
      env: { PATH: process.env.PATH ?? "", AUTH_NOTIFY_COMMAND: line },
      stdio: [new Blob(["{}"]), "ignore", "inherit"],
    });
    expect(await child.exited).toBe(137);
    const pids = readFileSync(file, "utf8").split("\n").filter(Boolean).map(Number);
    expect(pids).toHaveLength(2);
    await until("they have ended", () => !pids.some(isAlive));
  });

  test("attack: a provider's or a connection's words are no part of the command line, and no key comes along", async () => {
    const home = await heldHome(["acme"], 1);
    homes.push(home);
    const { told, file, command } = listener();
    const env = { AUTH_NOTIFY_COMMAND: `env > ${file}.env; ${command}` };
    home.issuers[0]?.live.clear();
    await Bun.sleep(1_100);
    const key = { AUTH_CLIENT_SECRET: "a-secret-of-ours", AUTH_ACME_CLIENT_SECRET: "another-secret" };
    await home.call(["token", "acme"], { env: { ...env, ...key } });
    await until("it was told", () => told().length > 0);
    const seen = readFileSync(`${file}.env`, "utf8");
    expect(seen).toMatch(/^AUTH_NOTIFY_MESSAGE=acme:default needs you/m);
    expect(seen).toContain(`AUTH_HOME=${home.env.AUTH_HOME}`);
    expect(seen).not.toMatch(/secret|access-|refresh-|BUN_/);
    expect(JSON.stringify(told())).not.toMatch(/access-|refresh-\d/);
  });
});

describe("the agent", () => {
  const own: { stop(): Promise<void> }[] = [];
  afterAll(() => Promise.all(own.map((home) => home.stop())));

  test("tells the desktop, by the program that is there, before anyone asks again", async () => {
    const home = await agentHome(4);
    own.push(home);
    const folder = tempFolder();
    const shown = join(folder, "shown");
    mkdirSync(join(folder, "bin"));
    writeFileSync(join(folder, "bin", "notify-send"), `#!/bin/sh\nfor one in "$@"; do echo "$one"; done > ${shown}\n`);
    chmodSync(join(folder, "bin", "notify-send"), 0o755);
    const PATH = `${join(folder, "bin")}:${home.env.PATH}`;
    await succeeded(home.call(["agent", "start"], { env: { PATH } }));
    await home.status();
    expect((await home.ask("/v1/token/acme")).status).toBe(200);
    home.issuer.live.clear();
    await until("it was shown", () => existsSync(shown) && readFileSync(shown, "utf8").includes("auth login"));
    expect(readFileSync(shown, "utf8").split("\n").slice(0, 3)).toEqual([
      "--app-name=auth",
      "auth: please log in",
      "acme:default needs you: refresh failed for acme (default): invalid_grant",
    ]);
    // Until then the old access token is served.
    await Bun.sleep(4_000);
    const { body } = await home.ask("/v1/token/acme");
    expect(body.error).toMatchObject({ code: "refresh_token_invalid", exitCode: 4 });
  });

  for (const [name, program] of [
    ["without a program for it", null],
    ["whose program fails", "exit 1"],
  ] as const)
    test(`${name} leaves the telling to whoever can tell`, async () => {
      const home = await agentHome(1);
      own.push(home);
      const bin = tempFolder();
      if (program !== null) writeFileSync(join(bin, "notify-send"), `#!/bin/sh\n${program}\n`, { mode: 0o755 });
      const env = { PATH: bin, DBUS_SESSION_BUS_ADDRESS: "unix:path=/nowhere" };
      await succeeded(home.call(["agent", "start"], { env }));
      await home.status();
      home.issuer.live.clear();
      await Bun.sleep(1_100);
      expect((await home.ask("/v1/token/acme")).body.error).toMatchObject({ code: "refresh_token_invalid" });
      const { told, command } = listener();
      expect((await home.call(["token", "acme"], { env: { AUTH_NOTIFY_COMMAND: command } })).code).toBe(4);
      await until("it was told", () => told().length > 0);
    });
});

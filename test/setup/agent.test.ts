/** `auth setup agent`: services that the system's own programs understand, whatever is in a path. */
import { expect, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { SetupCall } from "../../src/setup/tool.ts";
import tool from "../../src/setup/tools/agent.ts";
import { lacking } from "../support/needs.ts";
import { auth, bareEnvironment, type Ended, run, tempFolder } from "../support/program.ts";

/** systemd takes no program whose name has quotes, backslashes or `$`. */
const PROGRAM = "a %h & <c>";
const ODD = `a "b" $HOME %h & <c> \\d`;

async function serviceOf(platform: NodeJS.Platform, folder: string): Promise<{ path: string; text: string }> {
  const call = {
    env: { AUTH_HOME: join(folder, ODD) },
    platform,
    home: folder,
    folder,
    auth: join(folder, PROGRAM, "auth"),
    rest: ["--idle", "8h"],
  } as unknown as SetupCall;
  const [wanted] = (await tool.plan(call)).wanted;
  if (wanted?.change.kind !== "whole") throw new Error("no file of its own");
  return { path: wanted.path, text: wanted.change.text };
}

test.skipIf(lacking("systemd-analyze"))("systemd reads the unit, and the program and home that it names", async () => {
  const folder = tempFolder();
  const { path, text } = await serviceOf("linux", folder);
  expect(path).toBe(join(folder, ".config", "systemd", "user", "auth-agent.service"));
  mkdirSync(join(folder, PROGRAM));
  writeFileSync(join(folder, PROGRAM, "auth"), "#!/bin/sh\n");
  chmodSync(join(folder, PROGRAM, "auth"), 0o755);
  const unit = join(folder, "auth-agent.service");
  writeFileSync(unit, text);
  const { code, stdout, stderr } = await run(["systemd-analyze", "verify", "--man=no", unit]);
  expect([code, stdout + stderr]).toEqual([0, expect.not.stringContaining("auth-agent.service")]);
});

test("launchd's list has each word as it is", async () => {
  const { path, text } = await serviceOf("darwin", "/Users/me");
  expect(path).toBe("/Users/me/Library/LaunchAgents/auth.agent.plist");
  const words = [...text.matchAll(/<string>([^<]*)<\/string>/g)].map(([, word = ""]) =>
    word.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&"),
  );
  const auth = join("/Users/me", PROGRAM, "auth");
  expect(words).toEqual(["auth.agent", auth, "agent", "start", "--foreground", "--idle", "8h", join("/Users/me", ODD)]);
});

test("an agent that runs is to be ended before the service starts: two of one vault there can't be", async () => {
  const env = bareEnvironment();
  const { stdout, stderr } = await auth(["setup", "agent", "--yes"], { env });
  const said = stdout + stderr;
  expect(said.indexOf("auth agent stop")).toBeGreaterThan(0);
  expect(said.indexOf("auth agent stop")).toBeLessThan(said.search(/systemctl --user enable|launchctl load/));
});

/** A home in which the agent is set up, and a `systemctl` that writes down how it was called. */
async function setUpHome(systemctl: (unit: string) => string) {
  const env = bareEnvironment();
  const { HOME: home = "" } = env;
  const unit = join(home, ".config", "systemd", "user", "auth-agent.service");
  const [bin, calls] = [join(home, "bin"), join(home, "calls")];
  mkdirSync(bin);
  writeFileSync(join(bin, "systemctl"), `#!/bin/sh\necho "$*" >> ${calls}\n${systemctl(unit)}`, { mode: 0o755 });
  const call = (...words: string[]): Promise<Ended> =>
    auth(["setup", "agent", ...words], { env: { ...env, PATH: bin } });
  expect((await call("--yes")).code).toBe(0);
  expect(existsSync(unit)).toBe(true);
  return { unit, call, calls: () => (existsSync(calls) ? readFileSync(calls, "utf8") : "") };
}

const STOP = "systemctl --user disable --now auth-agent.service";

test.skipIf(lacking("linux"))("--undo stops the service before its unit goes, and says so", async () => {
  const { unit, call, calls } = await setUpHome(
    (path) => `case "$2" in show) echo ${path};; disable) [ -e ${path} ] || exit 1;; esac\n`,
  );
  const dry = await call("--undo", "--dry-run");
  expect([dry.stderr, calls()]).toEqual([expect.stringContaining(`would be stopped: ${STOP}`), ""]);
  const undone = await call("--undo", "--yes", "--json");
  expect(undone.code).toBe(0);
  expect(JSON.parse(undone.stdout).notes).toEqual([`The service was stopped: ${STOP}`]);
  expect(calls()).toContain("--user disable --now auth-agent.service");
  expect(existsSync(unit)).toBe(false);
});

test.skipIf(lacking("linux"))(
  "where the service manager can't be reached, --undo says what stops the service",
  async () => {
    const { unit, call } = await setUpHome(() => "exit 1\n");
    const undone = await call("--undo", "--yes");
    expect([undone.code, undone.stderr]).toEqual([0, expect.stringContaining(`If it runs: ${STOP}`)]);
    expect(existsSync(unit)).toBe(false);
  },
);

test.skipIf(lacking("linux"))("a service of that name from another file runs on", async () => {
  const { call, calls } = await setUpHome(() => '[ "$2" = show ] && echo /etc/systemd/user/auth-agent.service\n');
  const undone = await call("--undo", "--yes");
  expect(undone.code).toBe(0);
  expect(calls()).toStartWith("--user show ");
  expect(calls()).not.toContain("disable");
});

test("launchd is told the service's domain and label", () => {
  const where = { env: { PATH: "" }, platform: "darwin", home: "/Users/me", folder: "/" } as const;
  const command = ["launchctl", "bootout", `gui/${process.getuid?.() ?? 0}/auth.agent`];
  expect(tool.endingOf(where, "/Users/me/x.plist")).toMatchObject({ command });
});

test("Windows has no such service: the error says what to do", async () => {
  expect(serviceOf("win32", "C:\\Users\\me")).rejects.toMatchObject({ code: "usage" });
});

/** `auth setup`, on the built binary: what it tells of what was set up, and commands that are right as printed. */
import { expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { paste } from "../support/home.ts";
import { AUTH, bareEnvironment, type Ended, run, tempFolder } from "../support/program.ts";

function makeHome(more: Readonly<Record<string, string>> = {}) {
  const home = tempFolder();
  const bin = join(home, ".local", "bin");
  mkdirSync(bin, { recursive: true });
  symlinkSync(AUTH, join(bin, "auth"));
  const env = { ...bareEnvironment({ HOME: home }), PATH: `${bin}:/usr/bin:/bin`, ...more };
  const call = (...args: readonly string[]): Promise<Ended> => run([AUTH, ...args], { env, cwd: home });
  const sh = (script: string): Promise<Ended> => run(["sh", "-c", script], { env, cwd: home });
  return { home, bin, env, call, sh };
}

/** The command that follows these words on a line. */
function commandAfter(words: string, { stderr }: Ended): string {
  const line = stderr.split("\n").find((one) => one.includes(words)) ?? "";
  return line.slice(line.indexOf(words) + words.length).trim();
}

const GIT = ["setup", "git", "--host", "git.example"];

test("--check: a setup whose program was moved can't work, and the printed command sets it up again", async () => {
  const { home, call, sh } = makeHome();
  const other = join(home, "bin2");
  mkdirSync(other);
  symlinkSync(AUTH, join(other, "auth"));
  const set = `PATH=${other}:$PATH auth setup git --host git.example --yes -- --min-ttl 61`;
  expect((await sh(set)).code).toBe(0);
  expect((await call("setup", "git", "--check")).code).toBe(0);
  rmSync(join(other, "auth"));
  const checked = await call("setup", "git", "--check");
  expect(checked.code).toBe(1);
  expect(checked.stdout).toContain(`can't work in ${home}/.gitconfig (there is no program ${other}/auth)`);
  const command = commandAfter("Set it up again:", checked);
  expect(command).toBe("auth setup git --host git.example -- --min-ttl 61");
  expect((await sh(command.replace(" -- ", " --yes -- "))).code).toBe(0);
  expect((await call("setup", "git", "--check")).code).toBe(0);
  expect(readFileSync(join(home, ".gitconfig"), "utf8")).toContain("helper git --min-ttl 61");
});

test("--check: a link of ours whose program is gone can't work", async () => {
  const { home, bin, call, sh } = makeHome();
  await sh("auth setup docker --host registry.example --yes");
  rmSync(join(bin, "auth"));
  const { code, stdout } = await call("setup", "docker", "--check");
  expect([code, stdout]).toEqual([
    1,
    expect.stringContaining(`can't work in ${home}/.local/bin/docker-credential-auth`),
  ]);
});

test("--check: a setup whose connection was logged out can't work, and is told by which login it does", async () => {
  const { env, call } = makeHome();
  await paste(env, "github:work", "a-token");
  await call("setup", "git", "github:work", "--host", "github.com", "--yes");
  expect((await call("setup", "--check")).code).toBe(0);
  expect((await call("logout", "github:work")).code).toBe(0);
  const checked = await call("setup", "--check", "--json");
  expect(JSON.parse(checked.stdout)).toMatchObject({ ok: false, setups: [{ state: "broken" }] });
  expect(commandAfter("Log in again:", await call("setup", "--check"))).toBe("auth login github:work");
});

test("a host that no connection is for is told at once and by --check, with the command that helps", async () => {
  const { env, call } = makeHome();
  const none = "No connection is for https://git.example yet: git gets nothing for it.";
  const way = "auth setup git <connection> --host https://git.example -- --origin https://git.example";
  expect((await call(...GIT, "--yes")).stderr).toContain(`${none} If the tokens of one may go there: ${way}\n`);
  expect(await call("setup", "git", "--check")).toMatchObject({ code: 0, stderr: expect.stringContaining(none) });
  const github = await call("setup", "git", "--host", "github.com", "--yes");
  expect(github.stderr).toContain(
    "No connection is for https://github.com yet: git gets nothing for it. Log in: auth login github",
  );
  await paste(env, "github:work", "a-token");
  expect((await call("setup", "git", "--check")).stderr).not.toContain("https://github.com yet");
  expect((await call("setup", "docker", "--host", "ghcr.io", "--yes")).stderr).not.toContain("No connection is for");
});

test("--check: an MCP server at which there is no login is told, with the login", async () => {
  const { call } = makeHome();
  const url = "https://mcp.example.com/mcp";
  await call("setup", "mcp", "codex", url, "-p", "work", "--yes");
  const { code, stderr } = await call("setup", "--check");
  expect([code, stderr]).toEqual([0, expect.stringContaining(`Log in: auth login ${url} -p work`)]);
});

test("doctor names each setup that can't work any more, with the command that mends it", async () => {
  const { home, env, call, sh } = makeHome();
  const other = join(home, "bin2");
  mkdirSync(other);
  symlinkSync(AUTH, join(other, "auth"));
  const setups = async (...flags: string[]): Promise<unknown[]> => {
    const { checks } = JSON.parse((await call("doctor", "--offline", "--json", ...flags)).stdout);
    return checks.filter(({ name }: { name: string }) => name === "setups");
  };
  expect(await setups()).toMatchObject([{ status: "ok", detail: "no program was set up" }]);
  await paste(env, "github:work", "a-token");
  await call("setup", "git", "github:work", "--host", "github.com", "--yes");
  await sh(`PATH=${other}:$PATH auth setup docker --host registry.example --yes`);
  await call("setup", "completion", "fish", "--yes");
  expect(await setups()).toMatchObject([{ status: "ok" }]);
  await call("logout", "github:work");
  rmSync(join(other, "auth"));
  const fish = join(home, ".config", "fish", "completions", "auth.fish");
  writeFileSync(fish, "mine\n");
  const found = (await setups()) as { detail: string; remedy: string }[];
  const commandFor = (file: string): string | undefined =>
    found.find(({ detail }) => detail.includes(file))?.remedy.replace(/^[^:]*: /, "");
  expect(commandFor(".gitconfig")).toBe("auth login github:work");
  expect(commandFor("docker-credential-auth")).toBe("auth setup docker --host registry.example");
  expect(commandFor(fish)).toBe("auth setup completion fish --undo --force");
  const { code, stdout } = await call("doctor", "--offline");
  expect([code, stdout]).toEqual([
    0,
    expect.stringContaining(`! setups: completion fish: was changed in ${fish}\n    `),
  ]);
  expect(stdout).not.toContain("Or forget it");
});

test("what takes it back takes back that alone", async () => {
  const { home, call, sh } = makeHome();
  await call("setup", "git", "--host", "a.example", "--yes");
  const set = await call("setup", "git", "--host", "b.example", "--yes");
  const command = commandAfter("To take it back:", set);
  expect(command).toBe("auth setup git --host b.example --undo");
  expect((await sh(`${command} --yes`)).code).toBe(0);
  const text = readFileSync(join(home, ".gitconfig"), "utf8");
  expect([text.includes("a.example"), text.includes("b.example")]).toEqual([true, false]);
  const client = await call("setup", "mcp", "cursor", "https://mcp.example.com/mcp", "--yes");
  expect(commandAfter("To take it back:", client)).toBe("auth setup mcp cursor https://mcp.example.com/mcp --undo");
  expect((await call("setup", "mcp", "cursor", "--undo", "--yes")).code).toBe(0);
  expect(existsSync(join(home, ".cursor"))).toBe(false);
});

test("-p means the MCP entry that was set up with it, and what takes it back names it", async () => {
  const { home, call, sh } = makeHome();
  const url = "https://mcp.example.com/mcp";
  const servers = (): string[] =>
    Object.keys(JSON.parse(readFileSync(join(home, ".cursor", "mcp.json"), "utf8")).mcpServers);
  await call("setup", "mcp", "cursor", url, "--yes");
  const work = await call("setup", "mcp", "cursor", url, "-p", "work", "--yes");
  await call("setup", "mcp", "cursor", url, "-p", "third", "--yes");
  expect(servers()).toEqual(["example", "example-work", "example-third"]);
  const checked = await call("setup", "mcp", "-p", "work", "--check");
  expect([checked.code, checked.stdout]).toEqual([0, expect.stringMatching(/^mcp example-work: stands in .*\n$/)]);
  expect((await call("setup", "mcp", "-p", "gone", "--check")).code).toBe(64);
  const command = commandAfter("To take it back:", work);
  expect(command).toBe(`auth setup mcp cursor ${url} -p work --undo`);
  expect((await sh(`${command} --yes`)).code).toBe(0);
  expect(servers()).toEqual(["example", "example-third"]);
});

test("--check: what forgets a part that was changed by hand is right as printed", async () => {
  const { home, call, sh } = makeHome();
  await call(...GIT, "--yes");
  const file = join(home, ".gitconfig");
  writeFileSync(file, readFileSync(file, "utf8").replace("helper git", "helper other"));
  const checked = await call("setup", "git", "--check");
  const command = commandAfter("Leave it so, and forget it:", checked);
  expect((await sh(`${command} --yes`)).code).toBe(0);
  expect(readFileSync(file, "utf8")).toContain("helper other");
});

test("--undo --force: a file of ours that was changed by hand is left, and is told so", async () => {
  const { home, call } = makeHome();
  await call("setup", "completion", "fish", "--yes");
  const file = join(home, ".config", "fish", "completions", "auth.fish");
  writeFileSync(file, `${readFileSync(file, "utf8")}echo mine\n`);
  const { code, stderr } = await call("setup", "completion", "--undo", "--force", "--yes");
  expect(code).toBe(0);
  expect(stderr).toContain(`${file}: what was set up for fish was changed by hand. It is left there.`);
  expect(stderr).not.toContain("only auth's part is gone");
  expect(readFileSync(file, "utf8")).toContain("completion fish");
});

test("without --host each tool gets the hosts that it speaks to", async () => {
  const { env, call } = makeHome();
  await paste(env, "github:work", "a-token");
  for (const [tool, host] of [
    ["git", "https://github.com"],
    ["docker", "ghcr.io"],
  ] as const) {
    await call("setup", tool, "--yes");
    const { setups } = JSON.parse((await call("setup", tool, "--check", "--json")).stdout);
    expect([...new Set(setups.map(({ name }: { name: string }) => name))]).toEqual([host]);
  }
});

test("the list is a table on 80 columns, and names the check of what is set up", async () => {
  const { call } = makeHome({ COLUMNS: "80" });
  await call(...GIT, "--yes");
  const { stdout } = await call("setup");
  expect(Math.max(...stdout.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80);
  expect(stdout).toMatch(/^git +yes +set up +auth setup git --check$/m);
});

test("--yes with -q shows nothing, and without a yes the change is shown all the same", async () => {
  const { call } = makeHome();
  expect((await call(...GIT, "-q")).stderr).toContain("+ [credential");
  expect(await call(...GIT, "--yes", "-q")).toMatchObject({ code: 0, stderr: "" });
});

test("where the vault isn't at its usual place, it is said that the program has to be told, too", async () => {
  const { call, home } = makeHome();
  const said = "AUTH_HOME is set here, and isn't written there: git finds this vault only where it is set, too.";
  expect((await call(...GIT, "--yes")).stderr).toContain(said);
  const { HOME, PATH } = { HOME: home, PATH: `${join(home, ".local", "bin")}:/usr/bin:/bin` };
  const usual = await run([AUTH, ...GIT, "--yes"], { env: { HOME, PATH, AUTH_HOME: undefined }, cwd: home });
  expect(usual.stderr).not.toContain("isn't written there");
});

test("a connection that has to be named is asked for with all that has to be named", async () => {
  const { call } = makeHome();
  for (const tool of ["kubectl", "codex"])
    expect((await call("setup", tool)).stderr).toMatch(new RegExp(`auth setup ${tool} <connection> --name \\w+`));
});

test("what is missing beside the connection is asked for with the whole command", async () => {
  const { env, call } = makeHome();
  await paste(env, "github:work", "a-token");
  expect((await call("setup", "kubectl", "github:work")).stderr).toContain(
    "auth setup kubectl github:work --name work\n",
  );
  const aws = "For example: auth setup aws github:work --name dev -- <role>\n";
  expect((await call("setup", "aws", "github:work")).stderr).toContain(aws);
  const role = ["--", "--account", "123456789012", "--role", "reader"];
  expect((await call("setup", "aws", "github:work", ...role)).stderr).toContain(aws);
  expect((await call("setup", "cargo")).stderr).toContain("For example: auth setup cargo --name my-registry\n");
});

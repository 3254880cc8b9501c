/** `auth setup`, on the built binary: what is shown, asked, refused and recorded. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  chmodSync,
  chownSync,
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { paste } from "../support/home.ts";
import { errorOf } from "../support/logged-in.ts";
import { lacking } from "../support/needs.ts";
import { AUTH, bareEnvironment, type Ended, onTerminal, run, tempFolder } from "../support/program.ts";
import { startTokenHost, type TokenHost } from "../support/token-host.ts";

interface Home {
  readonly home: string;
  readonly env: Record<string, string>;
  readonly config: string;
  readonly program: string;
  call(...args: readonly string[]): Promise<Ended>;
}

function makeHome(name = "home"): Home {
  const home = join(tempFolder(), name);
  const bin = join(home, ".local", "bin");
  mkdirSync(bin, { recursive: true });
  const program = join(bin, "auth");
  symlinkSync(AUTH, program);
  const env = { ...bareEnvironment({ HOME: home }), PATH: `${bin}:/usr/bin:/bin` };
  return {
    ...{ home, env, config: join(home, ".gitconfig"), program },
    call: (...args) => run([program, ...args], { env, cwd: home }),
  };
}

const GIT = ["setup", "git", "--host", "git.example"];
const BEFORE = "[user]\n\tname = me\n";

test("alone it lists every tool with the command that sets it up, and what is set up", async () => {
  const { call } = makeHome();
  const { tools } = JSON.parse((await call("setup", "--json")).stdout);
  expect(tools.length).toBeGreaterThan(15);
  expect(tools[0]).toMatchObject({ tool: "git", state: "not set up", names: [], command: expect.any(String) });
  await call(...GIT, "--yes");
  const { stdout } = await call("setup");
  expect(stdout).toMatch(/^git +yes +set up +auth setup git --check$/m);
});

test("--dry-run prints what would change, and nothing is made", async () => {
  const { call, config, home } = makeHome();
  writeFileSync(config, BEFORE);
  const { code, stdout, stderr } = await call(...GIT, "--dry-run");
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).toStartWith(`${config} (changed)\n+ # >>> auth setup git https://git.example >>>\n`);
  expect(stdout).not.toContain("name = me");
  expect(readFileSync(config, "utf8")).toBe(BEFORE);
  expect(existsSync(join(home, "auth"))).toBe(false);
});

test("without a terminal it shows the change and names the command that doesn't ask, which is right as printed", async () => {
  const { call, config, home, env } = makeHome();
  writeFileSync(config, BEFORE);
  const asked = await call(...GIT, "--", "--min-ttl", "60");
  expect(asked.code).toBe(64);
  expect(asked.stderr).toContain("+     helper = !");
  expect(readFileSync(config, "utf8")).toBe(BEFORE);
  const [, command = ""] = /^Without a question: (.*)$/m.exec(asked.stderr) ?? [];
  expect(await run(["sh", "-c", command], { env, cwd: home })).toMatchObject({ code: 0 });
  expect(readFileSync(config, "utf8")).toContain("helper git --min-ttl 60\n");
});

test("on a terminal it asks; a no changes nothing", async () => {
  const { program, env, config } = makeHome();
  writeFileSync(config, BEFORE);
  for (const [key, code] of [
    ["n", 7],
    ["y", 0],
  ] as const) {
    const terminal = onTerminal([program, ...GIT], { env });
    await terminal.waitFor("Set up git?");
    expect(terminal.screen()).toContain("git.example");
    terminal.type(`${key}\r`);
    expect((await terminal.ended).code).toBe(code);
    if (key === "n") expect(readFileSync(config, "utf8")).toBe(BEFORE);
  }
  expect(readFileSync(config, "utf8")).toContain("git.example");
});

test("lines of a file are shown as they are in it, also where the terminal is narrower", async () => {
  const { program, env } = makeHome();
  const terminal = onTerminal([program, ...GIT], { env, columns: 40 });
  await terminal.waitFor("Set up git?");
  expect(terminal.screen()).toContain(`+     helper = !${program} helper git`);
  terminal.type("n\r");
  await terminal.ended;
});

test("JSON: what would change, what was done, what stands", async () => {
  const { call, config } = makeHome();
  const dry = JSON.parse((await call(...GIT, "--dry-run", "--json")).stdout);
  expect(dry).toMatchObject({ tool: "git", done: false, changes: [{ path: config, action: "create", removed: [] }] });
  expect(errorOf(await call(...GIT, "--json"))).toMatchObject({ code: "usage" });
  const done = JSON.parse((await call(...GIT, "--yes", "--json")).stdout);
  expect(done).toMatchObject({ done: true, changes: dry.changes });
  expect(JSON.parse((await call(...GIT, "--yes", "--json")).stdout)).toMatchObject({ changes: [] });
  const { ok, setups } = JSON.parse((await call("setup", "git", "--check", "--json")).stdout);
  expect([ok, setups]).toEqual([
    true,
    [{ tool: "git", name: "https://git.example", path: config, state: "stands", reason: null }],
  ]);
  const undone = JSON.parse((await call("setup", "git", "--undo", "--yes", "--json")).stdout);
  expect(undone).toMatchObject({ changes: [{ action: "remove", removed: done.changes[0].added }] });
  expect(existsSync(config)).toBe(false);
  expect(errorOf(await call("setup", "git", "--check", "--json"))).toMatchObject({ code: "check_failed", exitCode: 1 });
  expect(await call("setup", "git", "--undo", "--yes")).toMatchObject({ code: 0 });
});

test("another helper for the host is refused; --replace takes its place, and --undo brings it back", async () => {
  const { call, config } = makeHome();
  const other = `${BEFORE}[credential "https://git.example"]\n\thelper = !other get\n[credential]\n\thelper = store\n`;
  writeFileSync(config, other);
  const refused = await call(...GIT, "--yes");
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain("credential.https://git.example.helper");
  expect(refused.stderr).not.toContain("other get");
  expect(readFileSync(config, "utf8")).toBe(other);
  const replaced = await call(...GIT, "--yes", "--replace");
  expect(replaced).toMatchObject({ code: 0, stderr: expect.stringContaining("git still asks 'store'") });
  expect(await call("setup", "git", "--undo", "--yes")).toMatchObject({ code: 0 });
  expect(readFileSync(config, "utf8")).toBe(other);
});

test("what is replaced is neither shown nor recorded: a setting's line stays in its file, as a comment", async () => {
  const { call, home } = makeHome();
  const config = join(home, ".cargo", "config.toml");
  const before = `[registries.corp]\ncredential-provider = ["x", "--token", "hidden-value"] # mine`;
  mkdirSync(join(home, ".cargo"));
  writeFileSync(config, before);
  const words = ["setup", "cargo", "--name", "corp", "--yes"];
  const refused = await call(...words);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain("credential-provider is set");
  const shown = await call(...words, "--replace", "--dry-run", "--json");
  const done = await call(...words, "--replace");
  expect(done.code).toBe(0);
  expect(done.stderr).toContain("- credential-provider …");
  const record = readFileSync(join(home, "auth", "setup", "record.json"), "utf8");
  for (const text of [refused.stderr, shown.stdout, done.stderr, record]) expect(text).not.toContain("hidden-value");
  expect(await call("setup", "cargo", "--check")).toMatchObject({ code: 0 });
  writeFileSync(config, `${readFileSync(config, "utf8")}[net]\nretry = 3\n`);
  const undone = await call("setup", "cargo", "--undo", "--yes");
  expect(undone.stderr).not.toContain("hidden-value");
  expect(readFileSync(config, "utf8")).toBe(`${before}\n[net]\nretry = 3\n`);
});

test("docker's other helper for a registry comes back, also after docker has written the file anew", async () => {
  const { call, home } = makeHome();
  const config = join(home, ".docker", "config.json");
  mkdirSync(join(home, ".docker"));
  writeFileSync(config, '{"credHelpers":{"r.example":"desktop"}}');
  const words = ["setup", "docker", "--host", "r.example", "--yes"];
  expect(await call(...words)).toMatchObject({ code: 1, stderr: expect.stringContaining("credHelpers.r.example") });
  expect(await call(...words, "--replace")).toMatchObject({ code: 0 });
  const now = JSON.parse(readFileSync(config, "utf8"));
  writeFileSync(config, JSON.stringify({ auths: {}, ...now }, null, "\t"));
  expect(await call("setup", "docker", "--check")).toMatchObject({ code: 0 });
  const undone = await call("setup", "docker", "--undo", "--yes");
  expect(undone).toMatchObject({ code: 0, stderr: expect.stringContaining("was changed since") });
  expect(JSON.parse(readFileSync(config, "utf8"))).toEqual({ auths: {}, credHelpers: { "r.example": "desktop" } });
});

test("the words after the tool say what is checked and taken back; those that mean nothing are 64", async () => {
  const { call, home, env, config } = makeHome();
  const url = "https://mcp.example.com/mcp";
  const there = (...names: string[]): boolean[] => names.map((name) => existsSync(join(home, name)));
  const none = await call("setup", "mcp", "cursor", "--undo", "--yes");
  expect([none.code, none.stderr]).toEqual([64, expect.stringContaining("Nothing was set up by 'cursor'")]);
  for (const client of ["cursor", "claude-code"]) await call("setup", "mcp", client, url, "--yes");
  expect((await call("setup", "mcp", "cursor", url, "--check")).stdout.trim().split("\n")).toHaveLength(1);
  for (const words of [["emacs"], ["cursor", "https://other.example"], ["cursor", url, "headers"]])
    expect((await call("setup", "mcp", ...words, "--undo", "--yes")).code).toBe(64);
  expect((await call("setup", "mcp", "cursor", "--undo", "--yes")).code).toBe(0);
  expect(there(".cursor/mcp.json", ".claude.json")).toEqual([false, true]);

  for (const shell of ["bash", "zsh"]) await call("setup", "completion", shell, "--yes");
  expect((await call("setup", "completion", "bash", "--undo", "--yes")).code).toBe(0);
  expect(there(".bashrc", ".zshrc")).toEqual([false, true]);

  await paste(env, "github:work", "a-token");
  await call(...GIT, "--yes");
  await call("setup", "git", "github:work", "--host", "github.com", "--yes");
  expect((await call("setup", "git", "github:gone", "--check")).code).toBe(64);
  expect((await call("setup", "git", "-p", "gone", "--undo", "--yes")).code).toBe(64);
  expect((await call("setup", "git", "github:work", "--undo", "--yes")).code).toBe(0);
  expect(readFileSync(config, "utf8")).not.toContain("github");
  expect(readFileSync(config, "utf8")).toContain("git.example");
});

test("Terraform's setup is OpenTofu's, too, where both read one file; either goes first", async () => {
  for (const order of [
    ["terraform", "opentofu"],
    ["opentofu", "terraform"],
  ]) {
    const { call, home } = makeHome();
    const config = join(home, ".terraformrc");
    writeFileSync(config, "# mine\n");
    for (const tool of ["terraform", "opentofu"]) expect((await call("setup", tool, "--yes")).code).toBe(0);
    const text = readFileSync(config, "utf8");
    expect(text.split("credentials_helper")).toHaveLength(2);
    for (const [number, tool] of order.entries()) {
      expect((await call("setup", tool, "--undo", "--yes")).code).toBe(0);
      expect(readFileSync(config, "utf8")).toBe(number === 0 ? text : "# mine\n");
    }
  }
});

test("a connection that isn't for the host is refused, with the command that lets it go there", async () => {
  const { call, config, env } = makeHome();
  await paste(env, "github:work", "a-token");
  const error = errorOf(await call("setup", "git", "github:work", "--host", "evil.example", "--yes", "--json"));
  expect(error).toMatchObject({ code: "origin_mismatch", exitCode: 6 });
  expect(error.hint).toContain("-- --origin https://evil.example");
  expect(existsSync(config)).toBe(false);
  expect(await call("setup", "git", "github:work", "--host", "github.com", "--yes")).toMatchObject({ code: 0 });
  expect(readFileSync(config, "utf8")).toContain("auth helper git github:work\n");
  expect(errorOf(await call("setup", "git", "github:gone", "--yes", "--json"))).toMatchObject({ exitCode: 2 });
});

describe("a call that could never be answered is not written", () => {
  let host: TokenHost;
  beforeAll(async () => {
    host = startTokenHost(() => new Response("nothing here", { status: 404 }));
    await host.logIn("work");
  });
  afterAll(() => host.stop());

  const AWS = ["aws", "oidc:work", "--name", "dev"];
  for (const [words, rest, said] of [
    [AWS, [], "Say which role"],
    [AWS, ["arn:aws:iam::123456789012:role/x"], "once each"],
    [AWS, ["--role-arn", "arn:aws:iam::123456789012:role/x"], "Say which service"],
    [["ansible", "oidc:work"], [], "This login's tokens change"],
    [["go", "oidc:work"], ["oidc:home"], "too many words"],
    [["go", "oidc:work"], ["--min-ttl", "soon"], "--min-ttl"],
  ] as const)
    test([...words, "--", ...rest].join(" "), async () => {
      const { code, stdout, stderr } = await host.call(["setup", ...words, "--yes", "--", ...rest]);
      expect([code, stdout]).toEqual([64, ""]);
      expect(stderr).toContain(said);
    });

  test("(one that could is)", async () => {
    const role = ["--account", "123456789012", "--role", "reader"];
    expect((await host.call(["setup", ...AWS, "--yes", "--", ...role])).code).toBe(0);
  });
});

test("a name that the tool would have to quote is refused, not changed", async () => {
  const { call, home, env } = makeHome();
  await paste(env, "github:work", "a-token");
  expect((await call("setup", "codex", "github:work", "--name", "my.provider", "--yes")).code).toBe(64);
  expect(existsSync(join(home, ".codex"))).toBe(false);
});

describe("what can't be meant is 64", () => {
  const { call } = makeHome();
  for (const words of [
    ["setup", "gti"],
    ["setup", "git", "--host", "a b"],
    ["setup", "git", "--check", "--undo"],
    ["setup", "git", "--force"],
    ["setup", "docker", "--system", "--host", "r.example"],
    ["setup", "docker", "--host", "r.example", "--", "--origin", "https://r.example"],
    ["setup", "kubectl", "--name", "x"],
    ["setup", "completion", "tcsh"],
    ["setup", "cargo", "--name", "my.registry"],
    ["setup", "--host", "git.example"],
    ["setup", "git"],
  ])
    test(words.join(" "), async () => {
      expect((await call(...words, "--yes")).code).toBe(64);
    });

  for (const [words, said] of [
    [[...GIT, "--context", "x"], "--context doesn't go with git."],
    [[...GIT, "--audience", "x"], "--audience doesn't go with git."],
    [[...GIT, "--name", "x"], "--name doesn't go with git."],
    [["setup", "terraform", "--host", "a.example"], "--host doesn't go with terraform."],
    [["setup", "terraform", "--system"], "--system doesn't go with terraform."],
    [["setup", "bazel", "--host", "a.example", "--replace"], "--replace doesn't go with bazel."],
    [["setup", "pip", "github:work"], "A connection doesn't go with pip."],
    [["setup", "vault", "-p", "work"], "--profile doesn't go with vault."],
    [["setup", "completion", "bash", "-p", "work"], "--profile doesn't go with completion."],
    [["setup", "completion", "bash", "--", "--min-ttl", "60"], "What comes after -- doesn't go with completion."],
    [["setup", "completion", "bash", "zsh"], "Which shell?"],
    [["setup", "git", "--undo", "--replace"], "--replace doesn't go with --undo."],
    [["setup", "git", "--undo", "--system"], "--system doesn't go with --undo."],
    [["setup", "git", "--undo", "--", "--min-ttl", "60"], "What comes after -- doesn't go with --undo."],
    [["setup", "git", "--check", "--dry-run"], "--dry-run doesn't go with --check."],
    [["setup", "--check", "--context", "x"], "--context doesn't go with --check."],
    [["setup", "--dry-run"], "Set up what?"],
    [["setup", "-p", "work"], "Set up what?"],
  ] as const)
    test(`${words.join(" ")}: ${said}`, async () => {
      const ended = await call(...words);
      expect([ended.code, ended.stderr]).toEqual([64, expect.stringContaining(said)]);
    });
});

test.skipIf(lacking("git"))("a home with spaces and quotes in its name: git runs what was set up", async () => {
  const { call, env, home } = makeHome("my home's \"#; here");
  await paste(env, "github:work", "a-token");
  expect(await call("setup", "git", "github:work", "--host", "github.com", "--yes")).toMatchObject({ code: 0 });
  const fill = ["git", "credential", "fill"];
  const stdin = "protocol=https\nhost=github.com\n\n";
  const { stdout } = await run(fill, { env: { ...env, GIT_TERMINAL_PROMPT: "0" }, cwd: home, stdin });
  expect(stdout).toContain("password=a-token\n");
});

test("what is recorded is for its owner alone, and one that is damaged is refused", async () => {
  const { call, home, config } = makeHome();
  await call(...GIT, "--yes");
  const record = join(home, "auth", "setup", "record.json");
  expect(statSync(record).mode & 0o777).toBe(0o600);
  writeFileSync(record, "{");
  const before = readFileSync(config, "utf8");
  for (const words of [["setup"], [...GIT, "--yes"], ["setup", "--undo", "--yes"], ["setup", "--check"]])
    expect(await call(...words)).toMatchObject({ code: 1, stderr: expect.stringContaining(record) });
  expect(readFileSync(config, "utf8")).toBe(before);
});

test("a program of the link's name that isn't auth's is left alone, also with --replace", async () => {
  const { call, home } = makeHome();
  const other = join(home, ".local", "bin", "docker-credential-auth");
  writeFileSync(other, "#!/bin/sh\necho mine\n");
  chmodSync(other, 0o755);
  const refused = await call("setup", "docker", "--host", "r.example", "--yes", "--replace");
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining(other) });
  expect(readFileSync(other, "utf8")).toContain("mine");
  expect(existsSync(join(home, ".docker"))).toBe(false);
});

test("two tools share a link: it goes with the last of them", async () => {
  const { call, home } = makeHome();
  const link = join(home, ".local", "bin", "docker-credential-auth");
  for (const tool of ["docker", "podman"])
    expect(await call("setup", tool, "--host", "r.example", "--yes")).toMatchObject({ code: 0 });
  await call("setup", "docker", "--undo", "--yes");
  expect(existsSync(link)).toBe(true);
  expect(await call("setup", "podman", "--check")).toMatchObject({ code: 0 });
  await call("setup", "podman", "--undo", "--yes");
  expect(existsSync(link)).toBe(false);
});

test("several at once: each is done and recorded, or says that another is under way", async () => {
  const { call, config } = makeHome();
  const hosts = Array.from({ length: 6 }, (_, number) => `host-${number}.example`);
  const ended = await Promise.all(hosts.map((host) => call("setup", "git", "--host", host, "--yes")));
  const done = hosts.filter((_, number) => ended[number]?.code === 0);
  expect(done.length).toBeGreaterThan(0);
  for (const { code, stderr } of ended)
    if (code !== 0) expect(stderr).toMatch(/is under way|changed by another program meanwhile/);
  const { ok, setups } = JSON.parse((await call("setup", "--check", "--json")).stdout);
  expect([ok, setups.map(({ name }: { name: string }) => name).sort()]).toEqual([
    true,
    done.map((host) => `https://${host}`).sort(),
  ]);
  for (const host of done) expect(readFileSync(config, "utf8")).toContain(host);
  await call("setup", "--undo", "--yes");
  expect(existsSync(config)).toBe(false);
});

test("Tab offers the tools", async () => {
  const { call } = makeHome();
  expect((await call("__complete", "2", "setup", "terra")).stdout).toContain("terraform");
});

test.skipIf(lacking("root"))("for all users: git's file of the machine, and nothing of the user's", async () => {
  const { home, env, program, config } = makeHome();
  rmSync(program);
  copyFileSync(AUTH, program, constants.COPYFILE_FICLONE);
  chownSync(program, 0, 0);
  chmodSync(dirname(home), 0o755);
  const system = join(home, "etc", "git", "gitconfig");
  // What is for all users can be read by them where root's own files can't.
  const call = (...args: string[]): Promise<Ended> =>
    run(["sh", "-c", 'umask 077; exec "$0" "$@"', program, ...args], {
      env: { ...env, GIT_CONFIG_SYSTEM: system },
      cwd: home,
    });
  expect(await call(...GIT, "--system", "--yes")).toMatchObject({ code: 0 });
  const modes = [system, dirname(system), dirname(dirname(system))].map((path) => statSync(path).mode & 0o777);
  expect(modes).toEqual([0o644, 0o755, 0o755]);
  expect(existsSync(config)).toBe(false);
  expect(await call("setup", "git", "--undo", "--yes")).toMatchObject({ code: 0 });
  expect(existsSync(join(home, "etc"))).toBe(false);
});

test.skipIf(lacking("root"))("for all users, a program that a user could exchange is refused", async () => {
  const { home, env, program } = makeHome();
  rmSync(program);
  copyFileSync(AUTH, program, constants.COPYFILE_FICLONE);
  chmodSync(dirname(home), 0o755);
  const system = join(home, "etc", "gitconfig");
  const bin = dirname(program);
  for (const [change, back, at] of [
    [() => chownSync(bin, 12345, 0), () => chownSync(bin, 0, 0), bin],
    [() => chownSync(program, 12345, 0), () => chownSync(program, 0, 0), program],
    [() => chmodSync(home, 0o775), () => chmodSync(home, 0o755), home],
  ] as const) {
    change();
    const refused = await run([program, ...GIT, "--system", "--yes"], { env: { ...env, GIT_CONFIG_SYSTEM: system } });
    back();
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining(`${at} `)]);
    expect(refused.stderr).toContain("Every user, root too, would run");
    expect(existsSync(system)).toBe(false);
  }
});

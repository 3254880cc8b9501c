/** `auth import`, on the built binary: what is told before anything is taken, what is copied, and what stays where. */
import { describe, expect, test } from "bun:test";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { FIXTURES, type Fixture, writeFixture } from "../import/fixtures.ts";
import { errorOf } from "../support/logged-in.ts";
import { lacking } from "../support/needs.ts";
import { AUTH, auth, bareEnvironment, type Ended, onTerminal, run, tempFolder } from "../support/program.ts";

interface Home {
  readonly env: Record<string, string>;
  readonly home: string;
  call(...args: readonly string[]): Promise<Ended>;
}

async function homeWith(...ids: readonly string[]): Promise<Home> {
  const home = tempFolder();
  for (const id of ids) await writeFixture(home, FIXTURES[id] as Fixture);
  const env = bareEnvironment({ HOME: home });
  return { env, home, call: (...args) => auth(args, { env, cwd: home }) };
}

/** The copies of files that an import made. */
function backupsOf({ home }: Home): string[] {
  const folder = join(home, "auth", "backups");
  return existsSync(folder) ? readdirSync(folder) : [];
}

function filesIn({ home }: Home): string[] {
  const entries = readdirSync(home, { withFileTypes: true });
  return entries.flatMap((entry) => (entry.isFile() ? [entry.name] : [])).sort();
}

const ALL = Object.keys(FIXTURES);
const SECRETS = Object.values(FIXTURES).flatMap(({ secrets }) => secrets);

async function connections(home: Home): Promise<string[]> {
  return JSON.parse((await home.call("list", "--json")).stdout).map((one: { connection: string }) => one.connection);
}

describe("auth import alone", () => {
  test("lists places, accounts and kinds of every source, and no value", async () => {
    const home = await homeWith(...ALL);
    const { code, stdout, stderr } = await home.call("import", "--json");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const { found, refused } = JSON.parse(stdout);
    expect(refused).toEqual([]);
    expect([...new Set(found.map((one: { source: string }) => one.source))].sort()).toEqual(ALL.sort());
    expect(found[0]).toEqual({
      source: "gh",
      account: "octocat",
      host: null,
      variable: null,
      kind: "access token",
      refreshable: false,
      expiresAt: null,
      connection: "github:octocat",
      action: "copy",
      moves: false,
      reason: null,
      place: join(home.home, ".config/gh/hosts.yml"),
    });
    const text = await home.call("import");
    expect(text.stdout).toMatch(/^SOURCE/);
    expect(text.stdout).toContain("entra:ada@contoso.example");
    for (const secret of SECRETS) expect(stdout + text.stdout + text.stderr).not.toContain(secret);
  });

  test("takes nothing, makes no vault and changes no file", async () => {
    const home = await homeWith(...ALL);
    const before = everythingIn(home.home);
    await home.call("import");
    expect(everythingIn(home.home)).toEqual(before);
    expect(existsSync(join(home.home, "auth", "vault.db"))).toBe(false);
  });

  test("names what it refused to read, and goes on", async () => {
    const home = await homeWith("gh", "npmrc");
    chmodSync(join(home.home, ".npmrc"), 0o666);
    const { code, stdout, stderr } = await home.call("import");
    expect(code).toBe(0);
    expect(stdout).toContain("github:octocat");
    expect(stderr).toContain("Other users of this machine can write to");
    const json = JSON.parse((await home.call("import", "--json")).stdout);
    expect(json.refused).toEqual([
      {
        source: "npmrc",
        place: join(home.home, ".npmrc"),
        reason: expect.any(String),
        hint: expect.stringContaining("chmod"),
      },
    ]);
  });

  test("says so where there is nothing", async () => {
    const { code, stdout, stderr } = await (await homeWith()).call("import");
    expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
    expect(stderr).toContain("No other program's login was found.");
  });

  test("shows an account's name without what steers a terminal", async () => {
    const home = await homeWith();
    mkdirSync(join(home.home, ".config/gh"), { recursive: true });
    writeFileSync(
      join(home.home, ".config/gh/hosts.yml"),
      'github.com:\n  user: "a\\e[31m\\u202eb"\n  oauth_token: gho_hostile0123456789abcdefABCDEF00000\n',
    );
    const { stdout, stderr } = await home.call("import");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    expect(stdout + stderr).not.toMatch(/[\x00-\x08\x0b-\x1f\u202e]/);
    expect((await home.call("import", "gh", "--yes", "--no-verify")).code).toBe(0);
    expect(await connections(home)).toEqual(["github:a-31m-b"]);
  });
});

describe("auth import <source>", () => {
  test("tells what would be taken, and takes nothing without a yes", async () => {
    const home = await homeWith("netrc");
    const { code, stderr } = await home.call("import", "netrc");
    expect(code).toBe(64);
    expect(stderr).toContain("is copied to github:octocat");
    expect(stderr).toContain("auth import netrc github:octocat apikey:files.example --yes");
    expect(await connections(home)).toEqual([]);
    expect(errorOf(await home.call("import", "netrc", "--json"))).toMatchObject({ code: "usage", exitCode: 64 });
  });

  for (const [key, taken] of [
    ["y", true],
    ["n", false],
  ] as const)
    test(`asks on a terminal: '${key}'`, async () => {
      const home = await homeWith("npmrc");
      const terminal = onTerminal([AUTH, "import", "npmrc", "--no-verify"], { env: home.env, cwd: home.home });
      await terminal.waitFor("Copy these?");
      terminal.type(key);
      expect((await terminal.ended).code).toBe(taken ? 0 : 7);
      expect(await connections(home)).toEqual(taken ? ["apikey:npm.example", "npm:default"] : []);
    });

  test("copies what may be shared, leaves the file alone, and the token works here", async () => {
    const home = await homeWith("npmrc");
    const file = join(home.home, ".npmrc");
    const before = readFileSync(file, "utf8");
    const { code, stdout } = await home.call("import", "npmrc", "--yes", "--no-verify", "--json");
    expect(code).toBe(0);
    const events = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(events).toEqual([
      {
        event: "imported",
        connection: "npm:default",
        source: "npmrc",
        place: file,
        kind: "key",
        moved: false,
        backup: null,
        refreshed: false,
      },
      expect.objectContaining({ event: "imported", connection: "apikey:npm.example" }),
      expect.objectContaining({ event: "left", source: "npmrc", action: "leave" }),
      expect.objectContaining({ event: "left", source: "npmrc", action: "leave" }),
    ]);
    expect(readFileSync(file, "utf8")).toBe(before);
    expect((await home.call("token", "npm")).stdout).toBe("npm_fixture0123456789abcdefghijABCDEF\n");
    expect((await home.call("log", "--event", "import", "--json")).stdout).toContain('"connection":"npm:default"');
  });

  test("a second time is no error, and adds nothing", async () => {
    const home = await homeWith("env");
    await home.call("import", "env", "--yes", "--no-verify");
    const before = await connections(home);
    expect(before).toEqual(["apikey:some-token", "openai:default", "sentry:default"]);
    const { code, stderr } = await home.call("import", "env");
    expect(code).toBe(0);
    expect(stderr).toContain("is here already: openai:default");
    expect(await connections(home)).toEqual(before);
  });

  test("a key of a variable goes to programs under that variable again", async () => {
    const home = await homeWith("env");
    await home.call("import", "env", "--yes", "--no-verify");
    const { stdout } = await home.call(
      "run",
      "apikey:some-token",
      "openai",
      "--",
      "sh",
      "-c",
      "echo $SOME_TOKEN/$OPENAI_API_KEY",
    );
    expect(stdout).toBe("with spaces/sk-dotenv-fixture-0123456789\n");
  });

  test("a variable that names another host doesn't lead a file's token there", async () => {
    const home = await homeWith("netrc", "env");
    const env = { ...home.env, GH_HOST: "elsewhere.example", SENTRY_URL: "https://elsewhere.example" };
    for (const source of ["netrc", "env"])
      expect((await auth(["import", source, "--yes", "--no-verify"], { env, cwd: home.home })).code).toBe(0);
    const hosts = JSON.parse((await home.call("list", "--json")).stdout).map(
      (one: { host: string | null }) => one.host,
    );
    expect(hosts).toContain("github.com");
    expect(hosts).toContain("sentry.io");
    expect(hosts).not.toContain("elsewhere.example");
  });

  test("takes only what becomes the connections that are named", async () => {
    const home = await homeWith("gh");
    expect((await home.call("import", "gh", "github:hubot", "--yes", "--no-verify")).code).toBe(0);
    expect(await connections(home)).toEqual(["github:hubot"]);
    expect(errorOf(await home.call("import", "gh", "github:nobody", "--yes", "--json"))).toMatchObject({
      code: "connection_not_found",
    });
  });

  test("the command that takes what is listed has all that was given", async () => {
    const home = await homeWith("gh");
    const given = ["--client-id", "an id", "--force", "--no-verify"];
    const flags = "--client-id 'an id' --force --no-verify --yes";
    const named = await home.call("import", "gh", "github:hubot", "-p", "work", ...given);
    expect(named.stderr).toContain(`auth import gh github:hubot -p work ${flags}`);
    const file = join(tempFolder(), "my netrc");
    writeFileSync(file, "machine files.example login me password a-key\n", { mode: 0o600 });
    const other = await home.call("import", "netrc", "--file", file, ...given);
    expect(other.stderr).toContain(`auth import netrc apikey:files.example --file '${file}' ${flags}`);
  });

  test("keeps it under another name with -p, one at a time", async () => {
    const home = await homeWith("gh");
    const all = await home.call("import", "gh", "-p", "work", "--yes", "--no-verify");
    expect({ code: all.code, stderr: all.stderr }).toEqual({
      code: 64,
      stderr: expect.stringContaining("auth import gh github:octocat -p NAME"),
    });
    expect((await home.call("import", "gh", "github:hubot", "-p", "work", "--yes", "--no-verify")).code).toBe(0);
    expect((await home.call("token", "-p", "work")).stdout).toContain("gho_hubot");
    expect(await connections(home)).toEqual(["github:work"]);
  });

  test("what is here under that name stays, unless --force", async () => {
    const home = await homeWith("npmrc");
    await auth(["login", "npm", "--token", "-", "--no-verify"], {
      env: home.env,
      stdin: "npm_mine0123456789abcdefghijABCDEFGH",
    });
    const { stderr } = await home.call("import", "npmrc", "--yes", "--no-verify");
    expect(stderr).not.toContain("npm:default holds another");
    expect((await home.call("get", "npm:default", "--field", "accessToken", "--show-secret")).stdout).toContain(
      "npm_mine",
    );
    expect(await connections(home)).toEqual(["apikey:npm.example", "npm:default", "npm:npmrc"]);
  });

  for (const [source, file, text, names] of [
    [
      "netrc",
      ".netrc",
      "machine dup.example login ada password one-of-two\nmachine dup.example login bob password two-of-two\n",
      ["apikey:dup.example", "apikey:bob@dup.example"],
    ],
    [
      "npmrc",
      ".npmrc",
      "//dup.example/team/:_authToken=one-of-two\n//dup.example/other/:_authToken=two-of-two\n",
      ["apikey:dup.example", "apikey:dup.example/other"],
    ],
  ] as const)
    test(`${source}: two keys for one host have names of their own, and either can be taken alone`, async () => {
      const home = await homeWith();
      writeFileSync(join(home.home, file), text, { mode: 0o600 });
      const listed = JSON.parse((await home.call("import", "--json")).stdout).found;
      expect(listed.map((one: { connection: string }) => one.connection)).toEqual([...names]);
      const [first, second] = names;
      const both = await home.call("import", source, "-p", "two", "--yes");
      expect({ code: both.code, stderr: both.stderr }).toEqual({ code: 64, stderr: expect.stringContaining(first) });
      expect((await home.call("import", source, second, "-p", "two", "--yes")).code).toBe(0);
      expect((await home.call("token", "apikey:two")).stdout).toBe("two-of-two\n");
      expect((await home.call("import", source, "--yes")).code).toBe(0);
      expect(await connections(home)).toEqual([first, "apikey:two"]);
    });

  test("the second of two for one host isn't kept from its name by the first, which is here already", async () => {
    const home = await homeWith();
    const [one, two] = ["ada password one-of-two", "bob password two-of-two"];
    const file = join(home.home, ".netrc");
    writeFileSync(file, `machine dup.example login ${one}\n`, { mode: 0o600 });
    await home.call("import", "netrc", "--yes");
    writeFileSync(file, `machine dup.example login ${two}\nmachine dup.example login ${one}\n`);
    expect((await home.call("import", "netrc", "--force", "--yes")).code).toBe(0);
    expect((await home.call("token", "apikey:dup.example")).stdout).toBe("one-of-two\n");
    expect((await home.call("token", "apikey:bob@dup.example")).stdout).toBe("two-of-two\n");
  });

  test("a source that isn't one, and flags without a source, are usage errors", async () => {
    const home = await homeWith();
    for (const args of [
      ["import", "gcluod"],
      ["import", "--move"],
      ["import", "--file", "x"],
      ["import", "gh", "--nope"],
    ])
      expect((await home.call(...args)).code).toBe(64);
    expect((await home.call("import", "gcluod")).stderr).toContain("Did you mean 'gcloud'?");
  });

  test("a file that is there and holds nothing: 2, and it is named", async () => {
    const home = await homeWith();
    const file = join(home.home, ".npmrc");
    writeFileSync(file, "fund=false\n");
    const { code, stderr } = await home.call("import", "npmrc");
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(`Looked into: ${file}`) });
  });

  test("each of several that are refused is named", async () => {
    const home = await homeWith();
    writeFileSync(join(home.home, ".env"), "A_TOKEN=zero\u200bwidth\nB_TOKEN=also\u200bthis\n");
    const { code, stderr } = await home.call("import", "env", "--yes");
    expect(code).toBe(7);
    expect(stderr).toContain("apikey:a-token: ");
    expect(stderr).toContain("apikey:b-token: ");
  });

  test("a key for a provider's API is that provider's", async () => {
    const home = await homeWith();
    const text = "machine api.github.com login octocat password ghp_api0123456789abcdefghijABCDEFGHI\n";
    writeFileSync(join(home.home, ".netrc"), text, { mode: 0o600 });
    await home.call("import", "netrc", "--yes", "--no-verify");
    expect(await connections(home)).toEqual(["github:octocat"]);
  });

  test("nothing there: 2, with the places that were looked at", async () => {
    const home = await homeWith();
    const { code, stderr } = await home.call("import", "gh");
    expect(code).toBe(2);
    expect(stderr).toContain(join(home.home, ".config/gh/hosts.yml"));
  });
});

describe("a program that keeps its token in the keychain is asked itself", () => {
  /** gh prints a token of the environment before its own. */
  const GH =
    '#!/bin/sh\n[ -n "$GH_TOKEN$GITHUB_TOKEN" ] && { echo environment; exit; }\necho "gho_keychain_$*" | tr " " _\n';

  test("without the environment's tokens, and only once it is taken", async () => {
    const home = await homeWith();
    const bin = join(home.home, "bin");
    mkdirSync(bin);
    writeFileSync(join(bin, "gh"), GH, { mode: 0o755 });
    mkdirSync(join(home.home, ".config/gh"), { recursive: true });
    writeFileSync(join(home.home, ".config/gh/hosts.yml"), "github.com:\n    users:\n        ada:\n    user: ada\n", {
      mode: 0o600,
    });
    const env = { ...home.env, PATH: `${bin}:${home.env.PATH}`, GH_TOKEN: "gho_environment0123456789abcdefABCDEF0" };
    expect((await auth(["import"], { env, cwd: home.home })).stdout).toContain("github:ada");
    const { code, stderr } = await auth(["import", "gh", "--move", "--yes", "--no-verify"], { env, cwd: home.home });
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringContaining("gh auth logout --hostname github.com"),
    });
    const { stdout } = await auth(["token", "github:ada"], { env });
    expect(stdout).toBe("gho_keychain_auth_token_--hostname_github.com_--user_ada\n");
  });
});

test("a user's name in gh's file is one argument of gh's, whatever is in it", async () => {
  const home = await homeWith();
  const bin = join(home.home, "bin");
  mkdirSync(bin);
  const program =
    '#!/bin/sh\nfor last; do :; done\n[ "$#-$last" = "6-a --hostname evil.example" ] && echo gho_one-argument\n';
  writeFileSync(join(bin, "gh"), program, { mode: 0o755 });
  mkdirSync(join(home.home, ".config/gh"), { recursive: true });
  const hosts = 'github.com:\n    users:\n        "a --hostname evil.example":\n';
  writeFileSync(join(home.home, ".config/gh/hosts.yml"), hosts, { mode: 0o600 });
  const env = { ...home.env, PATH: `${bin}:${home.env.PATH}` };
  const { code, stderr } = await auth(["import", "gh", "--yes", "--no-verify"], { env, cwd: home.home });
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining("copied") });
  const [name = ""] = await connections(home);
  expect((await auth(["token", name], { env })).stdout).toBe("gho_one-argument\n");
});

test.skipIf(lacking("root", "setpriv"))(
  "a key of authsome's that can't be read refuses authsome's store alone",
  async () => {
    const home = await homeWith("authsome", "npmrc");
    chmodSync(join(home.home, ".authsome/server/master.key"), 0o000);
    const program = join(tempFolder(), "auth");
    copyFileSync(AUTH, program);
    for (const path of [home.home, program, join(program, "..")]) await run(["chown", "-R", "65534:65534", path]);
    const as = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
    const { code, stdout } = await run([...as, program, "import", "--json"], { env: home.env, cwd: home.home });
    expect(code).toBe(0);
    const { found, refused } = JSON.parse(stdout);
    expect(found.map((one: { source: string }) => one.source)).toContain("npmrc");
    expect(refused).toEqual([
      expect.objectContaining({ source: "authsome", reason: expect.stringContaining("master.key can't be read") }),
    ]);
  },
);

describe("--move", () => {
  test("takes it out of its place, with a backup for the owner alone, and says where that is", async () => {
    const home = await homeWith("npmrc");
    const file = join(home.home, ".npmrc");
    const before = readFileSync(file, "utf8");
    const { code, stderr } = await home.call("import", "npmrc", "--move", "--yes", "--no-verify");
    expect(code).toBe(0);
    const [backup = "", ...others] = backupsOf(home).map((name) => join(home.home, "auth", "backups", name));
    expect(others).toEqual([]);
    expect(backup).toEndWith("-.npmrc");
    expect(stderr).toContain(backup);
    expect(statSync(backup).mode & 0o777).toBe(0o600);
    expect(readFileSync(backup, "utf8")).toBe(before);
    expect(readFileSync(file, "utf8")).toBe(
      // biome-ignore lint/suspicious/noTemplateCurlyInString: npm's own
      "registry=https://registry.npmjs.org/\n//env.example/:_authToken=${NPM_TOKEN}\n//basic.example/:_auth=YWRhOnBhc3N3b3Jk\n",
    );
    expect(filesIn(home)).toEqual([".npmrc"]);
  });

  test("nothing with a secret is left in a project, where git would pick it up", async () => {
    const home = await homeWith("env");
    writeFileSync(join(home.home, ".gitignore"), ".env\n");
    await home.call("import", "env", "--move", "--yes", "--no-verify");
    expect(filesIn(home)).toEqual([".env", ".gitignore"]);
    expect(backupsOf(home).length).toBe(1);
  });

  test("what was logged out while it was asked isn't removed from its old place: it is the only copy", async () => {
    const home = await homeWith("npmrc");
    await home.call("import", "npmrc", "--yes", "--no-verify");
    const file = join(home.home, ".npmrc");
    const before = readFileSync(file, "utf8");
    const args = ["import", "npmrc", "npm:default", "--move", "--no-verify"];
    const terminal = onTerminal([AUTH, ...args], { env: home.env, cwd: home.home });
    await terminal.waitFor("take them out");
    await home.call("logout", "npm:default", "--yes");
    terminal.type("y");
    expect((await terminal.ended).code).toBe(1);
    expect(terminal.screen()).toContain("doesn't hold it any more");
    expect(readFileSync(file, "utf8")).toBe(before);
    expect(backupsOf(home)).toEqual([]);
  });

  test("what was stored under that name while it was asked is kept", async () => {
    const home = await homeWith("npmrc");
    const before = readFileSync(join(home.home, ".npmrc"), "utf8");
    const args = ["import", "npmrc", "npm:default", "--move", "--no-verify"];
    const terminal = onTerminal([AUTH, ...args], { env: home.env, cwd: home.home });
    await terminal.waitFor("take them out");
    const mine = "npm_mine0123456789abcdefghijABCDEFGH";
    await auth(["login", "npm", "--token", "-", "--no-verify"], { env: home.env, stdin: mine });
    terminal.type("y");
    expect((await terminal.ended).code).toBe(5);
    expect((await home.call("token", "npm")).stdout).toBe(`${mine}\n`);
    expect(readFileSync(join(home.home, ".npmrc"), "utf8")).toBe(before);
  });

  test("what fails once the file was changed names the copy of it, each time", async () => {
    const home = await homeWith();
    const file = join(home.home, ".netrc");
    const hosts = ["one", "two", "three"];
    const lines = hosts.map((name) => `machine ${name}.example login me password key-${name}\n`);
    writeFileSync(file, lines.join(""), { mode: 0o600 });
    const terminal = onTerminal([AUTH, "import", "netrc", "--move"], { env: home.env, cwd: home.home, columns: 400 });
    await terminal.waitFor("take them out");
    for (const name of ["two", "three"])
      await auth(["login", `apikey:${name}.example`, "--token", "-"], { env: home.env, stdin: "mine" });
    terminal.type("y");
    expect((await terminal.ended).code).toBe(5);
    const [copy = "", ...others] = backupsOf(home);
    expect(others).toEqual([]);
    expect(readFileSync(join(home.home, "auth", "backups", copy), "utf8")).toBe(lines.join(""));
    // Once where it was moved, and once with each of the errors.
    expect(terminal.screen().split(copy)).toHaveLength(4);
  });

  test("a file with a second name is left as it is, and nothing is stored", async () => {
    const home = await homeWith("npmrc");
    const file = join(home.home, ".npmrc");
    linkSync(file, join(home.home, "second"));
    const before = readFileSync(file, "utf8");
    const { code, stderr } = await home.call("import", "npmrc", "--move", "--yes", "--no-verify");
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining("has a second name") });
    expect(readFileSync(file, "utf8")).toBe(before);
    expect(await connections(home)).toEqual([]);
    expect(filesIn(home)).toEqual([".npmrc", "second"]);
    expect(backupsOf(home)).toEqual([]);
  });

  test.skipIf(lacking("mounts"))(
    "what --force would have replaced stays where the file is mounted by itself",
    async () => {
      const home = await homeWith("npmrc");
      const mine = "npm_mine0123456789abcdefghijABCDEFGH";
      await auth(["login", "npm", "--token", "-", "--no-verify"], { env: home.env, stdin: mine });
      const file = join(home.home, ".npmrc");
      const before = readFileSync(file, "utf8");
      // The name of the default, as the profile of a login that is there.
      const words = [
        AUTH,
        "import",
        "npmrc",
        "npm:npmrc",
        "-p",
        "default",
        "--move",
        "--force",
        "--yes",
        "--no-verify",
      ];
      const script = 'mount --bind "$1" "$1" && shift && exec "$@"';
      const command = ["unshare", "--mount", "sh", "-c", script, "sh", file, ...words];
      const { code, stderr } = await run(command, { env: home.env, cwd: home.home });
      expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining("mounted by itself") });
      expect((await home.call("token", "npm")).stdout).toBe(`${mine}\n`);
      expect(readFileSync(file, "utf8")).toBe(before);
      expect({ files: filesIn(home), backups: backupsOf(home) }).toEqual({ files: [".npmrc"], backups: [] });
    },
  );

  test("what was copied before is taken out of its place by a later --move", async () => {
    const home = await homeWith("npmrc");
    await home.call("import", "npmrc", "--yes", "--no-verify");
    const { code, stderr } = await home.call("import", "npmrc", "--move", "--yes");
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining("its old copy is gone") });
    expect(readFileSync(join(home.home, ".npmrc"), "utf8")).not.toContain("npm_fixture");
    expect((await home.call("token", "npm")).stdout).toContain("npm_fixture");
  });
});

test.skipIf(lacking("gh"))(
  "the real gh: what it wrote is found and copied; after --move it has no token, and ours is the one it had",
  async () => {
    const home = await homeWith();
    const token = "gho_REAL0123456789abcdefghijABCDEF000000";
    const gh = (...args: readonly string[]): Promise<Ended> => run(["gh", ...args], { env: home.env });
    await gh("config", "set", "-h", "github.com", "oauth_token", token);
    await gh("config", "set", "-h", "github.com", "user", "octocat");
    expect((await gh("auth", "token")).stdout).toBe(`${token}\n`);
    expect((await home.call("import", "gh", "--yes", "--no-verify")).code).toBe(0);
    expect((await home.call("token", "github:octocat")).stdout).toBe(`${token}\n`);
    expect((await home.call("import", "gh", "--move", "--yes")).code).toBe(0);
    const { code, stdout } = await gh("auth", "token");
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect((await home.call("run", "github:octocat", "--", "gh", "auth", "token")).stdout).toBe(`${token}\n`);
  },
);

test("the real npm: what it wrote is found and moved, and npm reads the rest as before", async () => {
  const home = await homeWith();
  const npm = (...args: readonly string[]): Promise<Ended> => run(["npm", ...args], { env: home.env, cwd: home.home });
  await npm("config", "set", "//registry.npmjs.org/:_authToken", "npm_REAL0123456789abcdefghijABCDEF000", "fund=false");
  expect((await home.call("import", "npmrc", "--move", "--yes", "--no-verify")).code).toBe(0);
  expect((await home.call("token", "npm")).stdout).toBe("npm_REAL0123456789abcdefghijABCDEF000\n");
  expect((await npm("config", "get", "fund")).stdout).toBe("false\n");
  expect(readFileSync(join(home.home, ".npmrc"), "utf8")).not.toContain("_authToken");
});

test("the real git: the password that it reads from .netrc is the one that is found", async () => {
  const home = await homeWith();
  let seen: string | null = null;
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: (request) => {
      seen = request.headers.get("authorization") ?? seen;
      return new Response("", { status: 401, headers: { "www-authenticate": 'Basic realm="git"' } });
    },
  });
  try {
    const login = 'login ada password "quoted \\"word\\""';
    writeFileSync(join(home.home, ".netrc"), `machine 127.0.0.1 ${login}\n`, { mode: 0o600 });
    const url = `http://127.0.0.1:${server.port}/x.git`;
    await run(["git", "ls-remote", url], { env: { ...home.env, GIT_TERMINAL_PROMPT: "0" } });
    const password = Buffer.from(String(seen).replace("Basic ", ""), "base64").toString().replace("ada:", "");
    await home.call("import", "netrc", "--yes");
    expect(`${password}\n`).toBe(
      (await home.call("get", "apikey:127.0.0.1", "--field", "accessToken", "--show-secret")).stdout,
    );
  } finally {
    await server.stop(true);
  }
});

test("docs/coming-from.md has a row for every source, and what it says to type is a command of this one", async () => {
  const page = await Bun.file(new URL("../../docs/coming-from.md", import.meta.url)).text();
  const rows = [...page.matchAll(/^\| ([\w-]+) \| .+ \| `auth (import [^`]+)` \| .+ \|$/gm)].map(([, id, words]) => [
    id,
    words,
  ]);
  expect(rows.map(([id]) => id).sort()).toEqual(ALL.sort());
  const home = await homeWith(...ALL);
  for (const [id = "", words = ""] of rows) {
    const { code, stderr } = await home.call(...words.split(" "), "--json");
    // What it takes isn't taken before a yes.
    expect({ id, code, stderr }).toEqual({ id, code: 64, stderr: expect.stringContaining("--yes") });
  }
});

/** Every file below a folder, and its text. */
function everythingIn(folder: string): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) =>
    statSync(join(folder, name)).isFile(),
  );
  return Object.fromEntries(names.sort().map((name) => [name, readFileSync(join(folder, name), "latin1")]));
}

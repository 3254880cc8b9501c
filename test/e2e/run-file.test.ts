/** `auth run --env-file` and `--format`, `auth allow`: what a file and a template may do (CLI.md §4, RULES.md §5). */
import { beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, chownSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { paste, succeeded } from "../support/home.ts";
import { errorOf } from "../support/logged-in.ts";
import { lacking } from "../support/needs.ts";
import { AUTH, auth, bareEnvironment, type Ended, onTerminal, tempFolder } from "../support/program.ts";

const env = bareEnvironment();
const call = (args: readonly string[], more: Record<string, string> = {}): Promise<Ended> =>
  auth(args, { env: { ...env, ...more } });
beforeAll(async () => {
  await paste(env, "github", "hub-token");
  await paste(env, "sentry:work", "sentry-token");
});

function fileOf(text: string | Uint8Array, mode = 0o600): string {
  const path = join(tempFolder(), "some.env");
  writeFileSync(path, text, { mode });
  return path;
}

async function allowed(text: string): Promise<string> {
  const path = fileOf(text);
  await succeeded(call(["allow", path, "--yes"]));
  return path;
}

const inside = async (path: string, ...args: string[]): Promise<Record<string, string>> => {
  const { stdout } = await succeeded(call(["run", "--env-file", path, ...args, "--", "env", "-0"]));
  return Object.fromEntries(stdout.split("\0").map((entry) => entry.split(/=(.*)/s).slice(0, 2)));
};

describe("--env-file", () => {
  test("hands over the token for a reference, and sets the rest as it is", async () => {
    const path = await allowed(
      "# who\nHUB_TOKEN=auth://github/token\nexport WORK_KEY='auth://sentry:work/token'\n\nPORT=3000 # here\nURL=\"a b\"\n",
    );
    expect(await inside(path)).toMatchObject({
      ...{ HUB_TOKEN: "hub-token", WORK_KEY: "sentry-token", PORT: "3000", URL: "a b" },
    });
  });

  test("nothing else is handed over, unless it is named beside it", async () => {
    const path = await allowed("HUB_TOKEN=auth://github/token\n");
    expect(await inside(path)).not.toHaveProperty("SENTRY_AUTH_TOKEN");
    expect(await inside(path, "sentry:work")).toMatchObject({
      ...{ SENTRY_AUTH_TOKEN: "sentry-token", HUB_TOKEN: "hub-token" },
    });
  });

  test("a comment begins after white space: any other # is the value's", async () => {
    const path = await allowed(
      "# it's\nA=abc#def\nB=abc#d'ef # one\nC=' #c'\nD=\"x\n#y\"\nE= a b#c\t#d#e\nexport F=# all\nG=1\nT=auth://github/token\n",
    );
    expect(await inside(path)).toMatchObject({
      ...{ A: "abc#def", B: "abc#d'ef", C: " #c", D: "x\n#y", E: "a b#c", F: "", G: "1" },
    });
  });

  test("a value over several lines is one; a token that follows it is found", async () => {
    const path = await allowed('PEM="-----BEGIN-----\nnot=a variable\n-----END-----"\nHUB_TOKEN=auth://github/token\n');
    expect(await inside(path)).toMatchObject({
      PEM: "-----BEGIN-----\nnot=a variable\n-----END-----",
      HUB_TOKEN: "hub-token",
    });
  });

  test("a connection that isn't there: 125, and the command doesn't start", async () => {
    const path = await allowed("X_TOKEN=auth://github:gone/token\n");
    const ended = await call(["run", "--env-file", path, "--json", "--", "echo", "started"]);
    expect([ended.code, ended.stdout]).toEqual([125, ""]);
    expect(errorOf(ended)).toMatchObject({ code: "connection_not_found", connection: "github:gone" });
  });

  test("a file without a reference: 125, unless --allow-none", async () => {
    const path = await allowed("PORT=1\n");
    const ended = await call(["run", "--env-file", path, "--json", "--", "echo", "started"]);
    expect([ended.code, ended.stdout, errorOf(ended).code]).toEqual([125, "", "nothing_to_inject"]);
    expect((await inside(path, "--allow-none")).PORT).toBe("1");
  });

  for (const [what, text] of [
    ["a refresh token", "X_TOKEN=auth://github/refreshToken"],
    ["a field that isn't named", "X_TOKEN=auth://github"],
    ["no connection", "X_TOKEN=auth:///token"],
    ["a template", "X_TOKEN=Bearer auth://github/token"],
    ["two", "X_TOKEN=auth://github/token auth://sentry:work/token"],
    ["another path's", "X_TOKEN=auth://github/token/../../x"],
    ["what is no connection", "X_TOKEN=auth://--help/token"],
    ["a control character", "X_TOKEN=auth://git\u001bhub/token"],
    ["a name that isn't a secret's", "PAGER=auth://github/token"],
    ["a variable that loads code", "NODE_OPTIONS=auth://github/token"],
    ["a plain variable that loads code", "LD_PRELOAD=/tmp/x.so\nX_TOKEN=auth://github/token"],
    ["the path of programs", "PATH=/tmp\nX_TOKEN=auth://github/token"],
    ["one of our own", "AUTH_HOME=/tmp\nX_TOKEN=auth://github/token"],
    ["a line that sets nothing", "X_TOKEN=auth://github/token\nsource ./other.env"],
    ["garbage", "\u0001\u0002\u0003"],
    ["NUL", "X_TOKEN=auth://github/token\nY=\0"],
    ["no UTF-8", new Uint8Array([0x58, 0x3d, 0xff, 0xfe])],
    ["more than 64 KiB", `X_TOKEN=auth://github/token\n#${"x".repeat(65 * 1024)}`],
  ] as const)
    test(`attack: ${what}: 64, also for 'auth allow', and nothing of it reaches the command`, async () => {
      const path = fileOf(text);
      for (const args of [
        ["allow", path, "--yes"],
        ["run", "--env-file", path, "--", "echo", "started"],
      ]) {
        const { code, stdout, stderr } = await call(args);
        expect([code, stdout]).toEqual([64, ""]);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what must not reach the terminal
        expect(stderr).not.toMatch(/[\u0000-\u0009\u001b]/);
      }
    });

  test("attack: a link, a folder, a pipe, a file that others can write to", async () => {
    const path = fileOf("X_TOKEN=auth://github/token\n");
    const folder = tempFolder();
    symlinkSync(path, join(folder, "link"));
    mkdirSync(join(folder, "folder"));
    const pipe = join(folder, "pipe");
    Bun.spawnSync(["mkfifo", pipe]);
    const open = fileOf("X_TOKEN=auth://github/token\n");
    chmodSync(open, 0o606);
    for (const [given, code] of [
      [join(folder, "link"), "file_untrusted"],
      [open, "file_untrusted"],
      [join(folder, "folder"), "usage"],
      [pipe, "usage"],
      [join(folder, "none"), "usage"],
    ] as const) {
      const ended = await call(["allow", given, "--yes", "--json"]);
      expect({ given, code: errorOf(ended).code, exit: ended.code }).toEqual({
        given,
        code,
        exit: code === "usage" ? 64 : 9,
      });
    }
  });

  test.skipIf(lacking("root"))("attack: a file of another user", async () => {
    const path = fileOf("X_TOKEN=auth://github/token\n", 0o644);
    chownSync(path, 65534, 65534);
    const ended = await call(["run", "--env-file", path, "--json", "--", "echo", "started"]);
    expect([ended.code, ended.stdout, errorOf(ended).code]).toEqual([125, "", "file_untrusted"]);
  });
});

describe("auth allow", () => {
  test("without it, and after any change, the file is not obeyed; the hint's command makes it so", async () => {
    const path = fileOf("X_TOKEN=auth://github/token\n");
    const attempt = async (): Promise<[number | null, string, unknown]> => {
      const ended = await call(["run", "--env-file", path, "--json", "--", "printenv", "X_TOKEN"]);
      return [ended.code, ended.stdout, ended.code === 0 ? null : errorOf(ended).code];
    };
    const refused = [125, "", "file_untrusted"] as const;
    expect(await attempt()).toEqual([...refused]);
    expect((await call(["run", "--env-file", path, "--", "true"])).stderr).toContain(`auth allow ${path}\n`);
    await succeeded(call(["allow", path, "--yes"]));
    expect(await attempt()).toEqual([0, "hub-token\n", null]);
    writeFileSync(path, "X_TOKEN=auth://sentry:work/token\n");
    expect(await attempt()).toEqual([...refused]);
    await succeeded(call(["allow", path, "--yes"]));
    expect(await attempt()).toEqual([0, "sentry-token\n", null]);
    await succeeded(call(["allow", path, "--undo"]));
    expect(await attempt()).toEqual([...refused]);
  });

  test("is taken back whatever has become of the file: gone, a link, unreadable, or open to others", async () => {
    const text = "X_TOKEN=auth://github/token\n";
    const spoil: ((path: string) => void)[] = [
      (path) => rmSync(path),
      (path) => {
        rmSync(path);
        symlinkSync("/etc/passwd", path);
      },
      (path) => writeFileSync(path, "no line of it\n"),
      (path) => chmodSync(path, 0o666),
    ];
    for (const change of spoil) {
      const path = await allowed(text);
      change(path);
      await succeeded(call(["allow", path, "--undo"]));
      expect((await call(["allow", "--list"])).stdout).not.toContain(path);
      rmSync(path, { force: true });
      writeFileSync(path, text, { mode: 0o600 });
      expect((await call(["run", "--env-file", path, "--", "true"])).code).toBe(125);
    }
  });

  test("it is the file at that place: a copy elsewhere isn't", async () => {
    const text = "X_TOKEN=auth://github/token\n# once\n";
    await allowed(text);
    expect((await call(["run", "--env-file", fileOf(text), "--", "true"])).code).toBe(125);
  });

  test("asks on a terminal, names what is handed over and shows no value; a no changes nothing", async () => {
    const path = fileOf("X_TOKEN=auth://github/token\nPASSWORD=hunter2\n");
    for (const args of [
      ["allow", path],
      ["run", "--env-file", path, "--", "echo", "started"],
    ]) {
      const terminal = onTerminal([AUTH, ...args], { env });
      await terminal.waitFor("[y/N]");
      expect(terminal.screen()).toContain("X_TOKEN: the token of github");
      expect(terminal.screen()).not.toContain("hunter2");
      terminal.type("n");
      expect((await terminal.ended).code).not.toBe(0);
      expect(terminal.screen()).not.toContain("started");
    }
    const terminal = onTerminal([AUTH, "run", "--env-file", path, "--", "printenv", "X_TOKEN"], { env });
    await terminal.waitFor("[y/N]");
    terminal.type("y");
    expect((await terminal.ended).code).toBe(0);
    expect(terminal.screen()).toContain("hub-token");
    expect((await call(["run", "--env-file", path, "--", "true"])).code).toBe(0);
  });

  test("without a terminal, or with --json, it wants --yes", async () => {
    const path = fileOf("X_TOKEN=auth://github/token\n");
    expect((await call(["allow", path])).code).toBe(64);
    expect((await call(["allow", path, "--json"])).code).toBe(64);
    const done = await succeeded(call(["allow", path, "--yes", "--json"]));
    expect(JSON.parse(done.stdout)).toEqual({ path, allowed: true, references: { X_TOKEN: "github" } });
  });
});

describe("--format", () => {
  const shown = async (...args: string[]): Promise<string> => {
    const { stdout } = await succeeded(call(["run", ...args, "--", "sh", "-c", 'echo "$A_AUTH|$B_AUTH|$GH_TOKEN"']));
    return stdout.trim();
  };

  test("one connection: instead of its provider's names", async () => {
    expect(await shown("github", "--format", "A_AUTH=Bearer {token}")).toBe("Bearer hub-token||");
    expect(await shown("github", "--format", "A_AUTH=x:{token}", "--format", 'B_AUTH={"t":"{token}"}')).toBe(
      'x:hub-token|{"t":"hub-token"}|',
    );
    expect(await shown("-p", "work", "--format", "A_AUTH=Bearer {token}")).toBe("Bearer sentry-token||");
  });

  test("several: of the one that -c gives that name", async () => {
    const args = ["github", "-c", "sentry:work=A_AUTH", "--format", "A_AUTH=Bearer {token}"];
    expect(await shown(...args)).toBe("Bearer sentry-token||hub-token");
  });

  test("a token with a dollar sign in it stays as it is", async () => {
    await paste(env, "github:odd", "a$&b$1");
    expect(await shown("github:odd", "--format", "A_AUTH=Bearer {token}")).toBe("Bearer a$&b$1||");
  });

  test("it isn't said whose, there is no {token}, or the name is none for a secret: 64", async () => {
    for (const args of [
      ["github", "sentry:work", "--format", "A_AUTH={token}"],
      ["--format", "A_AUTH={token}"],
      ["github", "--format", "A_AUTH=Bearer"],
      ["github", "--format", "{token}"],
      ["github", "--format", "=x{token}"],
      ["github", "--format", "PAGER={token}"],
      ["github", "--format", "LD_PRELOAD={token}"],
      ["github", "--format", "A_AUTH={token}", "--format", "A_AUTH=2{token}"],
    ]) {
      const { code, stdout } = await call(["run", ...args, "--", "echo", "started"]);
      expect({ args, code, stdout }).toEqual({ args, code: 64, stdout: "" });
    }
  });
});

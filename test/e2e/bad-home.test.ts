/** Nowhere to write, or not enough room: words and an exit code, and what is stored stays readable and whole. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, chownSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { checkJson, checkText, expectComplaint } from "../support/complaint.ts";
import { type LoggedIn, loggedIn, PROVIDER } from "../support/logged-in.ts";
import { lacking } from "../support/needs.ts";
import { AUTH, auth, bareEnvironment, type Ended, run, tempFolder } from "../support/program.ts";
import { bytesUnder, filesUnder, KEYS, makeStock, PASTED, type Stock, strayFiles } from "../support/stock.ts";

let stock: Stock;
const homes: LoggedIn[] = [];
beforeAll(async () => {
  stock = await makeStock();
});
afterAll(() => Promise.all(homes.map((home) => home.stop())));

describe("without a home", () => {
  const none = { HOME: undefined, AUTH_HOME: undefined, XDG_DATA_HOME: undefined };
  const call = (args: readonly string[], env: Record<string, string> = {}, stdin = ""): Promise<Ended> =>
    run(
      ["env", "-i", ...Object.entries({ PATH: process.env.PATH, ...env }).map((pair) => pair.join("=")), AUTH, ...args],
      {
        env: none,
        stdin,
      },
    );

  for (const [name, args] of Object.entries({
    token: ["token", "sentry"],
    list: ["list"],
    login: ["login", "apikey:x", "--token", "-"],
    "vault init": ["vault", "init"],
  }))
    test(`${name} says what to set`, async () => {
      const complaint = { exit: 8, code: "vault_unwritable", says: "AUTH_HOME" };
      checkText(await call(args, {}, "sk-new-key"), complaint);
      checkJson(await call(["--json", ...args], {}, "sk-new-key"), complaint);
    });

  test("doctor says it once", async () => {
    const { stdout } = await call(["doctor", "--offline"]);
    expect(stdout.match(/There is no place for the files of auth/g) ?? []).toHaveLength(1);
  });

  test("a command that needs no home works without one", async () => {
    for (const args of [["--version"], ["--help"], ["provider", "list"], ["inspect", "-"]])
      expect((await call(args, {}, "opaque-token")).code).toBe(0);
    expect((await call(["token", "sentry"], { SENTRY_AUTH_TOKEN: "from-env" })).stdout).toBe("from-env\n");
  });

  test("a HOME that isn't there, or is no absolute path, is an error that says so", async () => {
    const args = ["login", "apikey:x", "--token", "-"];
    for (const HOME of ["/proc/nonexistent/home", "relative"]) {
      const ended = await call(args, { HOME }, "sk-new-key");
      checkText(ended, { exit: 8, code: "vault_unwritable" });
    }
    expect(existsSync("relative")).toBe(false);
  });
});

/** Runs as a user who is neither root nor the owner of anything else. */
const SOMEBODY = 54_321;
const asSomebody = ["setpriv", `--reuid=${SOMEBODY}`, `--regid=${SOMEBODY}`, "--clear-groups"];

/** A copy of the home that belongs to a given user. */
function givenAway(from: Stock): { stock: Stock; program: string } {
  const copy = from.copy();
  return { stock: copy, program: giveAway(copy.env.HOME ?? "") };
}

/** @returns the program, put there too: ours may lie where they can't go */
function giveAway(root: string): string {
  const program = join(root, "auth-program");
  cpSync(AUTH, program);
  for (const path of ["", ...readdirSync(root, { recursive: true, encoding: "utf8" })])
    chownSync(join(root, path), SOMEBODY, SOMEBODY);
  return program;
}

function makeReadOnly(home: string): void {
  for (const path of filesUnder(home)) chmodSync(join(home, path), 0o400);
  for (const folder of ["vault.locks", "logs", ""])
    if (existsSync(join(home, folder))) chmodSync(join(home, folder), 0o500);
}

const READS: readonly (readonly [args: readonly string[], stdout: string])[] = [
  [["token", "apikey:one"], `${KEYS["apikey:one"]}\n`],
  [["token", "sentry"], `${PASTED}\n`],
  [["get", "sentry", "--field", "flow"], "token\n"],
  [["run", "sentry", "--", "printenv", "SENTRY_AUTH_TOKEN"], `${PASTED}\n`],
  [["export", "sentry", "--format", "dotenv"], ""],
  [["list"], ""],
  [["status"], ""],
  [["vault", "status"], ""],
];
const WRITES: readonly (readonly string[])[] = [
  ["login", "apikey:new", "--token", "-"],
  ["logout", "apikey:one"],
  ["use", "apikey:one"],
  ["client", "set", "sentry", "--client-id", "x"],
  ["profile", "create", "sentry:new"],
  ["vault", "rekey"],
];

async function expectReadableNotWritable(home: string, call: (args: readonly string[]) => Promise<Ended>) {
  const before = bytesUnder(home);
  for (const [args, stdout] of READS) {
    const ended = await call(args);
    expect({ args, exit: ended.code, stderr: ended.stderr }).toEqual({ args, exit: 0, stderr: ended.stderr });
    expect(ended.stderr).not.toContain("Error");
    expect(ended.stdout).toContain(stdout);
  }
  for (const args of WRITES) {
    checkText(await call(args), { exit: 8, code: "vault_unwritable" });
    checkJson(await call(["--json", ...args]), { exit: 8, code: "vault_unwritable" });
  }
  expect(bytesUnder(home)).toEqual(before);
  expect(strayFiles(home)).toEqual([]);
}

describe("a home that can't be written", () => {
  test.skipIf(lacking("linux", "root", "setpriv"))(
    "by its modes: reading works, writing says why",
    async () => {
      const { stock: given, program } = givenAway(stock);
      makeReadOnly(given.home);
      await expectReadableNotWritable(given.home, (args) =>
        run([...asSomebody, program, ...args], { env: given.env, stdin: "sk-new-key" }),
      );
    },
    60_000,
  );

  test.skipIf(lacking("linux", "root", "mounts"))(
    "on a read-only mount: the same",
    async () => {
      const given = stock.copy();
      const script = 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && shift && exec "$@"';
      await expectReadableNotWritable(given.home, (args) =>
        run(["unshare", "--mount", "sh", "-c", script, "sh", given.home, AUTH, ...args], {
          env: given.env,
          stdin: "sk-new-key",
        }),
      );
    },
    60_000,
  );

  test.skipIf(lacking("linux", "root", "mounts"))(
    "on a read-only mount: doctor finds it, with a vault and without, and no permission is to be set right",
    async () => {
      const script = 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && shift && exec "$@"';
      const given = stock.copy();
      const bare = bareEnvironment();
      const manifest = join(tempFolder(), "acme.json");
      writeFileSync(
        manifest,
        JSON.stringify({ id: "acme", title: "Acme", flows: ["token"], origins: ["https://acme.example"] }),
      );
      for (const [folder, env] of [
        [given.home, given.env],
        [String(bare.HOME), bare],
      ] as const) {
        const call = (...args: string[]): Promise<Ended> =>
          run(["unshare", "--mount", "sh", "-c", script, "sh", folder, AUTH, ...args], { env, stdin: "sk-new-key" });
        const { code, stdout } = await call("doctor", "--offline", "--json");
        const { ok, checks } = JSON.parse(stdout);
        const { status, detail, remedy } = checks.find(({ name }: { name: string }) => name === "writing");
        expect({ code, ok, status, detail }).toEqual({
          code: 1,
          ok: false,
          status: "fail",
          detail: expect.stringContaining("the file system is read-only"),
        });
        const login = await call("login", "apikey:new", "--env", "NEW_KEY", "--token", "-");
        const added = await call("provider", "add", manifest, "--yes");
        for (const words of [remedy, login.stderr, added.stderr]) {
          expect(words).toContain("mount it writable");
          expect(words).not.toContain("permissions right");
        }
      }
    },
    60_000,
  );

  test.skipIf(lacking("linux", "root", "setpriv"))(
    "another user's home can't be used, and the error says so",
    async () => {
      const { program } = givenAway(stock);
      for (const [mode, says] of [
        [0o700, "permission"],
        [0o755, ""],
      ] as const) {
        const other = stock.copy();
        chmodSync(other.env.HOME ?? "", 0o755);
        chmodSync(other.home, mode);
        for (const args of [["token", "apikey:one"], ["list"], ...WRITES]) {
          const ended = await run([...asSomebody, program, ...args], { env: other.env, stdin: "sk-new-key" });
          checkText(ended, { exit: 8, code: "vault_unwritable", says });
        }
        await other.expectUnchanged();
      }
    },
    60_000,
  );

  test.skipIf(lacking("linux", "root", "setpriv"))(
    "a home without a vault: the folder that is at fault is named, with the command that opens it, and the command does",
    async () => {
      const HOME = tempFolder();
      const program = giveAway(HOME);
      chmodSync(HOME, 0o500);
      const env = { HOME, AUTH_HOME: undefined };
      const call = (...args: string[]): Promise<Ended> =>
        run([...asSomebody, program, ...args], { env, stdin: "sk-new-key" });
      const remedy = `chmod u+rwx ${HOME}`;
      const login = await call("login", "apikey:new", "--token", "-", "--env", "NEW_KEY");
      checkText(login, { exit: 8, code: "vault_unwritable", says: `${HOME} can't be used: permission denied.` });
      expect(login.stderr).toContain(`Make it writable: ${remedy}\n`);
      expect(login.stderr).toContain(
        `The audit log can't be written: permission denied: ${HOME}.\nTo mend it: ${remedy}\n`,
      );
      const { checks } = JSON.parse((await call("doctor", "--offline", "--json")).stdout);
      const writing = checks.find(({ name }: { name: string }) => name === "writing");
      expect(writing).toMatchObject({ status: "fail", detail: `${HOME} can't be used: permission denied.` });
      expect(writing.remedy).toContain(remedy);
      expect((await run([...asSomebody, "sh", "-c", remedy])).code).toBe(0);
      expect((await call("login", "apikey:new", "--token", "-", "--env", "NEW_KEY")).code).toBe(0);
    },
    60_000,
  );

  test.skipIf(lacking("linux", "root", "setpriv"))(
    "a home that is another user's, or isn't there: what exists is named, and no folder of the system is given away",
    async () => {
      const HOME = tempFolder();
      chmodSync(HOME, 0o555);
      const call = (home: string): Promise<Ended> =>
        run([...asSomebody, AUTH, "login", "apikey:new", "--token", "-"], {
          env: { HOME: home, AUTH_HOME: undefined },
          stdin: "sk-new-key",
        });
      const { stderr } = await call(HOME);
      expect(stderr).toContain(`${HOME} can't be used: permission denied.`);
      expect(stderr).toContain(`sudo chown -R ${SOMEBODY} ${HOME}`);
      const nowhere = await call("/nonexistent");
      expect(nowhere.stderr).toContain("/ can't be used: permission denied.");
      expect(nowhere.stderr).toContain("export AUTH_HOME=<folder>");
      expect(nowhere.stderr).not.toContain("chown");
    },
  );

  test.skipIf(lacking("linux", "root", "setpriv"))(
    "a refresh that could not be kept is not sent",
    async () => {
      const at = await loggedIn();
      homes.push(at);
      const { AUTH_HOME = "" } = at.env;
      const program = giveAway(at.env.HOME ?? "");
      makeReadOnly(AUTH_HOME);
      const sent = at.issuer.server.calls.length;
      const refresh = [...asSomebody, program, "refresh", PROVIDER, "--force"];
      checkText(await run(refresh, { env: at.env }), { exit: 8, code: "vault_unwritable" });
      const token = await run([...asSomebody, program, "token", PROVIDER], { env: at.env });
      expect(token.code).toBe(0);
      expect(at.issuer.server.calls).toHaveLength(sent);
    },
    60_000,
  );
});

/**
 * Plays `steps` in a home on a file system of 4 MB, in which `fill` leaves nothing free, `spare` so much, and `free`
 * all of it.
 */
async function onSmallDisk(from: string, env: Readonly<Record<string, string>>, steps: string): Promise<Ended> {
  const disk = tempFolder();
  const script = `
    set -u
    fill() { dd if=/dev/zero of="$DISK/filler" bs=1k 2>/dev/null; dd if=/dev/zero of="$DISK/filler2" bs=1 2>/dev/null; true; }
    spare() { truncate -s "-$1" "$DISK/filler"; }
    free() { rm -f "$DISK/filler" "$DISK/filler2"; }
    mount -t tmpfs -o size=4m,mode=0700 none "$DISK" || exit 99
    [ -z "$FROM" ] || cp -a "$FROM" "$DISK/auth"
    ${steps}`;
  return run(["unshare", "--mount", "sh", "-c", script], {
    env: { ...env, AUTH, DISK: disk, FROM: from, AUTH_HOME: join(disk, "auth") },
  });
}

/** What `$AUTH` and its arguments did: exit code, stdout and stderr, as lines that `outcomes` reads. */
const TOLD = `tell() { "$AUTH" "$@" >"$TMP/out" 2>"$TMP/err" </dev/null; code=$?; printf '%s\\n' "$code" "$(base64 -w0 <"$TMP/out")" "$(base64 -w0 <"$TMP/err")"; }
    key() { name=$1; shift; printf %s "$name" | "$AUTH" "$@" >"$TMP/out" 2>"$TMP/err"; code=$?; printf '%s\\n' "$code" "$(base64 -w0 <"$TMP/out")" "$(base64 -w0 <"$TMP/err")"; }
    `;

function outcomes({ stdout, stderr, code }: Ended): Ended[] {
  if (code === 99) throw new Error(`can't mount: ${stderr}`);
  const lines = stdout.split("\n");
  const found: Ended[] = [];
  for (let at = 0; at + 2 < lines.length; at += 3)
    found.push({
      code: Number(lines[at]),
      signal: null,
      stdout: atob(lines[at + 1] ?? ""),
      stderr: atob(lines[at + 2] ?? ""),
    });
  return found;
}

describe("files in the home that belong to another user", () => {
  const given = (): { stock: Stock; call: (args: readonly string[]) => Promise<Ended> } => {
    const { stock: copy, program } = givenAway(stock);
    const call = (args: readonly string[]): Promise<Ended> =>
      run([...asSomebody, program, ...args], { env: copy.env, stdin: "sk-new-key" });
    return { stock: copy, call };
  };
  const takeBack = (path: string): void => {
    chmodSync(path, 0o600);
    chownSync(path, 0, 0);
  };

  test.skipIf(lacking("linux", "root", "setpriv"))(
    "the audit log: every command works, and says once that it can't be written; auth log says why",
    async () => {
      const { stock: home, call } = given();
      takeBack(join(home.home, "audit.jsonl"));
      for (const [args, stdout] of READS.slice(0, 5)) {
        const ended = await call(args);
        expect({ args, exit: ended.code, stdout: ended.stdout.includes(stdout) }).toEqual({
          args,
          exit: 0,
          stdout: true,
        });
        const said = ended.stderr.match(/The audit log can't be written: permission denied/g) ?? [];
        expect({ args, said: said.length }).toEqual({ args, said: args[0] === "get" ? 0 : 1 });
      }
      const { stdout, stderr } = await call(["token", "sentry", "--json"]);
      expect(JSON.parse(stdout).access_token).toBe(PASTED);
      expect(JSON.parse(stderr).warning.message).toStartWith("The audit log can't be written");
      const complaint = { exit: 1, code: "internal", says: "sudo chown -R" };
      checkText(await call(["log"]), complaint);
      checkJson(await call(["--json", "log"]), complaint);
    },
    60_000,
  );

  test.skipIf(lacking("linux", "root", "setpriv"))(
    "a lock file: reading works, writing names it, nothing is changed",
    async () => {
      const { stock: home, call } = given();
      const locks = join(home.home, "vault.locks");
      for (const name of readdirSync(locks).filter((name) => name.endsWith(".lock"))) takeBack(join(locks, name));
      const before = bytesUnder(home.home);
      expect((await call(["token", "sentry"])).stdout).toBe(`${PASTED}\n`);
      const complaint = { exit: 8, code: "vault_unwritable", says: "belongs to another user" };
      for (const args of [
        ["login", "sentry", "--token", "-", "--no-verify", "--force"],
        ["vault", "rekey"],
      ]) {
        checkText(await call(args), complaint);
        checkJson(await call(["--json", ...args]), complaint);
      }
      expect(bytesUnder(home.home)).toEqual(before);
    },
  );
});

describe("a full disk", () => {
  const full = { exit: 8, code: "vault_unwritable", says: "Make room" };

  test.skipIf(lacking("linux", "root", "mounts"))(
    "no vault is begun, and later one is made",
    async () => {
      const env = bareEnvironment({ TMP: tempFolder() });
      const ended = await onSmallDisk(
        "",
        env,
        `${TOLD}
      mkdir "$AUTH_HOME"; chmod 700 "$AUTH_HOME"; fill
      key sk-new-key login apikey:one --token -
      free; find "$AUTH_HOME" -name 'vault.db*' -o -name '*.new*' | grep . && exit 98
      key sk-new-key login apikey:one --token -
      tell token apikey:one`,
      );
      expect(ended.code).toBe(0);
      const [refused, stored, token] = outcomes(ended);
      checkText(refused as Ended, full);
      expect(stored?.code).toBe(0);
      expect(token?.stdout).toBe("sk-new-key\n");
    },
    60_000,
  );

  test.skipIf(lacking("linux", "root", "mounts"))(
    "is read all the same; what can't be stored is an error, and with room again nothing is lost",
    async () => {
      const env = bareEnvironment({ TMP: tempFolder() });
      const ended = await onSmallDisk(
        stock.home,
        env,
        `${TOLD}
      fill
      tell token apikey:one
      tell list
      key sk-new-key login apikey:new --token -
      tell use apikey:one
      tell profile create sentry:new
      free
      tell list --json
      tell token apikey:two
      key sk-new-key login apikey:new --token -
      tell token apikey:new`,
      );
      const [token, list, login, use, create, after, other, again, fresh] = outcomes(ended) as Ended[];
      for (const [read, stdout] of [
        [token, KEYS["apikey:one"]],
        [list, "apikey:two"],
      ] as const) {
        expect(read?.code).toBe(0);
        expect(read?.stdout).toContain(stdout);
      }
      for (const one of [login, use, create]) checkText(one as Ended, full);
      expect(JSON.parse(after?.stdout ?? "")).toHaveLength(3);
      expect(other?.stdout).toBe(`${KEYS["apikey:two"]}\n`);
      expect(again?.code).toBe(0);
      expect(fresh?.stdout).toBe("sk-new-key\n");
    },
    60_000,
  );

  test.skipIf(lacking("linux", "root", "mounts"))(
    "a refresh whose reply could not be kept is not sent; with room again it is",
    async () => {
      const at = await loggedIn();
      homes.push(at);
      const before = at.issuer.server.callsTo("/oauth/token/").length;
      const env = { ...at.env, TMP: tempFolder() };
      const ended = await onSmallDisk(
        at.env.AUTH_HOME ?? "",
        env,
        `${TOLD}
      rm -f "$AUTH_HOME"/vault.locks/*.reply
      fill; spare 60k
      tell refresh ${PROVIDER} --force
      tell refresh ${PROVIDER} --force --json
      free
      tell refresh ${PROVIDER} --force -o token`,
      );
      const [refused, forced, fresh] = outcomes(ended) as Ended[];
      checkText(refused as Ended, full);
      checkJson(forced as Ended, full);
      expect(fresh?.code).toBe(0);
      expect(fresh?.stdout).toMatch(/^\S+\n$/);
      expect(at.issuer.server.callsTo("/oauth/token/")).toHaveLength(before + 1);
    },
    60_000,
  );
});

describe("standard output on a full disk is an error, never a token lost in silence", () => {
  const COMMANDS: Readonly<Record<string, string>> = {
    token: "token apikey:one",
    "token as JSON": "token apikey:one -o json",
    list: "list",
    status: "status --json",
    get: "get sentry --field flow",
    export: "export sentry",
    inspect: "inspect sentry",
    help: "--help",
    version: "--version",
    "a login's events": "login apikey:new --token - --json",
  };
  for (const [name, args] of Object.entries(COMMANDS))
    test.skipIf(lacking("linux"))(name, async () => {
      const own = stock.copy();
      const ended = await own.shell(`"$AUTH" ${args} >/dev/full`, { stdin: "sk-new-key" });
      const complaint = { exit: 1, code: "internal", says: "no space left" };
      if (args.includes("json")) checkJson({ ...ended, stderr: ended.stderr }, complaint);
      else checkText(ended, complaint);
    });

  test.skipIf(lacking("linux"))("standard error on a full disk changes no exit code", async () => {
    expect((await stock.shell(`"$AUTH" token apikey:one 2>/dev/full`)).stdout).toBe(`${KEYS["apikey:one"]}\n`);
    expect((await stock.shell(`"$AUTH" token apikey:none 2>/dev/full`)).code).toBe(2);
    expect((await stock.shell(`"$AUTH" nonsense 2>/dev/full`)).code).toBe(64);
  });

  test("a closed pipe is no error", async () => {
    const { stderr } = await stock.shell(`("$AUTH" list; echo "exit $?" >&2) | true`);
    expect(stderr).toBe("exit 0\n");
  });
});

test("a vault that is not where AUTH_HOME says is not looked for elsewhere", async () => {
  const elsewhere = tempFolder();
  mkdirSync(join(elsewhere, "auth"), { mode: 0o700 });
  writeFileSync(join(elsewhere, "auth", "note"), "mine");
  await expectComplaint(
    ["token", "apikey:one"],
    { exit: 2, code: "connection_not_found" },
    { env: { HOME: elsewhere } },
  );
  expect(readFileSync(join(elsewhere, "auth", "note"), "utf8")).toBe("mine");
  expect((await auth(["list"], { env: { HOME: elsewhere } })).code).toBe(0);
  expect(filesUnder(elsewhere)).toEqual(["auth/note"]);
});

test.skipIf(lacking("linux"))(
  "with few file descriptors every command works, or says that there are too few",
  async () => {
    const own = stock.copy();
    for (let limit = 5; limit <= 12; limit++)
      for (const args of [
        "token apikey:one",
        "list",
        "status",
        "doctor --offline",
        "use apikey:one",
        "login apikey:new --token - --force",
      ]) {
        const { code, stdout, stderr } = await own.shell(`ulimit -n ${limit}; "$AUTH" ${args}`, {
          stdin: "sk-new-key",
        });
        const ended = { limit, args, code, stdout, stderr };
        expect(ended).not.toMatchObject({
          stderr: expect.stringMatching(/internal|EMFILE|Run it again with -v|\n\s+at /),
        });
        if (code !== 0) expect(ended).toMatchObject({ code: args.startsWith("doctor") ? 1 : 8 });
        if (code !== 0) expect(stdout + stderr).toContain("too many open files");
      }
  },
  60_000,
);

test.skipIf(lacking("linux"))(
  "a refresh for which no connection can be opened says so, and isn't taken for one that was sent",
  async () => {
    let asked = 0;
    const server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: () => Response.json({ access_token: `a-${++asked}`, refresh_token: `r-${asked}`, expires_in: 3600 }),
    });
    const env = bareEnvironment();
    const folder = join(env.AUTH_HOME ?? "", "providers");
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const manifest = `id = "acme"\ntitle = "Acme"\nflows = ["code"]\n[endpoints]\ntoken = "http://127.0.0.1:${server.port}/t"\n`;
    writeFileSync(join(folder, "acme.toml"), manifest, { mode: 0o600 });
    const login = await auth(["login", "acme", "--client-id", "me", "--code", "-"], { env, stdin: "code" });
    expect({ code: login.code, stderr: login.stderr }).toMatchObject({ code: 0 });
    const met: string[] = [];
    for (let limit = 5; limit <= 16; limit++) {
      const before = asked;
      const script = `ulimit -n ${limit}; exec "$AUTH" refresh acme --force`;
      const { code, stderr } = await run(["bash", "-c", script], { env: { ...env, AUTH } });
      if (asked > before) expect({ limit, code }).toMatchObject({ code: 0 });
      // Bun's own end, before anything of ours runs.
      if (asked > before || stderr.includes("ran out of file descriptors")) continue;
      expect({ limit, stderr }).toMatchObject({
        stderr: expect.stringMatching(/too many open files[\s\S]*ulimit -n 256/),
      });
      expect({ limit, stderr }).not.toMatchObject({
        stderr: expect.stringMatching(/reply was lost|permission denied|EMFILE/),
      });
      met.push(stderr);
    }
    expect(met.join()).toContain("refresh failed for acme (default): too many open files");
    await server.stop(true);
  },
  60_000,
);

test.skipIf(lacking("linux"))(
  "a path that is not valid UTF-8 is refused, and no other folder is used in its place",
  async () => {
    const root = tempFolder();
    for (const variable of ["AUTH_HOME", "HOME", "XDG_DATA_HOME", "AUTH_STORE"]) {
      const value = `${variable === "AUTH_STORE" ? "sqlite:" : ""}${root}/\\377\\376x`;
      const unset = variable === "AUTH_HOME" ? "" : "unset AUTH_HOME;";
      const script = `${unset} export ${variable}="$(printf '${value}')"; exec "$AUTH" login apikey:x --token -`;
      const ended = await run(["sh", "-c", script], { env: { AUTH, HOME: root }, stdin: "sk-new-key" });
      checkText(ended, { exit: 8, code: "vault_unwritable", says: `${variable} is not valid UTF-8` });
    }
    expect(filesUnder(root)).toEqual([]);
  },
);

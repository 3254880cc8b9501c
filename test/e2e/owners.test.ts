/**
 * Homes and users in every mix: what is made in a home belongs to the home's owner, or is refused in words. RULES.md 6.5:
 * root reads and writes everything, so it is played by setpriv.
 */
import { describe, expect, test } from "bun:test";
import { chmodSync, chownSync, cpSync, lstatSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { checkText } from "../support/complaint.ts";
import { lacking } from "../support/needs.ts";
import { AUTH, type Ended, run, tempFolder } from "../support/program.ts";

const ROOT = 0;
const ALICE = 61_001;
const BOB = 61_002;
const NAMES: Readonly<Record<number, string>> = { [ROOT]: "root", [ALICE]: "alice", [BOB]: "bob" };
const possible = !lacking("linux", "root", "setpriv");

/** A home of that user's, beside a program that everyone can run. */
function homeOf(
  uid: number,
  mode = 0o755,
): { home: string; as(user: number, ...args: readonly string[]): Promise<Ended> } {
  const root = tempFolder();
  chmodSync(root, 0o755);
  const program = join(root, "program");
  cpSync(AUTH, program);
  chmodSync(program, 0o755);
  const home = join(root, "home");
  mkdirSync(home);
  chmodSync(home, mode);
  chownSync(home, uid, uid);
  return {
    home,
    as: (user, ...args) =>
      run(["setpriv", `--reuid=${user}`, `--regid=${user}`, "--clear-groups", program, ...args], {
        env: { HOME: home, AUTH_HOME: undefined, DBUS_SESSION_BUS_ADDRESS: "unix:path=/nowhere" },
        stdin: "sk-key",
      }),
  };
}

function owners(folder: string): Set<number> {
  const under = readdirSync(folder, { recursive: true, encoding: "utf8" }).map((path) => join(folder, path));
  return new Set([folder, ...under].map((path) => lstatSync(path).uid));
}

const LOGIN = ["login", "apikey:x", "--token", "-"];
const ALL = [
  LOGIN,
  ["token", "apikey:x"],
  ["list"],
  ["use", "apikey:x"],
  ["logout", "apikey:x"],
  ["doctor", "--offline"],
  ["vault", "init"],
];

describe.skipIf(!possible)(`whose files are made${possible ? "" : " (skipped: needs root and setpriv)"}`, () => {
  for (const owner of [ROOT, ALICE])
    for (const user of [ROOT, ALICE, BOB])
      for (const mode of [0o755, 0o777])
        for (const fresh of [true, false])
          test.concurrent(`${NAMES[user]} in the ${fresh ? "empty home" : "home with a vault"} of ${NAMES[owner]} (mode ${mode.toString(8)})`, async () => {
            const { home, as } = homeOf(owner, mode);
            if (!fresh) expect((await as(owner, ...LOGIN)).code).toBe(0);
            for (const args of ALL) {
              const ended = await as(user, ...args);
              expect(ended.stderr).not.toMatch(/internal|EACCES|EPERM/);
              if (user === owner)
                expect({ args, ended }).toMatchObject({ ended: { code: args[0] === "vault" ? 64 : 0 } });
              else if (args === LOGIN && (owner !== ROOT || mode === 0o755))
                checkText(ended, { exit: 8, code: "vault_unwritable" });
            }
            // Root lets others into a folder of its own, as in /tmp: what is made there is the maker's.
            if (owner === ALICE || user === owner) expect([...owners(home)]).toEqual([owner]);
            if (owner === ALICE) expect((await as(owner, ...LOGIN, "--force")).code).toBe(0);
          }, 60_000);

  test("the error for root says to run as the home's owner, or where to have a home of its own; doctor says the same", async () => {
    const { home, as } = homeOf(ALICE);
    const { stderr } = await as(ROOT, ...LOGIN);
    expect(stderr).toContain(`${home} belongs to another user, who could not use what root makes in it`);
    expect(stderr).toContain("AUTH_HOME=/root/.auth");
    const doctor = await as(ROOT, "doctor", "--offline");
    expect(doctor.code).toBe(1);
    expect(doctor.stdout).toContain("✗ modes:");
    expect(doctor.stdout).toContain("AUTH_HOME=/root/.auth");
    expect([...owners(home)]).toEqual([ALICE]);
  });

  test("what sudo left behind is given back by the command that is printed", async () => {
    for (const left of [".local", ".config", ".local/share/auth", ".config/auth", ".local/state/auth"]) {
      const { home, as } = homeOf(ALICE);
      mkdirSync(join(home, left), { recursive: true, mode: 0o755 });
      const own = left.startsWith(".local/") || left.startsWith(".config/") ? left.split("/").slice(0, -1) : [];
      for (let n = 1; n <= own.length; n++) chownSync(join(home, ...own.slice(0, n)), ALICE, ALICE);
      const refused = await as(ALICE, ...LOGIN);
      const command = /sudo (chown -R 61001 \S+)/.exec(
        `${refused.stderr}${(await as(ALICE, "doctor", "--offline")).stdout}`,
      )?.[1];
      expect({ left, stderr: refused.stderr, command }).toMatchObject({ command: expect.stringContaining("chown") });
      await run((command ?? "").split(" "));
      expect(await as(ALICE, ...LOGIN)).toMatchObject({ code: 0, stderr: expect.not.stringContaining("can't") });
    }
  }, 60_000);

  test("a key, a plugin or a log of another user is given back by the command that is printed, in doctor too", async () => {
    const { home, as } = homeOf(ALICE);
    expect((await as(ALICE, ...LOGIN)).code).toBe(0);
    const data = join(home, ".config", "auth");
    const plugin = join(data, "providers", "acme.toml");
    mkdirSync(join(data, "providers"), { mode: 0o700 });
    writeFileSync(plugin, 'id = "acme"\ntitle = "Acme"\nflows = ["token"]\n', { mode: 0o600 });
    for (const path of [join(data, "providers"), plugin]) chownSync(path, ALICE, ALICE);
    const cases: [path: string, args: readonly string[], owner: number][] = [
      [join(data, "key"), ["token", "apikey:x"], ROOT],
      [join(data, "key"), ["token", "apikey:x"], BOB],
      [join(data, "key"), ["doctor", "--offline", "--json"], BOB],
      [plugin, ["login", "acme", "--token", "-"], ROOT],
      [plugin, ["login", "acme", "--token", "-"], BOB],
      [join(home, ".local", "state", "auth", "audit.jsonl"), ["log"], BOB],
    ];
    for (const [path, args, owner] of cases) {
      chownSync(path, owner, owner);
      const { code, stdout, stderr } = await as(ALICE, ...args);
      const ended = { path, owner, code, said: stdout + stderr };
      expect(ended).toMatchObject({ said: expect.stringContaining(`sudo chown -R ${ALICE} ${path}`) });
      expect(ended).not.toMatchObject({ said: expect.stringMatching(/chmod|<path>/) });
      expect(code).not.toBe(0);
      chownSync(path, ALICE, ALICE);
      expect((await as(ALICE, ...args)).code).toBe(0);
    }
  }, 60_000);

  test("a umask that takes the owner's own rights away leaves a home that works", async () => {
    const { home, as } = homeOf(ALICE);
    const script = 'umask "$1"; shift; exec "$@"';
    for (const umask of ["0177", "0377", "0777"]) {
      const env = { HOME: home, AUTH_HOME: join(home, umask) };
      const call = (...args: string[]): Promise<Ended> =>
        run(
          [
            "setpriv",
            `--reuid=${ALICE}`,
            `--regid=${ALICE}`,
            "--clear-groups",
            "sh",
            "-c",
            script,
            "sh",
            umask,
            join(home, "..", "program"),
            ...args,
          ],
          { env, stdin: "sk-key" },
        );
      for (const args of ALL.slice(0, -1)) expect({ umask, args, ...(await call(...args)) }).toMatchObject({ code: 0 });
      expect((await call("log")).stdout).toContain("login");
    }
    expect([...owners(home)]).toEqual([ALICE]);
    expect((await as(ALICE, "list")).code).toBe(0);
  }, 60_000);
});

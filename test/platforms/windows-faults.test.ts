/** What differs on Windows, on the Windows build under wine. What only a real machine shows is named in docs/install.md. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, copyFileSync, existsSync, mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { tempFolder } from "../support/program.ts";
import { reasonToSkip } from "./platform.ts";
import { startWine, WINDOWS, type Wine, windowsPath } from "./wine.ts";

const skipped = reasonToSkip(WINDOWS);

describe.skipIf(skipped !== null)(`windows under wine${skipped === null ? "" : `, which ${skipped}`}`, () => {
  let wine: Wine;
  let home = "";

  beforeAll(async () => {
    wine = await startWine();
    home = tempFolder();
    // wine doesn't hand on a pipe of this machine as one that Windows programs can wait for.
    const login = `echo sk-123456789| ${wine.auth} login apikey:x --token - --env X_KEY`;
    const { code, stderr } = await wine.run(["cmd", "/c", `${wine.auth} vault init --key file && ${login}`], {
      env: { HOME: home },
    });
    if (code !== 0) throw new Error(stderr);
  }, 120_000);

  afterAll(() => wine?.stop());

  const auth = (args: readonly string[], env: Record<string, string> = {}) =>
    wine.run([wine.auth, ...args], { env: { HOME: home, ...env } });
  const injected = (...words: readonly string[]) => ["run", "apikey:x", "--", ...words];

  describe("run", () => {
    test("finds a command whatever the spelling of Path", async () => {
      const line = [wine.auth, ...injected("cmd", "/c", "set path")].join(" ");
      const windows = "set PATH=&set Path=C:\\windows\\system32";
      const { code, stdout } = await wine.run(["cmd", "/c", `${windows}&${line}`], { env: { HOME: home } });
      expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining("Path=C:\\windows") });
    }, 60_000);

    test("a token wins over an inherited variable of another spelling", async () => {
      const { stdout } = await auth(injected("cmd", "/c", "set x_"), { x_key: "inherited" });
      expect(stdout).toBe("X_KEY=sk-123456789\n");
    }, 60_000);

    test("what opens the vault is withheld in any spelling", async () => {
      const { stdout } = await auth(injected("cmd", "/c", "set auth_"), { auth_new_key: "secret" });
      expect(stdout).toContain("AUTH_INJECTED=");
      expect(stdout).not.toContain("secret");
    }, 60_000);

    for (const code of [0, 1, 255, 256, 3010, 3221225477])
      test(`passes on the exit code ${code}`, async () => {
        const line = [wine.auth, ...injected(wine.helper, "exit", String(code))].join(" ");
        const { stdout } = await wine.run([wine.helper, "code", line], { env: { HOME: home } });
        expect(stdout).toBe(`code ${code}\n`);
      }, 60_000);

    test("Ctrl-C reaches the command, whose exit code is passed on", async () => {
      const line = [wine.auth, ...injected(wine.helper, "wait")].join(" ");
      const { stdout } = await wine.run([wine.helper, "ctrl-c", "4000", line], { env: { HOME: home } });
      expect(stdout).toBe("waiting\ntold\ncode 42\n");
    }, 60_000);

    test("a batch file gets plain arguments, and none that cmd would read as a command", async () => {
      await Bun.write(join(wine.folder, "show.cmd"), "@echo [%1] [%~2]\r\n@exit /b 3\r\n");
      const batch = wine.helper.replace("helper.exe", "show.cmd");
      const plain = await auth(injected(batch, "a", "b c"));
      expect({ code: plain.code, stdout: plain.stdout }).toEqual({ code: 3, stdout: "[a] [b c]\n" });
      const hostile = await auth(injected(batch, "a&echo hacked"));
      expect(hostile).toMatchObject({ code: 125, stdout: "" });
      expect(hostile.stderr).toContain("is a batch file, to which such an argument can't be passed safely.");
    }, 60_000);

    test("a command that isn't there is 127", async () => {
      expect((await auth(injected("no-such-command"))).code).toBe(127);
    }, 60_000);
  });

  test("AUTH_KEY_COMMAND may hold quotes", async () => {
    const HOME = tempFolder();
    mkdirSync(join(HOME, "my tools"));
    copyFileSync(join(wine.folder, "helper.exe"), join(HOME, "my tools", "pass.exe"));
    const AUTH_KEY_COMMAND = `"${windowsPath(HOME)}\\my tools\\pass.exe" arguments "QSBrZXkgZm9yIHByb29mcywgMzIgYnl0ZXMgbG9uZyE="`;
    const env = { HOME, AUTH_KEY_COMMAND };
    expect(await wine.run([wine.auth, "vault", "init"], { env })).toMatchObject({ code: 0 });
    expect(await wine.run([wine.auth, "list", "--json"], { env })).toMatchObject({ code: 0, stdout: "[]\n" });
  }, 60_000);

  test("paths are shown with Windows' slashes alone, whatever AUTH_HOME is written with", async () => {
    const HOME = tempFolder();
    const AUTH_HOME = windowsPath(join(HOME, "auth")).replaceAll("\\", "/");
    const env = { HOME, AUTH_HOME };
    await wine.run([wine.auth, "vault", "init", "--key", "file"], { env });
    const { stdout } = await wine.run([wine.auth, "vault", "status"], { env });
    expect(stdout).toContain(`Vault: ${windowsPath(join(HOME, "auth", "vault.db"))}\n`);
    expect(stdout).not.toContain("/");
  }, 60_000);

  test("without AUTH_HOME, vault and key are in folders that don't roam", async () => {
    const HOME = tempFolder();
    const place = (name: string) => windowsPath(join(HOME, name));
    // wine sets these two itself.
    const set = `set APPDATA=${place("roaming")}&set LOCALAPPDATA=${place("local")}`;
    await wine.run(["cmd", "/c", `${set}&${wine.auth} vault init --key file`], { env: { HOME, AUTH_HOME: undefined } });
    expect(existsSync(join(HOME, "local", "auth", "vault.db"))).toBe(true);
    expect(existsSync(join(HOME, "local", "auth-key", "key"))).toBe(true);
    expect(existsSync(join(HOME, "roaming"))).toBe(false);
  }, 60_000);

  test("what is made is for its user alone, and doctor says what it looked at", async () => {
    const HOME = tempFolder();
    const env = { HOME };
    await wine.run([wine.auth, "vault", "init", "--key", "file"], { env });
    // wine keeps an access list as a file's mode, in which the owner's group stands for the system.
    for (const name of ["", "vault.db", "vault.locks", "key"])
      expect({ name, others: statSync(join(HOME, "auth", name)).mode & 0o007 }).toEqual({ name, others: 0 });
    const doctor = async () =>
      JSON.parse((await wine.run([wine.auth, "doctor", "--offline", "--json"], { env })).stdout);
    const modes = async () => (await doctor()).checks.filter(({ name }: { name: string }) => name === "modes");
    expect(await modes()).toMatchObject([{ status: "ok", detail: expect.stringContaining("name no one but you") }]);
    chmodSync(join(HOME, "auth", "key"), 0o604);
    expect(await modes()).toMatchObject([
      {
        status: "warn",
        detail: expect.stringMatching(/^Others can reach the key file .*: everyone\.$/),
        remedy: expect.stringMatching(/^icacls Z:\S+\\key \/inheritance:r \/grant:r "\*S-1-5-21-[\d-]+:F"$/),
      },
    ]);
  }, 60_000);

  test("a drive of another machine is no place for a vault", async () => {
    const env = { AUTH_HOME: "N:\\auth" };
    const { code, stderr } = await wine.run([wine.auth, "vault", "init", "--key", "file"], { env });
    expect({ code, stderr }).toMatchObject({ code: 8, stderr: expect.stringContaining("is on a network file system") });
  }, 60_000);

  test("a vault is made although a scanner holds its file for a moment", async () => {
    const HOME = tempFolder();
    const env = { HOME };
    mkdirSync(join(HOME, "auth"));
    const scanned = wine.run([wine.helper, "scan", `${windowsPath(join(HOME, "auth"))}\\vault.db.*.new`, "400"], {
      env,
    });
    const made = await wine.run([wine.auth, "vault", "init", "--key", "file"], { env });
    expect((await scanned).stdout).toBe("held\n");
    expect(made).toMatchObject({ code: 0 });
    expect(await wine.run([wine.auth, "list", "--json"], { env })).toMatchObject({ code: 0, stdout: "[]\n" });
  }, 60_000);

  test("profile edit runs $EDITOR by cmd, and no program of the current folder", async () => {
    const cwd = tempFolder();
    for (const name of ["sh.exe", "cmd.exe"]) copyFileSync(join(wine.folder, "helper.exe"), join(cwd, name));
    mkdirSync(join(cwd, "my tools"));
    copyFileSync(join(wine.folder, "helper.exe"), join(cwd, "my tools", "edit.exe"));
    const env = {
      HOME: home,
      AUTH_HOME: windowsPath(join(home, "auth")),
      EDITOR: `"${windowsPath(cwd)}\\my tools\\edit.exe" arguments edits`,
    };
    const edit = wine.onTerminal([wine.auth, "profile", "edit", "apikey:x"], { cwd, env, columns: 200 });
    expect(await edit.ended).toMatchObject({ code: 0 });
    // wine draws character by character.
    const lines = Bun.stripANSI(edit.screen()).split(/[\r\n]+/);
    expect(lines).toEqual([
      "edits",
      expect.stringMatching(/^C:\\\S+\\auth-edit-\w+\\settings\.txt$/),
      expect.stringContaining("apikey:x is as it was."),
      "",
    ]);
  }, 60_000);
});

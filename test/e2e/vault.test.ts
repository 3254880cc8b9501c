/** `auth vault status|init|rekey` as CLI.md §5 has them. The vault's own promises are in test/vault. */
import { beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, existsSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { paste, succeeded } from "../support/home.ts";
import { errorOf } from "../support/logged-in.ts";
import { AUTH, auth, bareEnvironment, type Ended, onTerminal, run } from "../support/program.ts";
import { bytesUnder } from "../support/stock.ts";

const key = (): string => crypto.getRandomValues(new Uint8Array(32)).toBase64();

async function token(env: Record<string, string | undefined>): Promise<Ended> {
  return auth(["token", "github", "--json"], { env });
}

test("a first login makes the vault: folder 0700, files 0600, and says once where its key is", async () => {
  const env = bareEnvironment();
  const first = await auth(["login", "github", "--token", "-", "--no-verify"], { env, stdin: "t" });
  expect(first.code).toBe(0);
  expect(first.stderr).toContain("key");
  const second = await auth(["login", "sentry", "--token", "-", "--no-verify"], { env, stdin: "t" });
  expect(second.stderr).not.toContain("key");
  const home = env.AUTH_HOME ?? "";
  expect(statSync(home).mode & 0o777).toBe(0o700);
  for (const name of ["vault.db", "key"]) expect(statSync(join(home, name)).mode & 0o777).toBe(0o600);
});

test("many first logins at once all succeed, where there is no vault yet", async () => {
  for (let round = 0; round < 10; round++) {
    const env = bareEnvironment();
    const names = Array.from({ length: 8 }, (_, i) => `apikey:n${i}`);
    await Promise.all(names.map((name) => paste(env, name, `the-token-of-${name}`)));
    const { stdout } = await succeeded(auth(["list", "--json"], { env }));
    for (const name of names) expect(stdout).toContain(name.replace("apikey:", ""));
  }
}, 60_000);

test("a write between two reads counts: the token is the one that is stored once the key has been given", async () => {
  const secret = key();
  const env = bareEnvironment({ AUTH_KEY_COMMAND: `echo ${secret}` });
  await succeeded(auth(["vault", "init", "--key", "command"], { env }));
  await paste(env, "apikey:one", "the-first");
  // The header has been read when this runs, and the record hasn't.
  const script = join(env.AUTH_HOME ?? "", "ask");
  const login = `echo the-second | ${AUTH} login apikey:one --token - --no-verify --force`;
  writeFileSync(
    script,
    `#!/bin/sh\nAUTH_HOME='${env.AUTH_HOME}' AUTH_KEY_COMMAND='echo ${secret}' sh -c '${login}' >&2\necho ${secret}\n`,
  );
  chmodSync(script, 0o700);
  const { stdout } = await auth(["token", "apikey:one"], { env: { ...env, AUTH_KEY_COMMAND: script } });
  expect(stdout).toBe("the-second\n");
});

test("of a key command that writes to stderr without end, 64 KiB are read", async () => {
  const flood = "head -c 3000000 /dev/zero | tr '\\0' y >&2";
  const env = bareEnvironment({ AUTH_KEY_COMMAND: `echo 'Touch the key' >&2; ${flood}; echo ${key()}` });
  const made = await auth(["vault", "init"], { env });
  expect(made.code).toBe(0);
  expect(made.stderr).toStartWith("Touch the key\nyyy");
  expect(made.stderr.length).toBeLessThan(66 * 1024);
});

test("the error for a key command that prints nothing says so", async () => {
  for (const command of ["true", "echo", "cat"]) {
    const ended = await auth(["vault", "init"], { env: bareEnvironment({ AUTH_KEY_COMMAND: command }) });
    expect([ended.code, ended.stderr]).toEqual([8, expect.stringContaining("AUTH_KEY_COMMAND printed nothing.")]);
    expect(ended.stderr).not.toContain("openssl");
  }
});

describe("status", () => {
  test("where the vault is and what opens it", async () => {
    const env = bareEnvironment({ AUTH_KEY: key() });
    await paste(env, "github", "t");
    const { code, stdout } = await auth(["vault", "status", "--json"], { env });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      path: join(env.AUTH_HOME ?? "", "vault.db"),
      keySource: "env",
      records: 1,
    });
    expect((await auth(["vault", "status"], { env })).stdout).toContain("vault.db");
  });

  test("with a key file, says that a thief of the disk or a backup has both", async () => {
    const env = bareEnvironment();
    await succeeded(auth(["vault", "init", "--key", "file"], { env }));
    const { stdout, stderr } = await auth(["vault", "status"], { env });
    expect(`${stdout}${stderr}`).toContain("backup");
  });

  test("no vault yet: exit 2, and none is made", async () => {
    const env = bareEnvironment();
    expect((await auth(["vault", "status", "--json"], { env })).code).toBe(2);
    expect(existsSync(env.AUTH_HOME ?? "")).toBeFalse();
  });
});

describe("init", () => {
  test("--key chooses the source", async () => {
    const env = bareEnvironment({ AUTH_KEY: key() });
    const { code, stdout } = await auth(["vault", "init", "--key", "env", "--json"], { env });
    expect([code, JSON.parse(stdout)]).toEqual([0, { created: true, keySource: "env" }]);
    expect(existsSync(join(env.AUTH_HOME ?? "", "key"))).toBeFalse();
  });

  test("a set AUTH_KEY, AUTH_KEY_COMMAND or AUTH_PASSPHRASE chooses without a flag", async () => {
    for (const [variables, source] of [
      [{ AUTH_KEY: key() }, "env"],
      [{ AUTH_KEY_COMMAND: `echo ${key()}` }, "command"],
      [{ AUTH_PASSPHRASE: "correct horse" }, "passphrase"],
    ] as const) {
      const { stdout } = await succeeded(auth(["vault", "init", "--json"], { env: variables }));
      expect(JSON.parse(stdout).keySource).toBe(source);
    }
  });

  test("a source misspelt: what may have been meant", async () => {
    const { code, stderr } = await auth(["vault", "init", "--key", "keychian"]);
    expect(code).toBe(64);
    expect(stderr).toContain("Did you mean 'keychain'? Key sources: ");
  });

  test("a second vault: exit 64; an unknown source: exit 64", async () => {
    const env = bareEnvironment();
    await succeeded(auth(["vault", "init", "--key", "file"], { env }));
    expect((await auth(["vault", "init", "--key", "file"], { env })).code).toBe(64);
    expect((await auth(["vault", "init", "--key", "floppy"])).code).toBe(64);
  });
});

describe("AUTH_KEY", () => {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  test("is 32 bytes in base64, base64url or hex: all three open the same vault", async () => {
    const env = bareEnvironment({ AUTH_KEY: bytes.toBase64() });
    await paste(env, "github", "the-token");
    for (const AUTH_KEY of [
      bytes.toHex(),
      bytes.toHex().toUpperCase(),
      bytes.toBase64({ alphabet: "base64url", omitPadding: true }),
      ` ${bytes.toBase64()}\n`,
    ])
      expect(JSON.parse((await token({ ...env, AUTH_KEY })).stdout).access_token).toBe("the-token");
  });

  test("anything else is exit 8 key_invalid, and is not repeated", async () => {
    for (const AUTH_KEY of ["short", bytes.slice(1).toBase64(), `${bytes.toHex()}00`, "x".repeat(44), "A".repeat(44)]) {
      const ended = await auth(["login", "github", "--token", "-", "--no-verify", "--json"], {
        env: { AUTH_KEY },
        stdin: "t",
      });
      expect(ended.code).toBe(8);
      expect(errorOf(ended)).toMatchObject({ code: "key_invalid", exitCode: 8 });
      expect(ended.stderr).not.toContain(AUTH_KEY);
    }
  });

  test("another key, or none: exit 8 vault_locked, naming the source that was recorded", async () => {
    const env = bareEnvironment({ AUTH_KEY: bytes.toBase64() });
    await paste(env, "github", "the-token");
    for (const AUTH_KEY of [key(), undefined]) {
      const ended = await token({ ...env, AUTH_KEY });
      expect([ended.code, ended.stdout]).toEqual([8, ""]);
      expect(errorOf(ended).code).toBe("vault_locked");
      expect(ended.stderr).toContain("AUTH_KEY");
    }
  });

  test("set on a vault that another source opens, it must open it: exit 8 naming that source", async () => {
    const env = bareEnvironment();
    await succeeded(auth(["vault", "init", "--key", "file"], { env }));
    await paste(env, "github", "the-token");
    const ended = await token({ ...env, AUTH_KEY: key() });
    expect([ended.code, errorOf(ended).code]).toEqual([8, "vault_locked"]);
    expect(ended.stderr).toContain("key file");
  });
});

describe("rekey", () => {
  test("from a key file to AUTH_KEY: the old way no longer opens it, every login is kept", async () => {
    const env = bareEnvironment();
    await succeeded(auth(["vault", "init", "--key", "file"], { env }));
    await paste(env, "github", "the-token");
    const AUTH_KEY = key();
    const { code, stdout } = await auth(["vault", "rekey", "--key", "env", "--json"], {
      env: { ...env, AUTH_NEW_KEY: AUTH_KEY },
    });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ rekeyed: true, keySource: "env" });
    expect((await token(env)).code).toBe(8);
    expect(JSON.parse((await token({ ...env, AUTH_KEY })).stdout).access_token).toBe("the-token");
  });

  describe("to the key that it has: refused, and nothing is changed", () => {
    const [given, printed, phrase] = [key(), `printf %s ${key()}`, "correct horse battery staple"];
    const cases: readonly [name: string, source: string, now: Record<string, string>, next: Record<string, string>][] =
      [
        ["AUTH_KEY alone", "env", { AUTH_KEY: given }, {}],
        ["the same in AUTH_NEW_KEY", "env", { AUTH_KEY: given }, { AUTH_NEW_KEY: given }],
        ["AUTH_KEY_COMMAND alone", "command", { AUTH_KEY_COMMAND: printed }, {}],
        [
          "another command that prints it",
          "command",
          { AUTH_KEY_COMMAND: printed },
          { AUTH_NEW_KEY_COMMAND: `${printed}; :` },
        ],
        ["AUTH_PASSPHRASE alone", "passphrase", { AUTH_PASSPHRASE: phrase }, {}],
        ["the same in AUTH_NEW_PASSPHRASE", "passphrase", { AUTH_PASSPHRASE: phrase }, { AUTH_NEW_PASSPHRASE: phrase }],
      ];
    test.each(cases)("%s", async (_, source, now, next) => {
      const env = { ...bareEnvironment(), ...now };
      await succeeded(auth(["vault", "init", "--key", source], { env }));
      const before = bytesUnder(env.AUTH_HOME ?? "");
      const refused = await auth(["vault", "rekey", "--key", source, "--json"], { env: { ...env, ...next } });
      expect([refused.code, errorOf(refused).code]).toEqual([64, "usage"]);
      expect(errorOf(refused).message).toStartWith("This is the vault's key already");
      expect(bytesUnder(env.AUTH_HOME ?? "")).toEqual(before);
    });
  });

  test("no vault: exit 2, and how to make one", async () => {
    const { code, stderr } = await auth(["vault", "rekey"]);
    expect(code).toBe(2);
    expect(stderr).toContain("auth vault init");
  });
});

test("AUTH_STORE=sqlite:<path> is where the vault is", async () => {
  const env = bareEnvironment();
  const AUTH_STORE = `sqlite:${join(env.HOME ?? "", "elsewhere", "v.db")}`;
  await paste({ ...env, AUTH_STORE }, "github", "there");
  expect(existsSync(join(env.HOME ?? "", "elsewhere", "v.db"))).toBeTrue();
  expect(existsSync(join(env.AUTH_HOME ?? "", "vault.db"))).toBeFalse();
  expect(JSON.parse((await token({ ...env, AUTH_STORE })).stdout).access_token).toBe("there");
  expect((await token(env)).code).toBe(2);
});

test("a rekey that AUTH_PASSPHRASE gives the same passphrase says where another one is taken from", async () => {
  const env = { ...bareEnvironment(), AUTH_PASSPHRASE: "correct horse battery" };
  expect((await auth(["vault", "init"], { env })).code).toBe(0);
  const { code, stderr } = await auth(["vault", "rekey"], { env });
  expect([code, stderr]).toEqual([
    64,
    expect.stringContaining("at the terminal, which asks for it where AUTH_PASSPHRASE isn't set"),
  ]);
});

describe("what gives a vault its key is missing", () => {
  for (const [args, message, hint] of [
    [["init", "--key", "env"], "AUTH_KEY is not set.", "export AUTH_KEY=$(openssl rand -base64 32)"],
    [["init", "--key", "command"], "AUTH_KEY_COMMAND is not set.", "Set AUTH_KEY_COMMAND to a command"],
    [["rekey", "--key", "env"], "There is no new key: AUTH_NEW_KEY is not set.", "export AUTH_NEW_KEY=$(openssl rand"],
    [["rekey", "--key", "command"], "AUTH_NEW_KEY_COMMAND is not set.", "Set AUTH_NEW_KEY_COMMAND to a command"],
    [
      ["rekey", "--key", "passphrase"],
      "There is no terminal to ask for a new passphrase.",
      "Set AUTH_NEW_PASSPHRASE, or",
    ],
  ] as const)
    test(`${args.join(" ")}: the hint names the variable that this command reads`, async () => {
      const env = bareEnvironment();
      if (args[0] === "rekey") expect((await auth(["vault", "init", "--key", "file"], { env })).code).toBe(0);
      // A session of its own has no terminal to ask at.
      const { code, stderr } = await run(["setsid", "-w", AUTH, "vault", ...args], { env, stdin: "" });
      expect({ code, message: stderr.split("\n", 1)[0] }).toEqual({ code: 8, message: `Error: ${message}` });
      expect(stderr).toContain(hint);
    });

  test("a rekey with the new key where the old one belongs doesn't give the vault up", async () => {
    const [old, other] = [key(), key()];
    const env = { ...bareEnvironment(), AUTH_KEY: old };
    expect((await auth(["vault", "init", "--key", "env"], { env })).code).toBe(0);
    const wrong = await auth(["vault", "rekey", "--key", "env"], { env: { ...env, AUTH_KEY: other } });
    expect(wrong.code).toBe(8);
    expect(wrong.stderr).toContain("AUTH_KEY must hold what opens the vault now, and AUTH_NEW_KEY what is to open it.");
    expect(wrong.stderr).not.toContain("mv ");
    const right = await auth(["vault", "rekey", "--key", "env"], { env: { ...env, AUTH_NEW_KEY: other } });
    expect(right).toMatchObject({
      code: 0,
      stderr: expect.stringContaining("From now on AUTH_KEY must hold the new key"),
    });
    expect((await auth(["list"], { env: { ...env, AUTH_KEY: other } })).code).toBe(0);
  });
});

describe("a passphrase that is typed", () => {
  const PASSPHRASE = "correct horse battery";
  let env: Record<string, string>;
  beforeAll(async () => {
    env = bareEnvironment();
    const set = { ...env, AUTH_PASSPHRASE: PASSPHRASE };
    expect(
      (await auth(["login", "github", "--token", "-", "--no-verify"], { env: set, stdin: "gho_typed" })).code,
    ).toBe(0);
  });

  test("may be mistyped twice", async () => {
    const terminal = onTerminal([AUTH, "token", "github"], { env });
    await terminal.waitFor("Passphrase of the vault: ");
    for (const typed of ["corect", "horse", PASSPHRASE]) {
      const from = terminal.screen().length;
      terminal.type(`${typed}\r`);
      await terminal.waitFor(
        typed === PASSPHRASE ? "gho_typed" : "That doesn't open the vault. Passphrase of the vault: ",
        from,
      );
    }
    expect((await terminal.ended).code).toBe(0);
  });

  test("that is wrong three times is an error that doesn't suggest to move the vault away", async () => {
    const terminal = onTerminal([AUTH, "token", "github"], { env });
    for (const question of ["Passphrase of", "doesn't open the vault.", "doesn't open the vault."]) {
      await terminal.waitFor(question, terminal.screen().lastIndexOf("\n") + 1);
      terminal.type("wrong\r");
      await Bun.sleep(400);
    }
    expect((await terminal.ended).code).toBe(8);
    expect(terminal.screen()).toContain("None of these 3 passphrases opens the vault.");
    expect(terminal.screen()).not.toContain("mv ");
  });
});

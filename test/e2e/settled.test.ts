/**
 * A vault that nobody has written to for a while is read as it lies, without SQLite. Whether it was is told by what
 * SQLite would have made beside it; that it makes no other difference is what all of this is about.
 */
import { describe, expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { paste, succeeded } from "../support/home.ts";
import { AUTH, auth, bareEnvironment, type Ended } from "../support/program.ts";

type Env = Record<string, string>;

const vaultOf = (env: Env): string => join(env.AUTH_HOME ?? "", "vault.db");

/** As if it had lain there for an hour. */
function age(env: Env): void {
  const then = Date.now() / 1000 - 3600;
  utimesSync(vaultOf(env), then, then);
}

/** Nothing beside it, as the last one who wrote leaves it. */
function alone(env: Env): void {
  for (const side of ["-wal", "-shm"]) rmSync(`${vaultOf(env)}${side}`, { force: true });
}

async function home(): Promise<Env> {
  const env = bareEnvironment();
  await paste(env, "apikey:one", "the-first");
  alone(env);
  return env;
}

const REPLACE = ["login", "apikey:one", "--token", "-", "--no-verify", "--force"];
const token = (env: Env): Promise<Ended> => auth(["token", "apikey:one"], { env });
const askedSqlite = (env: Env): boolean => existsSync(`${vaultOf(env)}-shm`);

describe.skipIf(process.platform !== "linux")("a vault that lies still", () => {
  test("is read, and nothing is left beside it", async () => {
    const env = await home();
    age(env);
    expect((await token(env)).stdout).toBe("the-first\n");
    expect((await auth(["run", "apikey:one", "--", "printenv", "APIKEY_TOKEN"], { env })).stdout).toBe("the-first\n");
    expect((await auth(["token", "apikey:none"], { env })).code).toBe(2);
    alone(env);
    expect((await token(env)).code).toBe(0);
    expect(askedSqlite(env)).toBeFalse();
  });

  test("no longer than it does: written just now, dated in the future, or with a log, SQLite reads it", async () => {
    const env = await home();
    for (const disturb of [
      () => utimesSync(vaultOf(env), new Date(), new Date()),
      () => utimesSync(vaultOf(env), Date.now() / 1000 + 3600, Date.now() / 1000 + 3600),
      () => {
        age(env);
        writeFileSync(`${vaultOf(env)}-wal`, "left by a crash", { mode: 0o600 });
      },
    ]) {
      alone(env);
      disturb();
      expect((await token(env)).stdout).toBe("the-first\n");
      expect(askedSqlite(env)).toBeTrue();
    }
  });

  test("what was committed and is still in the log is seen", async () => {
    const env = await home();
    await whileHeld(env, async () => {
      await succeeded(auth([...REPLACE, "--quiet"], { env, stdin: "the-second" }));
      age(env);
      expect((await token(env)).stdout).toBe("the-second\n");
    });
  });

  test("a write between two readings is seen: the token is the one of after the key was asked for", async () => {
    const key = crypto.getRandomValues(new Uint8Array(32)).toBase64();
    const env = bareEnvironment({ AUTH_KEY_COMMAND: `echo ${key}` });
    await succeeded(auth(["vault", "init", "--key", "command"], { env }));
    await paste(env, "apikey:one", "the-first");
    alone(env);
    age(env);
    // The header has been read when this runs, and the record hasn't.
    const script = join(env.AUTH_HOME ?? "", "ask");
    const login = `echo the-second | ${AUTH} ${REPLACE.join(" ")}`;
    writeFileSync(
      script,
      `#!/bin/sh\nAUTH_HOME='${env.AUTH_HOME}' AUTH_KEY_COMMAND='echo ${key}' sh -c '${login}' >&2\necho ${key}\n`,
    );
    chmodSync(script, 0o700);
    const reading = (): Promise<Ended> => token({ ...env, AUTH_KEY_COMMAND: script });
    expect((await reading()).stdout).toBe("the-second\n");
    // The same where what was written stays in the log, and the file is as it was.
    await succeeded(auth([...REPLACE, "--quiet"], { env, stdin: "the-first" }));
    alone(env);
    age(env);
    await whileHeld(env, async () => {
      expect(readFileSync(`${vaultOf(env)}-wal`).length).toBe(0);
      expect((await reading()).stdout).toBe("the-second\n");
      expect(readFileSync(`${vaultOf(env)}-wal`).length).toBeGreaterThan(0);
    });
  });
});

describe("attack: a vault file that was spoiled long ago", () => {
  const SPOILED: readonly (readonly [string, (env: Env) => void])[] = [
    ["cut in the middle of a page", (env) => writeFileSync(vaultOf(env), readFileSync(vaultOf(env)).subarray(0, 5000))],
    ["empty", (env) => writeFileSync(vaultOf(env), "")],
    ["no SQLite file", (env) => writeFileSync(vaultOf(env), "not a vault\n".repeat(2000))],
    ["its second page wiped", (env) => patch(env, (bytes) => bytes.fill(0, 4096, 8192))],
    ["its third page wiped", (env) => patch(env, (bytes) => bytes.fill(0, 8192, 12288))],
    [
      "a byte of a value changed",
      (env) => patch(env, (bytes) => bytes.fill(0x55, bytes.indexOf("header") + 150, bytes.indexOf("header") + 151)),
    ],
    ["open to others", (env) => chmodSync(vaultOf(env), 0o644)],
    [
      "a link to a file elsewhere",
      (env) => {
        renameSync(vaultOf(env), `${vaultOf(env)}.moved`);
        symlinkSync(`${vaultOf(env)}.moved`, vaultOf(env));
      },
    ],
  ];

  test.each(SPOILED)("%s: told as of one that was spoiled just now", async (_, spoil) => {
    const env = await home();
    spoil(env);
    const now = await token(env);
    alone(env);
    age(env);
    expect(await token(env)).toEqual(now);
  });
});

function patch(env: Env, change: (bytes: Buffer) => void): void {
  const bytes = readFileSync(vaultOf(env));
  change(bytes);
  writeFileSync(vaultOf(env), bytes);
}

/** Meanwhile someone has it open, which keeps the log from being emptied. */
async function whileHeld(env: Env, work: () => Promise<void>): Promise<void> {
  const command = [process.execPath, "-e", HOLD_OPEN, vaultOf(env)];
  const reader = Bun.spawn(command, { stdin: "pipe", stdout: "pipe", stderr: "inherit" });
  try {
    await reader.stdout.getReader().read();
    await work();
  } finally {
    reader.kill();
    await reader.exited;
  }
}

const HOLD_OPEN = `
  const { Database } = require("bun:sqlite");
  const db = new Database(process.argv[1], { readonly: true });
  db.run("BEGIN");
  db.query("SELECT count(*) FROM store").get();
  console.log("open");
  setInterval(() => {}, 1000);
`;

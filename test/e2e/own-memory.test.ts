/** What keeps tokens for long can't be read by the other programs of its user (SECURITY.md): a user, played by setpriv. */
import { describe, expect, test } from "bun:test";
import { chmodSync, chownSync, cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { lacking } from "../support/needs.ts";
import { AUTH, type Ended, run, tempFolder } from "../support/program.ts";

const ALICE = 61_001;
const possible = !lacking("linux", "root", "setpriv");

/** A home of hers with a pasted token, and what she runs there. */
async function aliceHome(): Promise<(...words: readonly string[]) => Promise<Ended>> {
  const root = tempFolder();
  chmodSync(root, 0o755);
  const home = join(root, "home");
  mkdirSync(home);
  chownSync(home, ALICE, ALICE);
  cpSync(AUTH, join(root, "auth"));
  chmodSync(join(root, "auth"), 0o755);
  const as = (...words: readonly string[]): Promise<Ended> =>
    run(["setpriv", `--reuid=${ALICE}`, `--regid=${ALICE}`, "--clear-groups", ...words], {
      env: {
        HOME: home,
        AUTH_HOME: undefined,
        PATH: `${root}:/usr/bin:/bin`,
        DBUS_SESSION_BUS_ADDRESS: "unix:path=/nowhere",
      },
      stdin: "a-token-1234567890",
    });
  expect((await as("auth", "login", "apikey:x", "--token", "-")).code).toBe(0);
  return as;
}

describe.skipIf(!possible)(`another program of its user${possible ? "" : " (skipped: needs root and setpriv)"}`, () => {
  test("(reads the environment and the memory of a process like any other)", async () => {
    const as = await aliceHome();
    const readsOwn = "sleep 9 & sleep 0.2; head -c 1 /proc/$!/environ | wc -c; kill $!";
    expect((await as("sh", "-c", readsOwn)).stdout.trim()).toBe("1");
  });

  test("reads neither those of the agent, which works all the same", async () => {
    const as = await aliceHome();
    expect((await as("auth", "agent", "start")).code).toBe(0);
    try {
      const pid = JSON.parse((await as("auth", "agent", "status", "--json")).stdout).pid;
      for (const file of ["environ", "mem", "maps"])
        expect((await as("cat", `/proc/${pid}/${file}`)).stderr).toContain("Permission denied");
      await as("auth", "agent", "lock");
      expect((await as("auth", "agent", "start")).stderr).toContain("unlocked");
      expect((await as("auth", "token", "apikey:x")).stdout).toBe("a-token-1234567890\n");
    } finally {
      expect((await as("auth", "agent", "stop")).code).toBe(0);
    }
  });

  test("reads neither those of run --mask from within, and the command's own are as ever", async () => {
    const as = await aliceHome();
    const script =
      "head -c 1 /proc/$PPID/environ; head -c 1 /proc/$$/environ | wc -c; echo $API_TOKEN; auth token apikey:x";
    const words = ["run", "-q", "-c", "apikey:x=API_TOKEN", "--mask", "--", "sh", "-c", script];
    const { code, stdout, stderr } = await as("auth", ...words);
    expect([code, stdout]).toEqual([0, "1\n[redacted]\n[redacted]\n"]);
    expect(stderr).toContain("Permission denied");
  });
});

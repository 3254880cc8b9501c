/** A database's password stays out of what others see, also where it wasn't encoded and no one can tell where it ends. */
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { lacking } from "../support/needs.ts";
import { auth, tempFolder } from "../support/program.ts";

const SECRET = "SecretTail";
const UNCLEAR = [
  `redis://user:12?${SECRET}@127.0.0.1:1/0`,
  `redis://user:12?prefix=${SECRET}@127.0.0.1:1/0`,
  `redis://user:12#${SECRET}@127.0.0.1:1/0`,
  `redis://user:12/${SECRET}@127.0.0.1:1/0`,
  `postgres://user:12/${SECRET}@127.0.0.1`,
  `postgres://user:12/${SECRET}@127.0.0.1:1/db`,
  `postgres://user:12?${SECRET}@127.0.0.1:1/db`,
  `rediss//${SECRET}@db.example:6379/0`,
  `redis/:${SECRET}@db.example:6379/0`,
];

describe.each(UNCLEAR)("%s", (AUTH_STORE) => {
  test("is a mistake that is told without it", async () => {
    for (const args of [["vault", "status"], ["doctor"], ["list"], ["vault", "status", "--json"]]) {
      const { code, stdout, stderr } = await auth(args, { env: { AUTH_STORE } });
      expect(code).not.toBe(0);
      expect(stdout + stderr).toContain("AUTH_STORE");
      expect(stdout + stderr).not.toContain(SECRET);
    }
  });

  test.skipIf(lacking("linux"))("isn't written into the file of a service", async () => {
    const { stdout, stderr } = await auth(["setup", "agent", "--yes"], { env: { AUTH_STORE } });
    expect(stdout + stderr).toContain("ExecStart");
    expect(stdout + stderr).not.toContain(SECRET);
    expect(stdout + stderr).toContain("The password in AUTH_STORE was not written into it");
  });
});

test.skipIf(process.platform === "win32")(
  "the command that tells a person gets the address without the password",
  async () => {
    const file = join(tempFolder(), "told");
    const line = `printf '%s' "\${AUTH_STORE-none}" > ${file}`;
    for (const [store, told] of [
      [`redis://user:${SECRET}@127.0.0.1:1/0`, "redis://user@127.0.0.1:1/0"],
      [UNCLEAR[0], "none"],
    ]) {
      const script = `import { superviseNotifyCommand } from "${join(import.meta.dir, "../../src/cli/notify.ts")}";
      process.exitCode = await superviseNotifyCommand(process.env);`;
      const child = Bun.spawn([process.execPath, "-e", script], {
        env: { PATH: process.env.PATH ?? "", AUTH_NOTIFY_COMMAND: line, AUTH_STORE: store ?? "" },
        stdio: [new Blob(["{}"]), "ignore", "inherit"],
      });
      expect(await child.exited).toBe(0);
      expect(readFileSync(file, "utf8")).toBe(told ?? "");
    }
  },
);

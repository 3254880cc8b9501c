/** What was taken out of another program's file is in the vault, whatever fails after that. */
import { expect, test } from "bun:test";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { lacking } from "../support/needs.ts";
import { AUTH, auth, bareEnvironment, run, tempFolder } from "../support/program.ts";

test.skipIf(lacking("linux", "strace"))(
  "a key whose file was changed stays here, also where the disk then fails to write its folder out",
  async () => {
    const home = tempFolder();
    const env = { ...bareEnvironment(), HOME: home };
    mkdirSync(home, { recursive: true });
    const path = join(home, ".netrc");
    writeFileSync(path, "machine api.acme.example login me password correct-horse-battery\n", { mode: 0o600 });
    const failing = ["strace", "-f", "-qq", "-o", "/dev/null", "-P", home, "-e", "inject=fsync:error=EIO"];
    const moved = await run([...failing, AUTH, "import", "netrc", "--move", "--yes", "--no-verify"], { env });
    expect(moved).toMatchObject({ code: 0 });
    expect(readFileSync(path, "utf8")).not.toContain("correct-horse");
    expect((await auth(["token"], { env })).stdout).toBe("correct-horse-battery\n");
  },
);

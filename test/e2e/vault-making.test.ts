/** Making a vault while the system refuses one call after the other: there is no vault then, or one that opens. */
import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { lacking } from "../support/needs.ts";
import { AUTH, auth, bareEnvironment, run, tempFolder } from "../support/program.ts";

/** Kinds of call by which a vault comes to be, and what they fail with: an open file elsewhere, a bad disk. */
const CALLS: Readonly<Record<string, string>> = {
  "unlink,unlinkat": "EBUSY",
  "rename,renameat,renameat2,link,linkat": "EPERM",
  "fsync,fdatasync": "EIO",
  "pwrite64,write": "ENOSPC",
  ftruncate: "EIO",
};
/** More calls of one kind than it takes. */
const MOST = 60;

describe("whatever call fails while a vault is made, its key is not lost", () => {
  for (const [calls, code] of Object.entries(CALLS))
    test.concurrent.skipIf(lacking("linux", "strace"))(
      `${calls}: ${code}`,
      async () => {
        let nth = 1;
        for (; nth < MOST; nth++) {
          const env = bareEnvironment();
          const log = join(tempFolder(), "log");
          const inject = ["-e", `trace=${calls}`, "-e", `inject=${calls}:error=${code}:when=${nth}`];
          const strace = ["strace", "-f", "-qq", "-o", log, ...inject];
          const made = await run([...strace, AUTH, "vault", "init", "--key", "file", "--json"], { env });
          expect(made.stderr).not.toContain('"internal"');
          const list = await auth(["list", "--json"], { env });
          expect({ calls, nth, list, made }).toMatchObject({ list: { code: 0, stdout: "[]\n" } });
          // What is there now can be used, and what isn't can be made.
          if (!existsSync(join(env.AUTH_HOME ?? "", "vault.db")))
            expect((await auth(["vault", "init", "--key", "file"], { env })).code).toBe(0);
          if (!readFileSync(log, "utf8").includes("INJECTED")) break;
        }
        expect({ calls, enough: nth < MOST, some: nth > 1 || calls === "ftruncate" }).toEqual({
          calls,
          enough: true,
          some: true,
        });
      },
      60_000,
    );
});

/**
 * Where memory can't be made executable: systemd's MemoryDenyWriteExecute, or a limit of address space. Bun then has no
 * JIT, and functions of the C library can't be called; everything goes on by Bun's own API.
 */
import { describe, expect, test } from "bun:test";
import { startFaulty } from "../issuers/faulty.ts";
import { LOGIN, proofHome } from "../proofs/proof-home.ts";

const PRCTL: Readonly<Record<string, number>> = { x64: 157, arm64: 167 };
const PR_SET_MDWE = 65;
const PR_MDWE_REFUSE_EXEC_GAIN = 1;

/** Exits with 99 where the kernel doesn't know it (before 6.3). */
const denyWriteExecute = `syscall(${PRCTL[process.arch]}, ${PR_SET_MDWE}, ${PR_MDWE_REFUSE_EXEC_GAIN}, 0, 0, 0) == 0 or exit 99; exec @ARGV`;

const WAYS: Readonly<Record<string, readonly string[]>> = {
  "a limit of address space": ["sh", "-c", 'ulimit -v 2000000; exec "$@"', "sh"],
  MemoryDenyWriteExecute: ["perl", "-e", denyWriteExecute],
};

function isPossible(under: readonly string[]): boolean {
  const [program = "", ...args] = under;
  return Bun.which(program) !== null && Bun.spawnSync([program, ...args, "true"]).exitCode === 0;
}

describe.skipIf(process.platform !== "linux")("without the JIT", () => {
  for (const [name, under] of Object.entries(WAYS))
    test.skipIf(!isPossible(under))(
      `by ${name}: a token is refreshed, printed, injected and logged; a login is stored and erased`,
      async () => {
        const issuer = startFaulty();
        try {
          const home = await proofHome(issuer);
          const run = (args: readonly string[], stdin = "") => home.run(args, { under, stdin });
          const token = await run(["token", LOGIN]);
          const { access, refresh } = issuer.chain.newest();
          expect(token).toEqual({ code: 0, signal: null, stdout: `${access}\n`, stderr: "" });
          expect(await home.tokens()).toEqual({ access, refresh });
          expect((await run(["run", "-q", LOGIN, "--", "printenv", "OIDC_TOKEN"])).stdout).toBe(`${access}\n`);
          expect((await run(["run", "-q", LOGIN, "--", "sh", "-c", "exit 7"])).code).toBe(7);
          expect((await run(["login", "apikey:one", "--token", "-", "-q"], "sk-without-jit-1")).code).toBe(0);
          expect((await run(["token", "apikey:one"])).stdout).toBe("sk-without-jit-1\n");
          expect((await run(["logout", "apikey:one", "--yes"])).code).toBe(0);
          const log = await run(["log", "--json"]);
          const program = (JSON.parse(log.stdout.split("\n")[0] ?? "") as { program: string | null }).program;
          expect(program).toMatch(/\S/);
        } finally {
          issuer.stop();
        }
      },
      60_000,
    );
});

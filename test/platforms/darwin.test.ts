/** No emulator runs macOS programs: elsewhere than on a Mac the binaries are looked at (`.ci/verify.ts`), not run. */
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { run } from "../support/program.ts";
import { life } from "./life.ts";
import { reasonToSkip } from "./platform.ts";
import { PLATFORMS } from "./table.ts";

const ROOT = join(import.meta.dir, "..", "..");
const BUILDS = ["darwin-x64", "darwin-arm64"] as const;

for (const build of BUILDS) {
  const stale = reasonToSkip({ ...PLATFORMS[build], needs: {} });
  describe.skipIf(stale !== null)(`platform ${build}${stale === null ? "" : `, which ${stale}`}`, () => {
    test("is a program that macOS accepts, as far as its bytes tell", async () => {
      const verify = await run([process.execPath, ".ci/verify.ts", build], { cwd: ROOT });
      expect(verify).toMatchObject({ code: 0, stdout: expect.stringContaining(build) });
    }, 30_000);
  });
  if (process.platform === "darwin") life(PLATFORMS[build]);
}

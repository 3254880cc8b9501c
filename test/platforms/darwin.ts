/** No emulator runs macOS programs: elsewhere than on a Mac the binaries are looked at (`.ci/verify.ts`), not run. */
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { objections } from "../../.ci/apple-signature.ts";
import { run } from "../support/program.ts";
import { life } from "./life.ts";
import { binaryOf, type Platform, reasonToSkip } from "./platform.ts";

const ROOT = join(import.meta.dir, "..", "..");

export function lookAt(platform: Platform): void {
  const { name, build } = platform;
  const stale = reasonToSkip({ ...platform, needs: {} });
  describe.skipIf(stale !== null)(`platform ${name}${stale === null ? "" : `, which ${stale}`}`, () => {
    test("is a program that macOS accepts, as far as its bytes tell", async () => {
      const verify = await run([process.execPath, ".ci/verify.ts", build], { cwd: ROOT });
      expect(verify).toMatchObject({ code: 0, stdout: expect.stringContaining(build) });
    }, 60_000);

    test("is refused with one byte changed, wherever it is", () => {
      const bytes = readFileSync(binaryOf(platform));
      for (const part of [0.001, 0.3, 0.6, 0.95, 0.999]) {
        const at = Math.floor(bytes.length * part);
        bytes[at] = (bytes[at] ?? 0) ^ 1;
        expect({ part, faults: objections(bytes, "auth").length }).toEqual({ part, faults: 1 });
        bytes[at] = (bytes[at] ?? 0) ^ 1;
      }
      expect(objections(bytes, "auth")).toEqual([]);
    }, 60_000);
  });
  if (process.platform === "darwin") life(platform);
}

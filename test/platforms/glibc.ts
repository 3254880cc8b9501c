/** glibc itself is this machine's: that an older one would do is seen from the symbols that are asked for. */
import { describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { binaryOf, type Platform, reasonToSkip } from "./platform.ts";

const NM = "/usr/bin/nm";
/** CentOS 7, Debian 8, Ubuntu 14.04 (docs/install.md). */
const OLDEST = 17;

export function asksForNoNewGlibc({ name, build }: Platform): void {
  const skipped = reasonToSkip({ name, build, needs: { [NM]: "Debian: binutils" } });
  describe.skipIf(skipped !== null)(`platform ${name}${skipped === null ? "" : `, which ${skipped}`}`, () => {
    test(`asks for no symbol that glibc 2.${OLDEST} lacks`, () => {
      const { stdout } = spawnSync(NM, ["--dynamic", "--undefined-only", binaryOf({ build })], { encoding: "utf8" });
      const minors = [...stdout.matchAll(/@GLIBC_2\.(\d+)/g)].map(([, minor]) => Number(minor));
      expect(Math.max(...minors)).toBe(OLDEST);
    });
  });
}

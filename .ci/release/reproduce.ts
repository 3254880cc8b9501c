/** Whether a release comes out the same on another day, in another folder, for another user. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Platform } from "../platforms.ts";
import { output, root } from "../ready.mjs";
import { namesIn } from "./assemble.ts";

/** Makes it again from a copy of the checkout. Signatures aren't compared: ECDSA's are random. @returns what differs */
export function differences(release: string, platforms: readonly Platform[], seconds: number): string[] {
  const copy = mkdtempSync(join(tmpdir(), "auth-again-"));
  try {
    for (const file of output("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")) {
      if (file === "") continue;
      mkdirSync(join(copy, dirname(file)), { recursive: true });
      cpSync(join(root, file), join(copy, file));
    }
    for (const folder of ["node_modules", "dist/release-keys"]) linked(join(root, folder), join(copy, folder));
    const env = ["env", `SOURCE_DATE_EPOCH=${seconds}`, `HOME=${copy}`, "TZ=Asia/Kathmandu", "LC_ALL=C"];
    output("env", "-C", copy, ...env, process.execPath, join(copy, ".ci/release/index.ts"), ...platforms);
    const again = join(copy, "dist", "release");
    const names = new Set([...namesIn(release), ...namesIn(again)].filter((name) => !/\.(sig|minisig)$/.test(name)));
    return [...names].filter((name) => !same(join(release, name), join(again, name)));
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

/** Hard links where they can be made: it is a gigabyte. */
function linked(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  output("sh", "-c", 'cp -al "$0/." "$1/" 2>/dev/null || cp -af "$0/." "$1/"', from, to);
}

function same(one: string, other: string): boolean {
  try {
    return readFileSync(one).equals(readFileSync(other));
  } catch {
    return false;
  }
}

/** Whether a release comes out the same in another folder, for another user, in another time zone. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Platform } from "../platforms.ts";
import { output, root } from "../ready.mjs";
import { namesIn } from "./assemble.ts";

/** Files that the environment names: relative ones are the checkout's. */
const KEYS = ["AUTH_RELEASE_KEY", "AUTH_RELEASE_NEXT_KEY", "AUTH_RELEASE_MINISIGN_KEY"];

/**
 * Makes it again from the commit alone, with the installed packages, but with copies of Bun that are made anew. Signatures
 * aren't compared: ECDSA's are random. @returns what differs
 */
export function differences(release: string, platforms: readonly Platform[], seconds: number): string[] {
  const folder = mkdtempSync(join(tmpdir(), "auth-again-"));
  const [copy, home] = [join(folder, "checkout"), join(folder, "home")];
  try {
    output("git", "clone", "--quiet", root, copy);
    // Hard links where they can be made: it is a gigabyte.
    const link = 'cp -al node_modules "$0/" 2>/dev/null || cp -af node_modules "$0/"; rm -rf "$0/node_modules/.cache"';
    output("sh", "-c", link, copy);
    const keys = KEYS.flatMap((name) => {
      const path = process.env[name];
      return path === undefined ? [] : [`${name}=${resolve(root, path)}`];
    });
    if (keys.length === 0) output("sh", "-c", 'mkdir "$0/dist" && cp -a dist/release-keys "$0/dist/"', copy);
    // npm downloads with the caller's settings.
    const npm = [`npm_config_userconfig=${join(homedir(), ".npmrc")}`, `npm_config_cache=${join(homedir(), ".npm")}`];
    const env = [...keys, ...npm, `SOURCE_DATE_EPOCH=${seconds}`, `HOME=${home}`, "TZ=Asia/Kathmandu", "LC_ALL=C"];
    output("env", "-C", copy, ...env, process.execPath, join(copy, ".ci/release/index.ts"), ...platforms);
    const again = join(copy, "dist", "release");
    const names = new Set([...namesIn(release), ...namesIn(again)].filter((name) => !/\.(sig|minisig)$/.test(name)));
    return [...names].filter((name) => !same(join(release, name), join(again, name)));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function same(one: string, other: string): boolean {
  try {
    return readFileSync(one).equals(readFileSync(other));
  } catch {
    return false;
  }
}

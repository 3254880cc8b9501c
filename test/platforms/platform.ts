/** How the binary of one platform is run on this machine: natively, or by an emulator. */
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { bareEnvironment } from "../support/program.ts";

const ROOT = join(import.meta.dir, "..", "..");

export interface Platform {
  /** As in the suite's title: a folder of dist/, or one of them on another processor. */
  readonly name: string;
  /** The binary's folder in dist/. */
  readonly build: string;
  /** Files that must be there to run it: path → what to install. null: it runs only on the machine that it is for. */
  readonly needs: Readonly<Record<string, string>> | null;
  /** Done once, before the first test. @param binary the file to run */
  prepare(binary: string): Machine | Promise<Machine>;
}

/** A machine of that platform, as the suite uses it. */
export interface Machine {
  /** The command line that runs `auth` with these arguments. */
  command(args: readonly string[]): string[];
  /** The environment of a user whose home is this folder. */
  environment(home: string): Record<string, string>;
  /** A path of this machine, as programs of that one name it. */
  path(path: string): string;
  readonly programs: Programs;
  stop?(): Promise<void>;
}

/** What `auth run` is given to run there. */
export interface Programs {
  exit(code: number): string[];
  /** Prints a variable's value. */
  print(variable: string): string[];
  /** Prints each argument on a line. */
  lines(...args: readonly string[]): string[];
}

/** The child of `auth run` is this machine's own: an emulator hands execve(2) on to the kernel. */
const POSIX_PROGRAMS: Programs = {
  exit: (code) => ["sh", "-c", `exit ${code}`],
  print: (variable) => ["sh", "-c", `printf '%s\\n' "$${variable}"`],
  lines: (...args) => ["printf", "%s\\n", ...args],
};

/** @param under the command line before the binary @param more variables that the emulator reads */
export function posixMachine(binary: string, under: readonly string[], more: Record<string, string> = {}): Machine {
  return {
    command: (args) => [...under, binary, ...args],
    environment: (home) => bareEnvironment({ HOME: home, ...more }),
    path: (path) => path,
    programs: POSIX_PROGRAMS,
  };
}

export function binaryOf({ build }: Pick<Platform, "build">): string {
  return join(ROOT, "dist", build, build.startsWith("windows") ? "auth.exe" : "auth");
}

/**
 * Why it can't be run here, or null. In CI that is an error: a platform left out hides what it would have found.
 * @throws Error in CI
 */
export function reasonToSkip(platform: Omit<Platform, "prepare">): string | null {
  const reason = lack(platform) ?? staleness(binaryOf(platform));
  if (reason !== null && process.env.CI) throw new Error(`platform ${platform.name}: ${reason}`);
  return reason;
}

function lack({ build, needs }: Omit<Platform, "prepare">): string | null {
  if (needs === null) return isNative(build) ? null : "has no emulator here";
  const missing = Object.entries(needs).find(([path]) => !existsSync(path));
  return missing === undefined ? null : `needs ${missing[0]} (${missing[1]})`;
}

/** Whether this is the machine that a build is for. */
export function isNative(build: string): boolean {
  return build === `${process.platform}-${process.arch}`;
}

/** A binary of other sources than dist/auth would say nothing of these. */
function staleness(binary: string): string | null {
  const own = join(ROOT, "dist", "auth");
  const fresh = existsSync(binary) && (!existsSync(own) || statSync(binary).mtimeMs >= statSync(own).mtimeMs);
  return fresh ? null : "isn't built from these sources: npm run test:platforms";
}

/** Compiles the program, for this machine or for others. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { sign } from "./apple-signature.ts";
import { ENTRIES, FLAGS } from "./flags.mjs";
import { isMachO } from "./mach-o.ts";
import { type Platform, TARGETS } from "./platforms.ts";
import { root } from "./ready.mjs";
import { runtimesFor } from "./runtime.ts";

export interface Build {
  /** `null` is this machine's. */
  readonly platform: Platform | null;
  /** Where the binary goes. On Windows `.exe` is added. */
  readonly outfile: string;
  readonly flags?: readonly string[];
}

/** @throws Error with the compiler's words when one fails */
export async function compile(builds: readonly Build[]): Promise<void> {
  const runtimes = runtimesFor(builds.map(({ platform }) => platform));
  for (const [index, build] of builds.entries()) await compileOne(build, runtimes[index] as string);
}

/**
 * Built beside its place and moved there, so that a process that starts the binary meanwhile always finds a whole one. The base
 * name is embedded in it: only with the same one are two builds the same bytes.
 */
async function compileOne({ platform, outfile, flags = [] }: Build, runtime: string): Promise<void> {
  const place = dirname(outfile);
  mkdirSync(place, { recursive: true });
  const folder = mkdtempSync(join(place, ".build-"));
  try {
    const target = platform === null ? [] : [`--target=${TARGETS[platform]}`];
    const out = ["--outfile", join(folder, basename(outfile))];
    const args = ["build", ...FLAGS, ...target, `--compile-executable-path=${runtime}`, ...flags, ...ENTRIES, ...out];
    const child = Bun.spawn([process.execPath, ...args], { cwd: root, stdout: "pipe", stderr: "pipe" });
    const [stdout, stderr, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
    if (code !== 0) throw new Error(`${outfile} could not be built:\n${stdout}${stderr}`);
    for (const name of readdirSync(folder)) {
      const file = join(folder, name);
      signWhereNeeded(file);
      renameSync(file, join(place, name));
    }
    console.log(`Built ${outfile.slice(root.length + 1)}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Last of all, since it covers every byte before it. */
function signWhereNeeded(file: string): void {
  const bytes = readFileSync(file);
  if (isMachO(bytes)) writeFileSync(file, sign(bytes, "auth"));
}

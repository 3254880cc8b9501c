// Builds dist/auth, with --all one binary per platform, with --test-build dist/test/auth: the same program with the fault
// points of src/platform/faults.ts in it. Why each flag: docs say it in "Building".
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { ENTRIES, FLAGS } from "./flags.mjs";
import { ready, root, run } from "./ready.mjs";

/** dist/<platform>/ → Bun's name of the target. */
const TARGETS = {
  "linux-x64": "bun-linux-x64",
  "linux-arm64": "bun-linux-arm64",
  "linux-x64-musl": "bun-linux-x64-musl",
  "linux-arm64-musl": "bun-linux-arm64-musl",
  "darwin-x64": "bun-darwin-x64",
  "darwin-arm64": "bun-darwin-arm64",
  "windows-x64": "bun-windows-x64",
  "windows-arm64": "bun-windows-arm64",
};

const bun = ready();
if (process.argv.includes("--all")) {
  for (const [platform, target] of Object.entries(TARGETS)) build(join("dist", platform, "auth"), `--target=${target}`);
  if (!process.exitCode) run(bun, ".ci/verify.ts", ...Object.keys(TARGETS));
} else if (process.argv.includes("--test-build")) {
  build(join("dist", "test", "auth"), "--feature=AUTH_TEST");
} else {
  build(join("dist", "auth"));
}

/**
 * Built beside its place and moved there, so that whoever runs the binary meanwhile always finds a whole one. The base
 * name is embedded in it: only with the same one are two builds the same bytes.
 */
function build(outfile, ...flags) {
  mkdirSync(join(root, dirname(outfile)), { recursive: true });
  const folder = mkdtempSync(join(root, dirname(outfile), ".build-"));
  try {
    const args = ["build", ...FLAGS, ...flags, ...ENTRIES, "--outfile", join(folder, basename(outfile))];
    const { status, stdout, stderr, error } = spawnSync(bun, args, { cwd: root, encoding: "utf8" });
    if (error) throw error;
    if (status !== 0) {
      console.error(`${stdout}${stderr}`);
      process.exitCode = status ?? 1;
      return;
    }
    // Windows programs get `.exe`.
    for (const name of readdirSync(folder)) renameSync(join(folder, name), join(root, dirname(outfile), name));
    console.log(`Built ${outfile}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

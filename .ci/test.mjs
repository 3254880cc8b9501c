// `npm test`: types, lint, dead code, builds, then every test. The last line counts all of them.
// `npm test -- <files and bun's options>`: both builds, then those tests alone.
import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { ready, root } from "./ready.mjs";

const bun = ready();
const chosen = process.argv.slice(2);
const count = { passed: 0, failed: 0, skipped: 0 };

const CHECKS = {
  types: [process.execPath, "node_modules/typescript/bin/tsc"],
  lint: [process.execPath, "node_modules/@biomejs/biome/bin/biome", "check", "--error-on-warnings"],
  "dead code": [process.execPath, "node_modules/knip/bin/knip.js"],
  spelling: [process.execPath, "node_modules/cspell/bin.mjs", "--no-progress", "--no-summary"],
  build: [process.execPath, ".ci/build.mjs"],
  "test build": [process.execPath, ".ci/build.mjs", "--test-build"],
  // Elsewhere the platforms' suites are left out: seven runtimes would have to be downloaded.
  ...(process.env.CI && {
    "every platform's build": [process.execPath, ".ci/build.mjs", "--all"],
    // Of two platforms, to save time.
    "a release, the same twice": [process.execPath, ".ci/release/run.mjs", "--check", "linux-x64", "darwin-arm64"],
    "a release, checked as a stranger would": ["sh", "dist/release/verify.sh"],
  }),
};

for (const [name, [command, ...args]] of Object.entries(CHECKS)) {
  if (chosen.length > 0 && !["build", "test build"].includes(name)) continue;
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: root, encoding: "utf8" });
  console.log(`${status === 0 ? "✓" : "✗"} ${name}`);
  if (status === 0) count.passed++;
  else {
    count.failed++;
    console.log(`${stdout}${stderr}`);
  }
}

// Everything the tests make lies in one folder, which is gone when they are. Some run as another user, who must get in.
const folder = mkdtempSync(join(tmpdir(), "auth-test-"));
chmodSync(folder, 0o755);
const report = join(folder, "junit.xml");
const options = [
  // One more than there are processors: a test waits for a sixth of its time.
  `--parallel=${availableParallelism() + 1}`,
  // Bun's five seconds are too short for a test that starts several programs on a busy machine.
  "--timeout=60000",
  "--reporter=junit",
  `--reporter-outfile=${report}`,
];
const { status } = spawnSync(bun, ["test", ...options, ...chosen], {
  cwd: root,
  stdio: "inherit",
  env: { ...process.env, TMPDIR: folder },
});
addReport(report, status);
rmSync(folder, { recursive: true, force: true });

// Where everything a suite needs is installed, one that was left out hides what it would have found.
const skippedInCi = process.env.CI && count.skipped > 0;
if (skippedInCi) console.log("\nTests were skipped, which CI does not allow.");
console.log(`\n${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`);
process.exit(count.failed > 0 || skippedInCi ? 1 : 0);

/** Adds bun's own count. A run that failed without a failed test (a file that doesn't load) is one failure. */
function addReport(path, exitCode) {
  let totals;
  try {
    totals = /<testsuites [^>]*>/.exec(readFileSync(path, "utf8"))?.[0] ?? "";
  } catch {
    totals = "";
  }
  const number = (name) => Number(new RegExp(` ${name}="(\\d+)"`).exec(totals)?.[1] ?? 0);
  const failed = number("failures") + number("errors");
  count.skipped += number("skipped");
  count.passed += number("tests") - failed - number("skipped");
  count.failed += failed === 0 && exitCode !== 0 ? 1 : failed;
}

// `npm run soak`: the proofs of the refresh engine, some fifteen times as large as in `npm test`, with their counts.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ready, root, run } from "./ready.mjs";

const bun = ready();
run(process.execPath, ".ci/build.mjs");
run(process.execPath, ".ci/build.mjs", "--test-build");

const folder = mkdtempSync(join(tmpdir(), "auth-soak-"));
const file = join(folder, "counts");
// 15 × 140 kills; one file after the other, since a crowd of 500 wants the machine to itself.
const env = { ...process.env, AUTH_SOAK: process.env.AUTH_SOAK ?? "15", AUTH_SOAK_COUNTS: file };
const { status } = spawnSync(bun, ["test", "test/proofs"], { cwd: root, stdio: "inherit", env });

const total = {};
for (const line of readFileSync(file, "utf8").trim().split("\n"))
  for (const [name, n] of Object.entries(JSON.parse(line))) total[name] = (total[name] ?? 0) + n;
rmSync(folder, { recursive: true });
console.log(
  `\n${Object.entries(total)
    .map(([name, n]) => `${name} ${n}`)
    .join(", ")}`,
);
process.exit(status ?? 1);

/** `npm run test:platforms [name…]`: builds for them, and plays a login's life on each binary (test/platforms). */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PLATFORMS } from "../test/platforms/table.ts";
import { root, run } from "./ready.mjs";

const names = process.argv.slice(2);
const chosen = Object.values(PLATFORMS).filter(({ name }) => names.length === 0 || names.includes(name));
const unknown = names.filter((name) => !Object.hasOwn(PLATFORMS, name));
if (unknown.length > 0) {
  console.error(`No such platform: ${unknown.join(", ")}. There are: ${Object.keys(PLATFORMS).join(", ")}.`);
  process.exit(64);
}
run("node", ".ci/build.mjs");
run("node", ".ci/build.mjs", "--all", ...new Set(chosen.map(({ build }) => build)));

// Parts of paths. Windows has more suites, with its own ways.
const files = chosen.map(({ name }) => `test/platforms/${name === "windows-x64" ? "windows-" : `${name}.test.ts`}`);
// wine alone leaves 700 MB in it.
const folder = mkdtempSync(join(tmpdir(), "auth-platforms-"));
const { status } = spawnSync(process.execPath, ["test", "--parallel", ...files], {
  cwd: root,
  stdio: "inherit",
  env: { ...process.env, TMPDIR: folder },
});
rmSync(folder, { recursive: true, force: true });
process.exit(status ?? 1);

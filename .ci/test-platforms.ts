/** `npm run test:platforms [name…]`: builds for them, and plays a login's life on each binary (test/platforms). */
import { PLATFORMS } from "../test/platforms/table.ts";
import { run } from "./ready.mjs";

const names = process.argv.slice(2);
const chosen = Object.values(PLATFORMS).filter(({ name }) => names.length === 0 || names.includes(name));
const unknown = names.filter((name) => !Object.hasOwn(PLATFORMS, name));
if (unknown.length > 0) {
  console.error(`No such platform: ${unknown.join(", ")}. There are: ${Object.keys(PLATFORMS).join(", ")}.`);
  process.exit(64);
}
run("node", ".ci/build.mjs");
run("node", ".ci/build.mjs", "--all", ...new Set(chosen.map(({ build }) => build)));
const suites = chosen.flatMap(({ name }) =>
  name === "windows-x64" ? [name, "windows-faults", "windows-upgrade"] : [name],
);
run(process.execPath, "test", "--parallel", ...suites.map((suite) => `test/platforms/${suite}.test.ts`));

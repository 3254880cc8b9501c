// Builds dist/auth, with --all one binary per platform, with --test-build dist/test/auth: the same program with the fault
// points of src/platform/faults.ts in it. Why each flag: flags.mjs.
import { join } from "node:path";
import { compile } from "./compile.ts";
import { PLATFORMS, platformsIn } from "./platforms.ts";
import { root, run } from "./ready.mjs";

const args = process.argv.slice(2);
if (args.includes("--all")) {
  const only = platformsIn(args.filter((word) => word !== "--all"));
  const platforms = only.length > 0 ? only : PLATFORMS;
  await compile(platforms.map((platform) => ({ platform, outfile: join(root, "dist", platform, "auth") })));
  run(process.execPath, ".ci/verify.ts", ...platforms);
} else if (args.includes("--test-build")) {
  await compile([{ platform: null, outfile: join(root, "dist", "test", "auth"), flags: ["--feature=AUTH_TEST"] }]);
} else {
  await compile([{ platform: null, outfile: join(root, "dist", "auth") }]);
}

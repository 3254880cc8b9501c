// `npm run test:platforms [name…]`: the life of a login on the binary of each platform, as test/platforms/table.ts runs it.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { ready, root, run } from "./ready.mjs";

const names = process.argv.slice(2);
const files = names.length > 0 ? names.map((name) => `test/platforms/${name}.test.ts`) : ["test/platforms"];
for (const file of files)
  if (!existsSync(join(root, file))) {
    console.error(`There is no ${file}.`);
    process.exit(64);
  }

const bun = ready();
run(process.execPath, ".ci/build.mjs");
run(process.execPath, ".ci/build.mjs", "--all");
run(bun, "test", "--parallel", ...files);

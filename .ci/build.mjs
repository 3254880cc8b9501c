// `node .ci/build.mjs [--all | --test-build]` builds from a bare clone: what does it is build.ts, run by the pinned Bun.
import { ready, run } from "./ready.mjs";

run(ready(), ".ci/build.ts", ...process.argv.slice(2));

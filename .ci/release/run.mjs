// `npm run release` works from a bare clone: what does it is index.ts, run by the pinned Bun.
import { ready, run } from "../ready.mjs";

run(ready(), ".ci/release/index.ts", ...process.argv.slice(2));

// `npm run demo`: the whole main job, for real, with the built binary and a certified issuer on this machine.
// This file only makes the checkout ready; the play is in demo.ts.
import { ready, run } from "../.ci/ready.mjs";

const bun = ready();
console.log("Building dist/auth …");
run(process.execPath, ".ci/build.mjs");
run(bun, "test/demo.ts");

/** `verify.ts <platform…>`: each dist/<platform>/ holds a hardened binary of that platform. */
import { faultsOf } from "./binary-faults.ts";
import { platformsIn, programName } from "./platforms.ts";

for (const platform of platformsIn(process.argv.slice(2))) {
  const path = `dist/${platform}/${programName(platform)}`;
  const wrong = faultsOf(platform, Buffer.from(await Bun.file(path).arrayBuffer()));
  if (wrong.length > 0) process.exitCode = 1;
  console.log(wrong.length === 0 ? `✓ ${path}` : `✗ ${path}: ${wrong.join("; ")}`);
}

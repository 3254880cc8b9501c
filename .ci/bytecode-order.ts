/**
 * .ci/bytecode-order/: which functions a token and a refresh use, in their order, as Bun records it. The build lays their
 * bytecode together, which makes a refresh and a token some 2 to 4 % faster. What a later source no longer has, or has
 * anew, does no harm: record it again, by `node .ci/ready.mjs .ci/bytecode-order.ts`, when much has changed on their way.
 */
import { mkdirSync, mkdtempSync, rmSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ENTRIES, FLAGS } from "./flags.mjs";

const ROOT = join(import.meta.dir, "..");
const PLACE = join(import.meta.dir, "bytecode-order");

const folder = mkdtempSync(join(tmpdir(), "auth-order-"));
const issuer = Bun.spawn([process.execPath, join(ROOT, "test", "bench-issuer.ts")], {
  stdio: ["ignore", "pipe", "inherit"],
});
try {
  const auth = join(folder, "auth");
  await run([process.execPath, "build", ...FLAGS, "--feature=AUTH_RECORD", ...ENTRIES, "--outfile", auth]);
  const { value } = await issuer.stdout.getReader().read();
  const url = new TextDecoder().decode(value).trim();
  const endpoints = ["--endpoint", `device=${url}/device`, "--endpoint", `token=${url}/token`];
  await run([auth, "login", "github", "--client-id", "order", ...endpoints]);
  mkdirSync(PLACE, { recursive: true });
  await run([auth, "refresh", "github", "--force", "-o", "token"], "refresh");
  // As most find it: a vault that nobody has written to for a while is read without SQLite.
  utimesSync(join(folder, "home", "vault.db"), 1, 1);
  await run([auth, "token", "github"], "token");
} finally {
  issuer.kill();
  rmSync(folder, { recursive: true, force: true });
}

async function run(command: string[], recorded?: string): Promise<void> {
  const env = {
    PATH: process.env.PATH,
    HOME: folder,
    AUTH_HOME: join(folder, "home"),
    ...(recorded !== undefined && { BUN_BYTECODE_ORDER_OUT: join(PLACE, recorded) }),
  };
  const child = Bun.spawn(command, { cwd: ROOT, env, stdio: ["ignore", "ignore", "inherit"] });
  if ((await child.exited) !== 0) throw new Error(`${command.slice(0, 2).join(" ")} failed`);
}

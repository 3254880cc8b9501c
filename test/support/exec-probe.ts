/** Becomes the command it is given, as `auth run` does, with a database open and locked and standard output touched. */
import { Database } from "bun:sqlite";
import { inheritedDescriptors } from "../../src/platform/descriptors.ts";
import { type ExecError, replaceProcess } from "../../src/platform/exec.ts";

const inherited = inheritedDescriptors();
if (process.env.PROBE_DATABASE) {
  const database = new Database(process.env.PROBE_DATABASE);
  database.run("BEGIN IMMEDIATE");
  // Makes a pipe non-blocking, for the next process that uses it.
  void process.stdout.isTTY;
}
const [command = "", ...args] = process.argv.slice(2);
try {
  process.exit(await replaceProcess({ command, args, env: { ...process.env }, inherited }));
} catch (error) {
  await Bun.write(Bun.stderr, `${(error as Error).message}\n`);
  process.exit((error as ExecError).exitCode);
}

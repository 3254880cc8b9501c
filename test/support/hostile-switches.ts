/** Bun's own switches, set as an attacker would set them: to run code, or to have tokens printed. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { tempFolder } from "./program.ts";

/** A value for which each switch would do something that shows. */
export function hostileValue(name: string, folder: string): string {
  const script = join(folder, "script.ts");
  if (name === "BUN_OPTIONS") return `--preload=${script}`;
  if (name === "BUN_INSPECT_PRELOAD") return script;
  if (name === "BUN_INSPECT") return `ws+unix://${join(folder, "socket")}?wait=1`;
  if (name === "BUN_CONFIG_VERBOSE_FETCH") return "curl";
  if (name === "NODE_TLS_REJECT_UNAUTHORIZED") return "0";
  if (name === "NODE_CHANNEL_FD") return "x";
  return /_(OUT|PATH|CACHE|TRACE)$/.test(name) ? join(folder, "written") : "1";
}

/** With a script that leaves a trace when it is run. */
export function scriptFolder(): string {
  const folder = tempFolder();
  writeFileSync(join(folder, "script.ts"), `await Bun.write(${JSON.stringify(join(folder, "was-run"))}, "");\n`);
  return folder;
}

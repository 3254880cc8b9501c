// Makes the checkout ready to run, with nothing but Node and npm on the machine: dependencies installed as the lock
// file says, and a Bun that runs. Every npm script goes through this, so each works as the first and only command,
// also where npm is told to ignore scripts (it would then skip Bun's own, which puts the program in its place).
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bun = join(root, "node_modules", "bun", "bin", "bun.exe");

/** @returns {string} the path of the pinned Bun */
export function ready() {
  if (!installed()) {
    console.error("Installing dependencies …");
    // Not `npm ci`: it fails where the registry lacks an optional package of another platform. The lock file holds
    // all the same, versions and hashes, and isn't touched.
    run(...npm("install", "--no-save", "--no-audit", "--no-fund"));
  }
  if (!isProgram(bun)) run(process.execPath, join(root, "node_modules", "bun", "install.js"));
  if (!isProgram(bun)) throw new Error("Bun could not be installed: node_modules/bun/bin/bun.exe is not a program.");
  return bun;
}

/** Runs a program in the checkout, its output shown. Ends this process when it fails. */
export function run(command, ...args) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: "inherit" });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
}

/** What a program prints, run in the checkout. */
export function output(command, ...args) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd: root, encoding: "utf8" });
  if (error) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(" ")}: ${stderr}`);
  return stdout;
}

/** Whether node_modules holds what the lock file says. What is optional may be missing: it is another platform's. */
function installed() {
  const [wanted, there] = ["package-lock.json", "node_modules/.package-lock.json"].map(packagesOf);
  if (there === null) return false;
  return Object.entries(wanted).every(
    ([path, { version, optional }]) => path === "" || optional || there[path]?.version === version,
  );
}

function packagesOf(lockFile) {
  const path = join(root, lockFile);
  return existsSync(path) ? JSON.parse(readFileSync(path, "utf8")).packages : null;
}

/** What npm leaves in its place when scripts are ignored is a note of a few hundred bytes. */
function isProgram(path) {
  return existsSync(path) && statSync(path).size > 1_000_000;
}

/** npm itself is a script where it called us; a program on the PATH (with a shell's help on Windows) elsewhere. */
export function npm(...args) {
  const script = process.env.npm_execpath;
  if (script?.endsWith(".js")) return [process.execPath, script, ...args];
  return process.platform === "win32" ? ["cmd.exe", "/c", "npm", ...args] : ["npm", ...args];
}

// `node .ci/ready.mjs <arguments>` runs the pinned Bun with them.
if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) run(ready(), ...process.argv.slice(2));

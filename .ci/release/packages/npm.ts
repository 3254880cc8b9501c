/**
 * npm: a package for each platform, which npm installs only where it fits, and a launcher that becomes the program. No
 * script runs at installation, so it works where those are forbidden.
 */
import { type Entry, entry, tarGz } from "../archive.ts";
import { PACKAGE } from "./description.ts";

/** `linux-x64-musl` in npm's words. */
function constraints(platform: string): Record<string, readonly string[]> {
  const [system = "", cpu = "", libc] = platform.split("-");
  return {
    os: [system === "windows" ? "win32" : system],
    cpu: [cpu],
    ...(system === "linux" && { libc: [libc ?? "glibc"] }),
  };
}

export function platformPackage(
  version: string,
  platform: string,
  program: Entry,
  pages: readonly Entry[],
  seconds: number,
): Uint8Array {
  const { description, license } = PACKAGE;
  const manifest = {
    name: `${PACKAGE.npmScope}/${platform}`,
    version,
    description: `${description} (the program for ${platform})`,
    license,
    ...constraints(platform),
    preferUnplugged: true,
  };
  return packed(manifest, pages, { ...program, path: `bin/${program.path}` }, seconds);
}

export function launcherPackage(
  version: string,
  platforms: readonly string[],
  pages: readonly Entry[],
  seconds: number,
): Uint8Array {
  const { npm, npmScope, name, description, license } = PACKAGE;
  const manifest = {
    name: npm,
    version,
    description,
    license,
    bin: { [name]: "bin/auth.js" },
    // `man auth`, where npm installs globally (docs.npmjs.com/cli/configuring-npm/package-json#man).
    man: pages.map(({ path }) => path).filter((path) => path.endsWith(".1")),
    engines: { node: ">=18" },
    optionalDependencies: Object.fromEntries(platforms.map((platform) => [`${npmScope}/${platform}`, version])),
  };
  return packed(manifest, pages, entry("bin/auth.js", launcher(npmScope), true), seconds);
}

function packed(manifest: object, pages: readonly Entry[], program: Entry, seconds: number): Uint8Array {
  const description = entry("package.json", `${JSON.stringify(manifest, null, 2)}\n`);
  const files = [description, program, ...pages].map((file) => ({ ...file, path: `package/${file.path}` }));
  return tarGz(files, seconds);
}

/**
 * Replaces itself by the program where Node can (execve, from 22.15); else passes signals and the exit code on. Until Node
 * 26 an execve that fails ends Node with a dump (https://github.com/nodejs/node/pull/62878), so what can fail is asked first.
 */
function launcher(scope: string): string {
  return `#!/usr/bin/env node
"use strict";
const { spawn } = require("node:child_process");
const { accessSync, constants: { X_OK } } = require("node:fs");
const { constants } = require("node:os");

function find() {
  const system = process.platform === "win32" ? "windows" : process.platform;
  const file = system === "windows" ? "auth.exe" : "auth";
  const musl = system === "linux" && !process.report.getReport().header.glibcVersionRuntime;
  const name = \`${scope}/\${system}-\${process.arch}\${musl ? "-musl" : ""}\`;
  try {
    return require.resolve(\`\${name}/bin/\${file}\`);
  } catch {
    console.error(\`Error: \${name} is not installed, which holds auth for this machine.\`);
    console.error("Install again without --omit=optional; if there is no such package, auth doesn't run here.");
    process.exit(1);
  }
}

const program = find();
const args = process.argv.slice(2);
try {
  accessSync(program, X_OK);
} catch {
  console.error(\`Error: \${program} may not be executed.\`);
  console.error("It lost its permission, or its disk is mounted noexec. Install it again, or elsewhere.");
  process.exit(126);
}
try {
  process.execve?.(program, [program, ...args], process.env);
} catch {
  // Not on this system: as a child, then.
}
const child = spawn(program, args, { stdio: "inherit" });
for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
// A terminal sends these to the child as well: passed on, it would get them twice.
for (const signal of ["SIGINT", "SIGQUIT"]) process.on(signal, () => {});
child.on("error", (error) => {
  console.error(\`Error: \${error.message}\`);
  process.exit(1);
});
child.on("exit", (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
`;
}

/**
 * The Bun that is compiled into a binary: the pinned one of its platform, with the names of its own switches blanked.
 * Bun reads them before our first line runs, and no flag of the compiler turns them off: with them, anyone who sets a
 * variable runs code inside this program, loosens its TLS, or has its tokens printed (docs/design/RULES.md §5).
 */
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { parseTar } from "nanotar";
import { version } from "../package.json";
import { coverProgramAddress } from "./elf-sections.ts";
import { type Platform, TARGETS } from "./platforms.ts";
import { npm, output, root } from "./ready.mjs";
import { withResources } from "./windows-resources.mjs";

/** What each does in a compiled program of Bun 1.4.5, by trying it, and by what is in its binary. */
export const SWITCHES: readonly string[] = [
  "BUN_BE_BUN", // makes the binary a plain Bun, which runs any script
  "BUN_OPTIONS", // arguments of Bun: --preload runs a file
  "BUN_INSPECT", // opens the debugger, which evaluates code …
  "BUN_INSPECT_CONNECT_TO", // … or connects to one
  "BUN_INSPECT_NOTIFY",
  "BUN_INSPECT_PRELOAD", // runs a file
  "BUN_RUNTIME_TRANSPILER_CACHE_PATH", // takes code from a folder
  "NODE_COMPILE_CACHE", // the same
  "BUN_TCC_OPTIONS", // arguments of the C compiler
  "NODE_TLS_REJECT_UNAUTHORIZED", // accepts any certificate
  "BUN_CONFIG_VERBOSE_FETCH", // prints requests, their tokens in them
  "BUN_BYTECODE_ORDER_OUT", // write files …
  "BUN_BYTECODE_ORDER_NAMES_OUT",
  "BUN_BYTECODE_DIGEST_OUT",
  "BUN_WATCHER_TRACE",
  "NODE_CHANNEL_FD", // takes over the channel between Node and a command of `auth run`, and reads what comes there
  "BUN_ENABLE_CRASH_REPORTING", // sends the stack of a crash to Bun's makers …
  "BUN_CRASH_REPORT_URL", // … or to an address
];

/** Where the report of a crash goes on macOS and Windows, whatever the environment says. Port 0 answers nowhere. */
const REPORT_ADDRESS = ["https://bun.report", "https://0.0.0.0:0/"] as const;

/** The program that Bun starts on Windows to send that report. No file's name has a question mark: nothing starts. */
const POWERSHELL = Buffer.from('\\v1.0\\powershell.exe"', "utf16le");

/** No environment can hold a name of zero bytes. */
const REPLACED = [...SWITCHES.map((name) => [name, "\0".repeat(name.length)] as const), REPORT_ADDRESS];

/**
 * Without those names. A name in Bun's JavaScript or in a message (`process.env.X`, `"X"`) stays: bytecode
 * belongs to its source, and what reads it there (node:tls, the debugger's own start) isn't used.
 * @throws Error when one isn't found: another Bun, which has to be looked at
 */
export function blankSwitches(runtime: Uint8Array): Buffer {
  const original = Buffer.from(runtime.buffer, runtime.byteOffset, runtime.length);
  const blanked = Buffer.from(runtime);
  for (const [text, replacement] of REPLACED) {
    const found = places(original, text);
    if (found.length === 0) throw new Error(`This Bun doesn't know ${text}.`);
    for (const at of found) blanked.write(replacement, at, "latin1");
  }
  if (blanked.toString("latin1", 0, 2) === "MZ") {
    const at = original.indexOf(POWERSHELL);
    if (at < 0) throw new Error("This Bun starts no PowerShell when it crashes.");
    blanked.write("?", at + POWERSHELL.length - 4, "utf16le");
  }
  return blanked;
}

/** What of it a binary still holds. */
export function switchesIn(runtime: Buffer): string[] {
  const known = REPLACED.map(([text]) => text).filter((text) => places(runtime, text).length > 0);
  return runtime.includes(POWERSHELL) ? [...known, "PowerShell for a crash"] : known;
}

/** Names of native code end with NUL or lie packed among others; those of JavaScript and messages are set off. */
function places(bytes: Buffer, text: string): number[] {
  const found: number[] = [];
  for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + text.length)) {
    if (!'."` '.includes(String.fromCharCode(bytes[at - 1] ?? 0))) found.push(at);
  }
  return found;
}

type Lock = Readonly<Record<string, { readonly version: string; readonly integrity: string }>>;

/** Where the blanked runtimes of these platforms lie; `null` is this machine's. Each is made once. */
export function runtimesFor(platforms: readonly (Platform | null)[]): string[] {
  const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")).packages as Lock;
  const folder = join(root, "node_modules", ".cache", "auth-runtimes");
  mkdirSync(folder, { recursive: true });
  const recipe = createHash("sha256").update(version);
  for (const file of ["runtime.ts", "elf-sections.ts", "windows-resources.mjs"])
    recipe.update(readFileSync(join(root, ".ci", file)));
  const made = `${Bun.version}-${recipe.digest("hex").slice(0, 16)}`;
  return platforms.map((platform) => {
    const target = platform === null || isOwn(TARGETS[platform]) ? null : TARGETS[platform];
    const path = join(folder, `${target ?? "own"}-${made}`);
    if (existsSync(path)) return path;
    const runtime = target === null ? readFileSync(process.execPath) : download(target, lock, folder);
    // Several builds may run at once: each finds a whole file or none.
    const draft = `${path}.${process.pid}`;
    const isForWindows = platform?.startsWith("windows") ?? process.platform === "win32";
    const blanked = blankSwitches(runtime);
    coverProgramAddress(blanked);
    writeFileSync(draft, isForWindows ? withResources(blanked, version) : blanked, { mode: 0o755 });
    renameSync(draft, path);
    removeOthers(folder, path);
    return path;
  });
}

/** Those of an older Bun, version or recipe: a hundred megabytes each. */
function removeOthers(folder: string, path: string): void {
  const targetOf = (name: string): string => name.replace(/-\d+\.\d+\.\d+-[0-9a-f]{16}$/, "");
  for (const name of readdirSync(folder)) {
    if (name !== basename(path) && targetOf(name) === targetOf(basename(path)))
      rmSync(join(folder, name), { force: true });
  }
}

/** npm installed the one package that fits this machine, and Bun's own script moved its program to where it runs. */
function isOwn(target: string): boolean {
  return existsSync(join(root, "node_modules", "@oven", target, "package.json"));
}

/** By npm, with its registry and proxy; the bytes are those of the lock file. */
function download(target: string, lock: Lock, folder: string): Uint8Array {
  const wanted = lock[`node_modules/@oven/${target}`];
  if (wanted === undefined) throw new Error(`package-lock.json has no @oven/${target}.`);
  const name = `@oven/${target}@${wanted.version}`;
  console.log(`Downloading ${name} …`);
  const downloads = mkdtempSync(join(folder, "download-"));
  try {
    output(...npm("pack", "--silent", "--pack-destination", downloads, name));
    const archive = readFileSync(join(downloads, readdirSync(downloads)[0] ?? ""));
    const digest = `sha512-${createHash("sha512").update(archive).digest("base64")}`;
    if (digest !== wanted.integrity) throw new Error(`${name} isn't what package-lock.json says.`);
    const program = parseTar(gunzipSync(archive)).find(({ name }) => /^package\/bin\/bun(\.exe)?$/.test(name))?.data;
    if (program === undefined) throw new Error(`${name} holds no program.`);
    return program;
  } finally {
    rmSync(downloads, { recursive: true });
  }
}

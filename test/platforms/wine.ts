/** Windows as wine shows it: the Windows build, a helper for what cmd can't do, and a registry of their own. */
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import {
  bareEnvironment,
  type Ended,
  type OnTerminal,
  onTerminal,
  type RunOptions,
  run,
  type TerminalOptions,
  tempFolder,
} from "../support/program.ts";
import { binaryOf, type Machine } from "./platform.ts";

const COMPILER = "/usr/bin/x86_64-w64-mingw32-gcc";

export interface Wine {
  /** Paths as Windows programs write them. */
  readonly auth: string;
  readonly helper: string;
  /** A folder of the tests' own, for both worlds. */
  readonly folder: string;
  /** What wine itself reads. */
  readonly env: Readonly<Record<string, string>>;
  /** A command line of Windows. Line ends are as here. */
  run(words: readonly string[], options?: RunOptions): Promise<Ended>;
  /** The same on a terminal. */
  onTerminal(words: readonly string[], options?: TerminalOptions): OnTerminal;
  /** Ends all its programs. */
  stop(): Promise<void>;
}

/** The build that is run, and what that takes. */
export const WINDOWS = {
  name: "windows-x64",
  build: "windows-x64",
  needs: { "/usr/bin/wine": "Debian: wine", [COMPILER]: "Debian: gcc-mingw-w64-x86-64-win32" },
} as const;

/** Takes some ten seconds: wine's first start. */
export async function startWine(): Promise<Wine> {
  const folder = tempFolder();
  // Arguments are read as the locale has them.
  const env = { WINEPREFIX: join(folder, "prefix"), WINEDEBUG: "-all", WINEARCH: "win64", LC_ALL: "C.UTF-8" };
  // A library is looked for beside the program, by the name that it was started by.
  symlinkSync(binaryOf(WINDOWS), join(folder, "auth.exe"));
  const built = (name: string, source: string, ...flags: readonly string[]): Promise<void> =>
    succeed([COMPILER, ...flags, "-o", join(folder, name), join(import.meta.dir, source), "-ladvapi32"]);
  const quiet = {
    env: bareEnvironment({ HOME: folder, ...env }),
    stdin: "ignore",
    stdout: "ignore",
    stderr: "ignore",
  } as const;
  await Promise.all([
    built("helper.exe", "windows-helper.c"),
    built("bcryptprimitives.dll", "windows-prng.c", "-shared"),
    // What it starts would hold its pipes open.
    Bun.spawn(["wineboot", "--init"], quiet).exited,
  ]);
  // Drive N is another machine's: wine looks at this when it starts.
  mkdirSync(join(folder, "share"));
  symlinkSync(join(folder, "share"), join(folder, "prefix", "dosdevices", "n:"));
  await Bun.spawn(["wine", "reg", "add", "HKLM\\Software\\Wine\\Drives", "/v", "n:", "/d", "network"], quiet).exited;
  await Bun.spawn(["wineserver", "-k"], quiet).exited;
  await Bun.spawn(["wineserver", "-w"], quiet).exited;
  // As long as one program runs, wine's own services do: they would hold the pipes of the program that started them.
  const keep = ["wine", join(folder, "helper.exe"), "hold", windowsPath(join(folder, "helper.exe")), "3600000"];
  const keeper = Bun.spawn(keep, { ...quiet, stdout: "pipe" });
  await keeper.stdout.getReader().read();
  return {
    auth: windowsPath(join(folder, "auth.exe")),
    helper: windowsPath(join(folder, "helper.exe")),
    folder,
    env,
    stop: async () => {
      await Bun.spawn(["wineserver", "-k"], quiet).exited;
      await keeper.exited;
    },
    onTerminal: (words, options = {}) =>
      onTerminal(["wine", ...words], { ...options, env: { ...env, ...options.env } }),
    run: async (words, options = {}) => {
      const { HOME = tempFolder(), ...more } = options.env ?? {};
      const AUTH_HOME = windowsPath(join(HOME, "auth"));
      const ended = await run(["wine", ...words], { ...options, env: { HOME, AUTH_HOME, ...env, ...more } });
      return { ...ended, stdout: ended.stdout.replaceAll("\r\n", "\n"), stderr: ended.stderr.replaceAll("\r\n", "\n") };
    },
  };
}

/** For the suite that all platforms have. */
export async function windowsMachine(): Promise<Machine> {
  const wine = await startWine();
  return {
    command: (args) => ["wine", wine.auth, ...args],
    environment: (home) => bareEnvironment({ HOME: home, AUTH_HOME: windowsPath(join(home, "auth")), ...wine.env }),
    path: windowsPath,
    programs: {
      exit: (code) => [wine.helper, "exit", String(code)],
      print: (variable) => ["cmd", "/c", `echo %${variable}%`],
      lines: (...args) => [wine.helper, "arguments", ...args],
    },
    stop: wine.stop,
  };
}

/** wine shows all of this machine as drive Z. */
export function windowsPath(path: string): string {
  return `Z:${path.replaceAll("/", "\\")}`;
}

async function succeed(command: readonly string[], options: RunOptions = {}): Promise<void> {
  const { code, stdout, stderr } = await run(command, { ...options, env: bareEnvironment(options.env) });
  if (code !== 0) throw new Error(`${command[0]} ended with ${code}: ${stdout}${stderr}`);
}

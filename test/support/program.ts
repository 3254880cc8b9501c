/** Running programs as a person or a script would: the built binary, compiled probes, with or without a terminal. */
import { existsSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "./until.ts";

const ROOT = join(import.meta.dir, "..", "..");

/** The product, as `npm run build` makes it, or the one that AUTH_BINARY names. */
export const AUTH = process.env.AUTH_BINARY ?? join(ROOT, "dist", "auth");

const folders: string[] = [];
process.on("exit", () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A folder that is gone when the tests are. Its path has no links in it. */
export function tempFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "auth-test-")));
  folders.push(folder);
  return folder;
}

export interface RunOptions {
  /** Added to a bare environment: PATH, HOME and AUTH_HOME (both temporary) and nothing of the caller's. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly stdin?: string | Uint8Array;
  readonly cwd?: string;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export function bareEnvironment(extra: RunOptions["env"] = {}): Record<string, string> {
  const home = extra.HOME ?? tempFolder();
  const env = { PATH: process.env.PATH ?? "/usr/bin:/bin", HOME: home, AUTH_HOME: join(home, "auth"), ...extra };
  return Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

/** Runs the product to its end. stdin is empty, and no terminal is near. */
export function auth(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  if (!existsSync(AUTH)) throw new Error("dist/auth is missing: npm run build");
  return run([AUTH, ...args], options);
}

export async function run(command: readonly string[], { env, stdin = "", cwd }: RunOptions = {}): Promise<Ended> {
  const child = Bun.spawn([...command], {
    env: bareEnvironment(env),
    ...(cwd !== undefined && { cwd }),
    stdin: new Blob([stdin]),
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  await child.exited;
  return { code: child.exitCode, signal: child.signalCode, stdout, stderr };
}

/** A program on a terminal of its own. */
export interface OnTerminal {
  /** Everything drawn so far. */
  readonly screen: () => string;
  /** Waits until the text has been drawn (after `from` characters). Fails after 10 s, showing the screen. */
  waitFor(text: string, from?: number): Promise<void>;
  type(keys: string): void;
  /** Waits for the end. */
  readonly ended: Promise<Pick<Ended, "code" | "signal">>;
  kill(signal: NodeJS.Signals): void;
}

export interface TerminalOptions extends RunOptions {
  readonly columns?: number;
}

export function onTerminal(command: readonly string[], { env, cwd, columns = 100 }: TerminalOptions = {}): OnTerminal {
  let drawn = "";
  const decoder = new TextDecoder();
  const child = Bun.spawn([...command], {
    env: bareEnvironment({ TERM: "xterm-256color", ...env }),
    ...(cwd !== undefined && { cwd }),
    terminal: {
      cols: columns,
      rows: 40,
      data: (_terminal, bytes) => {
        drawn += decoder.decode(bytes, { stream: true });
      },
    },
  });
  return {
    screen: () => drawn,
    waitFor: async (text, from = 0) => {
      const isDrawn = () => drawn.slice(from).includes(text);
      await until("", isDrawn).catch(() => {
        throw new Error(`never drawn: ${JSON.stringify(text)}\nscreen: ${JSON.stringify(drawn)}`);
      });
    },
    type: (keys) => void child.terminal?.write(keys),
    ended: child.exited.then(() => ({ code: child.exitCode, signal: child.signalCode })),
    kill: (signal) => child.kill(signal),
  };
}

/** Compiles a program as the product is compiled; gone when the tests are. */
export async function compile(entry: string, ...more: readonly string[]): Promise<string> {
  const outfile = join(tempFolder(), "probe");
  const flags = ["--compile", "--minify", "--bytecode", "--format=esm", "--splitting"];
  const { code, stderr } = await run([process.execPath, "build", ...flags, ...more, entry, "--outfile", outfile], {
    cwd: ROOT,
  });
  if (code !== 0) throw new Error(`can't compile ${entry}: ${stderr}`);
  return outfile;
}

/** Other programs of this machine that help: an editor, a tool that prints a token of its own. */
import type { Environment } from "./context.ts";
import { AuthError } from "./errors.ts";
import { whileHeld } from "./held-files.ts";
import { LIMITS } from "./limits.ts";
import { Secret } from "./secret.ts";
import { commandLine } from "./shell-word.ts";
import { byEditor } from "./windows/programs.ts";

/**
 * What such a program gets of our environment: neither what opens the vault, nor a switch of Bun, which would change any
 * program built like us.
 */
export function helperEnvironment(env: Environment): Record<string, string> {
  const kept = Object.entries(env).filter(([name]) => !/^(AUTH_|BUN_)|^NODE_TLS_REJECT_UNAUTHORIZED$/i.test(name));
  return Object.fromEntries(kept.filter((entry): entry is [string, string] => entry[1] !== undefined));
}

/** Ends a program that was started as the leader of its process group (`detached`), and what it has started there. */
export function killWithChildren(child: Bun.Subprocess): void {
  if (process.platform === "win32") child.kill("SIGKILL");
  else process.kill(-child.pid, "SIGKILL");
}

/**
 * Lets a person edit a text in $VISUAL or $EDITOR, else in vi or Notepad, in a private file that is gone afterwards.
 *
 * @param read what is made of the text; after its error `usage` the same text can be edited again
 * @param again asks whether to
 * @throws AuthError `usage` when the editor can't be started or gives up, or a wrong text isn't edited again
 */
export async function editText<T>(
  text: string,
  env: Environment,
  read: (text: string) => T,
  again: (error: AuthError) => Promise<boolean>,
): Promise<T> {
  const { mkdtemp, readFile, writeFile } = await import("node:fs/promises");
  const [{ tmpdir }, { join }] = await Promise.all([import("node:os"), import("node:path")]);
  const folder = await mkdtemp(join(tmpdir(), "auth-edit-"));
  try {
    const file = join(folder, "settings.txt");
    await writeFile(file, text, { mode: 0o600, flag: "wx" });
    for (;;) {
      await openEditor(file, env);
      try {
        return read(await readFile(file, "utf8"));
      } catch (error) {
        if (!(error instanceof AuthError) || error.code !== "usage" || !(await again(error))) throw error;
      }
    }
  } finally {
    await removeFolder(folder);
  }
}

async function openEditor(file: string, env: Environment): Promise<void> {
  const { words, ...options } = process.platform === "win32" ? byEditor(env, file) : byPosixEditor(env, file);
  const child = Bun.spawn(words, {
    ...options,
    env: helperEnvironment(env),
    stdio: ["inherit", "inherit", "inherit"],
  });
  const code = await child.exited;
  if (code !== 0)
    throw new AuthError("usage", `The editor (${nameOf(env)}) ended with ${code}.`, { hint: "Nothing was changed." });
}

/** With what the editor left in it. One by one, since any of them may be held for a moment. */
async function removeFolder(folder: string): Promise<void> {
  const [{ readdirSync, rmdirSync, rmSync }, { join }] = await Promise.all([import("node:fs"), import("node:path")]);
  for (const entry of readdirSync(folder, { withFileTypes: true }))
    whileHeld(() => rmSync(join(folder, entry.name), { force: true, recursive: entry.isDirectory() }));
  whileHeld(() => rmdirSync(folder));
}

function nameOf(env: Environment): string {
  return env.VISUAL?.trim() || env.EDITOR?.trim() || (process.platform === "win32" ? "Notepad" : "vi");
}

/** By the shell, as every program does that honours it: $EDITOR may hold arguments. */
function byPosixEditor(env: Environment, file: string): { words: string[] } {
  return { words: ["sh", "-c", `${nameOf(env)} "$1"`, "sh", file] };
}

/** Whether the program that a command begins with is in PATH. */
export function hasTool(command: string, env: Environment): boolean {
  return Bun.which(command.split(" ", 1)[0] ?? "", { PATH: env.PATH ?? "" }) !== null;
}

/**
 * @param command its words, run without a shell
 * @throws AuthError `token_rejected` where it prints no token; its own words are on stderr
 */
export async function tokenFromTool(command: readonly string[], env: Environment): Promise<Secret> {
  const [program = "", ...words] = command;
  const path = Bun.which(program, { PATH: env.PATH ?? "" });
  if (path === null) throw noToken(command, "it isn't in PATH");
  const child = Bun.spawn([path, ...words], {
    env: helperEnvironment(env),
    stdin: "ignore",
    stdout: "pipe",
    stderr: "inherit",
    timeout: LIMITS.keyCommand,
    maxBuffer: LIMITS.secretBytes,
  });
  const [printed, code] = await Promise.all([child.stdout.text(), child.exited]);
  if (code !== 0) throw noToken(command, `it ended with ${child.signalCode ?? `exit code ${code}`}`);
  const token = printed.trim();
  if (token === "" || /\s/.test(token)) throw noToken(command, "it printed something else");
  return new Secret(token);
}

function noToken(command: readonly string[], why: string): AuthError {
  return new AuthError("token_rejected", `'${commandLine(command)}' gave no token: ${why}.`, {
    hint: "Nothing was stored. Run the command yourself to see why.",
  });
}

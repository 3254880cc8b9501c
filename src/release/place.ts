/** This program's path, its previous version, and whether this user may replace it. */
import { accessSync, constants, lstatSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Environment } from "../platform/context.ts";
import { AuthError, errorCode } from "../platform/errors.ts";
import { faultReason } from "../platform/file-faults.ts";
import { helperEnvironment } from "../platform/helper-programs.ts";
import { commandLine, shellWord } from "../platform/shell-word.ts";
import { isOwnedByOther } from "../platform/small-file.ts";

/** Beside the program: `auth.previous`, `auth.previous.exe`. */
export function previousPath(path: string): string {
  const [, stem, end] = /^(.*?)(\.exe)?$/i.exec(basename(path)) ?? [];
  return join(dirname(path), `${stem}.previous${end ?? ""}`);
}

/**
 * Asked before anything is downloaded.
 *
 * @param args what was typed after the program's name: `["upgrade", "--rollback"]`
 * @throws AuthError `upgrade_unavailable` where the program or its folder is not this user's to change
 */
export function requireReplaceable(path: string, args: readonly string[]): void {
  const program = statSync(path);
  if (isOwnedByOther(program)) {
    const asRoot = `Run it as root: ${commandLine(["sudo", path, ...args])}`;
    const hint = program.uid === 0 ? asRoot : `Let its owner run: ${commandLine([path, ...args])}`;
    throw unavailable(`${path} belongs to another user.`, hint);
  }
  const folder = dirname(path);
  try {
    accessSync(folder, constants.W_OK);
  } catch (error) {
    const hint = isOwnedByOther(statSync(folder))
      ? "Move the program into a folder of your own, such as ~/.local/bin."
      : `Make the folder writable, for instance: chmod u+w ${shellWord(folder)}`;
    throw unavailable(`${folder} can't be written: ${faultReason(errorCode(error) ?? "unknown error")}.`, hint);
  }
}

/**
 * The previous program will be run and installed: in a folder that others can write to, one of them could have put it there.
 *
 * @throws AuthError `upgrade_unavailable` where there is none, or others than the program's owner can change it
 */
export function requireOwnPrevious(path: string): string {
  const previous = previousPath(path);
  const found = lstatSync(previous, { throwIfNoEntry: false });
  if (found === undefined)
    throw unavailable(
      `There is no previous version: ${previous} is not there.`,
      "'auth upgrade' keeps the version that it replaces.",
    );
  const others = process.platform === "win32" ? 0 : found.mode & ~statSync(path).mode & 0o022;
  if (!found.isFile() || isOwnedByOther(found) || others !== 0)
    throw unavailable(
      `${previous} was not put there by 'auth upgrade', or others can change it.`,
      "It was not run, and nothing was changed. Look at what it is, and remove it.",
    );
  return previous;
}

/** Milliseconds for `--version`. */
const ANSWER = 10_000;
const ANSWER_BYTES = 1024;

/**
 * Which version of auth a program is, by running it.
 *
 * @param name for a person
 * @throws AuthError `upgrade_unavailable` where it doesn't run here, or isn't auth
 */
export async function versionOf(program: string, env: Environment, name = program): Promise<string> {
  const fault = (reason: string): AuthError => unavailable(`${name} doesn't run here as a version of auth: ${reason}.`);
  try {
    const child = Bun.spawn([program, "--version"], {
      env: helperEnvironment(env),
      stdin: "ignore",
      stdout: "pipe",
      stderr: "ignore",
      timeout: ANSWER,
      killSignal: "SIGKILL",
      maxBuffer: ANSWER_BYTES,
    });
    // Its child processes may keep the output open.
    const text = Promise.race([child.stdout.text(), child.exited.then(() => Bun.sleep(1000)).then(() => "")]);
    const [, found] = /^auth (\S+)\n$/.exec(await text) ?? [];
    const code = await child.exited;
    if (child.signalCode !== null) throw fault(`it was ended by ${child.signalCode}`);
    if (code !== 0) throw fault(`it ended with exit code ${code}`);
    if (found === undefined) throw fault("it says something else than its version");
    return found;
  } catch (error) {
    throw error instanceof AuthError ? error : fault((error as Error).message);
  }
}

export function unavailable(message: string, hint = "Nothing was changed.", cause?: unknown): AuthError {
  return new AuthError("upgrade_unavailable", message, { hint, cause });
}

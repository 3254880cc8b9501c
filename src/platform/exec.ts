/**
 * Becoming another program. On POSIX the process is replaced: same pid, terminal, signals and exit code, as if the
 * shell had started the command itself. By execve(2) itself, since `process.execve` also closes what our caller handed
 * over (descriptors from 3 up) and leaves SIGPIPE ignored.
 */
import type { Environment } from "./context.ts";
import { handOver, setSoftLimit } from "./descriptors.ts";
import { cStrings, ERRNO, type Posix, posix } from "./posix.ts";
import { readProc } from "./small-file.ts";

/** Why a command didn't start; the codes are the shell's (CLI.md §2, `run`). */
export class ExecError extends Error {
  readonly code = "auth_exec";
  /** 127: there is no such command. 126: there is, and it can't be run. 125: it can, but not with these arguments. */
  readonly exitCode: 125 | 126 | 127;

  constructor(exitCode: 125 | 126 | 127, message: string) {
    super(message);
    this.exitCode = exitCode;
  }
}

export interface Execution {
  /** As typed: a name to be found on the *child's* PATH, or a path. */
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Environment;
  /** From `inheritedDescriptors()`, taken before anything was opened. */
  readonly inherited: readonly number[];
  /** What a child reads from its standard input; absent: ours. Not where this process is replaced. */
  readonly input?: string;
}

/**
 * Runs the command in our place. On POSIX this returns only by throwing, on Windows with the child's exit code.
 *
 * @throws ExecError
 */
export async function replaceProcess(execution: Execution): Promise<number> {
  if (process.platform === "win32") return (await import("./windows/run.ts")).runChild(execution);
  const file = await findCommand(execution.command, childPath(execution.env), ":");
  const system = posix();
  if (system === null) return execveByBun(file, execution);
  await restoreSoftLimit(system);
  return execveBySystem(system, file, execution);
}

/** @throws ExecError 127 or 126 */
export async function findCommand(command: string, path: string, separator: ":" | ";"): Promise<string> {
  if (command === "") throw new ExecError(127, "The command is empty.");
  const found = Bun.which(command, { PATH: path });
  if (found !== null) return found;
  if (await existsSomewhere(command, path.split(separator)))
    throw new ExecError(126, `'${command}' can't be run: it isn't executable.`);
  throw new ExecError(127, `There is no command '${command}'.`);
}

/** The folders that execvp(3) searches, also where PATH is unset. */
export function childPath(env: Environment): string {
  return env.PATH ?? "/usr/local/bin:/usr/bin:/bin";
}

const SIGPIPE = 13;
const SIGXFSZ = 25;

/** Node's channel to a child of its (`stdio: "ipc"`): Bun hides these, whose descriptor is handed over with the others. */
const CHANNEL = ["NODE_CHANNEL_FD", "NODE_CHANNEL_SERIALIZATION_MODE"];

function execveBySystem(system: Posix, file: string, { command, args, env, inherited }: Execution): never {
  handOver(system, inherited);
  for (const signal of [SIGPIPE, SIGXFSZ]) system.resetSignal(signal);

  const variables: string[] = [];
  for (const name in env) if (env[name] !== undefined) variables.push(`${name}=${env[name]}`);
  const environment = cStrings([...variables, ...system.entriesOf(CHANNEL)]);
  const execute = (path: string, argv: readonly string[]): number => system.execve(path, cStrings(argv), environment);
  let errno = execute(file, [command, ...args]);
  // A script without `#!` is run by the shell, as execvp(3) and every shell do.
  if (errno === ERRNO.ENOEXEC) errno = execute("/bin/sh", ["sh", file, ...args]);
  throw new ExecError(126, `'${command}' can't be run: ${reasonOf(errno)}.`);
}

function reasonOf(errno: number): string {
  switch (errno) {
    case ERRNO.ENOENT:
      return "its interpreter doesn't exist";
    case ERRNO.EACCES:
      return "permission denied";
    case ERRNO.ENOEXEC:
      return "it isn't a program";
    case ERRNO.E2BIG:
      return "its arguments and environment are too long";
    default:
      return `error ${errno}`;
  }
}

/** Where there are no system calls: right but for inherited descriptors, which Bun closes. */
function execveByBun(file: string, { command, args, env }: Execution): never {
  // A listener makes Bun reset these to their default in the child; it ignores them otherwise.
  for (const signal of ["SIGPIPE", "SIGXFSZ"] as const) process.on(signal, () => {});
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) if (value !== undefined) environment[name] = value;
  try {
    process.execve?.(file, [command, ...args], environment);
  } catch (error) {
    throw new ExecError(126, `'${command}' can't be run: ${(error as { code?: string }).code ?? "unknown error"}.`);
  }
  throw new ExecError(126, `'${command}' can't be run: this platform can't replace a process.`);
}

/** The soft limit of open files as our parent has it: Bun raised ours, and the child should not notice. */
export async function restoreSoftLimit({ linux }: Posix): Promise<void> {
  if (linux === null) return;
  // null where the parent is another user's, or gone: the raised limit stays.
  const limits = (await readProc(`/proc/${process.ppid}/limits`)) ?? "";
  const soft = /^Max open files +(\d+)/m.exec(limits)?.[1];
  if (soft !== undefined) setSoftLimit(linux, Number(soft));
}

async function existsSomewhere(command: string, folders: readonly string[]): Promise<boolean> {
  const { existsSync } = await import("node:fs");
  if (/[\\/]/.test(command)) return existsSync(command);
  return folders.some((folder) => folder !== "" && existsSync(`${folder}/${command}`));
}

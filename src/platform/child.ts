/**
 * Running a command as our child, where there is something to do while it runs: same terminal and process group, so that
 * Ctrl-C, Ctrl-Z and `fg` reach it as they reach us; its exit code is passed on. A signal that reaches us alone is handed on.
 */
import { closeSync, openSync } from "node:fs";
import { constants } from "node:os";
import { restoreBlocking } from "./descriptors.ts";
import { errorCode } from "./errors.ts";
import { childPath, ExecError, type Execution, findCommand, restoreSoftLimit } from "./exec.ts";
import { posix } from "./posix.ts";
import { relaySignals } from "./signals.ts";

export interface Child {
  readonly process: Bun.Subprocess;
  /** It is on our terminal, which sends it Ctrl-C itself. */
  readonly sharesTerminal: boolean;
  /** Waits until everything is passed on that it has written. */
  finish(): Promise<void>;
}

/** @param file the program that `execution` names @throws ExecError */
export type Start = (file: string, execution: Execution) => Promise<Child>;

/**
 * @param ended called once the command has ended, before this process does
 * @param start how it gets its input and output: ours, where nothing is said
 * @returns its exit code
 * @throws ExecError
 */
export async function runBeside(
  execution: Execution,
  ended: () => Promise<void>,
  start: Start = startInheriting,
): Promise<number> {
  if (process.platform === "win32") {
    // The console has handed them to the command itself.
    relaySignals(() => {});
    return (await import("./windows/run.ts")).runChild(execution, ended);
  }
  const { command, env } = execution;
  const file = await findCommand(command, childPath(env), ":");
  const system = posix();
  if (system !== null) {
    await restoreSoftLimit(system);
    restoreBlocking(system);
  }
  let child: Child | undefined;
  const interrupted = Promise.withResolvers<void>();
  const fromTerminal = hasControllingTerminal() ? ["SIGINT", "SIGQUIT"] : [];
  relaySignals((signal) => {
    if (child === undefined) return;
    const { process: running, sharesTerminal } = child;
    // Whoever takes its last output may take long: that is waited for, but not against a signal.
    if (running.exitCode !== null || running.signalCode !== null) interrupted.resolve();
    else if (!sharesTerminal || !fromTerminal.includes(signal)) running.kill(signal);
  });
  child = await start(file, execution);
  await child.process.exited;
  await Promise.race([child.finish(), interrupted.promise]);
  await ended();
  const { signalCode, exitCode } = child.process;
  return signalCode === null ? (exitCode ?? 1) : 128 + constants.signals[signalCode as NodeJS.Signals];
}

/** Ctrl-C and Ctrl-\\ there reach the command by themselves: handed on, they would reach it twice. */
function hasControllingTerminal(): boolean {
  try {
    closeSync(openSync("/dev/tty", "r+"));
    return true;
  } catch {
    return false; // There is none: that is the answer.
  }
}

async function startInheriting(file: string, execution: Execution): Promise<Child> {
  const { input } = execution;
  const standard = [input === undefined ? "inherit" : new Blob([input]), "inherit", "inherit"] as const;
  return { process: spawnCommand(file, execution, { standard }), sharesTerminal: true, finish: async () => {} };
}

type Standard = "inherit" | Blob | number;

interface SpawnOptions {
  /** Descriptors 0, 1 and 2. */
  readonly standard: readonly [Standard, Standard, Standard];
  /** By their numbers there, more descriptors of ours. */
  readonly more?: ReadonlyMap<number, number>;
  /** A terminal of the command's own, in the place of the standard three. */
  readonly terminal?: Bun.TerminalOptions;
}

/** @throws ExecError */
export function spawnCommand(
  file: string,
  { command, args, env, inherited }: Execution,
  { standard, more, terminal }: SpawnOptions,
): Bun.Subprocess {
  const beyond = new Map([...inherited.map((fd) => [fd, fd] as const), ...(more ?? [])]);
  const highest = Math.max(2, ...beyond.keys());
  const stdio = [...standard, ...Array.from({ length: highest - 2 }, (_, i) => beyond.get(i + 3) ?? null)];
  const options = {
    env: { ...env } as Record<string, string>,
    argv0: command,
    // biome-ignore lint/suspicious/noExplicitAny: Bun's type ends at descriptor 2
    stdio: stdio as any,
    ...(terminal && { terminal }),
  };
  try {
    return Bun.spawn([file, ...args], options);
  } catch (error) {
    // A script without `#!` is run by the shell, as execvp(3) and every shell do.
    if (errorCode(error) === "ENOEXEC") return Bun.spawn(["/bin/sh", file, ...args], { ...options, argv0: "sh" });
    throw new ExecError(126, `'${command}' can't be run: ${errorCode(error) ?? "unknown error"}.`);
  }
}

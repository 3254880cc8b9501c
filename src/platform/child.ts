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

/** @param ended called once the command has ended, before this process does @returns its exit code @throws ExecError */
export async function runBeside(execution: Execution, ended: () => Promise<void>): Promise<number> {
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
  let child: Bun.Subprocess | undefined;
  const fromTerminal = hasControllingTerminal() ? ["SIGINT", "SIGQUIT"] : [];
  relaySignals((signal) => {
    if (!fromTerminal.includes(signal)) child?.kill(signal);
  });
  child = start(file, execution);
  await child.exited;
  await ended();
  const { signalCode, exitCode } = child;
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

function start(file: string, { command, args, env, inherited, input }: Execution): Bun.Subprocess {
  const highest = Math.max(2, ...inherited);
  const stdio = Array.from({ length: highest + 1 }, (_, fd) => {
    if (fd === 0 && input !== undefined) return new Blob([input]);
    if (fd < 3) return "inherit" as const;
    return inherited.includes(fd) ? fd : null;
  });
  // biome-ignore lint/suspicious/noExplicitAny: Bun's type ends at descriptor 2
  const options = { env: { ...env } as Record<string, string>, argv0: command, stdio: stdio as any };
  try {
    return Bun.spawn([file, ...args], options);
  } catch (error) {
    // A script without `#!` is run by the shell, as execvp(3) and every shell do.
    if (errorCode(error) === "ENOEXEC") return Bun.spawn(["/bin/sh", file, ...args], { ...options, argv0: "sh" });
    throw new ExecError(126, `'${command}' can't be run: ${errorCode(error) ?? "unknown error"}.`);
  }
}

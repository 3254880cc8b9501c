/**
 * `auth run` on Windows, which can't replace a process: the command is our child, in the same console. Ctrl-C and
 * Ctrl-Break reach every process of a console, the command too, so we only wait for what it makes of them.
 */
import { errorCode } from "../errors.ts";
import { ExecError, type Execution, findCommand } from "../exec.ts";
import { deferSignals } from "../signals.ts";
import { caseless, withoutDoubles } from "./environment.ts";
import { watchExit } from "./kernel.ts";

/**
 * @param ended called once the command has ended, before this process does
 * @returns the command's exit code, where this process can't end with it here
 * @throws ExecError
 */
export async function runChild({ command, args, env, input }: Execution, ended?: () => Promise<void>): Promise<number> {
  const file = await findCommand(command, caseless(env).PATH ?? "", ";");
  deferSignals().handled();
  const child = start(command, [file, ...args], withoutDoubles(env), input);
  const exit = watchExit(child.pid);
  const code = await child.exited;
  await ended?.();
  exit?.endLikeIt();
  return code;
}

function start(
  command: string,
  words: string[],
  env: Record<string, string>,
  input: string | undefined,
): Bun.Subprocess {
  try {
    return Bun.spawn(words, {
      env,
      stdio: [input === undefined ? "inherit" : new Blob([input]), "inherit", "inherit"],
    });
  } catch (error) {
    // cmd reads a batch file's arguments as commands, and there is no quoting that it always honours: Bun refuses some.
    if (errorCode(error) === "ERR_INVALID_ARG_VALUE")
      throw new ExecError(125, `'${command}' is a batch file, to which such an argument can't be passed safely.`);
    throw new ExecError(126, `'${command}' can't be run: ${errorCode(error) ?? "unknown error"}.`);
  }
}

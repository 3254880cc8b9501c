/** A token that another tool on this machine prints. */
import type { Environment } from "./context.ts";
import { AuthError } from "./errors.ts";
import { helperEnvironment } from "./helper-environment.ts";
import { LIMITS } from "./limits.ts";
import { Secret } from "./secret.ts";

/** Whether the program that a command begins with is in PATH. */
export function hasTool(command: string, env: Environment): boolean {
  return Bun.which(program(command), { PATH: env.PATH ?? "" }) !== null;
}

/**
 * @param command words with spaces between, run without a shell
 * @throws AuthError `token_rejected` where it prints no token; its own words are on stderr
 */
export async function tokenFromTool(command: string, env: Environment): Promise<Secret> {
  const path = Bun.which(program(command), { PATH: env.PATH ?? "" });
  if (path === null) throw noToken(command, "it isn't in PATH");
  const child = Bun.spawn([path, ...command.split(" ").slice(1)], {
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

function program(command: string): string {
  return command.split(" ", 1)[0] ?? "";
}

function noToken(command: string, why: string): AuthError {
  return new AuthError("token_rejected", `'${command}' gave no token: ${why}.`, {
    hint: "Nothing was stored. Run the command yourself to see why.",
  });
}

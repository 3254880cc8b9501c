/** `run --env-file`: a file is obeyed as it was when a person allowed it (RULES.md §5). */
import { allowFile, stateOfFile } from "../connections/allowed-files.ts";
import { type EnvFile, readEnvFile } from "../inject/env-file.ts";
import { AuthError } from "../platform/errors.ts";
import { escapeText } from "../platform/escape.ts";
import { shellWord } from "../platform/shell-word.ts";
import type { Cli } from "./context.ts";
import type { Session } from "./session.ts";

/** On a terminal a file that wasn't allowed yet is shown and asked about. @throws AuthError `file_untrusted` */
export async function allowedEnvFile(cli: Cli, session: Session, path: string): Promise<EnvFile> {
  const file = await readEnvFile(path);
  const state = await stateOfFile(await session.vault(), file);
  if (state === "allowed") return file;
  if (cli.output.isJson || !(await cli.interactive())) {
    const why = state === "changed" ? "has changed since it was allowed" : "was not allowed yet";
    throw new AuthError("file_untrusted", `${escapeText(file.path)} ${why}: it decides which tokens a command gets.`, {
      hint: `Look at it, then allow it as it is: auth allow ${shellWord(file.path)}`,
    });
  }
  for (const line of linesOf(file)) cli.output.notice(line);
  await cli.output.done();
  const { confirm } = await import("../platform/prompt.ts");
  if (!(await confirm("Allow it, as it is now?")))
    throw new AuthError("access_denied", "The command was not run: its file was not allowed.");
  await allow(cli, session, file);
  return file;
}

export async function allow(cli: Cli, session: Session, file: EnvFile): Promise<void> {
  const { vault } = await session.services();
  await allowFile(vault, file, cli.context.now());
}

/** What the file does, without values, which may be secrets. */
export function linesOf({ path, plain, references }: EnvFile): string[] {
  const named = Object.entries(references).map(([variable, connection]) => {
    return `  ${variable}: the token of ${escapeText(connection)}`;
  });
  const others = Object.keys(plain);
  const set = others.length === 0 ? [] : [`  and sets ${others.join(", ")}`];
  return [`${escapeText(path)} hands over`, ...(named.length === 0 ? ["  no token"] : named), ...set];
}

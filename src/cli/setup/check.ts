/** `auth setup --check`: whether what was set up still stands. Nothing is changed. */
import { AuthError } from "../../platform/errors.ts";
import { escapeText } from "../../platform/escape.ts";
import { type Standing, standings } from "../../setup/engine.ts";
import type { Cli } from "../context.ts";
import { type Meant, meantOf } from "./meant.ts";

export async function check(cli: Cli, meant: Meant): Promise<void> {
  const everything = await standings(cli.context.paths.setup);
  const all = everything.filter(meantOf(everything, meant));
  const failed = all.filter(({ state }) => state !== "stands");
  const ok = all.length > 0 && failed.length === 0;
  if (cli.output.isJson) await cli.output.json({ ok, setups: all.map(({ words: _, ...one }) => one) });
  else await cli.output.lines(all.map((one) => escapeText(lineOf(one))));
  if (ok) return;
  const [first] = failed;
  if (first === undefined) throw failedCheck("Nothing was set up.", "See what can be: auth setup");
  const { tool } = first;
  const count = failed.length === 1 ? "One setting doesn't" : `${failed.length} settings don't`;
  const hint = `Set it up again, as it was: auth setup ${tool} --help\nOr forget it: auth setup ${tool} --undo`;
  throw failedCheck(`${count} stand any more.`, hint);
}

const WORDS = { stands: "stands", gone: "is gone", changed: "was changed" } as const;

function lineOf({ tool, name, path, state, reason }: Standing): string {
  return `${tool} ${name}: ${WORDS[state]} in ${path}${reason === null ? "" : ` (${reason})`}`;
}

function failedCheck(message: string, hint: string): AuthError {
  return new AuthError("check_failed", message, { hint });
}

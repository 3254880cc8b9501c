/** `auth setup --check`: whether what was set up still stands. Nothing is changed. */
import { AuthError } from "../../platform/errors.ts";
import { escapeText } from "../../platform/escape.ts";
import { commandLine } from "../../platform/shell-word.ts";
import { type SetupStatus, setupStatuses } from "../../setup/engine.ts";
import { TOOLS } from "../../setup/table.ts";
import type { Cli } from "../context.ts";
import { requireStored, type Session, selectStored } from "../session.ts";
import { setupCommand, undoCommand } from "./commands.ts";
import { type Meant, meantOf } from "./meant.ts";

export async function check(cli: Cli, session: Session, meant: Meant): Promise<void> {
  const everything = await setupStatuses(cli.context.paths.setup);
  const all: Checked[] = [];
  for (const one of everything.filter(meantOf(everything, meant))) all.push(await withConnection(session, one));
  const failed = all.filter(({ state }) => state !== "stands");
  const ok = all.length > 0 && failed.length === 0;
  if (cli.output.isJson)
    await cli.output.json({ ok, setups: all.map(({ words: _, made: __, login: ___, ...one }) => one) });
  else await cli.output.lines(all.map((one) => escapeText(lineOf(one))));
  if (ok) return;
  const [first] = failed;
  if (first === undefined) throw failedCheck("Nothing was set up.", "See what can be: auth setup");
  const count = failed.length === 1 ? "One setting doesn't" : `${failed.length} settings don't`;
  throw failedCheck(`${count} stand any more.`, [...new Set(failed.flatMap(remediesFor))].join("\n"));
}

interface Checked extends SetupStatus {
  /** What makes its connection work again; null: that isn't what is wrong. */
  readonly login: string | null;
}

/** What stands is of no use without the connection that it names. */
async function withConnection(session: Session, one: SetupStatus): Promise<Checked> {
  const [word] = one.words;
  const asks = one.state === "stands" && TOOLS[one.tool]?.words === undefined;
  const why = asks && word !== undefined ? await faultOf(session, word) : null;
  if (word === undefined || why === null) return { ...one, login: null };
  return { ...one, state: "broken", reason: why, login: commandLine(["auth", "login", word]) };
}

async function faultOf(session: Session, word: string): Promise<string | null> {
  try {
    const { record } = await requireStored(session, (await selectStored(session, word, undefined)).ref);
    return record.tokens === null ? `${word} isn't logged in` : null;
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    // Whether it is there can't be told while the vault is locked.
    return error.code === "connection_not_found" ? `${word} isn't here` : null;
  }
}

function remediesFor({ login, state, ...one }: Checked): string[] {
  const named = { ...one, names: [one.name] };
  const isChanged = state === "changed";
  const remedy = login === null ? `Set it up again: ${setupCommand(named)}` : `Log in again: ${login}`;
  const forget = `${isChanged ? "Leave it so, and forget it" : "Or forget it"}: ${undoCommand(named, isChanged)}`;
  return isChanged ? [forget] : [remedy, forget];
}

const WORDS = { stands: "stands", gone: "is gone", changed: "was changed", broken: "can't work" } as const;

function lineOf({ tool, name, path, state, reason }: SetupStatus): string {
  return `${tool} ${name}: ${WORDS[state]} in ${path}${reason === null ? "" : ` (${reason})`}`;
}

function failedCheck(message: string, hint: string): AuthError {
  return new AuthError("check_failed", message, { hint });
}

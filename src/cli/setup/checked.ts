/** Everything that was set up, whether it still works, and the commands that mend it. */
import { AuthError } from "../../platform/errors.ts";
import { commandLine } from "../../platform/shell-word.ts";
import { type SetupStatus, setupStatuses } from "../../setup/engine.ts";
import { TOOLS } from "../../setup/table.ts";
import type { Session } from "../session.ts";
import { requireStored, selectStored } from "../stored.ts";
import { setupCommand, undoCommand } from "./commands.ts";

export interface Checked extends SetupStatus {
  /** What makes its connection work again; null: that isn't what is wrong. */
  readonly login: string | null;
}

/** @param choose selects what is checked @throws AuthError `setup_refused` */
export async function checkedSetups(
  session: Session,
  choose: (all: readonly SetupStatus[]) => (one: SetupStatus) => boolean = () => () => true,
): Promise<Checked[]> {
  const everything = await setupStatuses(session.context.paths.setup);
  const checked: Checked[] = [];
  for (const one of everything.filter(choose(everything))) checked.push(await withConnection(session, one));
  return checked;
}

/** A setup that is in place still needs its connection. */
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
    // Unknown while the vault is locked.
    return error.code === "connection_not_found" ? `${word} isn't here` : null;
  }
}

/** What to do about one that doesn't work, each a sentence with a command: the best first. */
export function remediesFor({ login, state, ...one }: Checked): [string, ...string[]] {
  const named = { ...one, names: [one.name] };
  const isChanged = state === "changed";
  const remedy = login === null ? `Set it up again: ${setupCommand(named)}` : `Log in again: ${login}`;
  const forget = `${isChanged ? "Leave it so, and forget it" : "Or forget it"}: ${undoCommand(named, isChanged)}`;
  return isChanged ? [forget] : [remedy, forget];
}

const WORDS = { stands: "stands", gone: "is gone", changed: "was changed", broken: "can't work" } as const;

/** `git https://git.example: stands in /home/me/.gitconfig`, and why it doesn't. */
export function lineOf({ tool, name, path, state, reason }: SetupStatus): string {
  return `${tool} ${name}: ${WORDS[state]} in ${path}${reason === null ? "" : ` (${reason})`}`;
}

/** `auth setup --check`: checks everything that was set up, and changes nothing. */
import { AuthError } from "../../platform/errors.ts";
import { escapeText } from "../../platform/escape.ts";
import type { Cli } from "../context.ts";
import type { Session } from "../session.ts";
import { checkedSetups, lineOf, remediesFor } from "./checked.ts";
import { type Meant, meantOf } from "./meant.ts";
import { unanswered } from "./unanswered.ts";

export async function check(cli: Cli, session: Session, meant: Meant): Promise<void> {
  const all = await checkedSetups(session, (everything) => meantOf(everything, meant));
  const failed = all.filter(({ state }) => state !== "stands");
  const ok = all.length > 0 && failed.length === 0;
  if (cli.output.isJson)
    await cli.output.json({ ok, setups: all.map(({ words: _, made: __, login: ___, ...one }) => one) });
  else await cli.output.lines(all.map((one) => escapeText(lineOf(one))));
  const inPlace = all.filter(({ state }) => state === "stands");
  const unused = await Promise.all(inPlace.map((one) => unanswered(session, one)));
  for (const why of new Set(unused)) if (why !== null) cli.output.warn(escapeText(why));
  if (ok) return;
  const [first] = failed;
  if (first === undefined) throw failedCheck("Nothing was set up.", "See what can be: auth setup");
  const count = failed.length === 1 ? "One setting doesn't" : `${failed.length} settings don't`;
  throw failedCheck(`${count} stand any more.`, [...new Set(failed.flatMap(remediesFor))].join("\n"));
}

function failedCheck(message: string, hint: string): AuthError {
  return new AuthError("check_failed", message, { hint });
}

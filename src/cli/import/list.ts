/** `auth import` alone: lists everything that was found, and what would be imported. Changes nothing. */
import { type Looked, lookAt } from "../../import/look.ts";
import type { Where } from "../../import/source.ts";
import { SOURCES } from "../../import/sources.ts";
import { printTable } from "../columns.ts";
import type { Cli } from "../context.ts";
import type { Session } from "../session.ts";
import { type ImportOptions, planImport } from "./plan.ts";
import { entryOf, HEADING, refusedEntries, rowOf } from "./show.ts";

export async function listFound(cli: Cli, session: Session, where: Where, options: ImportOptions): Promise<void> {
  const looked: Looked[] = [];
  for (const source of SOURCES) looked.push(await lookAt(source, where));
  const found = looked.flatMap((one) => one.found);
  const copied = await planImport(session, found, options);
  // Also what can only be moved.
  const moved = await planImport(session, found, { ...options, move: true });
  const all = copied.map((one, i) => {
    const other = moved[i];
    return other?.action === "move" ? other : one;
  });
  const refused = refusedEntries(looked);
  if (cli.output.isJson) return cli.output.json({ found: all.map(entryOf), refused });
  const rows = all.map((one) => rowOf(one, where.now));
  if (rows.length > 0) await printTable(cli.output, HEADING, rows);
  for (const { reason } of refused) cli.output.warn(reason);
  if (rows.length > 0) cli.output.say("Nothing was taken. To take some: auth import <source>");
  else cli.output.say("No other program's login was found. Log in: auth login <provider>");
}

import type { Stored } from "../connections/store.ts";
import { duration, type ListEntry } from "../connections/view.ts";
import { isTerminal } from "../platform/terminal.ts";
import { printTable } from "./columns.ts";
import { defineCommand } from "./command.ts";
import type { Cli } from "./context.ts";
import { allEntries, markOf, type Shown, tellOfFaults, tellOfFolder } from "./entries.ts";
import { isRenewed } from "./lifetime.ts";
import { inSession, READS, type Session } from "./session.ts";

export default defineCommand({
  name: "list",
  description: "List every connection; ★ marks the default, * the default of a provider",
  group: "everyday",
  examples: [
    ["auth list", "where you are logged in"],
    ["auth list --json", "with states and expiries, for a program"],
  ],
  run: (cli) =>
    inSession(
      cli,
      async (session) => {
        const { shown, faults } = await allEntries(session);
        const entries = shown.map(({ entry }) => entry);
        await tellOfFolder(cli, session);
        if (cli.output.isJson) await cli.output.json(entries);
        else if (entries.length > 0) await printEntries(cli, session, shown);
        else if (faults.length === 0) cli.output.say("No connections. Log in: auth login <provider>");
        return tellOfFaults(cli, faults);
      },
      READS,
    ),
});

async function printEntries(cli: Cli, session: Session, shown: readonly Shown[]): Promise<void> {
  const now = session.context.now();
  const rows = shown.map(({ entry, stored }) => [
    `${entry.connection}${markOf(entry)}`,
    entry.account ?? "",
    entry.reason === null ? entry.status : `${entry.status} (${entry.reason})`,
    expiry(entry, stored, now),
    entry.source === "vault" ? "" : `${entry.source.slice(4)} (environment)`,
  ]);
  await printTable(cli.output, ["CONNECTION", "ACCOUNT", "STATUS", "EXPIRES", "SOURCE"], rows);
  if (shown.length > 1 && isTerminal(1)) cli.output.say(LEGEND);
}

const LEGEND = "★ what no name means   * what its provider's name means";

function expiry(entry: ListEntry, stored: Stored | null, now: number): string {
  if (entry.status === "not_connected" || entry.status === "unreadable") return "";
  if (entry.expiresAt === null) return "unknown";
  const left = Date.parse(entry.expiresAt) - now;
  if (left > 0) return `in ${duration(left)}`;
  return isRenewed(entry, stored) ? "renewed when used" : "expired";
}

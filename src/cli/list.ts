import type { Stored } from "../connections/store.ts";
import { duration, type ListEntry } from "../connections/view.ts";
import { isTerminal } from "../platform/terminal.ts";
import { printTable } from "./columns.ts";
import { defineCommand } from "./command.ts";
import { allEntries, markOf, tellOfFolder } from "./entries.ts";
import { isRenewed } from "./lifetime.ts";
import { inSession, READS } from "./session.ts";

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
        const shown = await allEntries(session);
        const entries = shown.map(({ entry }) => entry);
        await tellOfFolder(cli, session);
        if (cli.output.isJson) return cli.output.json(entries);
        if (entries.length === 0) return cli.output.say("No connections. Log in: auth login <provider>");
        const now = session.context.now();
        const rows = shown.map(({ entry, stored }) => [
          `${entry.connection}${markOf(entry)}`,
          entry.account ?? "",
          entry.reason === null ? entry.status : `${entry.status} (${entry.reason})`,
          expiry(entry, stored, now),
          entry.source === "vault" ? "" : `${entry.source.slice(4)} (environment)`,
        ]);
        await printTable(cli.output, ["CONNECTION", "ACCOUNT", "STATUS", "EXPIRES", "SOURCE"], rows);
        if (entries.length > 1 && isTerminal(1)) cli.output.say(LEGEND);
      },
      READS,
    ),
});

const LEGEND = "★ what no name means   * what its provider's name means";

function expiry(entry: ListEntry, stored: Stored | null, now: number): string {
  if (entry.status === "not_connected") return "";
  if (entry.expiresAt === null) return "unknown";
  const left = Date.parse(entry.expiresAt) - now;
  if (left > 0) return `in ${duration(left)}`;
  return isRenewed(entry, stored) ? "renewed when used" : "expired";
}

import { listClients } from "../../connections/clients.ts";
import { tableWidth } from "../../platform/terminal.ts";
import { columns } from "../columns.ts";
import { defineCommand } from "../command.ts";
import { inSession } from "../session.ts";

export default defineCommand({
  name: "list",
  description: "List the clients that are kept: ids, never secrets",
  examples: [
    ["auth client list", "ids, never secrets"],
    ["auth client list --json", "for a program"],
  ],
  run: (cli) =>
    inSession(cli, async (session) => {
      const vault = await session.vault();
      const all = vault === null ? [] : await listClients(vault);
      const views = all.flatMap(({ clients: { provider, origin, chosen, clients } }) =>
        Object.entries(clients).map(([clientId, { secret, source, savedAt }]) => ({
          provider,
          origin,
          clientId,
          hasSecret: secret !== null,
          chosen: chosen === clientId,
          source,
          savedAt: new Date(savedAt).toISOString(),
        })),
      );
      if (cli.output.isJson) return cli.output.json(views);
      if (views.length === 0) return cli.output.say("No clients are kept.");
      const rows = views.map((view) => [
        view.provider,
        view.origin,
        `${view.clientId}${view.chosen ? " *" : ""}`,
        view.hasSecret ? "yes" : "no",
      ]);
      for (const line of columns([["PROVIDER", "ORIGIN", "CLIENT", "SECRET"], ...rows], tableWidth()))
        await cli.output.text(line);
    }),
});

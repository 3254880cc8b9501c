import { tableWidth } from "../../platform/terminal.ts";
import { columns } from "../columns.ts";
import { defineCommand } from "../command.ts";
import { inSession } from "../session.ts";
import { viewOf } from "./view.ts";

export default defineCommand({
  name: "list",
  description: "List the providers that can be logged in to",
  examples: [
    ["auth provider list", "as a table"],
    ["auth provider list --json", "for a program"],
  ],
  run: (cli) =>
    inSession(cli, async (session) => {
      const ids = await session.registry.everyId();
      const views = await Promise.all(ids.map((id) => viewOf(session, id)));
      if (cli.output.isJson) return cli.output.json(views);
      const rows = views.map(({ id, title, origin, flows, variables, replaces }) => [
        id,
        title,
        replaces ? `${origin}, replaces` : origin,
        flows.join(" "),
        variables.read.join(" "),
      ]);
      for (const line of columns([["PROVIDER", "TITLE", "ORIGIN", "FLOWS", "VARIABLES"], ...rows], tableWidth()))
        await cli.output.text(line);
      for (const { id, replaces, fault } of views) {
        if (fault !== null) cli.output.warn(fault);
        if (replaces)
          cli.output.warn(`${id} is a plugin that may stand in for, or use what belongs to, another provider.`);
      }
    }),
});

import { columns } from "../columns.ts";
import { defineCommand } from "../command.ts";
import { registry } from "../session.ts";
import { providerView } from "./view.ts";

export default defineCommand({
  name: "list",
  description: "List the providers that can be logged in to",
  examples: [
    ["auth provider list", "as a table"],
    ["auth provider list --json", "for a program"],
  ],
  run: async (cli) => {
    const views = (await registry.all()).map(providerView);
    if (cli.output.isJson) return cli.output.json(views);
    const rows = views.map(({ id, title, origin, flows, variables }) => [
      id,
      title,
      origin,
      flows.join(" "),
      variables.read.join(" "),
    ]);
    for (const line of columns([["PROVIDER", "TITLE", "ORIGIN", "FLOWS", "VARIABLES"], ...rows]))
      await cli.output.text(line);
  },
});

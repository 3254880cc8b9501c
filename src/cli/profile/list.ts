import { listConnections } from "../../connections/store.ts";
import { defineCommand } from "../command.ts";
import { inSession } from "../session.ts";
import { profileView } from "./shared.ts";
import { profileLines } from "./show.ts";

export default defineCommand({
  name: "list",
  description: "List the settings of every connection",
  examples: [
    ["auth profile list", "all of them"],
    ["auth profile list --json", "for a program"],
  ],
  run: (cli) =>
    inSession(cli, async (session) => {
      const vault = await session.vault();
      const now = session.context.now();
      const views = (vault === null ? [] : await listConnections(vault)).map((stored) => profileView(stored, now));
      if (cli.output.isJson) return cli.output.json(views);
      if (views.length === 0) cli.output.say("No profiles. Create one: auth profile create <provider>:<name>");
      for (const view of views) for (const line of profileLines(view)) await cli.output.text(line);
    }),
});

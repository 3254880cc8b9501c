import { display } from "../../connections/ref.ts";
import { usage } from "../../platform/errors.ts";
import { defineCommand } from "../command.ts";
import { end, toTheEnd } from "../logout.ts";
import { inSession } from "../session.ts";
import { namedProfile, PROFILE } from "./shared.ts";

export default defineCommand({
  name: "delete",
  description: "Delete a connection's settings; with --force also its login",
  args: {
    ...PROFILE,
    force: { type: "boolean", description: "Although it holds tokens: they are revoked and erased" },
  },
  examples: [
    ["auth profile delete {a}:work", "settings that were never logged in with"],
    ["auth profile delete {a}:work --force", "revokes its login first"],
  ],
  run: (cli, args) =>
    inSession(cli, async (session) => {
      const { stored } = await namedProfile(session, args.connection, args.profile);
      if (stored.record.tokens !== null && !args.force)
        throw usage(
          `${display(stored.ref)} holds a login.`,
          `To revoke and delete it: auth profile delete ${display(stored.ref)} --force`,
        );
      await toTheEnd(cli, async (interruption) => {
        const request = { keepSettings: false, forgetClient: false, revoke: true, interruption };
        const result = await end(cli, await session.services(), stored, request, false);
        if (cli.output.isJson) await cli.output.json(result);
      });
    }),
});

import { defineCommand } from "./command.ts";
import { connectionToEnd, endLogin, finishDespiteInterruption } from "./logout.ts";
import { connectionArgs } from "./selector.ts";
import { inSession } from "./session.ts";

export default defineCommand({
  name: "revoke",
  description: "As logout, but keep the settings and the client for the next login",
  group: "everyday",
  args: {
    ...connectionArgs("the only one there is"),
    "forget-client": { type: "boolean", description: "Forget the client too" },
    yes: { type: "boolean", alias: "y", description: "Don't ask" },
  },
  examples: [
    ["auth revoke {a}:work", "its host, scopes and client stay"],
    ["auth revoke {a} --forget-client", "the client id and secret go too"],
  ],
  run: (cli, args) =>
    inSession(cli, async (session) => {
      const target = await connectionToEnd(cli, session, args.connection, args.profile);
      await finishDespiteInterruption(cli, async (interruption) => {
        const forgetClient = args["forget-client"] ?? false;
        const request = { keepSettings: true, forgetClient, revoke: true, interruption };
        const result = await endLogin(cli, await session.services(), target, request, args.yes ?? false);
        if (cli.output.isJson) await cli.output.json(result);
      });
    }),
});

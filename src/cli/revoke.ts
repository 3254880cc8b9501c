import { connectionArgs, defineCommand } from "./command.ts";
import { connectionToEnd, endLogins } from "./logout.ts";
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
      const forgetClient = args["forget-client"] ?? false;
      await endLogins(cli, session, [target], { keepSettings: true, forgetClient, yes: args.yes ?? false });
    }),
});

import { allowFile } from "../connections/allowed-files.ts";
import { readEnvFile } from "../inject/env-file.ts";
import { shellWord } from "../platform/shell-word.ts";
import { defineCommand } from "./command.ts";
import { allow, linesOf } from "./env-file.ts";
import { requireConsent } from "./input.ts";
import { inSession } from "./session.ts";

export default defineCommand({
  name: "allow",
  description: "Let a file say which tokens a command gets: as it is now, at this place",
  group: "setup",
  args: {
    file: { type: "positional", required: true, description: "The file that --env-file is to take" },
    undo: { type: "boolean", description: "Don't obey it any more" },
    yes: { type: "boolean", alias: "y", description: "Don't ask" },
  },
  examples: [
    ["auth allow .env", "shows what it hands over, and asks"],
    ["auth allow .env --yes", "in a script, after it was looked at"],
    ["auth allow .env --undo", "takes it back"],
  ],
  run: (cli, args) =>
    inSession(cli, async (session) => {
      const file = await readEnvFile(args.file);
      const { path, references } = file;
      if (args.undo) {
        const vault = await session.vault();
        if (vault !== null) await allowFile(vault, file, null);
        return cli.output.result({ path, allowed: false }, `${path} is not obeyed any more.`);
      }
      for (const line of linesOf(file)) cli.output.notice(line);
      const remedy = `Without a question: auth allow ${shellWord(args.file)} --yes`;
      await requireConsent(cli, "Allow it, as it is now?", args.yes ?? false, remedy);
      await allow(cli, session, file);
      await cli.output.result({ path, allowed: true, references }, `${path} is allowed, as it is now.`);
    }),
});

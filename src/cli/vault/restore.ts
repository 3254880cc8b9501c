import { usage } from "../../platform/errors.ts";
import { localTime } from "../../platform/local-time.ts";
import { absolutePath } from "../../platform/paths.ts";
import { restoreVault } from "../../vault/moving/backup.ts";
import { storeAt } from "../../vault/store.ts";
import { defineCommand } from "../command.ts";
import type { Cli } from "../context.ts";
import { KEY, keyOptions } from "./keys.ts";
import { progressOf, reportMoved } from "./moved.ts";
import { givenPassphrase } from "./passphrase.ts";

export default defineCommand({
  name: "restore",
  description: "Put a backup's records into the vault, made where there is none; what is newer there stays",
  args: {
    file: { type: "positional", valueHint: "file", required: true, completes: "file", description: "The backup" },
    identity: {
      type: "string",
      valueHint: "file",
      completes: "file",
      description: "For a backup with recipients: the file with a secret key of age (AGE-SECRET-KEY-1…)",
    },
    ...KEY,
    "dry-run": { type: "boolean", description: "Say what would be restored, and write nothing" },
  },
  examples: [
    ["auth vault restore vault.age", "the passphrase is asked for"],
    ["auth vault restore vault.age --identity ~/key.txt", "with a secret key of age"],
    ["auth vault restore vault.age --dry-run", "what is in it, and what of that is here"],
  ],
  run: async (cli, args) => {
    const dryRun = args["dry-run"] ?? false;
    const path = absolutePath(args.file, process.platform);
    const { context } = cli;
    const shown = await storeAt(context).shown();
    const moved = await restoreVault(
      { context, shown, ...keyOptions(cli, args.key) },
      path,
      async (by) => {
        if (by === "identity") return { identities: await identitiesIn(cli, args.identity) };
        if (args.identity === undefined) return { passphrase: await givenPassphrase(cli) };
        throw usage("This backup was made with a passphrase.", "Leave --identity out.");
      },
      { dryRun, progress: progressOf(cli) },
    );
    const time = new Date(moved.backupTime);
    const code = await reportMoved(cli, moved, dryRun ? "Would restore" : "Restored", dryRun, { madeAt: time });
    cli.output.say(
      `The backup was made ${localTime(moved.backupTime)}: a login that was renewed since may have to be made again.`,
    );
    return code;
  },
});

async function identitiesIn(cli: Cli, file: string | undefined) {
  if (file === undefined)
    throw usage("This backup was made for recipients.", "Name the file with a secret key of age: --identity <file>");
  const { readCredentialFile } = await import("../../platform/credential-file.ts");
  const { text, exposed } = await readCredentialFile(file);
  if (exposed) cli.output.warn(`Other users of this machine can read ${file}.`);
  return text;
}

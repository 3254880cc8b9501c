import { absolutePath } from "../../platform/paths.ts";
import { backupVault } from "../../vault/moving/backup.ts";
import { defineCommand, list } from "../command.ts";
import { vaultDialogue } from "../session.ts";
import { countOf } from "./moved.ts";
import { newPassphrase } from "./passphrase.ts";

export default defineCommand({
  name: "backup",
  description: "Write the whole vault into one encrypted file, in the format of age",
  args: {
    file: {
      type: "positional",
      valueHint: "file",
      required: true,
      completes: "file",
      description: "A file that isn't there yet",
    },
    recipient: {
      type: "string",
      valueHint: "age1…",
      repeatable: true,
      description: "A public key of age that is to open it, instead of a passphrase; may be repeated",
    },
  },
  examples: [
    ["auth vault backup vault.age", "for a passphrase that is asked for"],
    ["AUTH_BACKUP_PASSPHRASE=… auth vault backup vault.age", "where no person is"],
    ['auth vault backup vault.age --recipient "$(age-keygen -y key.txt)"', "for a public key: no passphrase is needed"],
  ],
  run: async (cli, args) => {
    const path = absolutePath(args.file, process.platform);
    const recipients = list(args.recipient);
    const sealing = async () => (recipients.length > 0 ? { recipients } : { passphrase: await newPassphrase(cli) });
    const { records, bytes, unreadable } = await backupVault(cli.context, path, sealing, vaultDialogue(cli).prompt);
    await cli.output.result(
      { file: path, records, bytes, unreadable: unreadable.map(({ message }) => message) },
      `Backed up ${countOf(records)} to ${path}.`,
    );
    for (const { message } of unreadable) cli.output.warn(`Left out: ${message}`);
    cli.output.say("A login that is renewed after this may have to be made again once the backup is restored.");
    return unreadable.length > 0 ? 1 : 0;
  },
});

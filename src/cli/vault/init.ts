import { usage } from "../../platform/errors.ts";
import { initVault } from "../../vault/create.ts";
import { defineCommand } from "../command.ts";
import { vaultDialogue } from "../session.ts";
import { KEY, keySource } from "./key.ts";
import { madeVault } from "./made.ts";

export default defineCommand({
  name: "init",
  description: "Make the vault, choosing where its key comes from",
  args: KEY,
  examples: [
    ["auth vault init --key keychain", "the key in the system's keychain"],
    ["auth vault init --key passphrase", "asked for each time it is needed"],
  ],
  run: async (cli, args) => {
    const source = keySource(args.key);
    const { prompt } = vaultDialogue(cli);
    const created = await initVault(cli.context, { ...(source && { source }), ...(prompt && { prompt }) });
    if (created === null)
      throw usage("There is a vault already.", "To change where its key comes from: auth vault rekey --key <source>");
    if (cli.output.isJson) return cli.output.json({ created: true, keySource: created.source });
    cli.output.success(madeVault(cli.context, created));
  },
});

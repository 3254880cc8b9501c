import type { Environment } from "../../platform/context.ts";
import { rekeyVault } from "../../vault/rekey.ts";
import { SOURCE_WORDS, VARIABLES } from "../../vault/sources/source.ts";
import { defineCommand } from "../command.ts";
import { vaultDialogue } from "../session.ts";
import { KEY, keySource } from "./key.ts";

export default defineCommand({
  name: "rekey",
  description: "Give the vault a new key and seal every record anew",
  args: KEY,
  examples: [
    ["auth vault rekey", "a new key from the same source"],
    ["auth vault rekey --key passphrase", "from a passphrase from now on"],
    ["AUTH_NEW_KEY=… auth vault rekey --key env", "from one AUTH_KEY to another"],
  ],
  run: async (cli, args) => {
    const source = keySource(args.key);
    const { prompt } = vaultDialogue(cli);
    const result = await rekeyVault(cli.context, {
      environment: withNewKey(cli.context.env),
      ...(source && { source }),
      ...(prompt && { prompt }),
    });
    if (cli.output.isJson)
      return cli.output.json({ rekeyed: true, keySource: result.source, epoch: result.epoch, records: result.records });
    cli.output.success(
      `Sealed ${result.records} ${result.records === 1 ? "record" : "records"} anew; the key comes from ${SOURCE_WORDS[result.source]}.`,
    );
  },
});

/** `AUTH_NEW_KEY` and its like stand for the variable they are to become. */
function withNewKey(env: Environment): Environment {
  const next: Record<string, string | undefined> = { ...env };
  for (const variable of Object.values(VARIABLES)) {
    const value = env[variable.replace("AUTH_", "AUTH_NEW_")];
    if (value) next[variable] = value;
  }
  return next;
}

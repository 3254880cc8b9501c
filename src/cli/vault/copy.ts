import type { Context } from "../../platform/context.ts";
import { usage } from "../../platform/errors.ts";
import { commandLine, placeholder } from "../../platform/shell-word.ts";
import { showsPassword, withoutPassword } from "../../vault/address.ts";
import { copyVault } from "../../vault/moving/copy.ts";
import type { Target } from "../../vault/moving/open.ts";
import { storeAt } from "../../vault/store.ts";
import { defineCommand } from "../command.ts";
import type { Cli } from "../context.ts";
import { readAddress } from "../input.ts";
import { vaultDialogue } from "../session.ts";
import { KEY, keyOptions, keysOfOther, namingNewKeys } from "./keys.ts";
import { progressOf, reportMoved } from "./moved.ts";

export default defineCommand({
  name: "copy",
  description: "Copy every record to a vault at another place, made where there is none",
  args: {
    to: {
      type: "string",
      valueHint: "store",
      description: "Where to, in the form of AUTH_STORE: redis://…, postgres://…, sqlite:<path>; - for standard input",
    },
    ...KEY,
    "dry-run": { type: "boolean", description: "Say what would be copied, and write nothing" },
  },
  examples: [
    ["AUTH_NEW_KEY=… auth vault copy --to rediss://host:6379/0", "to a vault that machines share, with a key for them"],
    ["auth vault copy --to sqlite:/media/disk/vault.db", "to another file"],
    [
      'printf %s "$STORE" | auth vault copy --to - --dry-run',
      "what would be copied; the password is on no command line",
    ],
  ],
  run: async (cli, args) => {
    if (args.to === undefined)
      throw usage("--to is missing.", "For example: auth vault copy --to sqlite:/media/disk/vault.db");
    const dryRun = args["dry-run"] ?? false;
    const store = args.to === "-" ? await readAddress(cli) : args.to;
    if (store === "") throw usage("--to is empty.", "Name the place: redis://…, postgres://… or sqlite:<path>");
    if (args.to !== "-" && showsPassword(store))
      cli.output.warn("Other processes can see a password on the command line. Better: --to -");
    const target = await targetAt(cli, store, args.key);
    const moved = await copyVault(cli.context, target, { ...vaultDialogue(cli), dryRun, progress: progressOf(cli) });
    const code = await reportMoved(cli, moved, dryRun ? "Would copy" : "Copied", dryRun);
    const { new: added, updated, same } = moved.records;
    if (dryRun || (code !== 0 && added.length + updated.length + same.length === 0)) return code;
    cli.output.say(
      "The same logins are in both vaults now, and a refresh in one may end that login in the other: use only one of them.",
    );
    const address = args.to === "-" || withoutPassword(store) !== store ? placeholder("address") : store;
    const use = commandLine(["auth", "vault", "use", address]);
    cli.output.say(`To use the copy, with the key that it was made with: ${use}   (or AUTH_STORE)`);
    return code;
  },
});

async function targetAt({ context, ...cli }: Cli, store: string, key: string | undefined): Promise<Target> {
  const { env, ...keys } = keysOfOther(context.env);
  const target: Context = { ...context, env, store: { text: store, givenBy: "--to" } };
  const named: Target["named"] = (work) => namingNewKeys(keys.keysAreOther !== true, work);
  const shown = await storeAt(target).shown();
  return { context: target, ...keys, shown, named, ...keyOptions({ context, ...cli }, key) };
}

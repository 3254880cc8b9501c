import type { Context } from "../platform/context.ts";
import { usage } from "../platform/errors.ts";
import { type Created, initVault } from "../vault/create.ts";
import type { GivenBy } from "../vault/giver.ts";
import { noVault } from "../vault/no-vault.ts";
import { rekeyVault } from "../vault/rekey.ts";
import { SOURCE_WORDS, type SourceName } from "../vault/sources/source.ts";
import { vaultStatus } from "../vault/status.ts";
import { storeAt } from "../vault/store.ts";
import { defineCommand, defineGroup, loaded } from "./command.ts";
import { vaultDialogue } from "./session.ts";
import { comparisonBy, FINGERPRINT } from "./vault/fingerprint.ts";
import { KEY, keyOptions, withNewKey } from "./vault/keys.ts";

const status = defineCommand({
  name: "status",
  description: "Show where the vault is and what its key comes from",
  examples: [
    ["auth vault status", "where it is, what its key comes from, what weakens it"],
    ["auth vault status --json", "for a program"],
  ],
  run: async ({ context, output }) => {
    const vault = await vaultStatus(context);
    if (vault === null) throw await noVault(context);
    const warnings = vault.warnings.map(({ text }) => text);
    const { chosenBy } = storeAt(context);
    if (output.isJson) return output.json({ ...vault, warnings, chosenBy });
    await output.lines([
      `Vault: ${vault.path}${chosenByWords(chosenBy)}`,
      `Key: ${keyWords(vault.keySource, vault.keyVariable)}`,
      `Records: ${vault.records}`,
      `Format: ${vault.format}, epoch ${vault.epoch}`,
      `Id: ${vault.vaultId}`,
    ]);
    for (const warning of warnings) output.warn(warning);
  },
});

/** Why it is this vault, in brackets. Empty where nothing says it. */
export function chosenByWords(chosenBy: GivenBy | null): string {
  if (chosenBy === null) return "";
  return chosenBy === "use" ? " (by 'auth vault use')" : ` (by ${chosenBy})`;
}

/** @param variable the one that the key is read from on this machine */
export function keyWords(source: SourceName, variable: string | null): string {
  const recorded = SOURCE_WORDS[source];
  return variable === null || variable === recorded ? recorded : `${recorded} (here from ${variable})`;
}

const init = defineCommand({
  name: "init",
  description: "Make the vault, choosing where its key comes from",
  args: KEY,
  examples: [
    ["auth vault init --key keychain", "the key in the system's keychain"],
    ["auth vault init --key passphrase", "asked for each time it is needed"],
  ],
  run: async (cli, args) => {
    const created = await initVault(cli.context, keyOptions(cli, args.key));
    if (created === null)
      throw usage("There is a vault already.", "To change where its key comes from: auth vault rekey --key <source>");
    await cli.output.result({ created: true, keySource: created.source }, madeVault(cli.context, created));
  },
});

/** The message about a new vault. */
export function madeVault(context: Context, { source, chosen }: Created): string {
  const { forOthers } = storeAt(context);
  const alone = forOthers === null ? "" : ` No other machine can open it. To have others open it, too: ${forOthers}`;
  if (source === "keychain") return `Made a vault; its key comes from ${SOURCE_WORDS[source]}.${alone}`;
  if (source !== "file") return `Made a vault; its key comes from ${SOURCE_WORDS[source]}.`;
  const { paths } = context;
  if (forOthers !== null) return `Made a vault; its key is in the file ${paths.key}.${alone}`;
  const other = chosen ? "" : " Another place for it: auth vault rekey --key passphrase";
  return `Made a vault; its key is in the file ${paths.key}.${other}`;
}

const rekey = defineCommand({
  name: "rekey",
  description: "Give the vault a new key and seal every record anew",
  args: KEY,
  examples: [
    ["auth vault rekey", "a new key from the same source"],
    ["auth vault rekey --key passphrase", "from a passphrase from now on"],
    ["AUTH_NEW_KEY=… auth vault rekey --key env", "from one AUTH_KEY to another"],
  ],
  run: async (cli, args) => {
    const environment = withNewKey(cli.context.env);
    const { source, epoch, records } = await rekeyVault(cli.context, { environment, ...keyOptions(cli, args.key) });
    await cli.output.result(
      { rekeyed: true, keySource: source, epoch, records },
      `Sealed ${records} ${records === 1 ? "record" : "records"} anew; the key comes from ${SOURCE_WORDS[source]}.`,
    );
    const variable = source === "env" ? "AUTH_KEY" : source === "command" ? "AUTH_KEY_COMMAND" : null;
    if (variable !== null)
      cli.output.notice(
        `From now on ${variable} must hold the new ${NEW_VALUE[variable]}: nothing else opens the vault. Keep it.`,
      );
    cli.output.say(
      "A copy of the vault's file or database from before needs the old key; a backup (auth vault backup <file>) needs only its own.",
    );
  },
});

const NEW_VALUE = { AUTH_KEY: "key", AUTH_KEY_COMMAND: "command" } as const;

const accept = defineCommand({
  name: "accept",
  description: "Go on with what a shared vault has now, where this machine knew another or a later state",
  args: FINGERPRINT,
  examples: [
    ["auth vault accept", "after a restored backup, a failover, or a vault that was made anew"],
    ["auth vault accept --json", "which vault that is"],
  ],
  run: async (cli, args) => {
    const comparison = await comparisonBy(cli, args.fingerprint);
    const { store, vaultId } = await storeAt(cli.context).accept({ ...vaultDialogue(cli), ...comparison });
    const done =
      vaultId === null
        ? `Forgot the vault that was at ${store}: nothing is there now.`
        : `Accepted the vault at ${store}.`;
    await cli.output.result({ accepted: vaultId !== null, store, vaultId }, done);
  },
});

export default defineGroup({
  name: "vault",
  description: "The sealed store: where it is and what opens it",
  group: "setup",
  commands: {
    ...loaded({ status, init, rekey, accept }),
    copy: () => import("./vault/copy.ts"),
    backup: () => import("./vault/backup.ts"),
    restore: () => import("./vault/restore.ts"),
    member: () => import("./vault/member.ts"),
    use: () => import("./vault/use.ts"),
  },
  examples: [
    ["auth vault status", "where it is, what its key comes from"],
    ["auth vault rekey --key passphrase", "a new key, from a passphrase"],
    ["auth vault backup vault.age", "all of it in one encrypted file"],
  ],
});

import type { Context } from "../../platform/context.ts";
import { commandLine, placeholder } from "../../platform/shell-word.ts";
import { addMember, type Changed, membership, removeMember } from "../../vault/membership.ts";
import { ownPublicKey } from "../../vault/sources/identity.ts";
import { SOURCE_WORDS, sourceInEnvironment, VARIABLES } from "../../vault/sources/source.ts";
import { vaultStatus } from "../../vault/status.ts";
import { storeAt } from "../../vault/store.ts";
import { printTable } from "../columns.ts";
import { defineCommand, defineGroup, loaded } from "../command.ts";
import type { Cli } from "../context.ts";
import { requireConsent } from "../input.ts";
import { vaultDialogue } from "../session.ts";

const key = defineCommand({
  name: "key",
  description: "Print this machine's public key as a member of a vault, made where it has none",
  examples: [
    ["auth vault member key", "for a member to add"],
    ["auth vault member key --json", "with whether it was made just now"],
  ],
  run: async ({ context, output }) => {
    const own = await ownPublicKey(context);
    if (output.isJson) return output.json(own);
    await output.lines([own.publicKey]);
    if (own.made)
      output.say(`Its secret half is in ${context.paths.identity}: who has that file opens what this machine opens.`);
    const words = ["auth", "vault", "member", "add", placeholder("name"), own.publicKey];
    output.say(`To let this machine in, a member runs: ${commandLine(words)}`);
  },
});

const add = defineCommand({
  name: "add",
  description: "Let another machine or person open the vault with a key of their own",
  args: {
    name: { type: "positional", required: true, description: "What to call them: letters, digits and . _ @ + -" },
    "public-key": {
      type: "positional",
      valueHint: "age1…",
      required: true,
      description: "What 'auth vault member key' printed there, or 'age-keygen -y' for a key that is kept apart",
    },
    as: {
      type: "string",
      valueHint: "name",
      description:
        "This machine's own name, where it becomes the first member; by default the user's and the machine's",
    },
  },
  examples: [
    ['auth vault member add ci "$PUBLIC_KEY"', "the vault gets a new key, for all members and the new one"],
    ['auth vault member add bob "$PUBLIC_KEY" --as ann', "the first time: from now on ann and bob open the vault"],
  ],
  run: async (cli, args) => {
    const { context, output } = cli;
    const before = (await vaultStatus(context))?.keySource ?? null;
    const member = { name: args.name, publicKey: args["public-key"] };
    const changed = await addMember(context, member, {
      ...vaultDialogue(cli),
      ...(args.as !== undefined && { as: args.as }),
    });
    await report(
      cli,
      changed,
      { added: args.name },
      `Added ${args.name}: the vault has a new key, for ${membersIn(changed)}.`,
    );
    if (before !== null && before !== "members") {
      const [first] = changed.members;
      output.notice(
        `From now on the vault's key comes from its members' keys, and no longer from ${SOURCE_WORDS[before]}.`,
      );
      output.say(
        `This machine is ${first?.name}, by ${ownKeyWords(context)}. What the vault was opened with until now opens nothing any more.`,
      );
      const variable = sourceInEnvironment(context, null);
      if (variable !== null) output.notice(`Unset ${VARIABLES[variable]}: where it is set it must open the vault.`);
    }
    if (!storeAt(context).isShared) return;
    const address = (await storeAt(context).address()) ?? placeholder("address");
    const words = ["auth", "vault", "use", address, "--fingerprint", changed.fingerprint];
    output.say(`On that machine: ${commandLine(words)}`);
    output.say("Where the database has a password, the address with it goes by standard input: auth vault use -");
  },
});

function ownKeyWords({ env, paths }: Context): string {
  return env.AUTH_IDENTITY ? "the key in AUTH_IDENTITY" : `the key in ${paths.identity}`;
}

const remove = defineCommand({
  name: "remove",
  description: "Give the vault a new key without a member, who opens nothing that is written from then on",
  args: {
    name: { type: "positional", required: true, description: "The member, by name" },
    yes: { type: "boolean", alias: "y", description: "Take out this machine itself, too, without asking" },
  },
  examples: [
    ["auth vault member remove bob", "then revoke the tokens that matter: bob may have kept what he read"],
    ["auth vault member remove laptop --yes", "this machine itself: it can't open the vault afterwards"],
  ],
  run: async (cli, args) => {
    const agree = (name: string) =>
      requireConsent(
        cli,
        `${name} is this machine: it can't open the vault any more then. Remove it?`,
        args.yes ?? false,
        "To do it all the same: --yes",
        `${name} is this machine: it couldn't open the vault any more.`,
      );
    const changed = await removeMember(cli.context, args.name, vaultDialogue(cli), agree);
    const [gone = args.name] = changed.gone;
    await report(
      cli,
      changed,
      { removed: gone },
      `Removed ${gone}: the vault has a new key, for ${membersIn(changed)}.`,
    );
    cli.output.warn([
      `${gone} may have kept what was in the vault until now: tokens, refresh tokens and clients' secrets.`,
      "Revoke those that matter, and log in again: auth revoke <connection>",
    ]);
    if (storeAt(cli.context).isShared)
      cli.output.say("Who reached the server reaches it still: give it a new password, too.");
  },
});

async function report(
  { output }: Cli,
  { members, epoch, records, fingerprint }: Changed,
  what: Readonly<Record<string, string>>,
  text: string,
): Promise<void> {
  await output.result({ ...what, members: members.length, epoch, records, fingerprint }, text);
}

function membersIn({ members }: Changed): string {
  return members.length === 1 ? "1 member" : `${members.length} members`;
}

const list = defineCommand({
  name: "list",
  description: "List who opens the vault with a key of their own",
  examples: [
    ["auth vault member list", "names, public keys, and the vault's fingerprint"],
    ["auth vault member list --json", "for a program"],
  ],
  run: async (cli) => {
    const { output } = cli;
    const { source, members, fingerprint } = await membership(cli.context, vaultDialogue(cli));
    if (output.isJson) return output.json({ members, fingerprint });
    if (members.length === 0)
      return output.say(`The vault has no members: its key comes from ${SOURCE_WORDS[source]}.`);
    const rows = members.map(({ name, publicKey, self }) => [name, publicKey, self ? "this machine" : ""]);
    await printTable(output, ["MEMBER", "PUBLIC KEY", ""], rows);
    if (storeAt(cli.context).isShared) output.say(`The vault's fingerprint: ${fingerprint}`);
  },
});

export default defineGroup({
  name: "member",
  description: "Who opens the vault with a key of their own",
  commands: loaded({ key, add, remove, list }),
  examples: [
    ["auth vault member key", "this machine's public key"],
    ['auth vault member add ci "$PUBLIC_KEY"', "let another one in"],
    ["auth vault member list", "who is in"],
  ],
});

import type { Context, Environment } from "../../platform/context.ts";
import { AuthError, usage } from "../../platform/errors.ts";
import type { Secret } from "../../platform/secret.ts";
import { commandLine, shellWord } from "../../platform/shell-word.ts";
import { showsPassword, withoutPassword } from "../../vault/address.ts";
import { dropStore, keepStore } from "../../vault/kept-store.ts";
import { type Prompt, VARIABLES } from "../../vault/sources/source.ts";
import { vaultStatus } from "../../vault/status.ts";
import { type Accepted, openVault, storeAt, type VaultStore } from "../../vault/store.ts";
import { defineCommand } from "../command.ts";
import type { Cli } from "../context.ts";
import { readAddress } from "../input.ts";
import { vaultDialogue } from "../session.ts";
import { chosenByWords } from "../vault.ts";
import { comparisonBy, FINGERPRINT } from "./fingerprint.ts";
import { keysOfOther } from "./keys.ts";
import { countOf } from "./moved.ts";

export default defineCommand({
  name: "use",
  description: "Use a vault at another place from now on, such as one that machines share; alone: say which is used",
  args: {
    address: {
      type: "positional",
      required: false,
      description:
        "In the form of AUTH_STORE: redis://…, postgres://…, sqlite:<path>; - for standard input, as a password needs it",
    },
    local: { type: "boolean", description: "Go back to this home's own vault" },
    ...FINGERPRINT,
  },
  examples: [
    ["auth vault use 'rediss://redis.example/0?prefix=team'", "from now on, where AUTH_STORE doesn't say otherwise"],
    [
      'printf %s "$STORE" | auth vault use -',
      "an address with a password; it is kept in a file of this home, mode 600",
    ],
    ["auth vault use", "which vault is used, and why"],
  ],
  run: async (cli, args) => {
    if (args.local && args.address !== undefined)
      throw usage("An address and --local exclude each other.", "Give one.");
    if (args.fingerprint !== undefined && args.address === undefined)
      throw usage("--fingerprint goes with an address.", "auth vault use <address> --fingerprint <fingerprint>");
    if (args.local) return useLocal(cli);
    if (args.address === undefined) return showUsed(cli);
    return useAddress(cli, args.address, args.fingerprint);
  },
});

async function showUsed({ context, output }: Cli): Promise<void> {
  const store = storeAt(context);
  const shown = await store.shown();
  if (output.isJson) return output.json({ store: shown, chosenBy: store.chosenBy });
  await output.lines([`${shown}${chosenByWords(store.chosenBy)}`]);
}

async function useLocal({ context, output }: Cli): Promise<void> {
  await dropStore(context);
  const store = storeAt(context);
  const { chosenBy } = store;
  const shown = await store.shown();
  await output.result({ store: shown, chosenBy }, `Using ${shown}${chosenByWords(chosenBy)}.`);
  if (chosenBy !== null) output.notice(`${chosenBy} is set, and says which vault is used. Unset it.`);
}

async function useAddress(cli: Cli, given: string, fingerprint: string | undefined): Promise<void> {
  const { context, output } = cli;
  const address = given === "-" ? await readAddress(cli) : given;
  if (given !== "-" && showsPassword(address)) throw passwordSeen();
  const there: Context = { ...context, store: { text: address, givenBy: "argument" } };
  const { prompt } = vaultDialogue(cli);
  let typed: Secret | null = null;
  const asking: Prompt | undefined = prompt && (async (question) => (typed = await prompt(question)));
  const again: Prompt | undefined = prompt && (async (question) => typed ?? prompt(question));
  const store = storeAt(there);
  const joined = await accepting(store, async () =>
    store.join({ ...(asking && { prompt: asking }), ...(await comparisonBy(cli, fingerprint)) }),
  );
  const logins = joined.vaultId === null ? [] : await loginsIn(there, again);
  await keepStore(context, store.isShared ? address : `sqlite:${store.file}`);
  await report(cli, joined, logins);
  await sayNext(cli, store, address, { hasVault: joined.vaultId !== null, hasLogins: logins.length > 0 });
  if (context.env.AUTH_STORE) output.notice("AUTH_STORE is set, and wins over it: unset it.");
}

/** This address isn't used yet: a command for what is there has to name it. */
async function accepting<T>(store: VaultStore, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof AuthError) || !error.hint?.includes(ACCEPT)) throw error;
    const address = await store.address();
    const command = withStore(address === null ? "<address>" : shellWord(address), ACCEPT);
    throw error.restated({ hint: `${error.hint.replace(ACCEPT, () => command)}\n${WITH_PASSWORD}` });
  }
}

const ACCEPT = "auth vault accept";
const WITH_PASSWORD = "Where the database has a password, put it into AUTH_STORE, too.";

/** @param address as a word of a shell */
function withStore(address: string, command: string): string {
  return process.platform === "win32"
    ? `with AUTH_STORE set to ${address}: ${command}`
    : `AUTH_STORE=${address} ${command}`;
}

/** A process list and a shell's history have it then. */
function passwordSeen(): AuthError {
  return usage(
    "The address has a password in it, or something that may be one: others could see it on the command line.",
    'Give it on standard input: printf %s "$STORE" | auth vault use -\nNothing was changed. If it was a password, it is in the shell\'s history now.',
  );
}

async function loginsIn(context: Context, prompt: Prompt | undefined): Promise<string[]> {
  const vault = await openVault(context, prompt && { prompt });
  try {
    return (await vault?.list("connection", () => {}))?.map(({ name }) => name) ?? [];
  } finally {
    await vault?.close();
  }
}

async function report({ output }: Cli, { store, vaultId }: Accepted, logins: readonly string[]): Promise<void> {
  await output.result({ store, chosenBy: "use", vaultId, connections: logins }, `Using ${store} from now on.`);
  if (logins.length > 0) output.say(`Logins there: ${logins.join(", ")}`);
  else if (vaultId !== null) output.say("There are no logins there yet.");
}

/** What can be done next, where there are no logins, or where this home has some of its own. */
async function sayNext({ context, output }: Cli, store: VaultStore, address: string, found: Found): Promise<void> {
  const init = commandLine(["auth", "vault", "init", ...keyFor(store, context.env)]);
  if (!found.hasVault) output.say(`There is no vault yet. To make one: ${init}`);
  const own = `sqlite:${context.paths.vault}`;
  if (!store.isShared && store.file === context.paths.vault) return;
  const status = await vaultStatus({ ...context, store: { text: own, givenBy: "argument" } });
  if (status === null || status.records === 0) return;
  const has = `This home's own vault still has ${countOf(status.records)}.`;
  if (found.hasLogins) return output.say(`${has} To go back to it: auth vault use --local`);
  const to = store.isShared ? address : `sqlite:${store.file}`;
  const shown = withoutPassword(to) === to ? to : "-";
  const key = found.hasVault ? [] : keyFor(store, keysOfOther(context.env).env);
  const copy = withStore(shellWord(own), commandLine(["auth", "vault", "copy", "--to", shown, ...key]));
  const where = shown === to ? "" : " (it asks for the address)";
  output.say(`${has} To copy all of it${where}: ${copy}`);
}

interface Found {
  readonly hasVault: boolean;
  readonly hasLogins: boolean;
}

/** A key for a new vault that other machines can have, too, unless the environment has one. */
function keyFor(store: VaultStore, env: Environment): string[] {
  const given = Object.values(VARIABLES).some((name) => env[name]);
  return !store.isShared || given ? [] : ["--key", "members"];
}

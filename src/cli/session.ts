/** What a command works with: the providers, and the vault once it is needed. Closed when the command ends. */

import { builtIn } from "../../providers/index.ts";
import type { DecidingFile } from "../connections/folder/choice.ts";
import type { FolderState } from "../connections/folder/state.ts";
import { type ConnectionRef, EVERY, nameInFull } from "../connections/ref.ts";
import type { Holder, Services } from "../connections/services.ts";
import { notFound } from "../connections/store.ts";
import type { Context } from "../platform/context.ts";
import { folderFiles } from "../platform/paths.ts";
import { noneInFlight } from "../platform/signals.ts";
import { createRegistry, type Registry } from "../providers/registry.ts";
import type { Created } from "../vault/create.ts";
import type { Header } from "../vault/header.ts";
import type { Prompt } from "../vault/sources/source.ts";
import { openVault, storeAt } from "../vault/store.ts";
import type { Vault } from "../vault/types.ts";
import { type Cli, pathsOrNull } from "./context.ts";

export interface Session {
  readonly context: Context;
  readonly registry: Registry;
  /** null where there is no vault yet: reading never creates one. */
  vault(): Promise<Vault | null>;
  /** With a vault. Where there is none, it is made once there is something to store. */
  services(): Promise<Services>;
  /** The `.auth.toml` files that apply to the current folder: the one in effect, and those that aren't allowed. null: none. */
  folder(): Promise<FolderState | null>;
  /** What it says, with a warning for each that isn't allowed. @throws AuthError `file_untrusted` */
  decidingFile(): Promise<DecidingFile | null>;
  readonly refreshElsewhere?: NonNullable<Services["refreshElsewhere"]>;
  /** The agent, where it has the key; known once the vault was asked for. */
  agent(): Pick<Services, "holder">;
}

export interface SessionOptions {
  /** Whether to warn about `.auth.toml` files that aren't allowed; false for what programs call often. */
  readonly isHeard?: boolean;
  /** The command uses tokens and changes nothing: where a key is hard to get, it goes by the agent. */
  readonly reads?: boolean;
  /** Fail if the named vault doesn't exist. Default: `reads`. */
  readonly existing?: boolean;
  /** How the vault asks for a passphrase; absent: on the terminal. */
  readonly prompt?: Prompt;
  /** Whether the current folder has a say; absent: it has. */
  readonly folders?: boolean;
  /** The command runs for long: a vault that couldn't be opened is tried again when it is needed next. */
  readonly retries?: boolean;
}

/** For the commands that only hand out tokens, or show what there is. */
export const READS: SessionOptions = { reads: true };

export async function inSession<T>(
  cli: Cli,
  work: (session: Session) => Promise<T>,
  options: SessionOptions = {},
): Promise<T> {
  const { context } = cli;
  const opening = sessionVault(cli, options);
  const { vault, agent } = opening;
  const { folder, decidingFile, decided } = sessionFolder(cli, vault, options);
  const registry = sessionRegistry(cli, vault);
  const services = async (): Promise<Services> => ({ context, registry, vault: await opening.made(), ...agent() });
  try {
    return await work({ context, registry, vault, services, folder, decidingFile, agent });
  } catch (error) {
    const { namingSource } = await import("../connections/name-source.ts");
    throw namingSource(context.env, error, decided());
  } finally {
    await noneInFlight();
    await opening.close();
  }
}

/** Opens the vault once it is asked for. */
function sessionVault(cli: Cli, { reads = false, existing = reads, prompt, retries = false }: SessionOptions) {
  const dialogue = prompt === undefined ? vaultDialogue(cli, reads) : { prompt };
  let opened: Promise<Vault | null> | null = null;
  let created: Created | null = null;
  let holder: Holder | null = null;

  const throughHolder = async (header: Header): Promise<Vault | null> => {
    const { throughAgent } = await import("./agent/through.ts");
    const through = await throughAgent(cli, header, () =>
      openVault(cli.context, prompt === undefined ? vaultDialogue(cli) : dialogue),
    );
    holder = through?.holder ?? null;
    return through?.vault ?? null;
  };
  const open = async (): Promise<Vault | null> => {
    const vault = await openVault(cli.context, { ...dialogue, ...(reads && { throughHolder, allowCached: true }) });
    const absent = vault === null && existing ? await storeAt(cli.context).absent() : null;
    if (absent !== null) throw absent;
    return vault;
  };
  const vault = (): Promise<Vault | null> => {
    opened ??= open().catch((error: unknown) => {
      if (retries) opened = null;
      throw error;
    });
    return opened;
  };

  return {
    vault,
    agent: (): Pick<Services, "holder"> => (holder === null ? {} : { holder }),
    /** One that isn't there yet is made once there is something to store. */
    async made(): Promise<Vault> {
      const existingVault = await vault();
      if (existingVault !== null) return existingVault;
      const { pendingVault } = await import("../vault/pending.ts");
      const pending = pendingVault(cli.context, vaultDialogue(cli), (made) => {
        created = made;
      });
      opened = Promise.resolve(pending);
      return pending;
    },
    async close(): Promise<void> {
      await (await opened?.catch(() => null))?.close();
      if (created !== null) cli.output.say((await import("./vault.ts")).madeVault(cli.context, created));
    },
  };
}

function sessionRegistry(cli: Cli, vault: Session["vault"]): Registry {
  return createRegistry({
    builtIn,
    origins: () => import("../../providers/catalog/bundled-origins.ts"),
    catalog: () => import("../../providers/catalog/index.ts"),
    otherwise: async () => (await import("../../providers/catalog/called-otherwise.ts")).calledOtherwise,
    plugins: {
      folder: () => pathsOrNull(cli.context)?.providers ?? null,
      pin: async (id) => {
        const opened = await vault();
        return opened === null ? null : (await import("../connections/plugins.ts")).readPin(opened, id, "cached");
      },
      passedOver: ({ message }) => cli.output.warn(message),
    },
  });
}

/** Looks for files of the current folder once they are asked for. */
function sessionFolder(cli: Cli, vault: Session["vault"], { isHeard = true, folders = true }: SessionOptions) {
  let state: Promise<FolderState | null> | null = null;
  let asked: Promise<DecidingFile | null> | null = null;
  let decided: DecidingFile | null = null;

  const folder = (): Promise<FolderState | null> => {
    state ??= folders ? folderStateOf(cli, vault) : Promise.resolve(null);
    return state;
  };
  const decide = async (): Promise<DecidingFile | null> => {
    const stateOfFolder = await folder();
    if (stateOfFolder === null) return null;
    const { passedOver, refused } = stateOfFolder;
    if (isHeard && passedOver.length > 0) {
      const { notAllowed } = await import("../connections/folder/state.ts");
      for (const file of passedOver) cli.output.warn(notAllowed(file));
    }
    if (refused !== null) throw refused;
    decided = stateOfFolder.decidingFile;
    return decided;
  };
  const decidingFile = (): Promise<DecidingFile | null> => {
    asked ??= decide();
    return asked;
  };
  return { folder, decidingFile, decided: () => decided };
}

/** Where there is no such file, this takes a look at each folder above, and no more. */
async function folderStateOf(cli: Cli, vault: Session["vault"]): Promise<FolderState | null> {
  const files = folderFiles(cli.context.env);
  if (files.length === 0) return null;
  const { folderState } = await import("../connections/folder/state.ts");
  const state = await folderState(files, await vault());
  // In another folder a provider's name means another connection than here.
  if (state.decidingFile !== null) nameInFull(EVERY);
  return state;
}

/**
 * How the vault asks for a passphrase.
 *
 * @param byAgent whether the command would go by an agent: else starting one doesn't help it
 */
export function vaultDialogue(cli: Cli, byAgent = false): { prompt: Prompt } {
  return {
    prompt: async (question) => {
      const isAsked = cli.globals.input && !cli.context.env.CI;
      if (isAsked) {
        const { askSecret, hasTerminal } = await import("../platform/prompt.ts");
        if (await hasTerminal()) return askSecret(question, cli.context.env);
      }
      const { nobodyToAsk } = await import("../vault/sources/passphrase.ts");
      throw nobodyToAsk(byAgent);
    },
  };
}

/** With the vault that is there. @throws AuthError `connection_not_found` where there is none, and so no such connection */
export async function servicesFor(session: Session, ref: ConnectionRef): Promise<Services> {
  const vault = await session.vault();
  if (vault === null) throw notFound(ref);
  return { ...session, vault, ...session.agent() };
}

/** What a command works with: the providers, and the vault once it is needed. Closed when the command ends. */

import { builtIn } from "../../providers/index.ts";
import { readDefaults } from "../connections/defaults.ts";
import type { Here } from "../connections/folder/choice.ts";
import type { FolderState } from "../connections/folder/state.ts";
import { type ConnectionRef, DEFAULT_NAME, EVERY, nameInFull, sameName } from "../connections/ref.ts";
import { type Selected, select } from "../connections/select.ts";
import type { Holder, Services } from "../connections/services.ts";
import { type Everything, everyConnection, notFound, requireConnection, type Stored } from "../connections/store.ts";
import type { Context } from "../platform/context.ts";
import { AuthError } from "../platform/errors.ts";
import { folderFiles } from "../platform/folder-file.ts";
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
  /** Of the current folder: which `.auth.toml` decides, may not, or isn't allowed; null where there is none. */
  folder(): Promise<FolderState | null>;
  /** What it says, with a warning for each that isn't allowed. @throws AuthError `file_untrusted` */
  here(): Promise<Here | null>;
  readonly refreshElsewhere?: NonNullable<Services["refreshElsewhere"]>;
  /** The agent, where it has the key; known once the vault was asked for. */
  agent(): Pick<Services, "holder">;
}

export interface SessionOptions {
  /** Whether there may be a person who reads what isn't allowed; false: a program asks, and often. */
  readonly isHeard?: boolean;
  /** The command uses tokens and changes nothing: where a key is hard to get, it goes by the agent. */
  readonly reads?: boolean;
  /** Where the vault is to be at an address and there is none, that is an error: absent: as `reads`. */
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
  { isHeard = true, reads = false, existing = reads, prompt, folders = true, retries = false }: SessionOptions = {},
): Promise<T> {
  let opened: Promise<Vault | null> | null = null;
  let created: Created | null = null;
  let holder: Holder | null = null;
  const dialogue = prompt === undefined ? vaultDialogue(cli, reads) : { prompt };
  const elsewhere = async (header: Header): Promise<Vault | null> => {
    const { throughAgent } = await import("./agent/through.ts");
    const through = await throughAgent(cli, header, () =>
      openVault(cli.context, prompt === undefined ? vaultDialogue(cli) : dialogue),
    );
    holder = through?.holder ?? null;
    return through?.vault ?? null;
  };
  const open = async (): Promise<Vault | null> => {
    const found = await openVault(cli.context, { ...dialogue, ...(reads && { elsewhere, allowCached: true }) });
    const absent = found === null && existing ? await storeAt(cli.context).absent() : null;
    if (absent !== null) throw absent;
    return found;
  };
  const vault = (): Promise<Vault | null> => {
    opened ??= open().catch((error: unknown) => {
      if (retries) opened = null;
      throw error;
    });
    return opened;
  };
  const registry = createRegistry({
    builtIn,
    origins: () => import("../../providers/catalog/bundled-origins.ts"),
    catalog: () => import("../../providers/catalog/index.ts"),
    otherwise: async () => (await import("../../providers/catalog/called-otherwise.ts")).calledOtherwise,
    plugins: {
      folder: () => pathsOrNull(cli.context)?.providers ?? null,
      pin: async (id) => {
        const there = await vault();
        return there === null ? null : (await import("../connections/plugins.ts")).readPin(there, id, "cached");
      },
      passedOver: ({ message }) => cli.output.warn(message),
    },
  });
  const held = (): Pick<Services, "holder"> => (holder === null ? {} : { holder });
  const services = async (): Promise<Services> => {
    const there = await vault();
    if (there !== null) return { context: cli.context, registry, vault: there, ...held() };
    const { pendingVault } = await import("../vault/pending.ts");
    const pending = pendingVault(cli.context, vaultDialogue(cli), (made) => {
      created = made;
    });
    opened = Promise.resolve(pending);
    return { context: cli.context, registry, vault: pending };
  };
  let state: Promise<FolderState | null> | null = null;
  let decided: Here | null = null;
  const folder = (): Promise<FolderState | null> => {
    state ??= folders ? folderStateOf(cli, vault) : Promise.resolve(null);
    return state;
  };
  let asked: Promise<Here | null> | null = null;
  const here = (): Promise<Here | null> => {
    asked ??= decide();
    return asked;
  };
  const decide = async (): Promise<Here | null> => {
    const found = await folder();
    if (found === null) return null;
    if (isHeard && found.passedOver.length > 0) {
      const { notAllowed } = await import("../connections/folder/state.ts");
      for (const one of found.passedOver) cli.output.warn(notAllowed(one));
    }
    if (found.refused !== null) throw found.refused;
    decided = found.here;
    return decided;
  };
  try {
    return await work({ context: cli.context, registry, vault, services, folder, here, agent: held });
  } catch (error) {
    const { namingSource } = await import("../connections/name-source.ts");
    throw namingSource(cli.context.env, error, decided);
  } finally {
    await noneInFlight();
    if (opened !== null) await (await (opened as Promise<Vault | null>).catch(() => null))?.close();
    if (created !== null) cli.output.say((await import("./vault.ts")).madeVault(cli.context, created));
  }
}

/** Where there is no such file, this takes a look at each folder above, and no more. */
async function folderStateOf(cli: Cli, vault: () => Promise<Vault | null>): Promise<FolderState | null> {
  const files = folderFiles(cli.context.env);
  if (files.length === 0) return null;
  const { folderState } = await import("../connections/folder/state.ts");
  const found = await folderState(files, await vault());
  // Elsewhere a provider's name means another connection than here.
  if (found.here !== null) nameInFull(EVERY);
  return found;
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

/** @throws AuthError `connection_not_found` */
export async function requireStored(session: Session, ref: ConnectionRef): Promise<Stored> {
  const { vault } = await servicesFor(session, ref);
  return requireConnection(vault, ref);
}

/** Which connection in the vault is meant, whatever the environment holds. */
export async function selectStored(
  session: Session,
  argument: string | undefined,
  profile: string | undefined,
): Promise<Extract<Selected, { source: "vault" }>> {
  const selected = await select(session, { argument, profile, stored: true });
  if (selected.source !== "vault") throw new AuthError("internal", "A token of the environment was selected.");
  return selected;
}

/** Every connection in the vault; none where there is no vault. @throws AuthError where one of them can't be read */
export async function connectionsOf(session: Session): Promise<readonly Stored[]> {
  const { stored, unreadable } = await everythingOf(session);
  const [first] = unreadable;
  if (first !== undefined) throw first.error;
  return stored;
}

/** The same, and what of it can't be read: for what concerns each connection by itself. */
export async function everythingOf(session: Session): Promise<Everything> {
  const vault = await session.vault();
  if (vault !== null) {
    const { providers } = await readDefaults(vault);
    for (const [provider, name] of Object.entries(providers)) if (!sameName(name, DEFAULT_NAME)) nameInFull(provider);
  }
  return everyConnection(vault);
}

/** What a command works with: the providers, and the vault once it is needed. Closed when the command ends. */
import { builtIn } from "../../providers/index.ts";
import { readDefaults } from "../connections/defaults.ts";
import { type ConnectionRef, DEFAULT_NAME, nameInFull, sameName } from "../connections/ref.ts";
import { namingProfile, type Selected, select } from "../connections/select.ts";
import type { Services } from "../connections/services.ts";
import { listConnections, notFound, requireConnection, type Stored } from "../connections/store.ts";
import type { Context } from "../platform/context.ts";
import { AuthError } from "../platform/errors.ts";
import { createRegistry, type Registry } from "../providers/registry.ts";
import type { Created } from "../vault/create.ts";
import type { Prompt } from "../vault/sources/source.ts";
import type { Vault } from "../vault/types.ts";
import { openVault } from "../vault/vault.ts";
import { type Cli, pathsOrNull } from "./context.ts";

export interface Session {
  readonly context: Context;
  readonly registry: Registry;
  /** null where there is no vault yet: reading never creates one. */
  vault(): Promise<Vault | null>;
  /** With a vault. Where there is none, it is made once there is something to store. */
  services(): Promise<Services>;
}

export async function inSession<T>(cli: Cli, work: (session: Session) => Promise<T>): Promise<T> {
  let opened: Promise<Vault | null> | null = null;
  let created: Created | null = null;
  const vault = (): Promise<Vault | null> => {
    opened ??= openVault(cli.context, vaultDialogue(cli));
    return opened;
  };
  const registry = createRegistry({
    builtIn,
    origins: () => import("../../providers/catalog/bundled-origins.ts"),
    catalog: () => import("../../providers/catalog/index.ts"),
    plugins: {
      folder: () => pathsOrNull(cli.context)?.providers ?? null,
      pin: async (id) => {
        const there = await vault();
        return there === null ? null : (await import("../connections/plugins.ts")).readPin(there, id);
      },
      passedOver: ({ message }) => cli.output.warn(message),
    },
  });
  const services = async (): Promise<Services> => {
    const there = await vault();
    if (there !== null) return { context: cli.context, registry, vault: there };
    const { pendingVault } = await import("../vault/pending.ts");
    const pending = pendingVault(cli.context, vaultDialogue(cli), (made) => {
      created = made;
    });
    opened = Promise.resolve(pending);
    return { context: cli.context, registry, vault: pending };
  };
  try {
    return await work({ context: cli.context, registry, vault, services });
  } catch (error) {
    throw namingProfile(cli, error);
  } finally {
    if (opened !== null) (await (opened as Promise<Vault | null>).catch(() => null))?.close();
    if (created !== null) cli.output.say((await import("./vault.ts")).madeVault(cli.context, created));
  }
}

/** How the vault asks for a passphrase. */
export function vaultDialogue(cli: Cli): { prompt?: Prompt } {
  if (!cli.globals.input || cli.context.env.CI) return {};
  return {
    prompt: async (question) => {
      const { askSecret, hasTerminal } = await import("../platform/prompt.ts");
      if (await hasTerminal()) return askSecret(question, cli.context.env);
      throw new AuthError("vault_locked", "There is no terminal to ask for the vault's passphrase.", {
        hint: "Set AUTH_PASSPHRASE, or run this in a terminal.",
      });
    },
  };
}

/** With the vault that is there. @throws AuthError `connection_not_found` where there is none, and so no such connection */
export async function servicesFor({ context, registry, vault }: Session, ref: ConnectionRef): Promise<Services> {
  const there = await vault();
  if (there === null) throw notFound(ref);
  return { context, registry, vault: there };
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

/** Every connection in the vault; none where there is no vault. */
export async function connectionsOf(session: Session): Promise<Stored[]> {
  const vault = await session.vault();
  if (vault === null) return [];
  const { providers } = await readDefaults(vault);
  for (const [provider, name] of Object.entries(providers)) if (!sameName(name, DEFAULT_NAME)) nameInFull(provider);
  return listConnections(vault);
}

/** A command's hold on the house: the providers, and the vault once it is needed. Closed when the command ends. */
import { builtIn } from "../../providers/index.ts";
import type { Services } from "../connections/services.ts";
import type { Context } from "../platform/context.ts";
import { AuthError } from "../platform/errors.ts";
import { createRegistry, type Registry } from "../providers/registry.ts";
import type { Vault } from "../vault/types.ts";
import { openVault } from "../vault/vault.ts";
import { type Cli, pathsOrNull } from "./context.ts";

export interface Session {
  readonly context: Context;
  readonly registry: Registry;
  /** null where there is no vault yet: reading never creates one. */
  vault(): Promise<Vault | null>;
  /** With a vault, created where there is none. */
  services(): Promise<Services>;
}

export async function inSession<T>(cli: Cli, work: (session: Session) => Promise<T>): Promise<T> {
  let opened: Promise<Vault | null> | null = null;
  const open = (create: boolean): Promise<Vault | null> => openVault(cli.context, { create, ...vaultDialogue(cli) });
  const vault = (): Promise<Vault | null> => {
    opened ??= open(false);
    return opened;
  };
  const registry = createRegistry({
    builtIn,
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
    if (there === null) opened = open(true);
    return { context: cli.context, registry, vault: (await vault()) as Vault };
  };
  try {
    return await work({ context: cli.context, registry, vault, services });
  } finally {
    if (opened !== null) (await (opened as Promise<Vault | null>).catch(() => null))?.close();
  }
}

/** How the vault asks for a passphrase, and says which key source it chose. */
export function vaultDialogue(cli: Cli): {
  prompt?: (question: string) => Promise<import("../platform/secret.ts").Secret>;
  announce: (message: string) => void;
} {
  const announce = (message: string): void => cli.output.notice(message);
  if (!cli.globals.input || cli.context.env.CI) return { announce };
  return {
    announce,
    prompt: async (question) => {
      const { askSecret, hasTerminal } = await import("../platform/prompt.ts");
      if (await hasTerminal()) return askSecret(question);
      throw new AuthError("vault_locked", "There is no terminal to ask for the vault's passphrase.", {
        hint: "Set AUTH_PASSPHRASE, or run this in a terminal.",
      });
    },
  };
}

/**
 * A login at a plugin's provider is bound to the origins that its description named then: one that names others since
 * is not used for it, before anything is sent (RULES.md 3.1, PROVIDERS.md).
 */
import { AuthError } from "../platform/errors.ts";
import type { ResolvedProvider } from "../providers/resolve.ts";
import { resolveProvider } from "../providers/resolve.ts";
import type { ProviderDefinition } from "../providers/schema.ts";
import type { Connection } from "./record.ts";
import { display, typed } from "./ref.ts";
import type { Services } from "./services.ts";

/** What is stored of a description at login; null for what is part of this program. */
export async function bondOf({ registry }: Services, provider: ResolvedProvider): Promise<string | null> {
  const { id } = provider.definition;
  return (await registry.isPlugin(id)) ? digestOf(provider) : null;
}

/** @throws AuthError `plugin_untrusted` */
export async function requireBond(
  services: Services,
  definition: ProviderDefinition,
  record: Connection,
): Promise<void> {
  const bound = record.pinned?.plugin ?? null;
  if (bound === null && !(await services.registry.isPlugin(definition.id))) return;
  if (bound !== null && bound === digestFor(definition, record)) return;
  throw new AuthError(
    "plugin_untrusted",
    `The description of ${definition.id} names other origins than when ${display(record)} was logged in.`,
    {
      hint: `Nothing was sent. Look at them (auth provider show ${definition.id}), then log in again: auth login ${typed(record)} --force`,
      connection: display(record),
    },
  );
}

/** null for a description that no longer takes the settings of this login. */
function digestFor(definition: ProviderDefinition, { settings }: Connection): string | null {
  const known = Object.entries(settings).filter(([name]) => Object.hasOwn(definition.settings ?? {}, name));
  try {
    return digestOf(resolveProvider(definition, Object.fromEntries(known)));
  } catch (error) {
    if (error instanceof AuthError) return null;
    throw error;
  }
}

/** Why a login can't be refreshed although its tokens may still work: its plugin. null: nothing is wrong. */
export async function faultOfPlugin(services: Services, record: Connection): Promise<string | null> {
  try {
    const definition = await services.registry.get(record.provider);
    if (record.pinned !== null) await requireBond(services, definition, record);
    return null;
  } catch (error) {
    if (error instanceof AuthError && /^(plugin|provider)_/.test(error.code)) return error.message;
    throw error;
  }
}

/** Of the origins that the description itself names: what flags and discovery add is pinned beside it. */
function digestOf({ origins, issuer }: ResolvedProvider): string {
  const all = [...new Set([...origins, ...(issuer === null ? [] : [new URL(issuer).origin])])].sort();
  return new Bun.CryptoHasher("sha256").update(all.join("\n")).digest("hex");
}

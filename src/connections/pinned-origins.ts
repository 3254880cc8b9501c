/**
 * A login at a plugin's provider is bound to the origins that its description named then: one that names others since
 * is not used for it, before anything is sent (RULES.md 3.1, PROVIDERS.md).
 */
import { AuthError } from "../platform/errors.ts";
import { originOf } from "../platform/url.ts";
import type { ProviderDefinition } from "../providers/schema.ts";
import { madeFrom, resolveStored } from "./pin.ts";
import type { Connection, LoginSettings } from "./record.ts";
import { connectionError, display, typed } from "./ref.ts";
import type { Services } from "./services.ts";

/** What is stored of a plugin's description at login; null for what is part of this program. */
export async function pinnedOrigins(
  { registry }: Services,
  definition: ProviderDefinition,
  settings: LoginSettings["settings"],
): Promise<string | null> {
  return (await registry.isPlugin(definition.id)) ? digestFor(definition, settings) : null;
}

/** @throws AuthError `plugin_untrusted` where the description names other origins than at login */
export async function requirePinnedOrigins(
  services: Services,
  definition: ProviderDefinition,
  record: Connection,
): Promise<void> {
  const bound = record.pinned?.plugin ?? null;
  if (bound === null && !(await services.registry.isPlugin(definition.id))) return;
  if (bound !== null && bound === digestFor(definition, madeFrom(record).settings)) return;
  const message = `The description of ${definition.id} names other origins than when ${display(record)} was logged in.`;
  const hint = `Nothing was sent. Look at them (auth provider show ${definition.id}), then log in again: auth login ${typed(record)} --force`;
  throw connectionError(record, "plugin_untrusted", message, { hint });
}

/**
 * Of the origins that the description itself names: what `--endpoint`, `--issuer` and discovery add is pinned beside it.
 * @returns null for a description that no longer takes these settings
 */
function digestFor(definition: ProviderDefinition, settings: LoginSettings["settings"]): string | null {
  const provider = resolveStored(definition, settings);
  if (provider === null) return null;
  const { origins, issuer } = provider;
  const all = [...new Set([...origins, ...(issuer === null ? [] : [originOf(issuer)])])].sort();
  return new Bun.CryptoHasher("sha256").update(all.join("\n")).digest("hex");
}

/** Why a login can't be refreshed although its tokens may still work: its plugin. null: nothing is wrong. */
export async function faultOfPlugin(services: Services, record: Connection): Promise<string | null> {
  try {
    const definition = await services.registry.get(record.provider);
    if (record.pinned !== null) await requirePinnedOrigins(services, definition, record);
    return null;
  } catch (error) {
    if (error instanceof AuthError && /^(plugin|provider)_/.test(error.code)) return error.message;
    throw error;
  }
}

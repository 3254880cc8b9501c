/**
 * Which connection is meant where none is named in full (CLI.md §1). `auth use` keeps its choices in one record; what the
 * names alone mean is worked out here, for every command alike.
 */
import { AuthError } from "../platform/errors.ts";
import { ownValue } from "../platform/json.ts";
import type { Registry } from "../providers/registry.ts";
import type { Age, Change, Vault, Version } from "../vault/types.ts";
import type { DecidingFile } from "./folder/choice.ts";
import { decodeRecord, encodeRecord } from "./record.ts";
import { type ConnectionRef, DEFAULT_NAME, display, sameName, vaultName } from "./ref.ts";
import { connectionRefs, readConnection } from "./store.ts";

export interface Defaults {
  readonly format: 1;
  /** Vault name of the overall default: the last one chosen with `auth use`. */
  readonly overall: string | null;
  /** Provider → connection name, as chosen with `auth use`. */
  readonly providers: Readonly<Record<string, string>>;
}

const NONE_CHOSEN: Defaults = { format: 1, overall: null, providers: {} };
const DEFAULTS_RECORD = "defaults";

/** @param vault null: there is none yet, so nothing was chosen */
export async function readDefaults(vault: Vault | null): Promise<Defaults> {
  return vault === null ? NONE_CHOSEN : (await readRecord(vault, "cached")).defaults;
}

/** Changes the choices, also while other processes change them. */
export async function updateDefaults(vault: Vault, change: (defaults: Defaults) => Defaults): Promise<void> {
  const { update } = await import("./changes.ts");
  await update(
    vault,
    () => defaultsChange(vault, change),
    (step) => ({ changes: [step], result: undefined }),
  );
}

/** The step of a commit that changes the choices as they are now. */
export async function defaultsChange(vault: Vault, change: (defaults: Defaults) => Defaults): Promise<Change> {
  const { following } = await import("./changes.ts");
  const { defaults, version } = await readRecord(vault);
  const next = { version: following(version), body: encodeRecord(change(defaults)) };
  return { type: "settings", name: DEFAULTS_RECORD, expected: version, next };
}

async function readRecord(vault: Vault, age?: Age): Promise<{ defaults: Defaults; version: Version | null }> {
  const entry = await vault.read("settings", DEFAULTS_RECORD, age);
  if (entry === null) return { defaults: NONE_CHOSEN, version: null };
  return { defaults: decodeRecord<Defaults>(entry.body, DEFAULTS_RECORD), version: entry.version };
}

/**
 * The connection that a provider's name alone means: the one chosen with `auth use`, else the one named `default`, else
 * the only one there is.
 *
 * @returns null where there is none, or several and none of them is chosen
 */
export function defaultAmong<R extends ConnectionRef>(
  all: readonly R[],
  defaults: Defaults,
  provider: string,
): R | null {
  const own = all.filter((ref) => ref.provider === provider);
  for (const name of preferredNames(defaults, provider)) {
    const preferred = own.find((ref) => sameName(ref.name, name));
    if (preferred !== undefined) return preferred;
  }
  return own.length === 1 ? (own[0] ?? null) : null;
}

/**
 * The same rule for one provider; reads the whole vault only where neither a chosen connection nor `default` exists.
 *
 * @param vault null: there is none yet
 * @returns its default, else all that there are
 */
export async function findDefault(
  vault: Vault | null,
  provider: string,
): Promise<{ readonly ref: ConnectionRef | null; readonly several: readonly ConnectionRef[] }> {
  if (vault === null) return { ref: null, several: [] };
  const defaults = await readDefaults(vault);
  for (const name of preferredNames(defaults, provider)) {
    const stored = await readConnection(vault, { provider, name }, undefined, "cached");
    if (stored !== null) return { ref: stored.ref, several: [] };
  }
  const own = (await connectionRefs(vault)).filter((ref) => ref.provider === provider);
  const [only = null, ...others] = own;
  return others.length > 0 ? { ref: null, several: own } : { ref: only, several: [] };
}

/** The names that mean a provider's default, the first that exists. */
export function preferredNames({ providers }: Defaults, provider: string): string[] {
  const chosen = ownValue(providers, provider);
  return chosen === undefined ? [DEFAULT_NAME] : [chosen, DEFAULT_NAME];
}

/**
 * Whether the connections of a provider have no default among them: keys of any service, of which each goes into a
 * variable of its own (CLI.md §1). Those of a plugin that can't be used have one: reading them says what is wrong.
 */
export async function hasNoDefault(registry: Registry, provider: string): Promise<boolean> {
  // A connection's full name needs none of this.
  const { choosesItsVariable } = await import("../providers/environment.ts");
  try {
    return choosesItsVariable(await registry.get(provider));
  } catch (error) {
    if (error instanceof AuthError) return false;
    throw error;
  }
}

/** What the commands mean where no connection, or a provider alone, is named. */
export interface Meanings {
  /** The connection that no argument means: `github:work`, or `github` for a token in the environment. */
  readonly overall: string | null;
  /** Provider → the connection that its name alone means. */
  readonly providers: ReadonlyMap<string, string>;
  /** The folder's file that had a say. */
  readonly decidingFile?: DecidingFile;
}

/**
 * @param stored every connection in the vault
 * @param environment providers with a token in the environment, which takes precedence over the vault
 */
export function meaningsOf(
  stored: readonly ConnectionRef[],
  defaults: Defaults,
  environment: readonly string[],
): Meanings {
  const names = new Set([...environment, ...stored.map(({ provider }) => provider)]);
  const providers = new Map<string, string>();
  for (const provider of names) {
    const ref = defaultAmong(stored, defaults, provider);
    if (environment.includes(provider)) providers.set(provider, provider);
    else if (ref !== null) providers.set(provider, display(ref));
  }
  const chosen = stored.find((ref) => vaultName(ref) === defaults.overall);
  if (chosen !== undefined) {
    const overall = environment.includes(chosen.provider) ? chosen.provider : display(chosen);
    return { overall, providers };
  }
  const [only, ...others] = names;
  return { overall: only === undefined || others.length > 0 ? null : (providers.get(only) ?? null), providers };
}

/** Connections, stored or in the environment, as `list`, `status` and `get` show them. */
import { hasNoDefault, type Meanings, meaningsOf, readDefaults } from "../connections/defaults.ts";
import { display } from "../connections/ref.ts";
import { environmentTokens } from "../connections/select.ts";
import type { Everything, Stored } from "../connections/store.ts";
import { entryOf, environmentEntry, type ListEntry, marksOf, unreadableEntry } from "../connections/view.ts";
import type { AuthError } from "../platform/errors.ts";
import { escapeText } from "../platform/escape.ts";
import type { EnvironmentToken } from "../providers/environment.ts";
import type { Cli } from "./context.ts";
import { EXIT_CODES, errorWords, worst } from "./exit.ts";
import type { Session } from "./session.ts";
import { everythingOf } from "./stored.ts";

export interface Shown {
  readonly entry: ListEntry;
  /** null for a token in the environment, and for what can't be read. */
  readonly stored: Stored | null;
  /** The token in the environment that it describes. */
  readonly environment?: EnvironmentToken;
}

export interface All {
  readonly shown: readonly Shown[];
  /** One for each record that can't be read, also where its connection is unknown. */
  readonly faults: readonly AuthError[];
}

export async function allEntries(session: Session): Promise<All> {
  const fromEnvironment = await environmentTokens(session);
  const all = await everythingOf(session);
  const means = await meanings(session, all, fromEnvironment);
  const unreadable = all.unreadable.flatMap(({ ref, error }): Shown[] =>
    ref === null ? [] : [{ entry: unreadableEntry(ref, error, marksOf(means, display(ref))), stored: null }],
  );
  const shown = [
    ...fromEnvironment.map(({ provider, token }) => environmentShown(means, provider, token)),
    ...all.stored.map((stored) => storedShown(session, means, stored)),
    ...unreadable,
  ];
  return { shown, faults: all.unreadable.map(({ error }) => error) };
}

/** Warns of records that can't be read. @returns the exit code for them */
export function tellOfFaults(cli: Cli, faults: readonly AuthError[]): number {
  for (const fault of faults) cli.output.warn(errorWords(fault));
  return worst(faults.map(({ code }) => EXIT_CODES[code]));
}

export function storedShown(session: Session, means: Meanings, stored: Stored): Shown {
  return { entry: entryOf(stored, marksOf(means, display(stored.ref)), session.context.now()), stored };
}

export function environmentShown(means: Meanings, provider: string, token: EnvironmentToken): Shown {
  return { entry: environmentEntry(provider, token, marksOf(means, provider)), stored: null, environment: token };
}

/** What no argument, and each provider's name, refer to now. */
export async function meanings(
  session: Session,
  all?: Everything,
  fromEnvironment?: readonly { readonly provider: string }[],
): Promise<Meanings> {
  const { stored, unreadable } = all ?? (await everythingOf(session));
  const refs = [...stored, ...unreadable].flatMap(({ ref }) => ref ?? []);
  const providers = (fromEnvironment ?? (await environmentTokens(session))).map(({ provider }) => provider);
  const elsewhere = meaningsOf(refs, await readDefaults(await session.vault()), providers);
  const decidingFile = (await session.folder())?.decidingFile ?? null;
  const means =
    decidingFile === null
      ? elsewhere
      : (await import("../connections/folder/meanings.ts")).meaningsHere(elsewhere, decidingFile, refs);
  const ofProviders = new Map(means.providers);
  for (const id of means.providers.keys()) if (await hasNoDefault(session.registry, id)) ofProviders.delete(id);
  return { ...means, providers: ofProviders };
}

/** The mark after a connection's name: `★` for the default of all, `*` for the default of its provider. */
export function markOf(entry: ListEntry): string {
  if (entry.default) return " ★";
  return entry.providerDefault ? " *" : "";
}

/** Reports the `.auth.toml` that counts in this folder, and those that are refused or not allowed. */
export async function tellOfFolder(cli: Cli, session: Session): Promise<void> {
  const state = await session.folder();
  if (state === null) return;
  const [{ notAllowed }, { inWords }] = await Promise.all([
    import("../connections/folder/state.ts"),
    import("../connections/folder/meanings.ts"),
  ]);
  for (const one of state.passedOver) cli.output.warn(notAllowed(one));
  if (state.refused !== null) cli.output.warn([state.refused.message, ...(state.refused.hint?.split("\n") ?? [])]);
  if (state.decidingFile !== null)
    cli.output.say(`${escapeText(state.decidingFile.file)} decides here: ${inWords(state.decidingFile)}.`);
}

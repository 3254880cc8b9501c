/** Connections, stored or in the environment, as `list`, `status` and `get` show them. */
import { hasNoDefault, type Meanings, meaningsOf, readDefaults } from "../connections/defaults.ts";
import { display } from "../connections/ref.ts";
import { environmentTokens } from "../connections/select.ts";
import type { Stored } from "../connections/store.ts";
import { entryOf, environmentEntry, type ListEntry, marksOf } from "../connections/view.ts";
import { escapeText } from "../platform/escape.ts";
import type { EnvironmentToken } from "../providers/environment.ts";
import type { Cli } from "./context.ts";
import { connectionsOf, type Session } from "./session.ts";

export interface Shown {
  readonly entry: ListEntry;
  /** null for a token in the environment. */
  readonly stored: Stored | null;
  /** The token in the environment that it describes. */
  readonly environment?: EnvironmentToken;
}

export async function allEntries(session: Session): Promise<Shown[]> {
  const fromEnvironment = await environmentTokens(session);
  const all = await connectionsOf(session);
  const means = await meanings(session, all, fromEnvironment);
  return [
    ...fromEnvironment.map(({ provider, token }) => environmentShown(means, provider, token)),
    ...all.map((stored) => storedShown(session, means, stored)),
  ];
}

export function storedShown(session: Session, means: Meanings, stored: Stored): Shown {
  return { entry: entryOf(stored, marksOf(means, display(stored.ref)), session.context.now()), stored };
}

export function environmentShown(means: Meanings, provider: string, token: EnvironmentToken): Shown {
  return { entry: environmentEntry(provider, token, marksOf(means, provider)), stored: null, environment: token };
}

/** What no argument and each provider's name mean just now. */
export async function meanings(
  session: Session,
  all?: readonly Stored[],
  fromEnvironment?: readonly { readonly provider: string }[],
): Promise<Meanings> {
  const refs = (all ?? (await connectionsOf(session))).map(({ ref }) => ref);
  const providers = (fromEnvironment ?? (await environmentTokens(session))).map(({ provider }) => provider);
  const elsewhere = meaningsOf(refs, await readDefaults(await session.vault()), providers);
  const here = (await session.folder())?.here ?? null;
  const means =
    here === null ? elsewhere : (await import("../connections/folder/meanings.ts")).meaningsHere(elsewhere, here, refs);
  const ofProviders = new Map(means.providers);
  for (const id of means.providers.keys()) if (await hasNoDefault(session.registry, id)) ofProviders.delete(id);
  return { ...means, providers: ofProviders };
}

/** Behind a connection's name: `★` for the default of all, `*` for the default of its provider. */
export function markOf(entry: ListEntry): string {
  if (entry.default) return " ★";
  return entry.providerDefault ? " *" : "";
}

/** What there is to know of a file that decides in this folder, may not, or isn't allowed. */
export async function tellOfFolder(cli: Cli, session: Session): Promise<void> {
  const state = await session.folder();
  if (state === null) return;
  const [{ notAllowed }, { inWords }] = await Promise.all([
    import("../connections/folder/state.ts"),
    import("../connections/folder/meanings.ts"),
  ]);
  for (const one of state.passedOver) cli.output.warn(notAllowed(one));
  if (state.refused !== null) cli.output.warn([state.refused.message, ...(state.refused.hint?.split("\n") ?? [])]);
  if (state.here !== null) cli.output.say(`${escapeText(state.here.file)} decides here: ${inWords(state.here)}.`);
}

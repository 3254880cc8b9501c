/** What `run` and `export` mean where no connection is named (CLI.md §1, §4). */
import { defaultAmong, hasNoDefault, readDefaults } from "./defaults.ts";
import { display } from "./ref.ts";
import {
  connectionsNamed,
  environmentTokens,
  ignoresEnvironment,
  type Selected,
  type SelectionServices,
} from "./select.ts";
import { everyConnection } from "./store.ts";

export interface Candidate {
  /** A provider, or a connection in full. */
  readonly selector: string;
  /** What it means, where that is known without reading the vault once more. */
  readonly selected: Selected | null;
  /** A provider's connections, where none of them is its default. */
  readonly several: readonly string[] | null;
}

/**
 * Every provider with a login or a token in the environment, for its default; every connection of a provider whose
 * connections have no default among them.
 */
export async function everyDefault(services: SelectionServices): Promise<Candidate[]> {
  const { context, registry } = services;
  const vault = await services.vault();
  const all = await everyConnection(vault);
  for (const { ref, error } of all.unreadable) if (ref === null) context.warn(error.message);
  // One that can't be read is left out when its token is asked for, with why.
  const stored = [...all.stored, ...all.unreadable].flatMap(({ ref }) => ref ?? []);
  const set = (await environmentTokens(services)).map(({ provider }) => provider);
  const defaults = await readDefaults(vault);
  const holders = new Set([...set, ...stored.map(({ provider }) => provider)]);
  // In the registry's order; those whose plugin is gone come last.
  const ids = new Set([...(await registry.everyId()).filter((id) => holders.has(id)), ...holders]);
  const candidates: Candidate[] = [];
  for (const id of ids) {
    const own = stored.filter(({ provider }) => provider === id).map(display);
    if (own.length > 1 && !set.includes(id) && (await hasNoDefault(registry, id))) {
      candidates.push(...own.map((selector) => ({ selector, selected: null, several: null })));
      continue;
    }
    const ref = defaultAmong(stored, defaults, id);
    const several = ref === null && !set.includes(id) ? own : null;
    // A token that an outer `auth run` injected is its connection's, which may be another one.
    const isKnown = ref !== null && !set.includes(id) && !context.env.AUTH_INJECTED;
    const selected = isKnown
      ? ({ source: "vault", ref, implicit: true, mustAgree: !ignoresEnvironment(context.env) } as const)
      : null;
    candidates.push({ selector: id, selected, several });
  }
  return candidates;
}

/** Where the folder's file says a name, and no connections: those of that name, at any provider. */
export async function everyNamed(services: SelectionServices, name: string): Promise<Candidate[]> {
  const refs = await connectionsNamed(services, name);
  return refs.map((ref) => ({ selector: display(ref), selected: null, several: null }));
}

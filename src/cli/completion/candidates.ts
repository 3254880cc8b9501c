/** The candidates at a place of the command line. */
import { DEFAULT_NAME, parseSelector } from "../../connections/ref.ts";
import { ownValue } from "../../platform/json.ts";
import type { ValueKind } from "../command.ts";
import type { Place } from "./line.ts";
import type { ProviderEntry } from "./provider-entry.ts";
import type { CommandEntry, ProviderTable, Tree, Values } from "./table.ts";

/** Lookups that are made only when needed. */
export interface Lookups {
  /** Those in the vault, where it can be read without a person: `github:work`. */
  connections(): Promise<readonly string[]>;
  /** Those that are part of auth. */
  providers(): Promise<ProviderTable>;
  /** Ids of those that were installed. */
  installed(): Promise<readonly string[]>;
  /** One that was installed; null where it can't be read without asking. */
  describe(id: string): Promise<ProviderEntry | null>;
}

/** Value → what it is, or nothing. */
export type Candidates = Map<string, string>;

export interface Offer {
  /** What a shell does by itself: complete the names of files, or the command line of another program. */
  readonly also: "" | "files" | `command ${number}`;
  readonly candidates: Candidates;
}

const NO_CANDIDATES: Candidates = new Map();

/** @param current the word at the cursor, up to there */
export async function offer(tree: Tree, place: Place, current: string, lookups: Lookups): Promise<Offer> {
  switch (place.at) {
    case "nothing":
      return { also: "", candidates: NO_CANDIDATES };
    case "rest":
      return { also: `command ${place.from}`, candidates: NO_CANDIDATES };
    case "command": {
      const all = commandsOf(place.entry);
      if (place.isRoot) all.set("help", "Show help of a command, or of a topic");
      return { also: "", candidates: starting(all, current) };
    }
    case "help": {
      const topics = place.isFirst ? Object.entries(tree.topics) : [];
      return { also: "", candidates: starting(new Map([...commandsOf(place.entry), ...topics]), current) };
    }
    case "flag":
      return { also: "", candidates: starting(await flagsAt(place, lookups), current) };
    case "setting": {
      const provider = await providerOf(place.subject, lookups);
      const choices = provider?.settings[place.flag.slice(2)]?.choices ?? [];
      return { also: "", candidates: inWord(plain(choices), place.before, current) };
    }
    case "value": {
      const written = current.slice(place.before.length);
      const candidates = inWord(await valuesAt(place, written, lookups), place.before, current);
      const isFile =
        place.values.kind === "file" || (place.values.kind === "provider-or-file" && candidates.size === 0);
      return { also: isFile ? "files" : "", candidates };
    }
  }
}

function commandsOf({ commands }: CommandEntry): Candidates {
  return new Map(Object.entries(commands ?? {}).map(([name, { description }]) => [name, description]));
}

async function flagsAt(
  { entry, given, subject }: Extract<Place, { at: "flag" }>,
  lookups: Lookups,
): Promise<Candidates> {
  const all: Candidates = new Map();
  for (const { names, repeatable, description } of entry.flags) {
    const [name = ""] = names;
    if (repeatable || !given.has(name)) all.set(name, description);
  }
  const provider = entry.settings ? await providerOf(subject, lookups) : null;
  for (const [flag, { title }] of Object.entries(provider?.settings ?? {}))
    if (!given.has(`--${flag}`)) all.set(`--${flag}`, title);
  return all;
}

async function valuesAt(
  { values, subject }: { readonly values: Values; readonly subject: string | null },
  written: string,
  lookups: Lookups,
): Promise<Candidates> {
  if (values.kind === null) return plain(values.words);
  return KINDS[values.kind]({ subject, written, words: values.words, lookups });
}

interface Asked {
  readonly subject: string | null;
  readonly written: string;
  readonly words: readonly string[];
  readonly lookups: Lookups;
}

const KINDS: Readonly<Record<ValueKind, (asked: Asked) => Candidates | Promise<Candidates>>> = {
  connection: async ({ written, lookups }) => plain(asTyped(await lookups.connections(), written)),
  "connection=": async ({ written, lookups }) =>
    plain(asTyped(await lookups.connections(), written).map((name) => `${name}=`)),
  "for-tool": async (asked) => {
    const { TOOLS } = await import("../../setup/table.ts");
    const { words } = ownValue(TOOLS, asked.subject ?? "") ?? {};
    return words === undefined ? KINDS.connection(asked) : plain(words);
  },
  "new-connection": async ({ written, lookups }) =>
    new Map([...(await providersFor(written, lookups)), ...plain(await lookups.connections())]),
  name: async ({ subject, lookups }) => {
    const provider = subject === null ? null : await idOf(subject, lookups);
    const all = (await lookups.connections()).map((connection) => parseSelector(connection));
    return plain(all.flatMap((one) => (provider === null || one.provider === provider ? [one.name ?? ""] : [])));
  },
  provider: ({ written, lookups }) => providersFor(written, lookups),
  "provider-or-file": ({ written, lookups }) => providersFor(written, lookups),
  plugin: async ({ lookups }) => plain(await lookups.installed()),
  flow: async ({ subject, words, lookups }) => plain((await providerOf(subject, lookups))?.flows ?? words),
  scope: async ({ subject, written, lookups }) => {
    const before = written.slice(0, written.lastIndexOf(",") + 1);
    const there = before.split(",");
    const scopes = (await providerOf(subject, lookups))?.scopes ?? [];
    return plain(scopes.filter((scope) => !there.includes(scope)).map((scope) => `${before}${scope}`));
  },
  file: () => NO_CANDIDATES,
};

/** The provider alone where its only connection is called `default`. */
function asTyped(connections: readonly string[], written: string): string[] {
  if (written.includes(":")) return [...connections];
  const parsed = connections.map((connection) => parseSelector(connection));
  const counts = new Map<string, number>();
  for (const { provider } of parsed) counts.set(provider, (counts.get(provider) ?? 0) + 1);
  return parsed.map(({ provider, name }) =>
    name === DEFAULT_NAME && counts.get(provider) === 1 ? provider : `${provider}:${name}`,
  );
}

/** All of them once something is typed; before that, those that `provider list` puts first. */
async function providersFor(written: string, lookups: Lookups): Promise<Candidates> {
  const all: Candidates = plain(await lookups.installed());
  for (const [id, { title, offered }] of Object.entries(await lookups.providers()))
    if (offered || written !== "") all.set(id, title);
  return all;
}

/** The provider's id in a connection's or provider's name; null where there is no such provider. */
async function idOf(subject: string, lookups: Lookups): Promise<string | null> {
  const called = subject.split(":", 1)[0]?.toLowerCase() ?? "";
  const bundled = await lookups.providers();
  if (Object.hasOwn(bundled, called) || (await lookups.installed()).includes(called)) return called;
  return Object.entries(bundled).find(([, { aliases }]) => aliases.includes(called))?.[0] ?? null;
}

async function providerOf(subject: string | null, lookups: Lookups): Promise<ProviderEntry | null> {
  const id = subject === null ? null : await idOf(subject, lookups);
  if (id === null) return null;
  const bundled = await lookups.providers();
  return (Object.hasOwn(bundled, id) ? bundled[id] : undefined) ?? lookups.describe(id);
}

function plain(values: readonly string[]): Candidates {
  return new Map(values.map((value) => [value, ""]));
}

/** Whole words, since a shell replaces the whole word: `--flow=device`. */
function inWord(values: Candidates, before: string, current: string): Candidates {
  return starting(new Map([...values].map(([value, description]) => [`${before}${value}`, description])), current);
}

/** Connections are compared case-folded; nothing else differs by case alone. */
function starting(all: Candidates, current: string): Candidates {
  const start = current.toLowerCase();
  return new Map([...all].filter(([value]) => value.toLowerCase().startsWith(start)));
}

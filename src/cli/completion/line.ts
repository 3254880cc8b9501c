/** Where in a command line the cursor is. Mistakes in the line don't matter. */
import type { CommandEntry, FlagEntry, Tree, Values } from "./table.ts";

export type Place =
  | { readonly at: "command"; readonly entry: CommandEntry; readonly isRoot: boolean }
  | { readonly at: "help"; readonly entry: CommandEntry; readonly isFirst: boolean }
  | {
      readonly at: "flag";
      readonly entry: CommandEntry;
      /** Flags that were given already. */
      readonly given: ReadonlySet<string>;
      readonly subject: string | null;
    }
  | {
      readonly at: "value";
      readonly values: Values;
      /** The part of the word before the value: `--flow=`. */
      readonly before: string;
      /** The command's first argument: the connection or provider that it is about. */
      readonly subject: string | null;
    }
  /** The value of a provider's setting: `--host`. */
  | { readonly at: "setting"; readonly flag: string; readonly before: string; readonly subject: string | null }
  /** A program and its arguments, which begin with this word. */
  | { readonly at: "rest"; readonly from: number }
  | { readonly at: "nothing" };

const NOTHING: Place = { at: "nothing" };

/**
 * @param words those before the cursor's, without `auth`
 * @param current the cursor's, up to the cursor
 */
export function placeIn(tree: Tree, words: readonly string[], current: string): Place {
  if (words[0] === "help") return helpPlace(tree.root, words.slice(1));
  let entry = tree.root;
  const positionals: string[] = [];
  const given = new Set<string>();
  /** The flag whose value comes next. */
  let open: FlagEntry | string | null = null;
  for (const [i, word] of words.entries()) {
    if (open !== null) open = null;
    else if (word === "--") return entry.rest ? { at: "rest", from: i + 1 } : NOTHING;
    else if (word.startsWith("-") && word !== "-") open = openedBy(word, entry, given);
    else if (entry.commands === null) positionals.push(word);
    else {
      const next = Object.hasOwn(entry.commands, word) ? entry.commands[word] : undefined;
      const other = next ?? entry.atAddress;
      if (other === undefined) return NOTHING;
      if (next === undefined) positionals.push(word);
      entry = other;
    }
  }

  const subject = positionals[0] ?? null;
  if (open !== null) return placeOfValue(open, "", subject);
  if (current.startsWith("-")) {
    const attached = attachedIn(current, entry);
    return attached === null
      ? { at: "flag", entry, given, subject }
      : placeOfValue(attached.flag, current.slice(0, attached.length), subject);
  }
  if (entry.commands !== null) return { at: "command", entry, isRoot: entry === tree.root };
  const last = entry.positionals.length - 1;
  const values = entry.positionals[entry.variadic ? Math.min(positionals.length, last) : positionals.length];
  return values === undefined ? NOTHING : { at: "value", values, before: "", subject };
}

function helpPlace(root: CommandEntry, words: readonly string[]): Place {
  let entry: CommandEntry | undefined = root;
  for (const word of words) entry = Object.hasOwn(entry?.commands ?? {}, word) ? entry?.commands?.[word] : undefined;
  return entry?.commands ? { at: "help", entry, isFirst: words.length === 0 } : NOTHING;
}

function placeOfValue(flag: FlagEntry | string, before: string, subject: string | null): Place {
  if (typeof flag === "string") return { at: "setting", flag, before, subject };
  return flag.values === null ? NOTHING : { at: "value", values: flag.values, before, subject };
}

function find({ flags }: CommandEntry, written: string): FlagEntry | undefined {
  return flags.find(({ names }) => names.includes(written));
}

/** The flag that takes the next word as its value, or null. A flag that isn't the command's is a provider's setting. */
function openedBy(word: string, entry: CommandEntry, given: Set<string>): FlagEntry | string | null {
  if (word.startsWith("--")) {
    const [name = "", value] = word.split("=", 2);
    const flag = find(entry, name);
    given.add(flag?.names[0] ?? name);
    if (value !== undefined) return null;
    if (flag === undefined) return entry.settings ? name : null;
    return flag.values === null ? null : flag;
  }
  for (let i = 1; i < word.length; i++) {
    const flag = find(entry, `-${word[i]}`);
    if (flag?.names[0] !== undefined) given.add(flag.names[0]);
    if (flag?.values != null) return i === word.length - 1 ? flag : null;
  }
  return null;
}

/** `--flow=device`, or `-f` with its value attached: the flag, and how much of the word comes before the value. */
function attachedIn(word: string, entry: CommandEntry): { flag: FlagEntry | string; length: number } | null {
  if (!word.startsWith("--")) {
    const flag = find(entry, word.slice(0, 2));
    return word.length > 2 && flag?.values != null ? { flag, length: 2 } : null;
  }
  const length = word.indexOf("=") + 1;
  if (length === 0) return null;
  const name = word.slice(0, length - 1);
  const flag = find(entry, name) ?? (entry.settings ? name : undefined);
  return flag === undefined ? null : { flag, length };
}

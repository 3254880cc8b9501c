/** Changes of a tool's configuration, as data: they are recorded, so that they can be found again and taken back. */

export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

export type Change = JsonChange | LinesChange | YamlChange | WholeChange | LinkChange;

/** A value in a file of JSON, comments and all. */
export interface JsonChange {
  readonly kind: "json";
  /** The names that lead to it. */
  readonly path: readonly string[];
  readonly value: Json;
}

/** Lines between two comments that say whose they are, in a file where `#` begins a comment. */
export interface LinesChange {
  readonly kind: "lines";
  /** In the two comments: `git https://git.example`. */
  readonly label: string;
  readonly lines: readonly string[];
  /** The header under which they go, `[global]`: added where there is none. "": before every header. null: at the end. */
  readonly section: string | null;
  /** The setting that they make: another line that sets it has to be replaced. null: no line has. */
  readonly setting: string | null;
  /** The file's parser refuses duplicates: the result is parsed before it is written. */
  readonly syntax?: "toml";
}

/** A value in one of the named objects of a list in YAML, as a kubeconfig has them. */
export interface YamlChange {
  readonly kind: "yaml";
  readonly list: string;
  /** The `name` of the object. */
  readonly item: string;
  /** The names that lead to it within the object. None: the object itself, which is added. */
  readonly path: readonly string[];
  readonly value: Json;
}

/** A file that auth makes. */
export interface WholeChange {
  readonly kind: "whole";
  readonly text: string;
  readonly mode: number;
}

/** A link that auth makes, and its target. */
export interface LinkChange {
  readonly kind: "link";
  readonly to: string;
}

/** A change of one file, and what it is for. */
export interface Part {
  /** The tool, and which of its settings: `git`, `https://git.example`. */
  readonly tool: string;
  readonly name: string;
  /** The arguments after the tool: a connection, a client and its server, a shell. */
  readonly words: readonly string[];
  /** Absent: an older auth wrote it. */
  readonly made?: Made;
  readonly change: Change;
  /** false: it was there already, and stays when the rest is taken back. */
  readonly isOurs: boolean;
  /** What it replaced, as its format needs it to put it back. */
  readonly was: Json;
}

/** How a part was made. */
export interface Made {
  /** The path of `auth` that is named in it. */
  readonly program: string;
  /** What was typed after `auth`. */
  readonly command: readonly string[];
}

/** `stands`: as it was written. `gone`: nothing of it is there. `changed`: something else is in its place. */
export type State = "stands" | "gone" | "changed";

export interface Format<C extends Change> {
  /**
   * @param mayReplace whether another value in its place may be replaced
   * @returns null where the text has it already
   * @throws InTheWay, AuthError `setup_refused` for what can't be read
   */
  add(text: string, change: C, mayReplace: boolean): Promise<Added | null>;
  /** Where what it replaced is there again, it is `gone`. */
  stateOf(text: string, change: C, was: Json): Promise<State>;
  /** The text without it, and with what it replaced. */
  remove(text: string, change: C, was: Json): Promise<string>;
}

/** `inserted` takes the place of `removed`. Where several follow each other, `at` counts in the text after those before it. */
export interface Edit {
  readonly at: number;
  readonly removed: string;
  readonly inserted: string;
}

export function applied(text: string, edits: readonly Edit[]): string {
  return edits.reduce(
    (result, { at, removed, inserted }) => result.slice(0, at) + inserted + result.slice(at + removed.length),
    text,
  );
}

/** The text as it was before. */
export function takenBack(text: string, edits: readonly Edit[]): string {
  const inverse = edits.map(({ at, removed, inserted }) => ({ at, removed: inserted, inserted: removed }));
  return applied(text, inverse.reverse());
}

export interface Added {
  readonly edits: readonly Edit[];
  readonly was: Json;
}

/** Something else is set up there. Its message is the end of a sentence: `<path> is set up otherwise already: …`. */
export class InTheWay extends Error {}

/** The file has a form in which it can't be changed. Its message follows the file's name. */
export class Unreadable extends Error {}

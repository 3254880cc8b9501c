/** What a tool's configuration gets, as data: it is recorded, so that it can be found again and taken back. */
import type { Edit } from "./edit.ts";

export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

export type Change = JsonChange | LinesChange | YamlChange | WholeChange | LinkChange;

/** A value in a file of JSON, comments and all. */
export interface JsonChange {
  readonly kind: "json";
  /** The names that lead to it. */
  readonly path: readonly string[];
  readonly value: Json;
}

/** Lines between two that say whose they are, in a file where `#` begins a comment. */
export interface LinesChange {
  readonly kind: "lines";
  /** What the two lines say: `git https://git.example`. */
  readonly label: string;
  readonly lines: readonly string[];
  /** The header under which they belong, `[global]`: made where there is none. "": before every header. null: at the end. */
  readonly section: string | null;
  /** The setting that they make: a line that sets it otherwise is in their way. null: nothing is. */
  readonly setting: string | null;
  /** The file is read by a parser that takes nothing twice: what it would refuse isn't written. */
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

/** A file of ours. */
export interface WholeChange {
  readonly kind: "whole";
  readonly text: string;
  readonly mode: number;
}

/** A link of ours: the path that it leads to. */
export interface LinkChange {
  readonly kind: "link";
  readonly to: string;
}

/** A change of one file, and what it is for. */
export interface Part {
  /** The tool, and which of its settings: `git`, `https://git.example`. */
  readonly tool: string;
  readonly name: string;
  /** The words after the tool that set it up: a connection, a client and its server, a shell. */
  readonly words: readonly string[];
  /** Absent: an older auth wrote it. */
  readonly made?: Made;
  readonly change: Change;
  /** false: it stood there already, and stays when the rest is taken back. */
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

/** `stands`: as it was written. `gone`: nothing of it is there. `changed`: something else stands in its place. */
export type State = "stands" | "gone" | "changed";

export interface Format<C extends Change> {
  /**
   * @param mayReplace whether what is in its way may go
   * @returns null where the text says it already
   * @throws InTheWay, AuthError `setup_refused` for what can't be read
   */
  add(text: string, change: C, mayReplace: boolean): Promise<Added | null>;
  /** What it replaced, there again, counts as nothing. */
  stateOf(text: string, change: C, was: Json): Promise<State>;
  /** The text without it, and with what it replaced, where it stands. */
  remove(text: string, change: C, was: Json): Promise<string>;
}

export interface Added {
  readonly edits: readonly Edit[];
  readonly was: Json;
}

/** Something else is set up there. Its message says what, and goes on with "already". */
export class InTheWay extends Error {}

/** The file isn't in a form in which this can be changed. Its message goes on after the file's name. */
export class Unreadable extends Error {}

/**
 * How a command is defined. Arguments are described in citty's types, from which the type of what `run` gets follows;
 * reading them is ours (arguments.ts). What citty has no word for is added: flags that may repeat, arguments after `--`,
 * output formats, examples, settings that providers declare. The arguments that several commands share are here, too.
 *
 * A command file imports nothing heavy at its top: `token` and `run` are on the hot path.
 */
import type { ArgDef, ParsedArgs } from "citty";
import type { Environment } from "../platform/context.ts";
import { usage } from "../platform/errors.ts";
import type { Cli } from "./context.ts";

/** A flag or positional. Booleans that are true by default are written `--no-<name>`, and only so. */
export type Arg = ArgDef & {
  readonly alias?: string | string[];
  /** A flag that may be given several times; read it with `list()`. */
  readonly repeatable?: boolean;
  /** The last positional takes all that is left; read it with `args._`. */
  readonly variadic?: boolean;
  /** What a shell offers for it, where `valueHint` or the positional's name doesn't say that (completion/table.ts). */
  readonly completes?: ValueKind | readonly string[];
};

/** What a value is, where it is none of a few words: `completion/candidates.ts` finds those there are. */
export type ValueKind =
  | "connection"
  /** `github:work=`, before a variable's name. */
  | "connection="
  /** Of `auth setup`: what the tool takes, a connection as a rule. */
  | "for-tool"
  /** One that may be there or not yet: providers, too. */
  | "new-connection"
  /** The second half of a connection: `work`. */
  | "name"
  | "provider"
  /** A provider that was installed. */
  | "plugin"
  | "provider-or-file"
  | "flow"
  | "scope"
  | "file";

export type Args = Record<string, Arg>;

/** Under which heading `auth --help` lists it. */
export type Group = "everyday" | "scripting" | "setup";

/** An example of help: the command line, and what it is for. `{a}` and `{b}` become providers that exist. */
export type Example = readonly [line: string, purpose: string];

interface Described {
  readonly name: string;
  /** One sentence: what it does. */
  readonly description: string;
  readonly group?: Group;
  readonly examples?: readonly Example[];
}

export interface Definition<T extends Args = Args> extends Described {
  readonly args?: T;
  /** What comes after `--`; without it nothing may. It reaches the command as `cli.rest`. `required` false: it may be left out. */
  readonly rest?: { readonly name: string; readonly description: string; readonly required?: false };
  /** Values of `-o` beside `text` and `json`. */
  readonly outputs?: readonly string[];
  /** Flags known only at run time: the settings providers declare. `words` are the arguments that aren't flags. */
  readonly extraFlags?: (words: readonly string[], env: Environment) => Promise<Args>;
  /** The exit code, where it isn't the table's (`run`: 125). */
  readonly exitCodeOf?: (error: unknown) => number;
  /** @returns the exit code; nothing means 0 */
  // biome-ignore lint/suspicious/noConfusingVoidType: a command that returns nothing is done
  readonly run: (cli: Cli, args: ParsedArgs<T>) => Promise<number | void>;
}

export interface GroupDefinition extends Described {
  /** Name → how to load it. */
  readonly commands: Readonly<Record<string, Loader>>;
  /** What its name alone does with an address after it: `auth mcp <url>`. */
  readonly atAddress?: () => Promise<{ readonly default: Command }>;
  /** A command's name → what other tools call it, so that it is suggested. */
  readonly otherNames?: Readonly<Record<string, readonly string[]>>;
  /** What other tools have and we don't have yet → what to say of it. */
  readonly notYet?: Readonly<Record<string, string>>;
}

// biome-ignore lint/suspicious/noExplicitAny: of any arguments
export type Command = Definition<any> | GroupDefinition;
export type Loader = () => Promise<{ readonly default: Command }>;

export function defineCommand<const T extends Args>(definition: Definition<T>): Command {
  return definition;
}

export function defineGroup(definition: GroupDefinition): Command {
  return definition;
}

/** The commands of a group that are defined in the group's own file. */
export function loaded(commands: Readonly<Record<string, Command>>): Record<string, Loader> {
  return Object.fromEntries(
    Object.entries(commands).map(([name, command]) => [name, async () => ({ default: command })]),
  );
}

export function isGroup(command: Command): command is GroupDefinition {
  return "commands" in command;
}

/** NUL is the one character no argument can hold. */
export const JOINER = "\0";

/** The values of a repeatable flag, in the order given. */
export function list(joined: string | undefined): string[] {
  return joined === undefined ? [] : joined.split(JOINER);
}

/** @throws AuthError `usage` when it isn't a whole number of seconds */
export function seconds(value: string | undefined, flag: string): number | undefined {
  if (value === undefined) return undefined;
  const number = Number(value);
  if (!/^\d{1,9}$/.test(value)) throw usage(`${flag} takes a whole number of seconds.`, `For example: ${flag} 600`);
  return number;
}

/** The arguments by which commands name a connection. */
export const CONNECTION = {
  connection: {
    type: "positional",
    required: false,
    description: "<provider>, <provider>:<name> or https://issuer; without it, the default",
  },
  profile: {
    type: "string",
    alias: "p",
    valueHint: "name",
    description: "The connection of that name (or: AUTH_PROFILE)",
  },
} as const satisfies Args;

/** The same, for commands that mean something else where no connection is named. @param without what that is */
export function connectionArgs(without: string): typeof CONNECTION {
  const description =
    `<provider>, <provider>:<name> or https://issuer; without it, ${without}` as typeof CONNECTION.connection.description;
  return { ...CONNECTION, connection: { ...CONNECTION.connection, description } };
}

export const STORED = {
  stored: { type: "boolean", description: "Take the login in the vault, whatever the environment holds" },
} as const satisfies Args;

export const SCOPE = {
  scope: {
    type: "string",
    alias: "s",
    valueHint: "scope",
    repeatable: true,
    description: "A scope, or several with commas or spaces between; may be repeated",
  },
} as const satisfies Args;

/** `--resource`: an absolute URI without a fragment (RFC 8707 §2). */
export function resourceOf(value: string | undefined): string | null {
  if (value === undefined) return null;
  const resource = value.trim();
  if (URL.canParse(resource) && !resource.includes("#")) return resource;
  throw usage("--resource takes a whole URI without a fragment.", "For example: --resource https://api.example");
}

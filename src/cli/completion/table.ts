/**
 * The command tree and the providers as data, made when the program is compiled (as Bun macros: bun.com/docs/bundler/macros).
 * Reading the definitions at each Tab would load every command: 30 ms instead of 5.
 */
import { builtIn } from "../../../providers/index.ts";
import { AUDIT_EVENTS } from "../../platform/audit-event.ts";
import { ENDPOINTS, FLOWS } from "../../providers/schema.ts";
import { GLOBAL_ARGS } from "../arguments.ts";
import { type Arg, type Args, type Command, isGroup, type ValueKind } from "../command.ts";
import { descriptionOf, flagsOf, flagTable, positionalsOf } from "../flags.ts";
import { SECRET_FIELDS } from "../get.ts";
import { DOCUMENTS } from "../help/documents.ts";
import { TOPICS } from "../help/topics.ts";
import { root } from "../root.ts";
import { type ProviderEntry, providerEntry } from "./provider-entry.ts";

/** What a value can be: some words, a kind that is looked up, or both. */
export interface Values {
  readonly words: readonly string[];
  readonly kind: ValueKind | null;
}

export interface FlagEntry {
  /** As they are written, the one that is offered first: `--flow`, `-f`. */
  readonly names: readonly string[];
  /** null: it takes none. */
  readonly values: Values | null;
  readonly repeatable: boolean;
  readonly description: string;
}

export interface CommandEntry {
  readonly description: string;
  /** null: it is no group. */
  readonly commands: Readonly<Record<string, CommandEntry>> | null;
  readonly flags: readonly FlagEntry[];
  readonly positionals: readonly Values[];
  /** The last positional takes all that is left. */
  readonly variadic: boolean;
  /** What a group does with an address instead of a command. */
  readonly atAddress?: CommandEntry;
  /** A command comes after `--`. */
  readonly rest: boolean;
  /** It has flags for the settings of the provider that is named. */
  readonly settings: boolean;
}

export interface Tree {
  readonly root: CommandEntry;
  /** Topics of help, with what they are about. */
  readonly topics: Readonly<Record<string, string>>;
}

/** @returns a Tree as JSON, which is parsed faster than code would run */
export async function commandTree(): Promise<string> {
  const topics = Object.entries(TOPICS).map(([name, { description }]) => [name, description] as const);
  const tree: Tree = { root: await entryOf(root), topics: Object.fromEntries(topics) };
  return JSON.stringify(tree);
}

/** The providers that are part of auth. `offered`: without a typed letter. */
export type ProviderTable = Readonly<Record<string, ProviderEntry & { readonly offered: boolean }>>;

/** @returns a ProviderTable as JSON */
export async function providerTable(): Promise<string> {
  const { catalog } = await import("../../../providers/catalog/index.ts");
  const all: Record<string, ProviderEntry & { offered: boolean }> = {};
  for (const [source, offered] of [
    [builtIn, true],
    [catalog, false],
  ] as const)
    for (const [id, load] of Object.entries(source)) all[id] = { ...providerEntry((await load()).default), offered };
  return JSON.stringify(all);
}

async function entryOf(command: Command): Promise<CommandEntry> {
  const { description } = command;
  const none = { positionals: [], variadic: false, rest: false, settings: false };
  if (isGroup(command)) {
    const commands: Record<string, CommandEntry> = {};
    for (const [name, load] of Object.entries(command.commands)) commands[name] = await entryOf((await load()).default);
    const atAddress = command.atAddress && (await entryOf((await command.atAddress()).default));
    return { description, commands, flags: flagEntries(GLOBAL_ARGS), ...none, ...(atAddress && { atAddress }) };
  }
  const args: Args = command.args ?? {};
  const positionals = positionalsOf(args);
  const formats = ["text", "json", ...(command.outputs ?? [])];
  return {
    description,
    commands: null,
    flags: flagEntries({ ...args, ...GLOBAL_ARGS, output: { ...GLOBAL_ARGS.output, completes: formats } }),
    positionals: positionals.map(([name, arg]) => valuesOf(name, arg)),
    variadic: positionals.at(-1)?.[1].variadic === true,
    rest: command.rest !== undefined,
    settings: command.extraFlags !== undefined,
  };
}

function flagEntries(args: Args): FlagEntry[] {
  const written = [...flagTable(args)];
  return flagsOf(args).map(([name, arg]) => ({
    names: written.filter(([, flag]) => flag.name === name).map(([names]) => names),
    values: arg.type === "boolean" ? null : valuesOf(name, arg),
    repeatable: arg.repeatable === true,
    description: descriptionOf(arg),
  }));
}

const KINDS: Readonly<Record<string, ValueKind | readonly string[]>> = {
  connection: "connection",
  connections: "connection",
  "connection=VAR": "connection=",
  name: "name",
  provider: "provider",
  scope: "scope",
  file: "file",
  "file|-": "file",
  path: "file",
  format: ["text", "json"],
  event: AUDIT_EVENTS,
  field: [...(DOCUMENTS.find(({ command }) => command === "auth get")?.fields ?? []), ...SECRET_FIELDS],
  "name=url": ENDPOINTS.map((name) => `${name}=`),
};

/** By `completes`, else by the name of the value or the positional. */
function valuesOf(name: string, arg: Arg): Values {
  const hint = arg.type === "positional" ? name : (arg.valueHint ?? name);
  const options = arg.type === "enum" ? arg.options : undefined;
  const known = arg.completes ?? options ?? (Object.hasOwn(KINDS, hint) ? KINDS[hint] : undefined) ?? choicesIn(hint);
  if (typeof known !== "string") return { words: [...known], kind: null };
  return { words: known === "flow" ? [...FLOWS] : [], kind: known };
}

/** The words of `device|browser|token`, without placeholders. */
function choicesIn(hint: string): string[] {
  const parts = hint.split("|");
  return parts.length < 2 ? [] : parts.filter((part) => /^[a-z][a-z0-9-]*:?(?:<|$)/.test(part)).map(upToBlank);
}

/** `file:` of `file:<path>`. */
function upToBlank(part: string): string {
  return part.split("<", 1)[0] ?? "";
}

/**
 * Reads the command line: which command, which flags, and what is wrong with them (CLI.md §1). citty's own parser isn't
 * used: it drops global flags before a subcommand and accepts unknown ones.
 */
import type { ParsedArgs } from "citty";
import { builtIn } from "../../providers/index.ts";
import type { Environment } from "../platform/context.ts";
import { usage } from "../platform/errors.ts";
import { commandLine } from "../platform/shell-word.ts";
import { type Args, type Command, type Definition, type GroupDefinition, isGroup } from "./command.ts";
import { DEFAULT_GLOBALS, type Globals } from "./context.ts";
import { flagTable, isFlag, positionalsOf, takeFlag, type Values } from "./flags.ts";
import { TOPICS } from "./help/topics.ts";
import { didYouMean, shown } from "./suggest.ts";

export const GLOBAL_ARGS = {
  output: {
    type: "string",
    alias: "o",
    valueHint: "format",
    description: "Output format: text, json, or the command's own",
  },
  json: { type: "boolean", description: "The same as -o json" },
  quiet: { type: "boolean", alias: "q", description: "Only errors and warnings" },
  verbose: { type: "boolean", alias: "v", description: "Show each step on stderr" },
  color: { type: "boolean", default: true, negativeDescription: "No colours (also: NO_COLOR)" },
  input: { type: "boolean", default: true, negativeDescription: "Never prompt (implied by CI, or no terminal)" },
  help: { type: "boolean", alias: "h", description: "Show help" },
  version: { type: "boolean", description: "Show the version" },
} as const satisfies Args;

/** A command and the words that led to it. */
export interface Target {
  readonly path: readonly string[];
  readonly command: Command;
}

export type Invocation =
  | {
      readonly kind: "help";
      readonly globals: Globals;
      readonly target: Target;
      /** All arguments that aren't flags: a command may have more flags for one of them. */
      readonly words: readonly string[];
    }
  | { readonly kind: "topic"; readonly globals: Globals; readonly topic: string }
  | { readonly kind: "version"; readonly globals: Globals }
  | {
      readonly kind: "run";
      readonly globals: Globals;
      readonly path: readonly string[];
      readonly command: Definition;
      /** By name, with what is left out as its default; `_` holds all positionals. */
      readonly args: ParsedArgs;
      readonly rest: readonly string[];
    };

/** @throws AuthError `usage` (64) saying what is wrong and what may have been meant */
export async function parseArguments(
  argv: readonly string[],
  root: Command,
  env: Environment = {},
): Promise<Invocation> {
  if (argv.some((argument) => argument.includes("\0"))) throw usage("An argument holds a NUL character.");
  const end = argv.indexOf("--");
  const ours = end < 0 ? argv : argv.slice(0, end);
  const rest = end < 0 ? null : argv.slice(end + 1);

  const help = await helpAsked(ours, root);
  if (help !== null) return help;
  const { target, args, values, positionals, until } = await read(ours, root, env, rest !== null);
  const { path, command } = target;
  if (values.has("version")) return { kind: "version", globals: globalsOf(values, []) };
  if (isGroup(command)) throw missingCommand(target, command);
  const globals = globalsOf(values, command.outputs ?? []);
  // Words too many may be the command's, whose `--` is missing.
  const lacksDashes = rest === null && command.rest !== undefined && command.rest.required !== false;
  checkPositionals(target, args, lacksDashes ? positionals.slice(0, positionalsOf(args).length) : positionals);
  checkRest(target, command, rest, ours, { args, positionals, until });
  return { kind: "run", globals, path, command, args: parsedArgs(args, values, positionals), rest: rest ?? [] };
}

/** Whether errors are to be JSON. It never throws: the command line itself may be the error. */
export function wantsJson(argv: readonly string[]): boolean {
  for (const [i, argument] of argv.entries()) {
    if (argument === "--") return false;
    if (/^(--json|--output=json|-[qv]*o=?json)$/.test(argument)) return true;
    if (/^(--output|-[qv]*o)$/.test(argument) && argv[i + 1] === "json") return true;
  }
  return false;
}

interface Reading {
  readonly target: Target;
  readonly args: Args;
  readonly values: Values;
  readonly positionals: readonly string[];
  /** How many arguments were read: fewer than all where a flag is another program's. */
  readonly until: number;
}

/** From left to right: words name the command, then are its arguments. Global flags may come anywhere. */
async function read(argv: readonly string[], root: Command, env: Environment, hasRest: boolean): Promise<Reading> {
  let target: Target = { path: [], command: root };
  let args: Args = {};
  let table = flagTable(GLOBAL_ARGS);
  const values: Values = new Map();
  const positionals: string[] = [];
  let at = 0;

  while (at < argv.length) {
    const argument = argv[at] ?? "";
    if (!isFlag(argument)) {
      at++;
      if (!isGroup(target.command)) positionals.push(argument);
      else {
        const group = target.command;
        target = await descend(target, argument);
        if (isAtAddress(group, argument)) positionals.push(argument);
        args = isGroup(target.command) ? {} : (target.command.args ?? {});
        table = flagTable(GLOBAL_ARGS, args);
      }
      continue;
    }
    const { command } = target;
    if (!isGroup(command) && command.extraFlags && !table.has(argument.split("=", 1)[0] ?? "")) {
      const words = argv.filter((word) => !isFlag(word));
      args = { ...args, ...(await command.extraFlags(words, env)) };
      table = flagTable(GLOBAL_ARGS, args);
    }
    // `auth run make -j4`: the flag is make's, and the `--` is missing.
    const takesRest =
      !isGroup(command) && command.rest !== undefined && command.rest.required !== false && positionals.length > 0;
    if (takesRest && !hasRest && !table.has(argument.split("=", 1)[0] ?? "")) break;
    at += takeFlag(argv, at, table, values, called(target));
  }
  return { target, args, values, positionals, until: at };
}

/** @throws AuthError `usage` when there is no such command */
async function descend(from: Target, word: string): Promise<Target> {
  const group = isGroup(from.command) ? from.command : null;
  const commands = group?.commands ?? {};
  // Object.hasOwn: `auth constructor` is no command.
  const load = Object.hasOwn(commands, word) ? commands[word] : undefined;
  if (load !== undefined) return { path: [...from.path, word], command: (await load()).default };
  if (group?.atAddress !== undefined && isAtAddress(group, word))
    return { path: from.path, command: (await group.atAddress()).default };
  const otherNames = Object.entries(group?.otherNames ?? {});
  const meant = otherNames.find(([, names]) => names.includes(word.toLowerCase()))?.[0];
  const notYet = Object.entries(group?.notYet ?? {}).find(([name]) => name === word.toLowerCase())?.[1];
  if (notYet !== undefined) throw usage(notYet, `Run '${called(from)} --help' to see all commands.`);
  const suggestions = meant === undefined ? didYouMean(word, Object.keys(commands)) : [`Did you mean '${meant}'?`];
  throw usage(
    `Unknown command '${shown([...from.path, word].join(" "))}'.`,
    [...suggestions, `Run '${called(from)} --help' to see all commands.`].join("\n"),
  );
}

/** Whether a word is the argument of the group's own command: no command's name has such characters. */
function isAtAddress({ atAddress }: GroupDefinition, word: string): boolean {
  return atAddress !== undefined && /[:/.]/.test(word);
}

/** The command as it is called: `auth vault init`. */
export function called(target: Target): string {
  return ["auth", ...target.path].join(" ");
}

/**
 * `auth`, `auth help …`, `auth … --help`; null where help isn't wanted. Arguments and flags are ignored: only an unknown
 * command is an error.
 */
async function helpAsked(argv: readonly string[], root: Command): Promise<Invocation | null> {
  const words = argv.filter((argument, i) => !isFlag(argument) && argv[i - 1] !== "-o" && argv[i - 1] !== "--output");
  const isHelp = words[0] === "help";
  if (argv.length > 0 && !isHelp && !argv.includes("--help") && !argv.includes("-h")) return null;
  const output = wantsJson(argv) ? "json" : "text";
  const globals = { ...DEFAULT_GLOBALS, output, color: !argv.includes("--no-color") };
  if (isHelp) words.shift();
  const [topic = ""] = words;
  if (isHelp && Object.hasOwn(TOPICS, topic)) return { kind: "topic", globals, topic };
  let target: Target = { path: [], command: root };
  for (const word of words) {
    if (!isGroup(target.command)) break;
    target = await descend(target, word);
  }
  return { kind: "help", globals, target, words };
}

/** @throws AuthError `usage` for a format the command doesn't have */
function globalsOf(values: Values, outputs: readonly string[]): Globals {
  const formats = ["text", "json", ...outputs];
  const output = values.get("output");
  const json = values.has("json");
  if (typeof output === "string" && !formats.includes(output))
    throw usage(
      `There is no output format '${shown(output)}' here.`,
      [...didYouMean(output, formats), `It is one of: ${formats.join(", ")}.`].join("\n"),
    );
  if (json && output !== undefined && output !== "json")
    throw usage(`--json and -o ${output} contradict each other.`, "Give one of them.");
  return {
    output: json ? "json" : typeof output === "string" ? output : "text",
    quiet: values.has("quiet"),
    verbose: values.has("verbose"),
    color: values.get("color") !== false,
    input: values.get("input") !== false,
  };
}

function missingCommand(target: Target, { commands, atAddress }: GroupDefinition): Error {
  const names = Object.keys(commands).join(", ");
  if (atAddress === undefined) return usage(`'${called(target)}' needs a command.`, `One of: ${names}.`);
  return usage(`'${called(target)}' needs an address or a command.`, `${called(target)} <url>\nOr one of: ${names}.`);
}

function checkPositionals(target: Target, args: Args, given: readonly string[]): void {
  const expected = positionalsOf(args);
  const more = `Run '${called(target)} --help' to see how it is used.`;
  const missing = expected.slice(given.length).find(([, arg]) => arg.required !== false);
  if (missing) throw usage(`'${called(target)}' needs <${missing[0]}>.`, more);
  if (given.length <= expected.length || expected.at(-1)?.[1].variadic) return;
  throw usage(`Unexpected argument '${shown(given[expected.length] ?? "")}'.`, more);
}

function checkRest(
  target: Target,
  { rest }: Definition,
  given: readonly string[] | null,
  argv: readonly string[],
  reading: Pick<Reading, "args" | "positionals" | "until">,
): void {
  if (rest === undefined) {
    if (given === null || given.length === 0) return;
    throw usage(`'${called(target)}' takes nothing after '--'.`, "Leave out '--' and what follows.");
  }
  if (rest.required === false) return;
  if (given === null)
    throw usage(`'--' is missing before <${rest.name}>.`, `Write: ${withDashes(argv, reading, rest.name)}`);
  if (given.length === 0)
    throw usage(`There is no <${rest.name}> after '--'.`, `Write: ${commandLine(["auth", ...argv])} -- <${rest.name}>`);
}

/** The same command line with `--` before the first word that is no connection: `auth run github:work -- make`. */
function withDashes(
  argv: readonly string[],
  { args, positionals, until }: Pick<Reading, "args" | "positionals" | "until">,
  name: string,
): string {
  const own = positionalsOf(args);
  const tooMany = own.at(-1)?.[1].variadic ? undefined : positionals[own.length];
  // The catalogue's providers don't count: npm and terraform are programs, too.
  const first = positionals.find((word) => !word.includes(":") && !Object.hasOwn(builtIn, word)) ?? tooMany;
  const at = first === undefined ? until : argv.indexOf(first);
  const words = ["auth", ...argv.slice(0, at), "--", ...argv.slice(at)];
  return at === argv.length ? `${commandLine(words)} <${name}>` : commandLine(words);
}

function parsedArgs(args: Args, values: Values, positionals: readonly string[]): ParsedArgs {
  const all: Record<string, unknown> = { _: positionals };
  let place = 0;
  for (const [name, arg] of Object.entries(args))
    all[name] = (arg.type === "positional" ? positionals[place++] : values.get(name)) ?? arg.default;
  return all as ParsedArgs;
}

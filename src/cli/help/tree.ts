/** Help as a document (`auth help --json`): the command tree with arguments, flags and examples, for programs. */
import { called, GLOBAL_ARGS, type Target } from "../arguments.ts";
import { type Arg, type Args, type Definition, isGroup } from "../command.ts";
import { descriptionOf, flagsOf, isNegated, positionalsOf, shortOf } from "../flags.ts";
import { filledExamples } from "./layout.ts";
import { TOPICS } from "./topics.ts";

export interface FlagDocument {
  readonly flag: string;
  readonly short: string | null;
  /** null: it takes none. */
  readonly value: string | null;
  readonly choices: readonly string[] | null;
  readonly default: unknown;
  readonly repeatable: boolean;
  readonly description: string;
}

export interface CommandDocument {
  readonly command: string;
  readonly description: string;
  readonly examples: readonly { readonly line: string; readonly purpose: string }[];
  /** Of a group. */
  readonly commands?: readonly CommandDocument[];
  /** Of the root. */
  readonly globalFlags?: readonly FlagDocument[];
  readonly topics?: readonly { readonly name: string; readonly description: string }[];
  /** Of a command that is no group, or that also does something at an address. */
  readonly arguments?: readonly {
    readonly name: string;
    readonly description: string;
    readonly required: boolean;
    readonly variadic: boolean;
  }[];
  readonly rest?: { readonly name: string; readonly description: string } | null;
  readonly flags?: readonly FlagDocument[];
  /** The named provider's settings are flags, too. */
  readonly settingFlags?: boolean;
  readonly outputs?: readonly string[];
}

/**
 * @param providers those that the examples name
 * @param more flags that are known only for this call: the settings of the provider that was named
 * @returns the command, and below it every command it has
 */
export async function commandDocument(
  target: Target,
  providers: readonly string[],
  more: Args = {},
): Promise<CommandDocument> {
  const { command } = target;
  const described = {
    command: called(target),
    description: command.description,
    examples: filledExamples(command.examples ?? [], providers).map(([line, purpose]) => ({ line, purpose })),
  };
  if (isGroup(command)) {
    const commands = Object.entries(command.commands).map(async ([name, load]) =>
      commandDocument({ path: [...target.path, name], command: (await load()).default }, providers),
    );
    const root = target.path.length === 0 && {
      globalFlags: documentsOf(GLOBAL_ARGS),
      topics: Object.entries(TOPICS).map(([name, { description }]) => ({ name, description })),
    };
    const own = command.atAddress === undefined ? {} : ownPart((await command.atAddress()).default as Definition);
    return { ...described, ...own, ...root, commands: await Promise.all(commands) };
  }
  return { ...described, ...ownPart({ ...command, args: { ...command.args, ...more } }) };
}

/** The fields of a command, which a plain group lacks. */
function ownPart(command: Definition): Partial<CommandDocument> {
  const args: Args = command.args ?? {};
  return {
    arguments: positionalsOf(args).map(([name, arg]) => ({
      name,
      description: arg.description ?? "",
      required: arg.required !== false,
      variadic: arg.variadic === true,
    })),
    rest: command.rest ?? null,
    flags: documentsOf(args),
    settingFlags: command.extraFlags !== undefined,
    outputs: ["text", "json", ...(command.outputs ?? [])],
  };
}

function documentsOf(args: Args): FlagDocument[] {
  return flagsOf(args).map(([name, arg]) => documentOf(name, arg));
}

function documentOf(name: string, arg: Arg): FlagDocument {
  return {
    flag: isNegated(arg) ? `--no-${name}` : `--${name}`,
    short: shortOf(arg) ?? null,
    value: arg.type === "boolean" ? null : (arg.valueHint ?? name),
    choices: arg.type === "enum" ? (arg.options ?? []) : null,
    default: arg.type === "boolean" ? null : (arg.default ?? null),
    repeatable: arg.repeatable === true,
    description: descriptionOf(arg),
  };
}

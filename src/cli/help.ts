/** Help, made from the commands' definitions. */
import type { Environment } from "../platform/context.ts";
import { AuthError } from "../platform/errors.ts";
import { called, GLOBAL_ARGS, type Target } from "./arguments.ts";
import {
  type Arg,
  type Args,
  type Command,
  type Definition,
  type Example,
  type Group,
  type GroupDefinition,
  isGroup,
} from "./command.ts";
import type { Cli } from "./context.ts";
import { descriptionOf, flagsOf, isNegated, positionalsOf, shortOf } from "./flags.ts";
import { filledExamples, layOut, type Section, type Surface } from "./help/layout.ts";
import { TOPICS } from "./help/topics.ts";

const GROUPS: Readonly<Record<Group, string>> = {
  everyday: "Everyday",
  scripting: "Scripting",
  setup: "Setting up",
};

export interface HelpSurface extends Surface {
  /** Providers that exist, for the examples: `src/` names none. */
  readonly providers: readonly string[];
}

/** `auth help`, `--help`: on stdout; with --json as a document. */
export async function showHelp(cli: Cli, target: Target, words: readonly string[]): Promise<void> {
  const { command } = target;
  const more = isGroup(command) ? {} : await extraFlags(command, words, cli.context.env);
  const providers = Object.keys((await import("../../providers/index.ts")).builtIn);
  if (cli.output.isJson) {
    const { commandDocument } = await import("./help/tree.ts");
    return cli.output.json(await commandDocument(target, providers, more));
  }
  const surface = { ...(await surfaceOf(cli)), providers };
  await cli.output.text(await helpText(target, surface, more));
}

/** `auth help <topic>`. */
export async function showTopic(cli: Cli, name: string): Promise<void> {
  const topic = await TOPICS[name]?.load(cli.context.env, process.platform);
  if (topic === undefined) throw new Error(`no topic ${name}`);
  if (cli.output.isJson) return cli.output.json(topic.document);
  await cli.output.text(layOut(topic.intro, topic.sections, await surfaceOf(cli)));
}

async function surfaceOf(cli: Cli): Promise<Surface> {
  const { columns } = await import("../platform/terminal.ts");
  return { colors: await cli.output.colors(1), width: Math.min(columns(), 110) };
}

/** @returns the whole text, without a newline at its end */
export async function helpText(target: Target, surface: HelpSurface, more: Args = {}): Promise<string> {
  const { command } = target;
  const sections = isGroup(command)
    ? [
        usageOf(`${called(target)} <command>`),
        ...(await commandSections(command)),
        ...(command.atAddress === undefined ? [] : atAddressSections(target, (await command.atAddress()).default)),
        ...(target.path.length === 0 ? [topicSection()] : []),
        flagSection("Global flags", GLOBAL_ARGS),
      ]
    : leafSections(target, { ...command, args: { ...command.args, ...more } });
  sections.push(exampleSection(command.examples ?? [], surface.providers));
  if (isGroup(command))
    sections.push({ title: "", rows: [[`'${called(target)} <command> --help' shows its flags and examples.`, ""]] });
  return layOut(command.description, sections, surface);
}

function restUsage({ rest }: Definition): string[] {
  if (rest === undefined) return [];
  return [rest.required === false ? `[-- <${rest.name}>]` : `-- <${rest.name}>`];
}

/** The flags that the named provider adds. One that can't be read doesn't hide the rest of the help. */
async function extraFlags(command: Definition, words: readonly string[], env: Environment): Promise<Args> {
  try {
    return (await command.extraFlags?.(words, env)) ?? {};
  } catch (error) {
    if (error instanceof AuthError) return {};
    throw error;
  }
}

function leafSections(target: Target, command: Definition): Section[] {
  const args: Args = command.args ?? {};
  const positionals = positionalsOf(args);
  const usage = [
    called(target),
    ...positionals.map(
      ([name, arg]) => `${arg.required === false ? `[${name}]` : `<${name}>`}${arg.variadic ? "…" : ""}`,
    ),
    "[flags]",
    ...restUsage(command),
  ];
  const rest = command.rest ? [[command.rest.name, command.rest.description] as const] : [];
  return [
    usageOf(usage.join(" ")),
    { title: "Arguments", rows: [...positionals.map(([name, arg]) => [name, describe(arg)] as const), ...rest] },
    flagSection("Flags", args),
    flagSection("Global flags", withOutputs(command.outputs)),
  ];
}

/** What the group's name does by itself, with an address after it. */
function atAddressSections(target: Target, command: Command): Section[] {
  if (isGroup(command)) return [];
  const [usage, ...others] = leafSections(target, command);
  return [
    { ...usageOf(""), ...usage, title: "With an address" },
    ...others.filter(({ title }) => title !== "Global flags"),
  ];
}

function usageOf(line: string): Section {
  return { title: "Usage", rows: [[line, ""]], lines: true };
}

async function commandSections({ commands }: GroupDefinition): Promise<Section[]> {
  const loaded = await Promise.all(
    Object.entries(commands).map(async ([name, load]) => ({ ...(await load()).default, name })),
  );
  const rowsOf = (group: Group | undefined): Section["rows"] =>
    loaded.filter((one) => one.group === group).map(({ name, description }) => [name, description]);
  const grouped = Object.entries(GROUPS).map(([group, title]) => ({ title, rows: rowsOf(group as Group) }));
  return [...grouped, { title: "Commands", rows: rowsOf(undefined) }];
}

function topicSection(): Section {
  const rows = Object.entries(TOPICS).map(([name, { description }]) => [name, description] as const);
  return { title: "Topics (auth help <topic>)", rows };
}

function withOutputs(outputs: readonly string[] = []): Args {
  const all = ["text", "json", ...outputs];
  return { ...GLOBAL_ARGS, output: { ...GLOBAL_ARGS.output, description: `Output format: ${all.join(", ")}` } };
}

function flagSection(title: string, args: Args): Section {
  return { title, rows: flagsOf(args).map(([name, arg]) => [written(name, arg), describe(arg)]) };
}

/** `-o, --output <format>`; four columns are kept for the short form, so that the long ones are aligned. */
function written(name: string, arg: Arg): string {
  if (isNegated(arg)) return `    --no-${name}`;
  const short = shortOf(arg);
  const value = arg.type === "boolean" ? "" : ` <${arg.valueHint ?? (arg.type === "enum" ? choice(arg) : name)}>`;
  return `${short === undefined ? "    " : `-${short}, `}--${name}${value}`;
}

function choice(arg: Arg): string {
  return ("options" in arg && arg.options?.join("|")) || "value";
}

function describe(arg: Arg): string {
  const fallback = arg.type === "boolean" || arg.default === undefined ? "" : ` (default: ${arg.default})`;
  return `${descriptionOf(arg)}${fallback}`;
}

function exampleSection(examples: readonly Example[], providers: readonly string[]): Section {
  return { title: "Examples", rows: filledExamples(examples, providers), lines: true };
}

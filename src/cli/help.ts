/** Help, made from the definitions alone: what a command says of itself is all there is to say. */
import type { Environment } from "../platform/context.ts";
import { AuthError } from "../platform/errors.ts";
import type { Colors } from "../platform/terminal.ts";
import { called, GLOBAL_ARGS, type Target } from "./arguments.ts";
import {
  type Arg,
  type Args,
  type Definition,
  type Example,
  type Group,
  type GroupDefinition,
  isGroup,
} from "./command.ts";
import type { Cli } from "./context.ts";
import { positionalsOf } from "./flags.ts";

const GROUPS: Readonly<Record<Group, string>> = {
  everyday: "Everyday",
  scripting: "Scripting",
  setup: "Setting up",
};

export interface HelpSurface {
  readonly colors: Colors;
  /** Columns. */
  readonly width: number;
  /** Providers that exist, for the examples: `src/` names none. */
  readonly providers: readonly string[];
}

/** `auth help`, `--help`: to stdout, since it was asked for. */
export async function showHelp(cli: Cli, target: Target, words: readonly string[]): Promise<void> {
  const { columns } = await import("../platform/terminal.ts");
  const { builtIn } = await import("../../providers/index.ts");
  const colors = await cli.output.colors(1);
  const width = Math.min(columns(), 110);
  const more = await extraFlags(target, words, cli.context.env);
  await cli.output.text(await helpText(target, { colors, width, providers: Object.keys(builtIn) }, more));
}

/** @returns the whole text, without a newline at its end */
export async function helpText(target: Target, surface: HelpSurface, more: Args = {}): Promise<string> {
  const { definition } = target.command;
  const sections = isGroup(definition)
    ? [
        usageOf(`${called(target)} <command>`),
        ...(await commandSections(definition)),
        flagSection("Global flags", GLOBAL_ARGS),
      ]
    : leafSections(target, { ...definition, args: { ...definition.args, ...more } });
  sections.push(exampleSection(definition.examples ?? [], surface.providers));
  if (isGroup(definition))
    sections.push({ title: "", rows: [[`'${called(target)} <command> --help' says more.`, ""]] });
  return layOut(definition.description, sections, surface);
}

interface Section {
  readonly title: string;
  readonly rows: readonly (readonly [left: string, right: string])[];
  /** The left column is a command line. */
  readonly lines?: boolean;
}

/** What the provider that is named adds. One that can't be read is no reason to leave someone without help. */
async function extraFlags(target: Target, words: readonly string[], env: Environment): Promise<Args> {
  const { definition } = target.command;
  if (isGroup(definition)) return {};
  try {
    return (await definition.extraFlags?.(words, env)) ?? {};
  } catch (error) {
    if (error instanceof AuthError) return {};
    throw error;
  }
}

function leafSections(target: Target, definition: Definition): Section[] {
  const args: Args = definition.args ?? {};
  const positionals = positionalsOf(args);
  const usage = [
    called(target),
    ...positionals.map(
      ([name, arg]) => `${arg.required === false ? `[${name}]` : `<${name}>`}${arg.variadic ? "…" : ""}`,
    ),
    "[flags]",
    ...(definition.rest ? [`-- <${definition.rest.name}>`] : []),
  ];
  const rest = definition.rest ? [[definition.rest.name, definition.rest.description] as const] : [];
  return [
    usageOf(usage.join(" ")),
    { title: "Arguments", rows: [...positionals.map(([name, arg]) => [name, describe(arg)] as const), ...rest] },
    flagSection("Flags", args),
    flagSection("Global flags", withOutputs(definition.outputs)),
  ];
}

function usageOf(line: string): Section {
  return { title: "Usage", rows: [[line, ""]], lines: true };
}

async function commandSections({ commands }: GroupDefinition): Promise<Section[]> {
  const loaded = await Promise.all(
    Object.entries(commands).map(async ([name, load]) => ({ ...(await load()).default.definition, name })),
  );
  const rowsOf = (group: Group | undefined): Section["rows"] =>
    loaded.filter((one) => one.group === group).map(({ name, description }) => [name, description]);
  const grouped = Object.entries(GROUPS).map(([group, title]) => ({ title, rows: rowsOf(group as Group) }));
  return [...grouped, { title: "Commands", rows: rowsOf(undefined) }];
}

function withOutputs(outputs: readonly string[] = []): Args {
  const all = ["text", "json", ...outputs];
  return { ...GLOBAL_ARGS, output: { ...GLOBAL_ARGS.output, description: `Output format: ${all.join(", ")}` } };
}

function flagSection(title: string, args: Args): Section {
  const flags = Object.entries(args).filter(([, arg]) => arg.type !== "positional");
  return { title, rows: flags.map(([name, arg]) => [written(name, arg), describe(arg)]) };
}

/** `-o, --output <format>`; four columns are kept for the short form, so that the long ones stand in a row. */
function written(name: string, arg: Arg): string {
  if (arg.type === "boolean" && arg.default === true) return `    --no-${name}`;
  const short = [arg.alias ?? []].flat().find((alias) => alias.length === 1);
  const value = arg.type === "boolean" ? "" : ` <${arg.valueHint ?? (arg.type === "enum" ? choice(arg) : name)}>`;
  return `${short === undefined ? "    " : `-${short}, `}--${name}${value}`;
}

function choice(arg: Arg): string {
  return ("options" in arg && arg.options?.join("|")) || "value";
}

function describe(arg: Arg): string {
  const negative = arg.type === "boolean" && arg.default === true ? arg.negativeDescription : undefined;
  const text = negative ?? arg.description ?? "";
  const fallback = arg.type === "boolean" || arg.default === undefined ? "" : ` (default: ${arg.default})`;
  return `${text}${fallback}`;
}

function exampleSection(examples: readonly Example[], providers: readonly string[]): Section {
  const [a = "<provider>", b = a] = providers;
  const filled = (text: string): string => text.replaceAll("{a}", a).replaceAll("{b}", b);
  return { title: "Examples", rows: examples.map(([line, purpose]) => [filled(line), filled(purpose)]), lines: true };
}

function layOut(description: string, sections: readonly Section[], { colors, width }: HelpSurface): string {
  const parts = [`${description}.`.replace(/([.!?])\.$/, "$1")];
  for (const { title, rows, lines = false } of sections) {
    if (rows.length === 0) continue;
    const column = Math.max(...rows.map(([left]) => left.length));
    const body = rows.flatMap(([left, right]) => {
      const paint = lines || title === "" ? (text: string) => text : colors.cyan;
      // A long command line keeps its purpose below it; in a narrow terminal every row does.
      const below = lines ? column + right.length + 6 > width : column > 40;
      if (right === "") return [`${title === "" ? "" : "  "}${paint(left)}`];
      if (below) return [`  ${paint(left)}`, ...wrapped(right, width - 6).map((line) => `      ${colors.dim(line)}`)];
      const [first = "", ...more] = wrapped(right, Math.max(24, width - column - 6));
      const indent = " ".repeat(column + 4);
      return [`  ${paint(left.padEnd(column))}  ${first}`, ...more.map((line) => `${indent}${line}`)];
    });
    parts.push([...(title === "" ? [] : [colors.bold(`${title}:`)]), ...body].join("\n"));
  }
  return parts.join("\n\n");
}

/** Lines of at most `width` characters, broken at spaces. */
function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

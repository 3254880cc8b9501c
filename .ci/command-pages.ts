// docs/commands/: a page for every command, made from its definition. A test compares the files with what this makes.
import type { CommandDocument, FlagDocument } from "../src/cli/help/tree.ts";
import { argumentsOf, moreFlags, nameOf, rootDocument, sentence, valueNameOf, writtenAs } from "./command-documents.ts";

export const COMMAND_PAGES = new URL("../docs/commands/", import.meta.url);

/** File name → text. */
export async function commandPages(): Promise<Map<string, string>> {
  const root = await rootDocument();
  const commands = root.commands ?? [];
  return new Map([
    ["README.md", indexPage(root, commands)],
    ...commands.map((one) => [`${nameOf(one)}.md`, commandPage(one)] as const),
  ]);
}

function indexPage({ globalFlags = [], topics = [] }: CommandDocument, commands: readonly CommandDocument[]): string {
  return joined([
    "# Commands",
    "What `auth help <command>` prints. These pages are generated from the commands' definitions (`npm run docs`), and so are the manual pages in `docs/man`.",
    table(commands.map((one) => [`[\`${one.command}\`](${nameOf(one)}.md)`, one.description])),
    "## Global flags",
    "They work before and after the command.",
    flagTable(globalFlags),
    "## Topics",
    `They are in [reference.md](../reference.md), too.`,
    table(topics.map(({ name, description }) => [`\`auth help ${name}\``, description])),
  ]);
}

function commandPage(command: CommandDocument): string {
  return joined([...sections(command, 1), "[All commands](README.md)"]);
}

function sections(command: CommandDocument, level: number): string[] {
  const { commands = [], arguments: positionals = [], rest = null, flags = [], outputs = [] } = command;
  const title = `${"#".repeat(level)} ${command.command}`;
  const own = [command.command, ...argumentsOf(command)].join(" ");
  const usages =
    commands.length === 0 ? [own] : [`${command.command} <command>`, ...(positionals.length > 0 ? [own] : [])];
  const places = [
    ...positionals.map(({ name, description }) => [name, description] as const),
    ...(rest === null ? [] : [[rest.name, rest.description] as const]),
  ];
  const formats = outputs.filter((format) => format !== "text" && format !== "json");
  return [
    title,
    sentence(command.description),
    ...(usages[0] === command.command ? [] : [`Usage: ${usages.map((usage) => `\`${usage}\``).join(" or ")}`]),
    ...(places.length === 0 ? [] : [table(places.map(([name, text]) => [`\`${name}\``, text]))]),
    ...(flags.length === 0 ? [] : [flagTable(flags)]),
    ...moreFlags(command).map((text) => text.replaceAll("'", "`")),
    ...(formats.length === 0
      ? []
      : [`Formats of \`-o\` beside \`text\` and \`json\`: ${formats.map((one) => `\`${one}\``).join(", ")}.`]),
    command.examples.map(({ line, purpose }) => `    ${line}    # ${purpose}`).join("\n"),
    ...commands.flatMap((one) => sections(one, level + 1)),
  ];
}

function flagTable(flags: readonly FlagDocument[]): string {
  return table(
    flags.map((flag) => {
      const value = valueNameOf(flag);
      const written = `${writtenAs(flag).join(", ")}${value === null ? "" : ` <${value}>`}`;
      return [`\`${written}\``, flag.description];
    }),
  );
}

function table(rows: readonly (readonly [string, string])[]): string {
  const cells = rows.map(
    ([left, right]) => `| ${left.replaceAll("|", "\\|")} | ${right.replaceAll(/[|<>]/g, (one) => `\\${one}`)} |`,
  );
  return ["| | |", "|---|---|", ...cells].join("\n");
}

function joined(parts: readonly string[]): string {
  return `${parts.join("\n\n")}\n`;
}

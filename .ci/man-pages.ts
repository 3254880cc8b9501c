// docs/man/: manual pages, made from the commands' definitions (man(7) macros, which groff and mandoc know). A test compares
// the files with what this makes; releases take them along.

import { environment } from "../src/cli/help/environment.ts";
import { exitCodes } from "../src/cli/help/exit-codes.ts";
import type { Section } from "../src/cli/help/layout.ts";
import type { CommandDocument, FlagDocument } from "../src/cli/help/tree.ts";
import { argumentsOf, moreFlags, nameOf, rootDocument, sentence, valueNameOf, writtenAs } from "./command-documents.ts";

export const MAN_PAGES = new URL("../docs/man/", import.meta.url);

/** File name → text: `auth.1`, and `auth-login.1` for each command. */
export async function manPages(): Promise<Map<string, string>> {
  const root = await rootDocument();
  const commands = root.commands ?? [];
  return new Map([
    ["auth.1", rootPage(root, commands)],
    ...commands.map((one) => [`auth-${nameOf(one)}.1`, commandPage(one)] as const),
  ]);
}

function rootPage(root: CommandDocument, commands: readonly CommandDocument[]): string {
  const { globalFlags = [], topics = [], examples, description } = root;
  const rows = (sections: readonly Section[]): Section["rows"] => sections.flatMap((section) => section.rows);
  return page("auth", description, [
    heading("SYNOPSIS"),
    `${bold("auth")} ${italic("command")} [${italic("arguments")}] [${italic("flags")}]`,
    heading("COMMANDS"),
    ...commands.flatMap((one) => entry(`${bold(`auth-${nameOf(one)}`)}(1)`, one.description)),
    heading("GLOBAL FLAGS"),
    "They work before and after the command.",
    ...globalFlags.flatMap(flagEntry),
    heading("TOPICS"),
    ...topics.flatMap((one) => entry(bold(`auth help ${one.name}`), one.description)),
    heading("EXIT STATUS"),
    ...rows(exitCodes().sections).flatMap(([code, text]) => entry(bold(code), text)),
    heading("ENVIRONMENT"),
    ...rows(environment().sections).flatMap(([name, text]) => entry(bold(name), text)),
    heading("FILES"),
    `${bold("auth help paths")} prints where they are.`,
    ...exampleLines(examples),
  ]);
}

function commandPage(command: CommandDocument): string {
  const commands = below(command);
  const name = `auth-${nameOf(command)}`;
  // A group may do something itself, at an address.
  const isOwn = commands.length === 0 || (command.arguments ?? []).length > 0;
  const all = [...(isOwn ? [command] : []), ...commands.filter((one) => one.commands === undefined)];
  const own = isOwn ? details(command) : [];
  return page(name, command.description, [
    heading("SYNOPSIS"),
    ...all.flatMap((one, i) => [...(i === 0 ? [] : [".br"]), synopsis(one)]),
    ...(own.length > 0 ? [heading("ARGUMENTS AND FLAGS"), ...own] : []),
    ...(commands.length > 0
      ? [
          heading("COMMANDS"),
          ...commands.flatMap((one) => [
            `.SS ${escaped(one.command)}`,
            plain(sentence(one.description)),
            ...details(one),
          ]),
        ]
      : []),
    ...exampleLines([...command.examples, ...commands.flatMap(({ examples }) => examples)]),
    heading("SEE ALSO"),
    `${bold("auth")}(1), which has the global flags, the exit codes and the environment variables.`,
  ]);
}

/** The commands of a group, and of groups in it. */
function below({ commands = [] }: CommandDocument): CommandDocument[] {
  return commands.flatMap((one) => [one, ...below(one)]);
}

function synopsis(command: CommandDocument): string {
  return [
    bold(command.command),
    ...argumentsOf(command).map(escaped),
    ...((command.flags ?? []).length > 0 ? [`[${italic("flags")}]`] : []),
  ].join(" ");
}

function details(command: CommandDocument): string[] {
  const { arguments: positionals = [], rest, flags = [] } = command;
  return [
    ...positionals.flatMap(({ name, description }) => entry(italic(name), description)),
    ...(rest == null ? [] : entry(`\\-\\- ${italic(rest.name)}`, rest.description)),
    ...flags.flatMap(flagEntry),
    ...moreFlags(command).flatMap((text) => [".PP", plain(text)]),
  ];
}

function flagEntry(flag: FlagDocument): string[] {
  const value = valueNameOf(flag);
  const names = writtenAs(flag).map(bold).join(", ");
  return entry(value === null ? names : `${names} ${italic(value)}`, flag.description);
}

function exampleLines(examples: CommandDocument["examples"]): string[] {
  if (examples.length === 0) return [];
  const lines = examples.flatMap(({ line, purpose }, i) => [
    ...(i === 0 ? [] : [".PP"]),
    plain(sentence(upper(purpose))),
    ".PP",
    ".RS 4",
    ".EX",
    plain(line),
    ".EE",
    ".RE",
  ]);
  return [heading("EXAMPLES"), ...lines];
}

function upper(text: string): string {
  return `${text[0]?.toUpperCase() ?? ""}${text.slice(1)}`;
}

/** Without date and version: the file is the same until a definition changes. */
function page(name: string, description: string, lines: readonly string[]): string {
  const head = [
    `.TH ${name.toUpperCase()} 1 "" auth "auth manual"`,
    heading("NAME"),
    `${escaped(name)} \\- ${plain(description.replace(/\.$/, ""))}`,
  ];
  return `${[...head, ...lines].join("\n")}\n`;
}

function heading(title: string): string {
  return `.SH ${title}`;
}

function entry(term: string, text: string): string[] {
  return [".TP", term, plain(sentence(text))];
}

function bold(text: string): string {
  return `\\fB${escaped(text)}\\fR`;
}

function italic(text: string): string {
  return `\\fI${escaped(text)}\\fR`;
}

/** A line of text: one that begins with a dot or a quote would be a request. */
function plain(text: string): string {
  return escaped(text).replace(/^(?=[.'])/, "\\&");
}

/** groff_char(7): what would be typographic is made ASCII again, so that it can be copied; the rest by its code point. */
function escaped(text: string): string {
  const ascii = text
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replaceAll("'", "\\(aq")
    .replaceAll("`", "\\(ga")
    .replaceAll("^", "\\(ha")
    .replaceAll("~", "\\(ti");
  return ascii.replaceAll(
    /[^\x20-\x7e]/gu,
    (one) => `\\[u${(one.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}]`,
  );
}

/** docs/commands and docs/man: made from the commands' definitions, and whole. */
import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { rootDocument } from "../../.ci/command-documents.ts";
import { COMMAND_PAGES, commandPages } from "../../.ci/command-pages.ts";
import { MAN_PAGES, manPages } from "../../.ci/man-pages.ts";
import type { CommandDocument } from "../../src/cli/help/tree.ts";

const commands = await commandPages();
const manual = await manPages();

for (const [name, folder, pages] of [
  ["docs/commands", COMMAND_PAGES, commands],
  ["docs/man", MAN_PAGES, manual],
] as const)
  test(`${name} is what the definitions say: npm run docs`, () => {
    const files = readdirSync(folder).sort();
    expect(files).toEqual([...pages.keys()].sort());
    for (const file of files) expect(readFileSync(new URL(file, folder), "utf8")).toBe(pages.get(file) ?? "");
  });

describe("each command", async () => {
  const { commands: all = [] } = await rootDocument();
  const below = (one: CommandDocument): CommandDocument[] => [one, ...(one.commands ?? []).flatMap(below)];
  for (const command of all)
    test(`${command.command}: its page and its manual page have every subcommand, argument, flag and example`, () => {
      const name = command.command.replaceAll(" ", "-").replace(/^auth-/, "");
      const page = commands.get(`${name}.md`) ?? "";
      const man = readable(manual.get(`auth-${name}.1`) ?? "");
      for (const { command: called, arguments: places = [], flags = [], examples } of below(command))
        for (const text of [
          called,
          ...places.map((one) => one.name),
          ...flags.map(({ flag }) => flag),
          ...examples.map(({ line }) => line),
        ]) {
          expect(page).toContain(text);
          expect(man).toContain(text);
        }
    });
});

/** As a terminal shows it. */
function readable(page: string): string {
  return page
    .replaceAll(/\\f[BIR]/g, "")
    .replaceAll(/\\\[u([0-9A-F]+)\]/g, (_, code) => String.fromCodePoint(Number.parseInt(code, 16)))
    .replaceAll("\\(aq", "'")
    .replaceAll("\\(ga", "`")
    .replaceAll("\\(ha", "^")
    .replaceAll("\\(ti", "~")
    .replaceAll("\\-", "-")
    .replaceAll("\\&", "")
    .replaceAll("\\e", "\\");
}

test("no line of a manual page is a request that man doesn't know", () => {
  for (const [name, text] of manual)
    for (const line of text.split("\n"))
      if (/^[.']/.test(line))
        expect([name, line]).toEqual([name, expect.stringMatching(/^\.(TH|SH|SS|TP|PP|RS|RE|EX|EE|br)( |$)/)]);
});

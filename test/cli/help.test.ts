import { describe, expect, test } from "bun:test";
import { builtIn } from "../../providers/index.ts";
import { GLOBAL_ARGS, parseArguments, type Target } from "../../src/cli/arguments.ts";
import { type Command, isGroup } from "../../src/cli/command.ts";
import { flagTable, positionalsOf } from "../../src/cli/flags.ts";
import { helpText } from "../../src/cli/help.ts";
import { root } from "../../src/cli/root.ts";
import { colors } from "../../src/platform/terminal.ts";
import { acceptedAs, callsIn } from "../support/examples.ts";

const surface = { colors: colors(false), width: 100, providers: Object.keys(builtIn) };

async function everyCommand(from: Target = { path: [], command: root }): Promise<Target[]> {
  if (!isGroup(from.command)) return [from];
  const below: Target[][] = [];
  for (const [name, load] of Object.entries(from.command.commands)) {
    const command: Command = (await load()).default;
    below.push(await everyCommand({ path: [...from.path, name], command }));
  }
  return [from, ...below.flat()];
}

const all = await everyCommand();

test("what other tools call a command is suggested, and is no command of ours", async () => {
  for (const { path, command } of all) {
    if (!isGroup(command)) continue;
    const { commands, otherNames = {} } = command;
    const all = Object.values(otherNames).flat();
    expect({ path, all: [...new Set(all)] }).toEqual({ path, all });
    expect(all.filter((name) => Object.hasOwn(commands, name))).toEqual([]);
    expect(Object.keys(otherNames).filter((name) => !Object.hasOwn(commands, name))).toEqual([]);
    for (const [meant, names] of Object.entries(otherNames))
      for (const name of names) {
        const error = await parseArguments([...path, name], root).catch((thrown) => thrown);
        expect({ name, hint: error.hint.split("\n")[0] }).toEqual({ name, hint: `Did you mean '${meant}'?` });
      }
  }
  for (const name of ["whoami", "switch", "ls", "signin", "profile ls", "client add"])
    expect((await parseArguments(name.split(" "), root).catch((thrown) => thrown)).hint).toStartWith("Did you mean");
});

describe("every command", () => {
  for (const target of all) {
    const { command } = target;
    const name = ["auth", ...target.path].join(" ");

    test(`${name}: has the name it is called by, and help with examples that are right`, async () => {
      if (target.path.length > 0) expect(command.name).toBe(target.path.at(-1) ?? "");
      const examples = command.examples ?? [];
      expect(examples.length).toBeWithin(2, 4);
      const text = await helpText(target, surface);
      expect(text).toContain(name);
      expect(text).not.toMatch(/\{[ab]\}|undefined/);
      for (const line of text.split("\n")) expect(Bun.stringWidth(line)).toBeLessThanOrEqual(140);
      for (const [line] of examples) await checkExample(line);
    });

    if (!isGroup(command))
      test(`${name}: no flag of its own hides a global one, and what is variadic comes last`, () => {
        const own = flagTable(command.args ?? {});
        for (const flag of flagTable(GLOBAL_ARGS).keys()) expect([...own.keys()]).not.toContain(flag);
        const positionals = positionalsOf(command.args ?? {});
        expect(positionals.slice(0, -1).some(([, arg]) => arg.variadic)).toBe(false);
      });
  }
});

/** The `auth …` part of an example is a command line we accept. */
async function checkExample(line: string): Promise<void> {
  const [a = "", b = ""] = surface.providers;
  const calls = callsIn(line.replaceAll("{a}", a).replaceAll("{b}", b));
  if (calls.length === 0) throw new Error(`no auth in the example: ${line}`);
  for (const argv of calls) expect(await acceptedAs(argv)).toBe("run");
}

test("the root's help lists every command, under headings", async () => {
  const text = await helpText({ path: [], command: root }, surface);
  for (const { path } of all) if (path.length === 1) expect(text).toMatch(new RegExp(`^  ${path[0]} `, "m"));
  expect(text).toContain("Everyday:");
  expect(text).toContain("Global flags:");
});

test("a narrow terminal gets narrow help", async () => {
  const text = await helpText({ path: [], command: root }, { ...surface, width: 60 });
  const prose = text.split("\n").filter((line) => !line.includes("auth "));
  for (const line of prose.slice(1)) expect(Bun.stringWidth(line)).toBeLessThanOrEqual(64);
});

test("flags and what they are for are two columns, however long one flag is", async () => {
  for (const { path, command } of all) {
    if (isGroup(command)) continue;
    const text = await helpText({ path, command }, surface);
    const flags =
      /^Flags:\n((?: .*\n)*)/m
        .exec(text)?.[1]
        ?.split("\n")
        .filter((line) => line !== "") ?? [];
    const columns = flags.flatMap((line) => {
      const [, left] = /^( {2}(?:-\w, | {4})--\S+(?: <\S+>)? {2,})\S/.exec(line) ?? [];
      if (left !== undefined) return [left.length];
      if (!line.trimStart().startsWith("-")) return [line.search(/\S/)];
      // Alone on its line: only what is too long for its column.
      expect(line.length).toBeGreaterThan(32);
      return [];
    });
    expect({ path, columns: new Set(columns).size }).toEqual({ path, columns: Math.min(1, columns.length) });
  }
});

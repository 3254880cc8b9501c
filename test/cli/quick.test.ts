import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { parseArguments } from "../../src/cli/arguments.ts";
import { type Definition, defineCommand, defineGroup } from "../../src/cli/command.ts";
import { quickCall } from "../../src/cli/quick.ts";
import refresh from "../../src/cli/refresh.ts";
import run from "../../src/cli/run.ts";
import token from "../../src/cli/token.ts";

const odd = defineCommand({
  name: "odd",
  description: "",
  args: {
    id: { type: "positional" },
    scope: { type: "string", repeatable: true },
    flow: { type: "enum", options: ["device", "browser"] },
    place: { type: "string", default: "here" },
    browser: { type: "boolean", default: true, negativeDescription: "" },
    force: { type: "boolean" },
  },
  run: async () => {},
});
const commands = { token, run, refresh, odd };
type Name = keyof typeof commands;
const root = defineGroup({
  name: "auth",
  description: "",
  commands: Object.fromEntries(
    Object.entries(commands).map(([name, command]) => [name, async () => ({ default: command })]),
  ),
});

function quick(name: Name, ...argv: string[]): ReturnType<typeof quickCall> {
  return quickCall(commands[name] as Definition, argv);
}

const WORDS = ["github", "", "-", "--", "help", "-h", "--help", "--version", "-q", "-v", "--json", "--no-input"];
const FLAGS = ["-o", "-ojson", "--output", "--force", "--no-force", "--force=1", "--all", "--min-ttl", "--min-ttl=5"];
const MORE = ["json", "text", "token", "env", "600", "-5", "--profile", "-p", "--stored", "--rejected", "--nothing"];
const ODD = ["--scope", "--flow", "device", "--place", "--browser", "--no-browser", "--_", "--constructor", "true"];

describe("the usual command lines, read in one pass", () => {
  test("what is read is what the strict layer reads, and what it refuses is left to it", async () => {
    let read = 0;
    const word = fc.constantFrom(...WORDS, ...FLAGS, ...MORE, ...ODD);
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...(Object.keys(commands) as Name[])),
        fc.array(word, { maxLength: 6 }),
        async (name, argv) => {
          const call = quick(name, ...argv);
          if (call === null) return;
          read++;
          const strict = await parseArguments([name, ...argv], root);
          if (strict.kind !== "run") throw new Error(`it is ${strict.kind}`);
          expect(call.globals).toEqual(strict.globals);
          expect(call.args as Record<string, unknown>).toEqual(strict.args);
          expect(call.rest).toEqual(strict.rest);
        },
      ),
      { numRuns: 5000 },
    );
    expect(read).toBeGreaterThan(100);
  });

  test.each<[Name, string[]]>([
    ["token", ["github"]],
    ["token", ["github", "--min-ttl", "600"]],
    ["token", ["github", "-o", "json"]],
    ["run", ["github", "sentry", "--", "make", "-j", "--force"]],
    ["refresh", ["github", "--force", "-o", "token"]],
    ["refresh", ["--all", "--min-ttl", "2100"]],
  ])("auth %s %p needs no more", (name, argv) => {
    expect(quick(name, ...argv)).not.toBeNull();
  });

  test.each<[Name, string[]]>([
    ["token", ["github", "sentry"]],
    ["token", ["github", "--", "make"]],
    ["run", ["github", "make"]],
    ["run", ["github", "--"]],
    ["refresh", ["github", "-o", "yaml"]],
    ["refresh", ["github", "-o"]],
    ["refresh", ["github", "--force", "--force"]],
    ["refresh", ["github", "--min-ttl"]],
    ["refresh", ["github", "--min-ttl", "--force"]],
    ["refresh", ["github", "--help"]],
    ["odd", []],
    ["odd", ["it", "--scope", "a"]],
    ["odd", ["it", "--browser"]],
  ])("auth %s %p is left to the strict layer", (name, argv) => {
    expect(quick(name, ...argv)).toBeNull();
  });
});

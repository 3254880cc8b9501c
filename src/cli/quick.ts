/**
 * The usual command lines of what programs call all day, read in one pass: words, switches, flags with the value as
 * the next argument, `-o`. Any other spelling, any mistake and help are left to arguments.ts and the command tree, which
 * are loaded only then: a quarter of a millisecond.
 */
import type { ParsedArgs } from "citty";
import type { Definition } from "./command.ts";
import { DEFAULT_GLOBALS, type Globals } from "./context.ts";

export interface QuickCall {
  readonly globals: Globals;
  readonly args: ParsedArgs;
  readonly rest: readonly string[];
}

/**
 * @param argv what comes after the command's name
 * @returns what parseArguments would make of it, or null: use that
 */
export function quickCall(definition: Definition, argv: readonly string[]): QuickCall | null {
  const known = definition.args ?? {};
  const words: string[] = [];
  const args: Record<string, unknown> = { _: words };
  let output: string | undefined;
  let at = 0;
  for (; at < argv.length && argv[at] !== "--"; at++) {
    const argument = argv[at] ?? "";
    if (!argument.startsWith("-")) {
      words.push(argument);
    } else if (argument === "-o") {
      const format = argv[++at];
      if (output !== undefined || format === undefined || !isFormat(definition, format)) return null;
      output = format;
    } else {
      const name = argument.slice(2);
      const arg = argument.startsWith("--") && Object.hasOwn(known, name) ? known[name] : undefined;
      if (args[name] !== undefined) return null;
      if (arg?.type === "boolean" && arg.default !== true) {
        args[name] = true;
      } else if (arg?.type === "string" && !arg.repeatable) {
        const value = argv[++at];
        if (value === undefined || value.startsWith("-")) return null;
        args[name] = value;
      } else return null;
    }
  }

  let place = 0;
  let variadic = false;
  for (const name in known) {
    const arg = known[name];
    if (arg?.type === "positional") {
      if (place >= words.length && arg.required !== false) return null;
      args[name] = words[place++];
      variadic = arg.variadic === true;
    }
    args[name] ??= arg?.default;
  }
  if (words.length > place && !variadic) return null;

  const rest = argv.slice(at + 1);
  if ((definition.rest !== undefined) !== rest.length > 0) return null;
  const globals = output === undefined ? DEFAULT_GLOBALS : { ...DEFAULT_GLOBALS, output };
  return { globals, args: args as ParsedArgs, rest };
}

function isFormat({ outputs }: Definition, format: string): boolean {
  return format === "text" || format === "json" || outputs?.includes(format) === true;
}

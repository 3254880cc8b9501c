/** Flags as they are written: `--name value`, `--name=value`, `-n value`, `-nvalue`, `-qv`, `--no-name`. */
import { usage } from "../platform/errors.ts";
import { type Arg, type Args, JOINER } from "./command.ts";
import { didYouMean, shown } from "./suggest.ts";

/** Values given, by the argument's name. Those of a repeatable flag are joined. */
export type Values = Map<string, string | boolean>;

export interface Flag {
  /** The argument's name in the definition. */
  readonly name: string;
  readonly arg: Arg;
  /** What writing it means, where it takes no value; null where it takes one. */
  readonly means: boolean | null;
}

/** By how it is written: `--output`, `-o`, `--no-color`. */
export type FlagTable = ReadonlyMap<string, Flag>;

export function flagTable(...args: readonly Args[]): FlagTable {
  const table = new Map<string, Flag>();
  for (const [name, arg] of args.flatMap(flagsOf)) {
    if (isNegated(arg)) {
      table.set(`--no-${name}`, { name, arg, means: false });
      continue;
    }
    const flag = { name, arg, means: arg.type === "boolean" ? true : null };
    table.set(`--${name}`, flag);
    for (const alias of [arg.alias ?? []].flat()) table.set(alias.length === 1 ? `-${alias}` : `--${alias}`, flag);
  }
  return table;
}

/** The arguments that are flags. */
export function flagsOf(args: Args): [string, Arg][] {
  return Object.entries(args).filter(([, arg]) => arg.type !== "positional");
}

/** Whether it is written `--no-<name>`. */
export function isNegated(arg: Arg): boolean {
  return arg.type === "boolean" && arg.default === true;
}

export function descriptionOf(arg: Arg): string {
  return (arg.type === "boolean" && isNegated(arg) && arg.negativeDescription) || arg.description || "";
}

/** The one-letter form, without its dash. */
export function shortOf({ alias = [] }: Arg): string | undefined {
  return [alias].flat().find((one) => one.length === 1);
}

/** Positionals by their names in the order they are expected. */
export function positionalsOf(args: Args): [string, Arg][] {
  return Object.entries(args).filter(([, arg]) => arg.type === "positional");
}

/** Whether an argument is a flag: `-` alone is a value, standard input. */
export function isFlag(argument: string): boolean {
  return argument.startsWith("-") && argument !== "-";
}

/**
 * Takes the flag at `argv[at]` into `values`.
 *
 * @returns how many arguments it took: one, or two with a separate value
 * @throws AuthError `usage`
 */
export function takeFlag(argv: readonly string[], at: number, table: FlagTable, values: Values, of: string): number {
  const argument = argv[at] ?? "";
  if (argument.startsWith("--")) {
    const equals = argument.indexOf("=");
    const written = equals < 0 ? argument : argument.slice(0, equals);
    const flag = table.get(written) ?? refuseUnknown(written, table, of);
    return take(flag, written, equals < 0 ? null : argument.slice(equals + 1));
  }
  for (let i = 1; i < argument.length; i++) {
    const written = `-${argument[i]}`;
    const flag = table.get(written) ?? refuseUnknown(written === argument ? argument : written, table, of, argument);
    const left = argument.slice(i + 1);
    if (flag.means === null) return take(flag, written, left === "" ? null : left.replace(/^=/, ""));
    if (left.startsWith("=")) return take(flag, written, left.slice(1));
    take(flag, written, null);
  }
  return 1;

  function take(flag: Flag, written: string, attached: string | null): number {
    if (flag.means !== null) {
      if (attached !== null) throw usage(`${written} takes no value.`, `Write ${written} alone, or leave it out.`);
      values.set(flag.name, flag.means);
      return 1;
    }
    const value = attached ?? following(argv[at + 1], written, table);
    const before = values.get(flag.name);
    if (before !== undefined && !flag.arg.repeatable)
      throw usage(`${written} is given twice.`, "Give it once: it takes one value.");
    checkChoice(written, flag.arg, value);
    values.set(flag.name, before === undefined ? value : `${before}${JOINER}${value}`);
    return attached === null ? 2 : 1;
  }
}

/** The argument after a flag as its value: anything but another flag of this command. */
function following(argument: string | undefined, written: string, table: FlagTable): string {
  const other = argument !== undefined && isFlag(argument) && table.has(argument.split("=", 1)[0] ?? "");
  if (argument !== undefined && !other) return argument;
  const hint = other && written.startsWith("--") ? `If '${argument}' is the value: ${written}=${argument}` : undefined;
  throw usage(`${written} needs a value.`, hint);
}

function checkChoice(written: string, arg: Arg, value: string): void {
  if (arg.type !== "enum" || arg.options === undefined || arg.options.includes(value)) return;
  throw usage(
    `${written} can't be '${shown(value)}'.`,
    [...didYouMean(value, arg.options), `It is one of: ${arg.options.join(", ")}.`].join("\n"),
  );
}

/** What other tools call a flag → ours, as it is written. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  "--hostname": "--host",
  "--with-token": "--token -",
  "--api-key": "--token -",
  "--access-token": "--token -",
  "--scopes": "--scope",
  "--name": "--profile",
  "--account": "--profile",
  "--device": "--flow device",
  "--use-device-code": "--flow device",
  "--no-launch-browser": "--no-browser",
  "--format": "--output",
};

function refuseUnknown(written: string, table: FlagTable, of: string, whole = written): never {
  const inside = whole === written ? "" : ` (in '${shown(whole)}')`;
  const meant = OTHER_NAMES[written];
  const known = meant !== undefined && table.has(meant.split(" ", 1)[0] ?? "");
  const hints = known
    ? [`Did you mean '${meant}'?`]
    : didYouMean(whole.startsWith("--") ? written : `-${whole}`, table.keys());
  throw usage(
    `Unknown flag '${shown(written)}'${inside}.`,
    [...hints, `Run '${of} --help' to see its flags.`].join("\n"),
  );
}

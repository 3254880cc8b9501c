/** The commands as data, for their pages: what `auth help --json` prints. */
import { builtIn } from "../providers/index.ts";
import { type CommandDocument, commandDocument, type FlagDocument } from "../src/cli/help/tree.ts";
import { root } from "../src/cli/root.ts";

export function rootDocument(): Promise<CommandDocument> {
  return commandDocument({ path: [], command: root }, Object.keys(builtIn));
}

/** `auth login`: what stands behind `auth`. */
export function nameOf({ command }: CommandDocument): string {
  return command.split(" ").slice(1).join("-");
}

/** A sentence: what descriptions leave out is the full stop. */
export function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

/** `-f`, `--flow`. */
export function writtenAs({ short, flag }: FlagDocument): string[] {
  return short === null ? [flag] : [`-${short}`, flag];
}

export function valueNameOf({ value, choices }: FlagDocument): string | null {
  return choices === null ? value : choices.join("|");
}

/** Arguments and what may follow, as the usage shows them. */
export function argumentsOf({ arguments: positionals = [], rest = null }: CommandDocument): string[] {
  const places = positionals.map(
    ({ name, required, variadic }) => `${required ? `<${name}>` : `[${name}]`}${variadic ? "…" : ""}`,
  );
  return rest === null ? places : [...places, `-- <${rest.name}>`];
}

/** What no definition can list. */
export function moreFlags({ settingFlags = false, command }: CommandDocument): string[] {
  if (!settingFlags) return [];
  const help = ["auth", "help", ...command.split(" ").slice(1), "<provider>"].join(" ");
  return [`The settings that a provider declares are flags, too: '${help}' shows them.`];
}

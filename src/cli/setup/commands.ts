/** Commands that set up, or take back, exactly what is named, ready to be run. */
import { commandLine } from "../../platform/shell-word.ts";
import type { Part } from "../../setup/change.ts";
import { TOOLS } from "../../setup/table.ts";

/** The `-p` with which it was set up; undefined: there was none, or an older auth wrote it. */
export function profileIn({ made }: Pick<Part, "made">): string | undefined {
  const { command = [] } = made ?? {};
  const at = command.indexOf("--profile");
  return at < 0 ? undefined : command[at + 1];
}

type Named = Pick<Part, "tool" | "words" | "made"> & { readonly names: readonly string[] };

export function undoCommand(named: Named, force = false): string {
  return commandLine([...wordsFor(named), "--undo", ...(force ? ["--force"] : [])]);
}

/** As it was typed; for a setup by an older auth, as far as known. */
export function setupCommand(named: Named): string {
  return commandLine(named.made === undefined ? wordsFor(named) : ["auth", ...named.made.command]);
}

function wordsFor(one: Named): string[] {
  const { tool, words, names } = one;
  const { takes = [], words: others } = TOOLS[tool] ?? {};
  const all = [...new Set(names)];
  const hosts = takes.includes("host") ? all.flatMap((name) => ["--host", shortHost(name)]) : [];
  const [name] = all;
  const named = others === undefined && takes.includes("name") && name !== undefined ? ["--name", name] : [];
  const profile = takes.includes("profile") ? profileIn(one) : undefined;
  const flags = [...hosts, ...named];
  const whose = profile === undefined ? [] : ["-p", profile];
  return ["auth", "setup", tool, ...(flags.length === 0 ? words : []), ...flags, ...whose];
}

/** `git.example` for `https://git.example`. */
function shortHost(name: string): string {
  return name.replace(/^https:\/\//, "");
}

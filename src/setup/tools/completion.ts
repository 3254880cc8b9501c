/** What a shell reads at its start, so that it completes auth's commands. It does nothing where auth was removed. */
import { usage } from "../../platform/errors.ts";
import { configFolder, inFolder, inHome } from "../../platform/places.ts";
import type { Wanted } from "../engine.ts";
import { requirePlace } from "../needs.ts";
import { posixLine } from "../program.ts";
import { SHELLS, type Shell } from "../table.ts";
import type { SetupCall, Tool } from "../tool.ts";

export default {
  async plan(call) {
    const [named, ...more] = call.words;
    const shell = named ?? (call.env.SHELL ?? "").replace(/^.*\//, "");
    const found = SHELLS.find((one) => one === shell);
    if (found === undefined || more.length > 0)
      throw usage("Which shell?", "Name it: auth setup completion bash|zsh|fish|powershell");
    return { wanted: [PARTS[found](call)], notes: ["A new shell has it."] };
  },
} satisfies Tool;

const PARTS: Readonly<Record<Shell, (call: SetupCall) => Wanted>> = {
  bash(call) {
    const auth = posixLine([call.auth]);
    const path = requirePlace(inHome(call, ".bashrc"));
    return linesFor("bash", path, [`if [ -x ${auth} ]; then eval "$(${auth} completion bash)"; fi`]);
  },
  zsh(call) {
    const auth = posixLine([call.auth]);
    const path = requirePlace(inFolder(call, "ZDOTDIR", inHome(call), ".zshrc"));
    return linesFor("zsh", path, [
      `if [[ -x ${auth} ]]; then`,
      "  (( $+functions[compdef] )) || { autoload -Uz compinit && compinit }",
      `  source <(${auth} completion zsh)`,
      "fi",
    ]);
  },
  fish(call) {
    const auth = posixLine([call.auth]);
    const path = requirePlace(inFolder(call, "", configFolder(call, "fish"), "completions", "auth.fish"));
    const text = `test -x ${auth}; and ${auth} completion fish | source\n`;
    return { name: "fish", path, change: { kind: "whole", text, mode: 0o644 } };
  },
  powershell(call) {
    const file = "Microsoft.PowerShell_profile.ps1";
    const windows = inHome(call, "Documents", "PowerShell", file);
    const path = requirePlace(call.platform === "win32" ? windows : inHome(call, ".config", "powershell", file));
    const auth = `'${call.auth.replaceAll("'", "''")}'`;
    const run = `& ${auth} completion powershell | Out-String | Invoke-Expression`;
    return linesFor("powershell", path, [`if (Test-Path ${auth}) { ${run} }`]);
  },
};

function linesFor(shell: string, path: string, lines: readonly string[]): Wanted {
  const label = `completion ${shell}`;
  return { name: shell, path, change: { kind: "lines", label, lines, section: null, setting: null } };
}

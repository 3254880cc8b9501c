import { usage } from "../platform/errors.ts";
import { SHELLS, type Shell } from "../setup/table.ts";
import { defineCommand } from "./command.ts";
import { oneOf } from "./suggest.ts";

export default defineCommand({
  name: "completion",
  description: "Print what makes a shell complete commands, flags, connections and providers",
  group: "setup",
  args: {
    shell: {
      type: "positional",
      required: true,
      completes: SHELLS,
      description: `${SHELLS.join(", ")}; the first line of each says how it is used`,
    },
  },
  examples: [
    ['eval "$(auth completion bash)"', "in ~/.bashrc; needs bash 3.2 or newer"],
    ["source <(auth completion zsh)", "in ~/.zshrc, after compinit"],
    ["auth completion fish | source", "in ~/.config/fish/config.fish"],
  ],
  run: async ({ output }, { shell }) => {
    if (output.isJson) throw usage("A script is no JSON.", "Leave out --json.");
    await output.text((await completionScript(oneOf("shell", shell, SHELLS))).trimEnd());
  },
});

/** Packages install it, too. */
export async function completionScript(shell: Shell): Promise<string> {
  switch (shell) {
    case "bash":
      return (await import("./completion/auth.bash", { with: { type: "text" } })).default;
    case "zsh":
      return (await import("./completion/auth.zsh", { with: { type: "text" } })).default;
    case "fish":
      return (await import("./completion/auth.fish", { with: { type: "text" } })).default;
    case "powershell":
      return (await import("./completion/auth.ps1", { with: { type: "text" } })).default;
  }
}

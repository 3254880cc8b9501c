/** A shell on a terminal, with completion of `auth` in it, for tests that press Tab in the real one. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { AUTH, onTerminal } from "./program.ts";

export const SHELLS = ["bash", "zsh", "fish"] as const;
export type ShellName = (typeof SHELLS)[number];

/** The file that the shell reads first, and what makes its prompt plain. */
const SETUP: Readonly<Record<ShellName, readonly [file: string, text: string]>> = {
  bash: [".bashrc", "bind 'set bell-style none'\nPS1='READY '\n"],
  zsh: [".zshrc", "bindkey -e\nPS1='READY '\n"],
  fish: [".config/fish/config.fish", "function fish_prompt; echo -n 'READY '; end\nset -g fish_greeting\n"],
};

/** What a person adds there, as the help of `auth completion` says. */
const ADDED: Readonly<Record<ShellName, string>> = {
  bash: 'eval "$(auth completion bash)"\n',
  zsh: "autoload -Uz compinit\ncompinit -D -u\nsource <(auth completion zsh)\n",
  fish: "auth completion fish | source\n",
};

export interface InteractiveShell {
  /** Types, presses Tab, and reads the command line as the shell has it then: its words. */
  complete(typed: string): Promise<string[]>;
  /** Types, presses Tab as often as it takes, and waits for a text on the screen. */
  list(typed: string, shown: string): Promise<void>;
  end(): Promise<void>;
}

/**
 * @param env with the home in which it starts; its own configuration is written there
 * @param added in place of what the help says: for completion that was installed as a file
 */
export async function interactiveShell(
  name: ShellName,
  env: Record<string, string> & { readonly HOME: string },
  added = ADDED[name],
): Promise<InteractiveShell> {
  const [file, text] = SETUP[name];
  mkdirSync(dirname(join(env.HOME, file)), { recursive: true });
  writeFileSync(join(env.HOME, file), `${text}${added}`);
  const path = `${dirname(AUTH)}:${process.env.PATH ?? "/usr/bin:/bin"}`;
  const terminal = onTerminal([name, "-i"], {
    env: { ...env, PATH: path, TERM: "xterm" },
    cwd: env.HOME,
  });
  const ready = (from: number): Promise<void> => terminal.waitFor("READY ", from);
  await ready(0);

  return {
    complete: async (typed) => {
      const from = terminal.screen().length;
      // To the beginning of the line, to print its words.
      terminal.type(`${typed}\t\x01printf '<%s>' \r`);
      await terminal.waitFor("<auth>", from);
      await ready(terminal.screen().indexOf("<auth>", from));
      const [words = ""] = /<auth>(?:<[^<>]*>)*/.exec(terminal.screen().slice(from)) ?? [];
      return words.slice(1, -1).split("><");
    },
    list: async (typed, shown) => {
      const from = terminal.screen().length;
      terminal.type(`${typed}\t${name === "bash" ? "\t" : ""}`);
      await terminal.waitFor(shown, from);
      const listed = terminal.screen().length;
      terminal.type("\x15\r");
      await ready(listed);
    },
    end: async () => {
      terminal.kill("SIGKILL");
      await terminal.ended;
    },
  };
}

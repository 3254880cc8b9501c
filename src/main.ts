/** argv in, exit code out: the fast path for what programs call all day, then the command tree. */
import type { ParsedArgs } from "citty";
import { version } from "../package.json";
import type { Definition, Loader } from "./cli/command.ts";
import { type Cli, createCli, DEFAULT_GLOBALS } from "./cli/context.ts";
import { asAuthError, EXIT_CODES } from "./cli/exit.ts";
import { leave } from "./platform/at-once.ts";
import type { Environment } from "./platform/context.ts";
import { exitOnInterrupt } from "./platform/signals.ts";

/**
 * What programs call all day is run without citty, which costs three milliseconds with what it imports. Called with words
 * alone, without the layer that parses flags, too.
 */
const FAST: Readonly<Record<string, Fast>> = {
  token: { load: () => import("./cli/token.ts"), maxWords: 1, rest: false, args: ([connection]) => ({ connection }) },
  run: { load: () => import("./cli/run.ts"), maxWords: 64, rest: true, args: () => ({}) },
  refresh: {
    load: () => import("./cli/refresh.ts"),
    maxWords: 1,
    rest: false,
    args: ([connection]) => ({ connection }),
  },
};

interface Fast {
  readonly load: Loader;
  readonly maxWords: number;
  /** Whether a command must follow `--`. */
  readonly rest: boolean;
  readonly args: (words: readonly string[]) => Record<string, unknown>;
}

const env: Environment = Object.freeze({ ...process.env });
const argv = process.argv.slice(2);

exitOnInterrupt();
process.on("uncaughtException", (error) => void fallen(error));
leave(await (fastPath() ?? commandTree()));

/** null when the command line isn't of the simple form: then the tree says what it means, or what is wrong with it. */
function fastPath(): Promise<number> | null {
  const [name = "", ...others] = argv;
  if (name === "--version" && others.length === 0) return showVersion(createCli(env, DEFAULT_GLOBALS, []));
  const fast = Object.hasOwn(FAST, name) ? FAST[name] : undefined;
  if (fast === undefined) return null;
  const end = others.indexOf("--");
  const words = end < 0 ? others : others.slice(0, end);
  const rest = end < 0 ? [] : others.slice(end + 1);
  if (words.length > fast.maxWords) return null;
  for (const word of words) if (word === "" || word.startsWith("-")) return null;
  if (end >= 0 !== fast.rest || rest.length > 0 !== fast.rest) return null;
  return runFast(fast, words, rest);
}

async function runFast(fast: Fast, words: readonly string[], rest: readonly string[]): Promise<number> {
  const cli = createCli(env, DEFAULT_GLOBALS, rest);
  const definition = (await fast.load()).default.definition as Definition;
  const args = { _: words, ...fast.args(words) } as ParsedArgs;
  return perform(cli, () => definition.run(cli, args), definition.exitCodeOf);
}

async function commandTree(): Promise<number> {
  const { parseArguments, wantsJson } = await import("./cli/arguments.ts");
  const { root } = await import("./cli/root.ts");
  let invocation: Awaited<ReturnType<typeof parseArguments>>;
  try {
    invocation = await parseArguments(argv, root, env);
  } catch (error) {
    const output = wantsJson(argv) ? "json" : "text";
    return report(createCli(env, { ...DEFAULT_GLOBALS, output }, []), error);
  }
  const { globals } = invocation;
  switch (invocation.kind) {
    case "version":
      return showVersion(createCli(env, globals, []));
    case "help": {
      const { target, words } = invocation;
      const cli = createCli(env, globals, []);
      return perform(cli, async () => {
        const { showHelp } = await import("./cli/help.ts");
        await showHelp(cli, target, words);
      });
    }
    case "run": {
      const { rawArgs, args, rest, target, definition } = invocation;
      const cli = createCli(env, globals, rest);
      if (Object.hasOwn(FAST, target.path.join(" ")))
        return perform(cli, () => definition.run(cli, args as ParsedArgs), definition.exitCodeOf);
      const { runCommand } = await import("citty");
      const run = async (): Promise<number | undefined> =>
        (await runCommand(target.command, { rawArgs, data: cli })).result as number | undefined;
      return perform(cli, run, definition.exitCodeOf);
    }
  }
}

async function showVersion(cli: Cli): Promise<number> {
  return perform(cli, () => (cli.output.isJson ? cli.output.json({ version }) : cli.output.text(`auth ${version}`)));
}

/** Runs a command to its end, whatever that is: its messages are written, its error is shown, the code is returned. */
async function perform(
  cli: Cli,
  // biome-ignore lint/suspicious/noConfusingVoidType: a command that returns nothing is done
  run: () => Promise<number | void>,
  exitCodeOf?: (error: unknown) => number,
): Promise<number> {
  try {
    const code = (await run()) ?? 0;
    await cli.output.done();
    return code;
  } catch (error) {
    return report(cli, error, exitCodeOf);
  }
}

async function report(cli: Cli, error: unknown, exitCodeOf?: (error: unknown) => number): Promise<number> {
  const known = asAuthError(error);
  const code = exitCodeOf?.(error) ?? EXIT_CODES[known.code];
  cli.output.error(known, code);
  await cli.output.done();
  return code;
}

/** An error that nobody awaited: still in words, and still an exit code. */
async function fallen(error: unknown): Promise<never> {
  process.exit(await report(createCli(env, DEFAULT_GLOBALS, []), error));
}

/** argv in, exit code out: the fast path for what programs call all day, then the command tree. */
import { version } from "../package.json";
import type { Definition, Loader } from "./cli/command.ts";
import { type Cli, createCli, DEFAULT_GLOBALS } from "./cli/context.ts";
import { quickCall } from "./cli/quick.ts";
import { EVERY, nameInFull } from "./connections/ref.ts";
import type { Environment } from "./platform/context.ts";
import { exitOnInterrupt, interruptedExitCode } from "./platform/signals.ts";

/** What programs call all day is found without the command tree. */
const FAST: Readonly<Record<string, Loader>> = {
  token: () => import("./cli/token.ts"),
  run: () => import("./cli/run.ts"),
  refresh: () => import("./cli/refresh.ts"),
};

const env: Environment = Object.freeze(await environment());
const argv = process.argv.slice(2);

exitOnInterrupt();
process.on("uncaughtException", (error) => void handleUncaught(error));
process.exit(await start());

/** A copy, without what an object has by itself. */
async function environment(): Promise<Record<string, string | undefined>> {
  const copy = Object.assign(Object.create(null), process.env);
  return process.platform === "win32" ? (await import("./platform/windows/start.ts")).startOnWindows(copy) : copy;
}

async function start(): Promise<number> {
  const [name = "", ...others] = argv;
  const asked = name === "helper" || !isCalledAuth(process.argv0) ? await helperCall() : null;
  if (asked !== null) return asked;
  if (name === "--version" && others.length === 0) return showVersion(createCli(env, DEFAULT_GLOBALS, []));
  if (name === "__complete") return complete(others);
  if (name === "__refresh") return refreshForAnother();
  if (name === "__agent" || name === "__notify") return inBackground(name);
  const load = isBridge(argv)
    ? () => import("./cli/mcp/bridge.ts")
    : Object.hasOwn(FAST, name)
      ? FAST[name]
      : undefined;
  if (load === undefined) return commandTree();
  const command = (await load()).default as Definition;
  const call = quickCall(command, others);
  if (call === null) return commandTree();
  const cli = createCli(env, call.globals, call.rest);
  nameAsGiven(call.args);
  return perform(cli, () => command.run(cli, call.args), command.exitCodeOf);
}

/** Whether it was started by its own name. By another, a client may have found it as its credential helper. */
function isCalledAuth(path: string): boolean {
  const name = path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1).toLowerCase();
  return name === "auth" || name === "auth.exe";
}

/** `auth mcp <url>`, which a client waits for at its own start. */
function isBridge([name, address = ""]: readonly string[]): boolean {
  return name === "mcp" && /^https?:/.test(address);
}

/** What a shell calls at each Tab. */
async function complete(others: readonly string[]): Promise<number> {
  const { answer } = await import("./cli/completion/answer.ts");
  return answer(createCli(env, DEFAULT_GLOBALS, []), others);
}

/** What a helper starts beside itself. */
async function refreshForAnother(): Promise<number> {
  const { carryOut } = await import("./cli/helper/refresher.ts");
  const cli = createCli(env, { ...DEFAULT_GLOBALS, input: false }, []);
  return perform(cli, () => carryOut(cli));
}

/** What we run ourselves, and go on without: the agent, and the command that tells a person. */
async function inBackground(name: "__agent" | "__notify"): Promise<number> {
  const cli = createCli(env, { ...DEFAULT_GLOBALS, input: false }, []);
  if (name === "__notify") return (await import("./cli/notify.ts")).superviseNotifyCommand(env);
  const { runInBackground } = await import("./cli/agent/background.ts");
  return perform(cli, () => runInBackground(cli));
}

/** What a program asks that takes us for its credential helper: not read as a command line of ours. null: it isn't one. */
async function helperCall(): Promise<number | null> {
  const { clientOf, HELPERS } = await import("./inject/helpers/table.ts");
  const [first = "", named = "", ...rest] = argv;
  const byName = clientOf(process.argv0);
  const client = byName ?? (first === "helper" && Object.hasOwn(HELPERS, named) ? named : null);
  const words = byName === null ? rest : argv;
  if (client === null || words.includes("--help") || words.includes("-h")) return null;
  const cli = createCli(env, { ...DEFAULT_GLOBALS, input: false }, []);
  const { answer } = await import("./cli/helper/answer.ts");
  return perform(cli, () => answer(cli, client, words));
}

async function commandTree(): Promise<number> {
  const { parseArguments, wantsJson } = await import("./cli/arguments.ts");
  const { root } = await import("./cli/root.ts");
  const invocation = await parseArguments(argv, root, env).catch((error: unknown) => ({
    kind: "wrong" as const,
    error,
  }));
  switch (invocation.kind) {
    case "wrong": {
      const output = wantsJson(argv) ? "json" : "text";
      return report(createCli(env, { ...DEFAULT_GLOBALS, output }, []), invocation.error);
    }
    case "version":
      return showVersion(createCli(env, invocation.globals, []));
    case "help":
    case "topic": {
      const cli = createCli(env, invocation.globals, []);
      const { showHelp, showTopic } = await import("./cli/help.ts");
      if (invocation.kind === "topic") return perform(cli, () => showTopic(cli, invocation.topic));
      return perform(cli, () => showHelp(cli, invocation.target, invocation.words));
    }
    case "run": {
      const { command, args, globals, rest } = invocation;
      const cli = createCli(env, globals, rest);
      nameAsGiven(args);
      return perform(cli, () => command.run(cli, args), command.exitCodeOf);
    }
  }
}

/** Messages name connections in full where a name was given in full: `github:work`, not `github`. */
function nameAsGiven({ connection, profile }: Readonly<Record<string, unknown>>): void {
  const isFull = typeof connection === "string" && connection.includes(":");
  if (isFull || profile !== undefined || env.AUTH_PROFILE?.trim()) nameInFull(EVERY);
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
  const { asAuthError, EXIT_CODES } = await import("./cli/exit.ts");
  const known = asAuthError(error);
  const code = known.code === "interrupted" ? interruptedExitCode() : (exitCodeOf?.(error) ?? EXIT_CODES[known.code]);
  cli.output.error(known, code);
  await cli.output.done();
  return code;
}

/** An error that was awaited nowhere: shown as any other, with its exit code. */
async function handleUncaught(error: unknown): Promise<never> {
  process.exit(await report(createCli(env, DEFAULT_GLOBALS, []), error));
}

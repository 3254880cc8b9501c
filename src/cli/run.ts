import { childEnvironment } from "../inject/environment.ts";
import type { Templates } from "../inject/template.ts";
import type { Injection } from "../inject/variables.ts";
import { inheritedDescriptors } from "../platform/descriptors.ts";
import { AuthError, errorCode, usage } from "../platform/errors.ts";
import { type ExecError, replaceProcess } from "../platform/exec.ts";
import { defineCommand, list, seconds } from "./command.ts";
import type { Cli } from "./context.ts";
import { EXIT_CODES } from "./exit.ts";
import { INJECTION_ARGS, type InjectionRequest, injectionsFor } from "./injections.ts";
import { RULES, type RuleArgs, settingsOf } from "./proxy/flags.ts";
import type { ProxySettings } from "./proxy/prepare.ts";
import { inSession, READS, type Session } from "./session.ts";

export interface RunOptions extends InjectionRequest {
  readonly keepKey: boolean;
  readonly allowNone: boolean;
  /** The file whose variables and references the command gets. */
  readonly envFile: string | null;
  /** Tokens come in files that are kept valid. */
  readonly fresh: boolean;
  /** Requests get the tokens from a proxy; null: the command has them. */
  readonly proxy: (Pick<ProxySettings, "rules" | "strict" | "also"> & { readonly baseUrl: boolean }) | null;
  /** The command's secrets are masked in its output. */
  readonly mask: boolean;
}

/** What the command gets. */
export interface Handover {
  readonly injections: readonly Injection[];
  /** Variables that are set as they are. */
  readonly plain: Readonly<Record<string, string>>;
}

export default defineCommand({
  name: "run",
  description: "Run a command with tokens in its environment",
  group: "everyday",
  args: {
    ...INJECTION_ARGS,
    format: {
      type: "string",
      valueHint: "VAR=text",
      repeatable: true,
      description: "What a variable holds, with {token} in the token's place; may be repeated",
    },
    "env-file": {
      type: "string",
      valueHint: "path",
      description: "Set what this file sets, with the token for auth://<connection>/token; see 'auth allow <file>'",
    },
    fresh: {
      type: "boolean",
      description: "Hand over files (<VAR>_FILE) that hold a token which works for as long as the command runs",
    },
    proxy: {
      type: "boolean",
      description: "Put tokens into requests on their way to their APIs: the command gets placeholders",
    },
    ...RULES,
    "base-url": {
      type: "boolean",
      description: "With --proxy, for programs that go by no proxy: set OPENAI_BASE_URL and the like to its address",
    },
    mask: {
      type: "boolean",
      description: "Take the tokens out of what the command writes, however they are encoded",
    },
    "min-ttl": { type: "string", valueHint: "seconds", description: "Refresh tokens that live for less than this" },
    "keep-key": {
      type: "boolean",
      description: "Let the command have what opens the vault: AUTH_KEY, AUTH_KEY_COMMAND, AUTH_PASSPHRASE …",
    },
    "allow-none": {
      type: "boolean",
      description: "Run the command also where no connection is named and there is no token to inject",
    },
  },
  rest: { name: "command", description: "The command and its arguments, after --" },
  examples: [
    ["auth run {a} -- make release", "under the names that {a}'s own tools read"],
    ["auth run {a} --fresh -- ./worker", "in a file that is kept valid, for what runs for hours"],
    ["auth run {a} --proxy --read-only -- ./agent", "for what is not to have it: the token is put into its requests"],
  ],
  exitCodeOf: (error) => runExitCode(error),
  run: async (cli, args) =>
    run(cli, {
      connections: args._,
      named: list(args.connection),
      profile: args.profile,
      templates: args.format === undefined ? undefined : await templatesOf(args.format),
      envFile: args["env-file"] ?? null,
      fresh: args.fresh ?? false,
      proxy: proxyOf(args),
      mask: args.mask ?? false,
      minTtl: (seconds(args["min-ttl"], "--min-ttl") ?? 0) * 1000,
      keepKey: args["keep-key"] ?? false,
      allowNone: args["allow-none"] ?? false,
    }),
});

/** Also the fast path's way in. On POSIX it doesn't return: the process becomes the command. */
export async function run(cli: Cli, options: RunOptions): Promise<number> {
  const inherited = inheritedDescriptors();
  const [command, ...args] = cli.rest;
  if (command === undefined)
    throw usage("There is no command to run.", "Give it after --: auth run <connection> -- <command>");
  const { proxy, fresh } = options;
  const program = { command, args, inherited };
  if (proxy !== null && fresh) throw usage("--fresh hands tokens over, and --proxy keeps them back: give one of them.");
  if (proxy !== null || fresh) {
    // The session stays open while the command runs.
    return inSession(
      cli,
      async (session) => {
        const handover = await prepare(cli, session, options);
        if (proxy === null) {
          const { runFresh } = await import("./run-fresh.ts");
          return started(() => runFresh(cli, session, handover, options, program));
        }
        const { runProxied } = await import("./proxy/run.ts");
        return started(() => runProxied(cli, session, handover, options, proxy, program));
      },
      READS,
    );
  }
  const handover = await inSession(cli, (session) => prepare(cli, session, options), READS);
  const { injections, plain } = handover;
  const env = await childEnvironment(cli.context.env, injections, options.keepKey, plain);
  const mask = options.mask ? (await import("./run-mask.ts")).maskOf(cli, handover, options) : null;
  await injected(cli, injections);
  if (mask !== null) return started(() => mask.run({ ...program, env }, async () => {}));
  return started(() => replaceProcess({ ...program, env }));
}

interface ProxyArgs extends RuleArgs {
  readonly proxy?: boolean | undefined;
  readonly "base-url"?: boolean | undefined;
}

/** @throws AuthError `usage` for rules without a proxy that would keep them */
function proxyOf(args: ProxyArgs): RunOptions["proxy"] {
  if (args.proxy) return { ...settingsOf(args), baseUrl: args["base-url"] ?? false };
  const given = ([...Object.keys(RULES), "base-url"] as (keyof ProxyArgs)[]).find((name) => args[name]);
  if (given === undefined) return null;
  throw usage(`--${given} is for --proxy.`, "Add --proxy, or leave it out.");
}

/** Starts a command; why it can't be is said with what helps. */
export async function started(start: () => Promise<number>): Promise<number> {
  try {
    return await start();
  } catch (error) {
    if (errorCode(error) !== "auth_exec") throw error;
    const { message, exitCode } = error as ExecError;
    throw new AuthError("internal", message, { cause: error, hint: REMEDIES[exitCode] });
  }
}

async function prepare(cli: Cli, session: Session, options: RunOptions): Promise<Handover> {
  const otherwise = () => withoutToken(cli.rest, options);
  if (options.envFile === null)
    return { injections: await injectionsFor(cli, session, { ...options, otherwise }), plain: {} };
  const { allowedEnvFile } = await import("./env-file.ts");
  const { path, plain, references } = await allowedEnvFile(cli, session, options.envFile);
  const injections = await injectionsFor(cli, session, { ...options, references, file: path, otherwise });
  return { injections, plain };
}

/** Reports and logs what the command gets, before it is started. */
export async function injected(cli: Cli, injections: readonly Injection[]): Promise<void> {
  for (const { connection } of injections) await cli.context.audit({ event: "run", status: "success", connection });
  if (!cli.globals.quiet) cli.output.say(summary(injections), false);
  await cli.output.done();
}

async function templatesOf(joined: string): Promise<Templates> {
  return (await import("../inject/template.ts")).parseTemplates(list(joined));
}

const REMEDIES: Readonly<Record<ExecError["exitCode"], string>> = {
  125: "Name the program that the batch file starts, or hand the value over in a variable.",
  126: "Check that it is a program, and may be executed.",
  127: "Check its spelling, and PATH.",
};

async function withoutToken(command: readonly string[], { keepKey, envFile }: RunOptions): Promise<string> {
  const { commandLine } = await import("../platform/shell-word.ts");
  const words = [
    "auth",
    "run",
    "--allow-none",
    ...(keepKey ? ["--keep-key"] : []),
    ...(envFile === null ? [] : ["--env-file", envFile]),
    "--",
    ...command,
  ];
  return `To run it without a token: ${commandLine(words)}`;
}

function summary(injections: readonly Injection[]): string {
  const parts = injections.map(({ connection, variables }) => `${connection} → ${Object.keys(variables).join(", ")}`);
  return parts.length === 0 ? "No token was injected." : `Injected ${parts.join("; ")}.`;
}

/** 125: we failed; 126 and 127 as a shell says them; usage and interruption as everywhere (CLI.md §2). */
export function runExitCode(error: unknown): number {
  const cause = (error as { cause?: unknown }).cause;
  if (errorCode(cause) === "auth_exec") return (cause as ExecError).exitCode;
  const code = error instanceof AuthError ? EXIT_CODES[error.code] : 1;
  return code === 64 || code === 130 ? code : 125;
}

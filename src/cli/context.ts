/** What a command gets: the effects of the outside world, and how it was called. */
import type { Context, Environment } from "../platform/context.ts";
import { AuthError } from "../platform/errors.ts";
import type { Http } from "../platform/http.ts";
import { type Paths, pathsFor } from "../platform/paths.ts";
import { createOutput, type Output } from "./output.ts";

/** What the global flags say (CLI.md §1). */
export interface Globals {
  /** `text`, `json`, or one of the command's own. */
  readonly output: string;
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly color: boolean;
  readonly input: boolean;
}

export const DEFAULT_GLOBALS: Globals = { output: "text", quiet: false, verbose: false, color: true, input: true };

export interface Cli {
  readonly context: Context;
  readonly output: Output;
  readonly globals: Globals;
  /** What came after `--`. Empty where nothing did. */
  readonly rest: readonly string[];
  /** Whether a person may be asked: stdin is a terminal, `CI` isn't set, no `--no-input`. */
  interactive(): Promise<boolean>;
}

/** Everything is opened on first use: most of this is never used on the hot path. */
export function createCli(env: Environment, globals: Globals, rest: readonly string[]): Cli {
  const output = createOutput(env, globals);
  let paths: Paths | undefined;
  const http: Http = async (request) => {
    const [{ http: send }, { traced }] = await Promise.all([
      import("../platform/http.ts"),
      import("../platform/trace.ts"),
    ]);
    return traced(send, debug)(request);
  };
  /** On stderr with `-v`, and always in the debug log. */
  const debug = (message: string): void => {
    output.debug(message);
    logged = logged.then(idle).then(() => logDebug(context, message));
  };
  let logged: Promise<void> = Promise.resolve();
  let complained = false;
  const context: Context = {
    env,
    get paths() {
      paths ??= pathsFor(env, process.platform);
      return paths;
    },
    http,
    now: Date.now,
    debug,
    ...(env.AUTH_NOTIFY_COMMAND && {
      notify: async (need) => (await import("./notify.ts")).runNotifyCommand(env, need),
    }),
    warn: (message) => output.warn(message),
    audit: async (event) => {
      const paths = pathsOrNull(context);
      if (paths === null) return;
      const { writeAudit } = await import("./audit.ts");
      const reason = await writeAudit(paths.audit, event, Date.now());
      if (reason === null || complained) return;
      complained = true;
      const [why, ...remedy] = reason.split("\n");
      output.warn([`The audit log can't be written: ${why}.`, ...remedy]);
    },
  };
  const interactive = async (): Promise<boolean> => {
    if (!globals.input || env.CI) return false;
    const { isTerminal } = await import("../platform/terminal.ts");
    // Prompts are drawn on stderr: where that isn't a terminal, no one sees them.
    if (!isTerminal(0) || !isTerminal(2)) return false;
    // Messages before the question are written before it.
    await output.done();
    return true;
  };
  const done = async (): Promise<void> => {
    await logged;
    await output.done();
  };
  return { context, output: { ...output, done }, globals, rest, interactive };
}

/** Once the event loop is idle: a request doesn't wait for its line in a log. */
function idle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** null without a home: there is no log then, and what needs no vault works all the same. */
export function pathsOrNull(context: Context): Paths | null {
  try {
    return context.paths;
  } catch (error) {
    if (error instanceof AuthError) return null;
    throw error;
  }
}

/** The debug log helps to understand what happened; where it can't be written, `-v` shows the same. */
async function logDebug(context: Context, message: string): Promise<void> {
  const paths = pathsOrNull(context);
  if (paths === null) return;
  const [{ appendLine }, { maskHeld }] = await Promise.all([
    import("../platform/journal.ts"),
    import("../platform/redact.ts"),
  ]);
  await appendLine(paths.log, `${new Date().toISOString()} [${process.pid}] ${maskHeld(message)}`);
}

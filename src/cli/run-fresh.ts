/** `run --fresh`: the command reads its tokens from files, which hold a valid token while it runs. */
import { select } from "../connections/select.ts";
import { childEnvironment } from "../inject/environment.ts";
import { fillTemplate } from "../inject/template.ts";
import { openTokenFiles, type TokenFiles } from "../inject/token-files.ts";
import { type Injection, mergeInjections } from "../inject/variables.ts";
import { runBeside } from "../platform/child.ts";
import { AuthError } from "../platform/errors.ts";
import type { Execution } from "../platform/exec.ts";
import type { Secret } from "../platform/secret.ts";
import type { Cli } from "./context.ts";
import { liveAcquired } from "./live-acquired.ts";
import { type Handover, injected, type RunOptions } from "./run.ts";
import type { Session } from "./session.ts";

/** Milliseconds between two reads of the vault: another program may have refreshed the login, and ended its old token. */
const LOOK_MS = 15_000;
/** Milliseconds after a failure, which may be temporary. The engine decides whether anything is sent, and backs off. */
const AFTER_FAILURE_MS = 5_000;
const SHORTEST_MS = 500;

/** @returns the command's exit code */
export async function runFresh(
  cli: Cli,
  session: Session,
  handover: Handover,
  options: RunOptions,
  execution: Omit<Execution, "env">,
): Promise<number> {
  const { injections, plain } = handover;
  mergeInjections(injections);
  const mask = options.mask ? (await import("./run-mask.ts")).maskOf(cli, handover, options) : null;
  const files = openTokenFiles(cli.context.paths.runtime);
  const over = new AbortController();
  try {
    for (const injection of injections) writeTokens(files, injection, injection.token);
    const handed = injections.map((injection) => byFile(injection, files));
    const outside = { ...cli.context.env };
    for (const { templates } of injections) for (const name in templates) delete outside[name];
    const env = await childEnvironment(outside, handed, options.keepKey, plain);
    await injected(cli, handed);
    const write = (injection: Injection, token: Secret): void => {
      // Before the command can read it.
      mask?.add(token);
      writeTokens(files, injection, token);
    };
    const kept = injections.map((injection) => keepFresh(cli, session, injection, write, options.minTtl, over.signal));
    return await (mask?.run ?? runBeside)({ ...execution, env }, async () => {
      over.abort();
      await Promise.all(kept);
      files.remove();
    });
  } finally {
    over.abort();
    files.remove();
  }
}

/** The same injection with `<VAR>_FILE` instead of each variable that has the token in it. */
function byFile(injection: Injection, files: TokenFiles): Injection {
  const variables = Object.entries(injection.variables).map(([name, value]) => {
    return Object.hasOwn(injection.templates, name) ? [`${name}_FILE`, files.pathOf(name)] : [name, value];
  });
  return { ...injection, variables: Object.fromEntries(variables) };
}

function writeTokens(files: TokenFiles, { templates }: Injection, token: Secret): void {
  for (const [name, template] of Object.entries(templates)) files.write(name, fillTemplate(template, token));
}

/** Until `over`. What goes wrong is said once, and tried again. */
async function keepFresh(
  cli: Cli,
  session: Session,
  injection: Injection,
  write: (injection: Injection, token: Secret) => void,
  minTtl: number,
  over: AbortSignal,
): Promise<void> {
  // Nothing refreshes a token of the environment.
  if (!injection.stored) return;
  const selected = await select(session, { argument: injection.connection, profile: undefined, stored: true });
  const live = await liveAcquired(session, selected, minTtl);
  let { token } = injection;
  let wait = SHORTEST_MS;
  let said: string | null = null;
  for (;;) {
    await pause(wait, over);
    if (over.aborted) return;
    try {
      const acquired = await live.get();
      if (!acquired.token.equals(token)) {
        write(injection, acquired.token);
        token = acquired.token;
        await cli.context.audit({ event: "run", status: "success", connection: injection.connection });
      }
      const dueAt = acquired.stored?.record.tokens?.dueAt ?? Number.POSITIVE_INFINITY;
      const isFailing = acquired.warning !== null;
      wait = isFailing ? AFTER_FAILURE_MS : Math.min(LOOK_MS, Math.max(SHORTEST_MS, dueAt - cli.context.now()));
      said = say(cli, acquired.warning, said);
    } catch (error) {
      if (!(error instanceof AuthError)) throw error;
      wait = AFTER_FAILURE_MS;
      said = say(cli, `The token in the file of ${injection.connection} could not be renewed: ${error.message}`, said);
    }
  }
}

function say(cli: Cli, warning: string | null, said: string | null): string | null {
  if (warning !== null && warning !== said) cli.output.warn(warning);
  return warning;
}

function pause(milliseconds: number, over: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    over.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
    if (over.aborted) resolve();
  });
}

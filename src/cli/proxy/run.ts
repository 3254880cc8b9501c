/** `run --proxy`: the command has placeholders where its tokens would be, and the proxy for as long as it runs. */
import { basename } from "node:path";
import { childEnvironment } from "../../inject/environment.ts";
import { type Injection, mergeInjections } from "../../inject/variables.ts";
import { runBeside } from "../../platform/child.ts";
import type { Execution } from "../../platform/exec.ts";
import { protectMemory } from "../../platform/own-memory.ts";
import type { Cli } from "../context.ts";
import type { Handover, RunOptions } from "../run.ts";
import type { Session } from "../session.ts";
import { type ProxySettings, prepareProxy, without } from "./prepare.ts";

/** @returns the command's exit code */
export async function runProxied(
  cli: Cli,
  session: Session,
  handover: Handover,
  options: RunOptions,
  settings: Omit<ProxySettings, "program" | "port">,
  execution: Omit<Execution, "env">,
): Promise<number> {
  protectMemory();
  const { injections, plain } = handover;
  mergeInjections(injections);
  const mask = options.mask ? (await import("../run-mask.ts")).maskOf(cli, handover, options) : null;
  const program = basename(execution.command);
  const prepared = await prepareProxy(cli, session, injections, { ...settings, program, port: 0 });
  try {
    const { hasSecret } = prepared;
    const outside = without(cli.context.env, hasSecret);
    const given = { ...without(plain, hasSecret), ...prepared.variables };
    const env = childEnvironment(outside, prepared.injections, options.keepKey, given);
    for (const { connection } of injections)
      await cli.context.audit({ event: "run", status: "success", connection, message: "proxy" });
    if (!cli.globals.quiet) cli.output.say(summary(prepared.injections), false);
    await cli.output.done();
    return await (mask?.run ?? runBeside)({ ...execution, env }, () => prepared.close());
  } finally {
    await prepared.close();
  }
}

function summary(injections: readonly Injection[]): string {
  const parts = injections.map(({ connection, variables }) => `${connection} → ${Object.keys(variables).join(", ")}`);
  return `Placeholders for ${parts.join("; ")}. The tokens are put in on the way.`;
}

/** `run --proxy`: the command gets placeholders instead of tokens, and a proxy while it runs. */
import { basename } from "node:path";
import { childEnvironment } from "../../inject/environment.ts";
import { type Injection, mergeInjections } from "../../inject/variables.ts";
import { runBeside } from "../../platform/child.ts";
import { usage } from "../../platform/errors.ts";
import type { Execution } from "../../platform/exec.ts";
import { protectMemory } from "../../platform/own-memory.ts";
import { commandLine } from "../../platform/shell-word.ts";
import type { Cli } from "../context.ts";
import type { Handover, RunOptions } from "../run.ts";
import type { Session } from "../session.ts";
import { baseUrls, type Prepared, prepareProxy, without } from "./prepare.ts";

/** @returns the command's exit code */
export async function runProxied(
  cli: Cli,
  session: Session,
  handover: Handover,
  options: RunOptions,
  { baseUrl, ...settings }: NonNullable<RunOptions["proxy"]>,
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
    const addresses = baseUrl ? addressesFor(prepared) : {};
    const given = { ...without(plain, hasSecret), ...prepared.variables, ...addresses };
    const env = await childEnvironment(outside, prepared.injections, options.keepKey, given);
    for (const { connection } of injections)
      await cli.context.audit({ event: "run", status: "success", connection, message: "proxy" });
    if (!cli.globals.quiet) cli.output.say(summary(prepared.injections), false);
    await cli.output.done();
    return await (mask?.run ?? runBeside)({ ...execution, env }, () => prepared.close());
  } finally {
    await prepared.close();
  }
}

/** @throws AuthError `usage` where no library with a configurable address is known */
function addressesFor({ all, proxy }: Prepared): Record<string, string> {
  const addresses: Record<string, string> = {};
  for (const [name, address] of all.flatMap((one) => Object.entries(baseUrls(one, proxy)))) {
    if (name in addresses)
      throw usage(`Two of the connections want ${name}.`, "Name one of them, or leave out --base-url.");
    addresses[name] = address;
  }
  if (Object.keys(addresses).length > 0) return addresses;
  const names = all.map(({ api }) => api.connection);
  throw usage(
    `No variable is known that tells a program of another address for ${names.join(", ")}.`,
    `An address for the program's own setting: ${commandLine(["auth", "proxy", ...names])}`,
  );
}

function summary(injections: readonly Injection[]): string {
  const parts = injections.map(({ connection, variables }) => `${connection} → ${Object.keys(variables).join(", ")}`);
  return `Placeholders for ${parts.join("; ")}. The tokens are put in on the way.`;
}

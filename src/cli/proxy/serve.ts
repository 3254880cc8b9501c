/** `auth proxy`: until a signal ends it. */
import { AuthError, errorCode, usage } from "../../platform/errors.ts";
import { ended } from "../../platform/signals.ts";
import { openJournal } from "../../proxy/journal.ts";
import { parseRules } from "../../proxy/rules.ts";
import { type ProxyOptions, type RunningProxy, startProxy } from "../../proxy/server.ts";
import type { Cli } from "../context.ts";
import type { Session } from "../session.ts";
import { type Proxied, proxied, selectedFor } from "./apis.ts";

export interface ServeOptions {
  readonly connections: readonly string[];
  readonly profile: string | undefined;
  readonly stored: boolean;
  readonly also: readonly string[];
  readonly port: number;
  readonly rules: Parameters<typeof parseRules>[0];
}

/** @returns the exit code */
export async function serve(cli: Cli, session: Session, options: ServeOptions): Promise<number> {
  const { also, port } = options;
  const rules = parseRules(options.rules);
  const selected = await selectedFor(session, options);
  if (also.length > 0 && selected.length > 1)
    throw usage("--origin is for one connection, and several are named.", "Start a proxy for each of them.");
  const all: Proxied[] = [];
  for (const one of selected) all.push(await proxied(session, one, also));
  for (const { acquired } of all) {
    if (acquired.warning !== null) cli.output.warn(acquired.warning);
    await cli.context.audit({ event: "run", status: "success", connection: acquired.connection, message: "proxy" });
  }
  const journal = openJournal(cli.context.paths.requests, { program: null, pid: process.pid }, (why) => once(cli, why));
  const proxy = await started({ apis: all.map(({ api }) => api), rules, journal, port });
  await announce(cli, proxy, all);
  await cli.output.done();
  const code = await ended();
  proxy.close();
  journal.flush();
  return code;
}

let complained = false;

function once(cli: Cli, why: string): void {
  if (complained) return;
  complained = true;
  cli.output.warn(`The log of requests can't be written: ${why}.`);
}

async function started(options: ProxyOptions): Promise<RunningProxy> {
  try {
    return await startProxy(options);
  } catch (error) {
    if (errorCode(error) !== "EADDRINUSE") throw error;
    throw new AuthError("usage", `Port ${options.port} is in use.`, {
      hint: "Leave out --port: any free one is taken.",
    });
  }
}

async function announce(cli: Cli, proxy: RunningProxy, all: readonly Proxied[]): Promise<void> {
  const addresses = all.map(({ api }) => ({
    connection: api.connection,
    origins: api.origins,
    address: proxy.addressOf(api),
  }));
  if (cli.output.isJson) return cli.output.event({ event: "listening", port: proxy.port, connections: addresses });
  for (const { connection, origins, address } of addresses)
    await cli.output.text(`${connection}\t${address}\t→ ${origins[0]}`);
  cli.output.say("Whoever has an address has what its token can do. Ctrl-C ends it.", false);
}

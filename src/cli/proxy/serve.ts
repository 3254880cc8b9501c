/** `auth proxy`: until a signal ends it. */
import { mergeInjections } from "../../inject/variables.ts";
import { ended } from "../../platform/signals.ts";
import type { Cli } from "../context.ts";
import { injectionsFor } from "../injections.ts";
import type { Session } from "../session.ts";
import { baseUrls, type Prepared, type ProxySettings, prepareProxy } from "./prepare.ts";

export interface ServeOptions extends ProxySettings {
  readonly connections: readonly string[];
  readonly named: readonly string[];
  readonly profile: string | undefined;
}

/** @returns the exit code */
export async function serve(cli: Cli, session: Session, options: ServeOptions): Promise<number> {
  const injections = await injectionsFor(cli, session, { ...options, minTtl: 0 });
  mergeInjections(injections);
  const prepared = await prepareProxy(cli, session, injections, options);
  try {
    for (const { acquired } of prepared.all)
      await cli.context.audit({ event: "run", status: "success", connection: acquired.connection, message: "proxy" });
    await announce(cli, prepared, options.also);
    await cli.output.done();
    return await ended();
  } finally {
    await prepared.close();
  }
}

/** @param also origins that `--origin` named */
async function announce(
  cli: Cli,
  { all, proxy, injections, variables }: Prepared,
  also: readonly string[],
): Promise<void> {
  const connections = all.map((one) => {
    const { api } = one;
    const { connection, origins } = api;
    const address = proxy.addressOf(api);
    const addresses = Object.fromEntries(origins.map((origin) => [origin, proxy.addressOf(api, origin)]));
    return { connection, address, origins, addresses, variables: baseUrls(one, proxy) };
  });
  if (cli.output.isJson) {
    const environment = { ...variables, ...mergeInjections(injections) };
    return cli.output.event({ event: "listening", port: proxy.port, connections, environment });
  }
  for (const { connection, address, origins, addresses, variables: told } of connections) {
    await cli.output.text(`${connection}\t${address}\t→ ${origins[0]}`);
    for (const origin of origins.slice(1))
      if (also.includes(origin)) await cli.output.text(`${connection}\t${addresses[origin]}\t→ ${origin}`);
    for (const [name, value] of Object.entries(told)) await cli.output.text(`${name}=${value}`);
  }
  cli.output.say("Whoever has an address can do what its token can. Ctrl-C ends it.", false);
}

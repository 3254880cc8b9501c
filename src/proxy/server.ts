/** The proxy: one server on loopback for everything that goes through it. */
import { type Handlers, type IncomingMessage, listen, plainServer } from "../platform/http-server.ts";
import { openUpstreams } from "../platform/http-stream.ts";
import type { Secret } from "../platform/secret.ts";
import type { Api } from "./api.ts";
import { createForward, type ForwardOptions, LOGIN_WANTED } from "./forward.ts";
import { hasProxySecret, newSecret } from "./guard.ts";
import type { Journal } from "./journal.ts";
import { type Call, type RelayContext, relay } from "./relay.ts";
import { type Refusal, refuse, refuseOn, unreadable } from "./reply.ts";
import { type Route, reverseCall, routeName } from "./reverse.ts";
import type { Rules } from "./rules.ts";
import { createScrubbers } from "./scrub.ts";
import { createUnauthorizedLog } from "./unauthorized-log.ts";
import { upgrade } from "./upgrade.ts";

export interface ProxyOptions extends ForwardOptions {
  readonly rules: Rules;
  readonly journal: Journal;
  /** 0: any free one. */
  readonly port: number;
  /** Milliseconds; see `RelayContext`. */
  readonly silence?: number;
}

export interface RunningProxy {
  readonly port: number;
  readonly secret: Secret;
  /** The reverse address of a connection, or of one of its origins, without a slash at its end. Holds the secret. */
  addressOf(api: Api, origin?: string): string;
  close(): void;
}

/** Models may take long to answer. */
const SILENCE_MS = 15 * 60_000;

/** @throws Error with code EADDRINUSE */
export async function startProxy(options: ProxyOptions): Promise<RunningProxy> {
  const { apis, rules, journal, silence = SILENCE_MS } = options;
  const secret = newSecret();
  const routes = routesOf(apis);
  const upstreams = openUpstreams();
  const context: RelayContext = { upstreams, rules, journal, scrubbers: createScrubbers(apis), silence };

  const unauthorizedLog = createUnauthorizedLog(journal);
  const forward = createForward(context, secret, unauthorizedLog, options);
  const own = (): string => `http://127.0.0.1:${server.port}`;

  /** A path is for the proxy itself; a whole address is for its host (RFC 9112 §3.2). */
  const callOf = (request: IncomingMessage): Call | Refusal => {
    // Programs with HTTP_PROXY use a whole address for a reverse address, too.
    if (request.url?.startsWith(`${own()}/`) && hasProxySecret(request, secret))
      request.url = request.url.slice(own().length);
    const { url = "", method = "" } = request;
    const via = /^[a-z]+:\/\//i.test(url) ? "forward" : "reverse";
    const call =
      via === "forward" ? forward.plainCall(request, own()) : reverseCall(routes, secret, server.port, request);
    if ("api" in call) return call;
    const { status, message: refused } = call;
    const isUnauthorized = via === "reverse" || call === LOGIN_WANTED;
    const log = isUnauthorized ? unauthorizedLog : journal;
    log.write({ connection: null, via, method, origin: null, path: null, status, refused });
    // Their connections aren't kept.
    return isUnauthorized ? { ...call, headers: { ...call.headers, connection: "close" } } : call;
  };
  const handlers: Handlers = {
    request(request, response) {
      const call = callOf(request);
      if ("api" in call) return void relay(context, call, request, response);
      refuse(response, call);
      request.resume();
    },
    upgrade: (request, socket, head) => void upgrade(context, callOf(request), request, socket, head),
    unreadable(socket, isTooLarge) {
      const answer = unreadable(isTooLarge);
      const { status, message: refused } = answer;
      unauthorizedLog.write({
        connection: null,
        via: "reverse",
        method: "",
        origin: null,
        path: null,
        status,
        refused,
      });
      refuseOn(socket, answer);
    },
  };
  const itself = plainServer(handlers);
  const server = await listen(options.port, {
    ...handlers,
    connect: (request, socket, head) => void forward.connect(request, socket, head, own(), itself),
  });
  return {
    port: server.port,
    secret,
    addressOf: ({ connection }, origin) => `${own()}/${secret.reveal()}/${routeName(connection, origin)}`,
    close() {
      server.close();
      upstreams.close();
      unauthorizedLog.close();
    },
  };
}

/** A connection's name is routed to its API; with a host, to that origin. Connections may share an origin. */
function routesOf(apis: readonly Api[]): Map<string, Route> {
  const routes = new Map<string, Route>();
  for (const api of apis) {
    const [first] = api.origins;
    if (first === undefined) continue;
    routes.set(routeName(api.connection).toLowerCase(), { api, origin: first });
    for (const origin of api.origins) routes.set(routeName(api.connection, origin).toLowerCase(), { api, origin });
  }
  return routes;
}

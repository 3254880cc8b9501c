/**
 * `HTTPS_PROXY=http://auth:<secret>@127.0.0.1:<port>`: everything passes unchanged, except requests to the connections' APIs.
 * For those, TLS ends here, and the program's placeholder is replaced by the token.
 */
import {
  type Duplex,
  type Handlers,
  type IncomingMessage,
  plainServer,
  type TunnelServer,
  tlsServer,
} from "../platform/http-server.ts";
import { type Socket, streamFailure } from "../platform/http-stream.ts";
import type { Secret } from "../platform/secret.ts";
import { shellWord } from "../platform/shell-word.ts";
import { isLoopback, isSameOrigin, originOf } from "../platform/url.ts";
import type { Api } from "./api.ts";
import type { Identity } from "./authority.ts";
import { hasProxySecret } from "./guard.ts";
import type { Entry } from "./journal.ts";
import { type Call, type RelayContext, relay } from "./relay.ts";
import { denied, malformed, type Refusal, refuse, refuseOn, unreadable, withoutReply } from "./reply.ts";
import { filledIn, type StandIn, standInsIn } from "./stand-ins.ts";
import { joinConnections } from "./tunnel.ts";
import type { UnauthorizedLog } from "./unauthorized-log.ts";
import { upgrade } from "./upgrade.ts";

export interface ForwardOptions {
  readonly apis: readonly Api[];
  readonly standIns: readonly StandIn[];
  readonly identity: Identity;
  /** Only the connections' own APIs can be reached. */
  readonly strict: boolean;
}

export interface Forward {
  /** A request with a whole address, over plain http. @param own the proxy's own origin */
  plainCall(request: IncomingMessage, own: string): Call | Refusal;
  /** @param itself serves tunnels to the proxy itself (`own`) */
  connect(request: IncomingMessage, socket: Duplex, head: Buffer, own: string, itself: TunnelServer): Promise<void>;
}

export const LOGIN_WANTED: Refusal = {
  status: 407,
  type: "http_request_denied",
  code: "proxy_login_required",
  message: "The proxy's secret is missing or wrong.",
  hint: "It is part of the HTTPS_PROXY that the program was started with.",
  headers: { "proxy-authenticate": 'Basic realm="auth"' },
};

export function createForward(
  context: RelayContext,
  secret: Secret,
  unauthorizedLog: UnauthorizedLog,
  options: ForwardOptions,
): Forward {
  const { apis, standIns, identity, strict } = options;
  /** By origin: the server that answers in its place. */
  const servers = new Map<string, TunnelServer>();
  const isServed = (origin: string): boolean => apis.some(({ origins }) => origins.includes(origin));

  /** A request to an API, or to anything else by plain http. */
  const callTo = (origin: string, target: string, { rawHeaders }: IncomingMessage): Call | Refusal => {
    const found = standInsIn(standIns, rawHeaders);
    const [first] = found;
    if (first === undefined) return { api: null, origin, target, via: "forward", headers: (own) => own };
    const { api } = first;
    if (!api.origins.includes(origin))
      return denied(
        `The token of ${api.connection} isn't for ${origin}.`,
        `If it may go there: --origin ${shellWord(origin)}`,
      );
    if (found.some((one) => one.api !== api)) return denied("It has the placeholders of several connections.");
    const mine = standIns.filter((one) => one.api === api);
    return {
      api,
      origin,
      target,
      via: "forward",
      headers: (own, credential) => filledIn(mine, api.headerNames, own, credential),
    };
  };

  const serverOf = (origin: string): TunnelServer => {
    const there = servers.get(origin);
    if (there !== undefined) return there;
    const { protocol } = new URL(origin);
    const callOf = (request: IncomingMessage): Call | Refusal => {
      const { host = "" } = request.headers;
      if (!isSameOrigin(`${protocol}//${host}`, origin)) return MISDIRECTED;
      return callTo(origin, request.url ?? "", request);
    };
    const handlers: Handlers = {
      request(request, response) {
        const call = callOf(request);
        if ("api" in call) return void relay(context, call, request, response);
        note({ ...PLACE, origin, method: request.method ?? "", status: call.status, refused: call.message });
        refuse(response, call);
        request.resume();
      },
      upgrade(request, socket, head) {
        const call = callOf(request);
        if (!("api" in call)) note({ ...PLACE, origin, method: "GET", status: call.status, refused: call.message });
        void upgrade(context, call, request, socket, head);
      },
      unreadable(socket, isTooLarge) {
        const answer = unreadable(isTooLarge);
        note({ ...PLACE, origin, method: "", status: answer.status, refused: answer.message });
        refuseOn(socket, answer);
      },
    };
    const server = protocol === "https:" ? tlsServer(identity, handlers) : plainServer(handlers);
    servers.set(origin, server);
    return server;
  };

  const note = (entry: Entry): void => context.journal.write(entry);

  return {
    plainCall(request, own) {
      const url = URL.parse(request.url ?? "");
      if (!hasProxySecret(request, secret)) return LOGIN_WANTED;
      if (url === null || url.protocol !== "http:" || url.username !== "" || url.password !== "")
        return malformed("Only http:// addresses can be asked for so.");
      const origin = originOf(url.href);
      if (isItself(url, own)) return LOOP;
      if (strict && !isServed(origin))
        return denied(`Only the connections' own APIs may be reached (--strict), and ${origin} is none.`);
      const target = (request.url ?? "").replace(/^http:\/\/[^/?]*/i, "");
      return callTo(origin, target.startsWith("/") ? target : `/${target}`, request);
    },

    async connect(request, socket, head, own, itself) {
      socket.on("error", () => socket.destroy());
      const [, host = "", port = ""] = /^([a-z0-9._-]+|\[[0-9a-f:.]+\]):(\d{1,5})$/i.exec(request.url ?? "") ?? [];
      const url = host === "" ? null : URL.parse(`https://${host}:${port}`);
      const turnDown = (answer: Refusal, log: Pick<UnauthorizedLog, "write"> = context.journal): void => {
        log.write({
          connection: null,
          via: "tunnel",
          method: "CONNECT",
          origin: url && originOf(url.href),
          path: null,
          status: answer.status,
          refused: answer.message,
        });
        refuseOn(socket, answer);
      };
      if (!hasProxySecret(request, secret)) return turnDown(LOGIN_WANTED, unauthorizedLog);
      if (url === null) return turnDown(malformed("CONNECT takes a host and a port."));
      const origin = originOf(url.href);
      // Some programs use CONNECT for plain http, too (Node.js's fetch).
      const served = [origin, originOf(`http://${host}:${port}`)].find(isServed);
      if (served !== undefined) {
        socket.write(OPEN);
        return serverOf(served).take(socket, head);
      }
      if (`${host}:${port}` === new URL(own).host) {
        socket.write(OPEN);
        return itself.take(socket, head);
      }
      if (isItself(url, own)) return turnDown(LOOP);
      if (strict)
        return turnDown(denied(`Only the connections' own APIs may be reached (--strict), and ${origin} is none.`));
      try {
        const upstream = await context.upstreams.tunnel(url.hostname, Number(port));
        // The program may have closed its connection meanwhile, without another event.
        if (socket.destroyed) return void upstream.destroy();
        if (leadsTo(upstream, own)) {
          upstream.destroy();
          return turnDown(LOOP);
        }
        note({ connection: null, via: "tunnel", method: "CONNECT", origin, path: null, status: 200 });
        socket.write(OPEN);
        if (head.length > 0) upstream.write(head);
        joinConnections(socket, upstream);
      } catch (error) {
        turnDown(withoutReply(streamFailure(error, origin), "CONNECT"));
      }
    },
  };
}

/** Whether the URL is the proxy's, by any name of this machine. */
function isItself({ hostname, port }: URL, own: string): boolean {
  return (isLoopback(hostname) || ALSO_LOOPBACK.test(hostname)) && port === new URL(own).port;
}

/** Unspecified addresses lead to this machine; IPv4-mapped ones are those of IPv4. As `URL` writes them. */
const ALSO_LOOPBACK = /^(0\.0\.0\.0|\[::(ffff:(0:0|7f[0-9a-f]{2}:[0-9a-f]{1,4}))?\])$/;

/** Whether a name was resolved to the proxy itself. */
function leadsTo({ remoteAddress = "", remotePort }: Socket, own: string): boolean {
  return isLoopback(remoteAddress.replace(/^::ffff:/, "")) && String(remotePort) === new URL(own).port;
}

const OPEN = "HTTP/1.1 200 Connection Established\r\n\r\n";
const PLACE = { connection: null, via: "forward", path: null } as const;
const LOOP = denied("That is the proxy itself.");
const MISDIRECTED: Refusal = {
  status: 421,
  type: "http_request_denied",
  code: "misdirected",
  message: "The request names another host than the connection was made for.",
};

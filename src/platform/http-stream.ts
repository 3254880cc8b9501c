/**
 * Requests whose bodies are streamed both ways, for programs that go through `auth proxy`: the same trust, the same proxies
 * and the same "never a redirect" as `http.ts`. By `node:http`, since fetch rewrites a path (`%2e%2e`), folds headers that
 * come twice, and knows no upgrade.
 */
import { type ClientRequest, Agent as PlainAgent, request as plainRequest } from "node:http";
import { Agent as SecureAgent, request as secureRequest } from "node:https";
import { connect, type Socket, type TcpNetConnectOpts } from "node:net";
import type { Duplex } from "node:stream";
import { type ConnectionOptions, connect as connectTls } from "node:tls";
import { errorCode } from "./errors.ts";
import { failureOf, HttpError } from "./http-failure.ts";
import { LIMITS } from "./limits.ts";
import { isLoopback, originOf } from "./url.ts";

export interface StreamedRequest {
  readonly method: string;
  /** https, or http. */
  readonly origin: string;
  /** Path and query, as they go out. */
  readonly target: string;
  /** Name, value, name, value …, `Host` among them. */
  readonly headers: readonly string[];
}

export interface Upstreams {
  /** The request's head is sent with the first part of its body, or at its end. */
  open(request: StreamedRequest): ClientRequest;
  /**
   * Bytes to and from a host, through the proxy that the environment names for it. Each way ends by itself.
   *
   * @throws HttpError
   */
  tunnel(host: string, port: number): Promise<Socket>;
  close(): void;
}

/** Connections that are kept for the next request to the same origin. */
const IDLE_CONNECTIONS = 64;

/** Servers keep a connection for five seconds and more: one that they have just ended isn't to be used. Milliseconds. */
const IDLE_MS = 4000;

export type { ClientRequest, Socket };

export function openUpstreams(): Upstreams {
  const kept = { keepAlive: true, maxFreeSockets: IDLE_CONNECTIONS, timeout: IDLE_MS };
  const plain = new PlainAgent(kept);
  const secure = new Proxied(kept);
  return {
    open({ method, origin, target, headers }) {
      const url = new URL(origin);
      const isSecure = url.protocol === "https:";
      const options = {
        method,
        host: hostOf(url),
        port: Number(url.port || (isSecure ? 443 : 80)),
        path: target,
        headers,
        setHost: false,
        maxHeaderSize: LIMITS.headBytes,
        ...CONNECTING,
      };
      return isSecure
        ? secureRequest({ ...options, agent: secure, rejectUnauthorized: true, servername: serverName(url) })
        : plainRequest({ ...options, agent: plain });
    },
    async tunnel(host, port) {
      const url = new URL(`https://${host}:${port}`);
      return (
        (await viaProxy(url)) ??
        connected(connect({ host: hostOf(url), port, allowHalfOpen: true, ...CONNECTING }), url)
      );
    },
    close() {
      plain.destroy();
      secure.destroy();
    },
  };
}

/** Why there is no reply, as for every other exchange. */
export function streamFailure(error: unknown, origin: string): HttpError {
  if (error instanceof HttpError) return error;
  if (errorCode(error) !== "HPE_HEADER_OVERFLOW") return new HttpError(failureOf(error), origin, { cause: error });
  const detail = `headers of more than ${LIMITS.headBytes / 1024} KB`;
  return new HttpError("reply too large", origin, { cause: error, detail });
}

/** Connects by the proxy of the environment, where it names one for the host. */
class Proxied extends SecureAgent {
  override createConnection(
    options: ConnectionOptions & { host?: string; port?: number },
    created?: (error: Error | null, stream: Duplex) => void,
  ): Duplex | null | undefined {
    const { host = "", port = 443 } = options;
    const url = new URL(`https://${host.includes(":") ? `[${host}]` : host}:${port}`);
    const none = undefined as unknown as Duplex;
    viaProxy(url).then(
      (socket) => created?.(null, connectTls(socket === null ? options : { ...options, socket })),
      (error: Error) => created?.(error, none),
    );
    return undefined;
  }
}

/** null: directly. Loopback always is. */
async function viaProxy(url: URL): Promise<Socket | null> {
  if (isLoopback(url.hostname)) return null;
  const { tunnelTo } = await import("./proxy.ts");
  return tunnelTo(url);
}

async function connected(socket: Socket, url: URL): Promise<Socket> {
  const timer = setTimeout(
    () => socket.destroy(Object.assign(new Error("timeout"), { code: "ETIMEDOUT" })),
    LIMITS.exchange,
  );
  return new Promise((resolve, reject) => {
    socket.once("connect", () => {
      clearTimeout(timer);
      resolve(socket);
    });
    socket.once("error", (error) => {
      clearTimeout(timer);
      reject(streamFailure(error, originOf(url.href)));
    });
  });
}

function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, "");
}

/** An address has no name to be shown (RFC 6066 §3). */
function serverName({ hostname }: URL): string {
  return /^\[|^\d+(\.\d+){3}$/.test(hostname) ? "" : hostname;
}

const LOOPBACK = [
  { address: "127.0.0.1", family: 4 },
  { address: "::1", family: 6 },
] as const;

/** `localhost` means this machine whatever a resolver answers (RFC 6761 §6.3). */
const CONNECTING: Pick<TcpNetConnectOpts, "lookup" | "autoSelectFamilyAttemptTimeout"> = {
  // Milliseconds for one of several addresses. The 250 that are usual are too few for a busy machine, or a slow line.
  autoSelectFamilyAttemptTimeout: 3000,
  lookup: (hostname, options, found) => {
    if (hostname !== "localhost") return void import("node:dns").then((dns) => dns.lookup(hostname, options, found));
    if (options.all) found(null, [...LOOPBACK]);
    else found(null, LOOPBACK[0].address, LOOPBACK[0].family);
  },
};

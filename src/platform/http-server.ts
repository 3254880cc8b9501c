/**
 * An HTTP/1.1 server on loopback for programs. HTTP is parsed by Bun's `node:http`, which refuses what two parsers
 * read differently (both lengths, folded lines, bare line feeds) and, unlike `Bun.serve`, hands a path over as it came, tells
 * which headers came twice, and knows CONNECT and upgrades.
 */
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { createSecureContext, getCACertificates, TLSSocket } from "node:tls";
import { errorCode } from "./errors.ts";
import { LIMITS } from "./limits.ts";

export type { Duplex, IncomingHttpHeaders, IncomingMessage, ServerResponse };

export interface Handlers {
  request(request: IncomingMessage, response: ServerResponse): void;
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** What came is no request, or its head is larger than `LIMITS.headBytes`. Nothing more is read of it. */
  unreadable(socket: Duplex, isTooLarge: boolean): void;
}

export interface ProxyHandlers extends Handlers {
  /** `CONNECT host:port` (RFC 9110 §9.3.6). */
  connect(request: IncomingMessage, socket: Duplex, head: Buffer): void;
}

export interface HttpServer {
  readonly port: number;
  close(): void;
}

/** A client has this long for the head of a request, and for a TLS handshake. Milliseconds. */
const HEAD_MS = 15_000;
const IDLE_MS = 60_000;
/** Nobody's silence is to keep others out: a connection that says nothing is ended after 12 seconds (M: Bun 1.4.5). */
const MOST_CONNECTIONS = 16_384;

/** @param port 0: any free one @throws Error with code EADDRINUSE */
export async function listen(port: number, handlers: ProxyHandlers): Promise<HttpServer> {
  const server = httpServer(handlers);
  server.on("connect", handlers.connect);
  server.maxConnections = MOST_CONNECTIONS;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  return {
    port: (server.address() as { port: number }).port,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

function httpServer(handlers: Handlers): Server {
  const server = createServer({ maxHeaderSize: LIMITS.headBytes }, handlers.request);
  server.on("upgrade", handlers.upgrade);
  server.on("clientError", (error, socket) => {
    const code = errorCode(error) ?? "";
    if (code.startsWith("HPE_") && socket.writable) handlers.unreadable(socket, code === "HPE_HEADER_OVERFLOW");
    else socket.destroy();
  });
  server.headersTimeout = HEAD_MS;
  // An upload, and the wait for a reply, may take as long as they like.
  server.requestTimeout = 0;
  server.timeout = 0;
  server.keepAliveTimeout = IDLE_MS;
  return server;
}

export interface TunnelServer {
  /** Answers what comes over a connection that was made otherwise. @param early bytes that were read */
  take(socket: Duplex, early: Buffer): void;
}

export function plainServer(handlers: Handlers): TunnelServer {
  const server = httpServer(handlers);
  return {
    take(socket, early) {
      if (early.length > 0) socket.unshift(early);
      server.emit("connection", socket);
    },
  };
}

/** Ends TLS. HTTP/1.1 alone: a client that offers HTTP/2 beside it takes this (RFC 7301). @param pem a certificate and its key */
export function tlsServer(pem: { readonly cert: string; readonly key: string }, handlers: Handlers): TunnelServer {
  const server = httpServer(handlers);
  const secureContext = createSecureContext(pem);
  return {
    take(socket, early) {
      if (early.length > 0) socket.unshift(early);
      const options = { isServer: true, secureContext, ALPNProtocols: ["http/1.1"] };
      const secure = new TLSSocket(socket as Socket, options);
      const slow = setTimeout(() => socket.destroy(), HEAD_MS);
      secure.once("secure", () => clearTimeout(slow));
      secure.on("error", () => socket.destroy());
      secure.on("close", () => {
        clearTimeout(slow);
        socket.destroy();
      });
      server.emit("connection", secure);
    },
  };
}

/** What this program trusts, and so may a program of its own, in PEM. */
export function trustedCertificates(): string[] {
  return [...new Set((["default", "system", "extra"] as const).flatMap((kind) => getCACertificates(kind)))];
}

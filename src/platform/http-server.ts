/**
 * An HTTP/1.1 server on loopback for programs. HTTP is parsed by the runtime's `node:http`, which refuses what two parsers
 * read differently (both lengths, folded lines, bare line feeds) and, unlike `Bun.serve`, hands a path over as it came, tells
 * which headers came twice, and knows CONNECT and upgrades.
 */
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";

export type { Duplex, IncomingHttpHeaders, IncomingMessage, ServerResponse };

export interface Handlers {
  request(request: IncomingMessage, response: ServerResponse): void;
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
}

export interface HttpServer {
  readonly port: number;
  close(): void;
}

/** A client has this long for the head of a request. Milliseconds. */
const HEAD_MS = 15_000;
const IDLE_MS = 60_000;
const MOST_CONNECTIONS = 4096;

/** @param port 0: any free one @throws Error with code EADDRINUSE */
export async function listen(port: number, handlers: Handlers): Promise<HttpServer> {
  const server = createServer(handlers.request);
  server.on("upgrade", handlers.upgrade);
  server.headersTimeout = HEAD_MS;
  // An upload, and the wait for a reply, may take as long as they like.
  server.requestTimeout = 0;
  server.timeout = 0;
  server.keepAliveTimeout = IDLE_MS;
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

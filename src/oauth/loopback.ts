/**
 * A server on this machine's loopback for one use by one browser: the answer to a login, or a form (RULES.md 3.6). Any program
 * on this machine, and any page in a browser, can connect to it, so connections, sizes and times are limited.
 *
 * Bun.listen rather than Bun.serve: the latter has no bound on connections, on the size of a request's head, or on
 * the time that a head sent byte by byte may take.
 */
import type { Socket, TCPSocketListener } from "bun";
import { AuthError, errorCode } from "../platform/errors.ts";
import { type Head, parseHead, textReply } from "./listener-http.ts";

const MOST_CONNECTIONS = 64;
const LONGEST_HEAD = 8 * 1024;
/** Milliseconds for a request to arrive. */
const REQUEST_TIME = 5_000;

const TOO_LONG = textReply(431, "Too much.");
const TOO_BIG = textReply(413, "Too much.");

/** Milliseconds that the browser has to fetch the last page. */
export const LAST_PAGE_TIME = 1_000;

export type Hostname = "127.0.0.1" | "[::1]" | "localhost";

export interface LoopbackOptions {
  readonly hostname: Hostname;
  /** 0: any. */
  readonly port: number;
  /** Bytes of a request's body; 0: none is read. */
  readonly longestBody: number;
  /**
   * A request that has arrived whole, or null for one that is none. `send` answers it, now or later, and closes.
   * No request is handed over that names another host than this one, and none twice.
   */
  receive(request: Received, send: (reply: string) => void): void;
}

export interface Received extends Head {
  readonly body: Uint8Array;
}

export interface Loopback {
  readonly port: number;
  /** Lets go of the port, and of everyone whose request has not arrived. */
  stop(): void;
}

interface Connection {
  received: Buffer;
  timer: Timer | null;
  answered: boolean;
}

type Client = Socket<Connection>;

/** @throws AuthError `usage` when the port is taken, or forbidden */
export function serveLoopback(options: LoopbackOptions): Loopback {
  /** In the order in which they last sent something. */
  const clients = new Set<Client>();
  let hosts: readonly string[] = [];

  const servers = bind(options, {
    open(client) {
      client.data = { received: Buffer.alloc(0), timer: null, answered: false };
      if (clients.size >= MOST_CONNECTIONS && !endIdlest()) {
        client.terminate();
        return;
      }
      clients.add(client);
      client.data.timer = setTimeout(() => client.terminate(), REQUEST_TIME);
    },
    data(client, chunk) {
      const { data } = client;
      if (data.answered) return;
      // To the end of the order.
      clients.delete(client);
      clients.add(client);
      data.received = Buffer.concat([data.received, chunk]);
      const request = readRequest(data.received, options.longestBody);
      if (request === "more") return;
      data.answered = true;
      if (data.timer !== null) clearTimeout(data.timer);
      if (typeof request === "string") client.end(request);
      else if (request === null || !hosts.includes(request.host)) client.end(textReply(400, "This is not for you."));
      else options.receive(request, (reply) => void client.end(reply));
    },
    close: forget,
    error: forget,
  });
  const port = servers[0]?.port ?? 0;
  hosts = hostsOf(options.hostname, port);

  /** Idle connections must not keep the browser out. @returns false where all are answered */
  function endIdlest(): boolean {
    for (const client of clients) {
      if (client.data.answered) continue;
      forget(client);
      client.terminate();
      return true;
    }
    return false;
  }

  function forget(client: Client): void {
    clients.delete(client);
    if (client.data?.timer) clearTimeout(client.data.timer);
  }

  return {
    port,
    stop() {
      for (const server of servers) server.stop();
      for (const client of clients) if (!client.data.answered) client.terminate();
    },
  };
}

/** What a request to this server may say in `Host`: the scheme's own port may be left out (RFC 9110 §4.2.1, §7.2). */
function hostsOf(hostname: Hostname, port: number): readonly string[] {
  const whole = `${hostname}:${port}`;
  return port === 80 ? [whole, hostname] : [whole];
}

/** The request; a reply where it is too long; null where it is invalid; `more` while it is incomplete. */
function readRequest(received: Buffer, longestBody: number): Received | string | null | "more" {
  const end = received.indexOf("\r\n\r\n");
  if (end < 0) return received.length <= LONGEST_HEAD ? "more" : TOO_LONG;
  if (end > LONGEST_HEAD) return TOO_LONG;
  const head = parseHead(received.subarray(0, end));
  if (head === null || longestBody === 0) return head === null ? null : { ...head, body: new Uint8Array(0) };
  const length = head.headers.get("content-length") ?? "0";
  if (!/^\d{1,9}$/.test(length) || head.headers.has("transfer-encoding")) return null;
  if (Number(length) > longestBody) return TOO_BIG;
  const body = received.subarray(end + 4);
  return body.length < Number(length) ? "more" : { ...head, body: body.slice(0, Number(length)) };
}

type Handlers = Bun.SocketHandler<Connection>;

/**
 * `localhost` may mean either loopback address, and a program that holds the other one would get the code: both are bound, on
 * one port, or the login fails (RFC 8252 §8.3). A machine without IPv6 has only the one.
 */
function bind({ hostname, port }: LoopbackOptions, socket: Handlers): TCPSocketListener<Connection>[] {
  if (hostname !== "localhost") return [bindOne(hostname === "[::1]" ? "::1" : hostname, port, socket)];
  for (let attempt = 1; ; attempt++) {
    const first = bindOne("127.0.0.1", port, socket);
    try {
      return [first, Bun.listen<Connection>({ hostname: "::1", port: first.port, exclusive: true, socket })];
    } catch (error) {
      const code = errorCode(error);
      if (code === "EADDRNOTAVAIL" || code === "EAFNOSUPPORT") return [first];
      first.stop(true);
      if (port === 0 && attempt < 10) continue;
      throw cannotListen(first.port, error);
    }
  }
}

function bindOne(hostname: string, port: number, socket: Handlers): TCPSocketListener<Connection> {
  try {
    return Bun.listen<Connection>({ hostname, port, exclusive: true, socket });
  } catch (error) {
    throw cannotListen(port, error);
  }
}

/** @param cause what `listen` failed with */
export function cannotListen(port: number, cause: unknown): AuthError {
  const fault = (message: string, hint: string): AuthError => new AuthError("usage", message, { hint, cause });
  const code = errorCode(cause) ?? "unknown";
  switch (code) {
    case "EADDRINUSE":
      return fault(
        `Port ${port} on this machine is in use by another program.`,
        "End that program, or choose another port with --port where the provider allows one.",
      );
    case "EACCES":
    case "EPERM":
      return fault(
        `This user may not listen on port ${port}.`,
        "Ports below 1024 are the system's on most machines. Choose a higher one with --port.",
      );
    default:
      return fault(
        `Port ${port} on this machine can't be listened on (${code}).`,
        "Choose another with --port, or leave it out where the provider allows any.",
      );
  }
}

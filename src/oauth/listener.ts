/**
 * The loopback listener of a browser login (RFC 8252 §7.3, RULES.md 3.6). Anything on this machine, and any page in
 * any browser on it, can talk to it; so it answers one path, one method, one Host, counts what it is sent, and gives
 * nobody much time.
 *
 * Bun.listen rather than Bun.serve: the latter has no bound on connections, on the size of a request's head, or on
 * the time that a head sent byte by byte may take.
 */
import type { Socket, TCPSocketListener } from "bun";
import { AuthError, errorCode } from "../platform/errors.ts";
import { type Head, headEnd, joined, pageReply, parseHead, reply, textReply } from "./listener-http.ts";
import type { Page } from "./page.ts";

const MOST_CONNECTIONS = 64;
const LONGEST_REQUEST = 8 * 1024;
/** Milliseconds for a request to arrive. */
const REQUEST_TIME = 5_000;
/** Milliseconds that the browser has to fetch the last page. */
const LAST_PAGE_TIME = 1_000;

/** Not a reply: the last page isn't known yet. */
const WAIT = "";
const TOO_LONG = textReply(431, "Too much.");

/** What to do with a request for the callback path. */
export type Reception =
  /** Not an answer to this login: the wait goes on. */
  | { readonly kind: "stray" }
  /** The answer; how the login ends is not known yet. */
  | { readonly kind: "answer" }
  /** The answer, and it is a failure. */
  | { readonly kind: "failure"; readonly page: Page };

export interface Listener {
  readonly port: number;
  /** Shows how the login ended. Waits a moment for the browser to fetch it, if it brought the answer. */
  conclude(page: Page): Promise<void>;
  /** Lets go of the port and of everyone connected; whoever waits for the end sees `page`. */
  close(page: Page): void;
}

export interface ListenerOptions {
  readonly hostname: "127.0.0.1" | "[::1]" | "localhost";
  /** 0: any. */
  readonly port: number;
  readonly path: string;
  receive(parameters: URLSearchParams): Reception;
}

interface Connection {
  received: Uint8Array;
  timer: Timer | null;
  answered: boolean;
}

type Client = Socket<Connection>;

/** @throws AuthError `usage` when the port is taken */
export function listen(options: ListenerOptions): Listener {
  const clients = new Set<Client>();
  /** Those who asked for the last page before it was known. */
  const waiting = new Set<Client>();
  const finalPath = options.path === "/done" ? "/finished" : "/done";
  let answered = false;
  let last: Page | null = null;
  let shown: (() => void) | null = null;
  let host = "";

  const servers = bind(options, {
    open(client) {
      client.data = { received: new Uint8Array(0), timer: null, answered: false };
      if (clients.size >= MOST_CONNECTIONS) {
        client.terminate();
        return;
      }
      clients.add(client);
      client.data.timer = setTimeout(() => client.terminate(), REQUEST_TIME);
    },
    data(client, chunk) {
      const { data } = client;
      if (data.answered) return;
      data.received = joined(data.received, chunk);
      const end = headEnd(data.received);
      if (end < 0 && data.received.length <= LONGEST_REQUEST) return;
      data.answered = true;
      if (data.timer !== null) clearTimeout(data.timer);
      const isTooLong = end < 0 || end > LONGEST_REQUEST;
      const answer = isTooLong ? TOO_LONG : route(parseHead(data.received.subarray(0, end)));
      if (answer === WAIT) waiting.add(client);
      else client.end(answer);
    },
    close: forget,
    error: forget,
  });
  const port = servers[0]?.port ?? 0;
  host = `${options.hostname}:${port}`;

  function forget(client: Client): void {
    clients.delete(client);
    waiting.delete(client);
    if (client.data?.timer) clearTimeout(client.data.timer);
  }

  function route(head: Head | null): string {
    if (head === null || head.host !== host) return textReply(400, "This is not for you.");
    if (head.method !== "GET") return textReply(405, "Only GET.", { allow: "GET" });
    if (head.path === options.path) return callback(head.query);
    if (head.path !== finalPath || !answered) return textReply(404, "Nothing here.");
    return last === null ? WAIT : lastReply(last);
  }

  function callback(query: string): string {
    const reception: Reception = answered ? { kind: "stray" } : options.receive(new URLSearchParams(query));
    if (reception.kind === "stray") return pageReply(400, STRAY);
    answered = true;
    if (reception.kind === "answer") return reply(303, "", { location: finalPath });
    last = reception.page;
    return pageReply(400, reception.page);
  }

  function lastReply(page: Page): string {
    shown?.();
    return pageReply(page.kind === "success" ? 200 : 400, page);
  }

  function tell(page: Page): void {
    last ??= page;
    for (const client of waiting) client.end(lastReply(last));
    waiting.clear();
  }

  return {
    port,
    async conclude(page) {
      const isShown = new Promise<void>((resolve) => {
        shown = resolve;
      });
      tell(page);
      if (answered) await Promise.race([isShown, Bun.sleep(LAST_PAGE_TIME)]);
    },
    close(page) {
      tell(page);
      for (const server of servers) server.stop();
      for (const client of clients) if (!client.data.answered) client.terminate();
    },
  };
}

const STRAY: Page = {
  kind: "failure",
  title: "This is not the login that is waiting",
  text: "Nothing was changed. Follow the link that the terminal shows, or start the login again.",
};

type Handlers = Bun.SocketHandler<Connection>;

/**
 * `localhost` may mean either loopback address, and whoever holds the other one would get the code: both are bound, on
 * one port, or the login fails (RFC 8252 §8.3). A machine without IPv6 has only the one.
 */
function bind({ hostname, port }: ListenerOptions, socket: Handlers): TCPSocketListener<Connection>[] {
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
      throw taken(first.port, error);
    }
  }
}

function bindOne(hostname: string, port: number, socket: Handlers): TCPSocketListener<Connection> {
  try {
    return Bun.listen<Connection>({ hostname, port, exclusive: true, socket });
  } catch (error) {
    throw taken(port, error);
  }
}

function taken(port: number, cause: unknown): AuthError {
  return new AuthError("usage", `Port ${port} on this machine can't be listened on.`, {
    hint: "Choose another with --port, or leave it out where the provider allows any.",
    cause,
  });
}

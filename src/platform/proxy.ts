/**
 * Requests through an HTTP proxy (CONNECT, RFC 9110 §9.3.6). fetch alone reports most failures of a proxy as a lost
 * connection, and a refresh whose outcome is unknown blocks the next one (RULES.md 2.3). So fetch is sent through a
 * relay of our own on loopback, which speaks to the proxy and knows how far the request got.
 */
import { connect, createServer, type Server, Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { errorCode } from "./errors.ts";
import type { Exchange } from "./http.ts";
import { HttpError, type ProxyFailure } from "./http-failure.ts";
import { LIMITS } from "./limits.ts";

type Exchanger<T> = (url: URL, exchange: Exchange, proxy?: string) => Promise<T>;

/** One exchange through the configured proxy, its failures told apart by how far the request got. @throws HttpError */
export async function throughProxy<T>(url: URL, exchange: Exchange, over: Exchanger<T>): Promise<T> {
  const proxy = proxyFor(url, process.env);
  if (proxy === null) return over(url, exchange);
  const relay = await openRelay(proxy, url);
  try {
    return await over(url, exchange, relay.proxy);
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    if (relay.stage() === "answered" || error.failure === "interrupted") throw through(error, proxy.name, url);
    const silent = error.failure === "connection timed out";
    const unknown = { failure: silent ? "proxy timed out" : "proxy closed the connection", status: null } as const;
    const { failure, status } = relay.failure() ?? unknown;
    const detail = status === null ? proxy.name : `HTTP ${status} from ${proxy.name}`;
    throw new HttpError(failure, url.href, { cause: error, detail });
  } finally {
    relay.close();
  }
}

/** A failure of the provider's, which the proxy may be the reason of: it is named. */
function through(error: HttpError, proxy: string, url: URL): HttpError {
  const { failure, status, sent, cause } = error;
  return new HttpError(failure, url.href, { cause, status, sent, detail: `through the proxy ${proxy}` });
}

interface Proxy {
  /** null: what is set is no address. */
  readonly url: URL | null;
  /** Its address as it is shown, without user and password; where there is none, the variable's name. */
  readonly name: string;
}

type Env = Readonly<Record<string, string | undefined>>;

/** The variable that names the proxy, in the order in which curl reads them; null where none is set. */
function proxyVariable(env: Env): string | null {
  return ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"].find((name) => env[name]?.trim()) ?? null;
}

/**
 * The proxy for an https URL, by `HTTPS_PROXY` (else `ALL_PROXY`) and `NO_PROXY` in either case; null for none. One that
 * can't be read isn't left out: the request would go where it was not to go.
 */
function proxyFor(target: URL, env: Env): Proxy | null {
  const variable = proxyVariable(env);
  if (target.protocol !== "https:" || variable === null || isExempt(target, env)) return null;
  const named = (env[variable] ?? "").trim();
  const url = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(named) ? named : `http://${named}`);
  if (url === null || url.hostname === "") return { url: null, name: variable };
  return { url, name: `${url.protocol}//${url.host}` };
}

/** `*`, hosts (which cover what is below them, with a dot in front or without), and hosts with a port. */
function isExempt(target: URL, env: Env): boolean {
  const port = target.port || "443";
  return (env.no_proxy || env.NO_PROXY || "").split(",").some((entry) => {
    const [, host = "", only] = /^\.?(.*?)(?::(\d+))?$/.exec(entry.trim().toLowerCase().replace(/^\*\./, ".")) ?? [];
    if (host === "*") return true;
    if (host === "" || (only !== undefined && only !== port)) return false;
    return target.hostname === host || target.hostname.endsWith(`.${host}`);
  });
}

/** How far the request got. `answered`: the provider's server has sent something, so the request may have arrived. */
type Stage = "connecting" | "asking" | "open" | "answered";

interface Relay {
  /** For fetch's `proxy`. The password keeps other programs of this machine out. */
  readonly proxy: string;
  readonly stage: () => Stage;
  /** What went wrong with the proxy, and the status that it gave, if it did. */
  readonly failure: () => { readonly failure: ProxyFailure; readonly status: number | null } | null;
  close(): void;
}

const HEAD_BYTES = 16 * 1024;

/** Opens the relay. It takes one connection, to one target, and must be closed. */
async function openRelay(proxy: Proxy, target: URL): Promise<Relay> {
  const secret = Buffer.from(crypto.getRandomValues(new Uint8Array(24))).toString("base64url");
  let stage: Stage = "connecting";
  let failed: ReturnType<Relay["failure"]> = null;
  const sockets = new Set<Socket>();

  const fail = (failure: ProxyFailure, status: number | null = null): void => {
    failed ??= { failure, status };
    close();
  };
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    void readHead(socket).then((head) => {
      if (head === null || !head.text.includes(`\r\n${authorization("auth", secret)}\r\n`)) return socket.destroy();
      server.close();
      serve(socket, head.rest);
    });
  });

  const serve = (socket: Socket, early: Buffer): void => {
    const asking = askForTunnel(proxy, target, (asked) => {
      stage = asked;
    });
    sockets.add(asking.socket);
    socket.on("close", () => asking.socket.destroy());
    asking.opened.then((upstream) => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      upstream.on("close", () => (stage === "answered" ? socket.end() : fail("proxy closed the connection")));
      upstream.once("data", () => {
        stage = "answered";
      });
      if (early.length > 0) upstream.write(early);
      socket.pipe(upstream);
      upstream.pipe(socket);
    }, refused);
  };
  const refused = (error: unknown): void =>
    error instanceof TunnelRefused ? fail(error.failure, error.status) : fail("proxy closed the connection");

  const close = (): void => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as { port: number };
  return { proxy: `http://auth:${secret}@127.0.0.1:${port}`, stage: () => stage, failure: () => failed, close };
}

class TunnelRefused extends Error {
  readonly failure: ProxyFailure;
  readonly status: number | null;

  constructor(failure: ProxyFailure, status: number | null = null) {
    super(failure);
    this.failure = failure;
    this.status = status;
  }
}

/**
 * A connection to the target through the proxy that the environment names for it.
 *
 * @returns null where it names none
 * @throws HttpError where there is no connection: nothing has been sent to the target
 */
export async function tunnelTo(target: URL): Promise<Socket | null> {
  const proxy = proxyFor(target, process.env);
  if (proxy === null) return null;
  const { socket, opened } = askForTunnel(proxy, target);
  const timer = setTimeout(() => socket.destroy(new TunnelRefused("proxy timed out")), LIMITS.exchange);
  try {
    return await opened;
  } catch (error) {
    const { failure, status } = error as TunnelRefused;
    const detail = status === null ? proxy.name : `HTTP ${status} from ${proxy.name}`;
    throw new HttpError(failure, target.href, { cause: error, detail });
  } finally {
    clearTimeout(timer);
  }
}

/** `opened` rejects with `TunnelRefused` alone. */
function askForTunnel(
  { url }: Proxy,
  target: URL,
  reached: (stage: Stage) => void = () => {},
): { readonly socket: Socket; readonly opened: Promise<Socket> } {
  if (url?.protocol !== "http:" && url?.protocol !== "https:") {
    const failure = url === null ? "proxy address unreadable" : "proxy of an unsupported kind";
    return { socket: new Socket(), opened: Promise.reject(new TunnelRefused(failure)) };
  }
  const socket = connectTo(url);
  const opened = new Promise<Socket>((resolve, reject) => {
    const fail = (failure: ProxyFailure, status: number | null = null): void => {
      reject(new TunnelRefused(failure, status));
      socket.destroy();
    };
    let isConnected = false;
    socket.on("error", (error) => {
      if (error instanceof TunnelRefused) reject(error);
      else fail(isConnected ? "proxy closed the connection" : connectFailure(error));
    });
    socket.once(url.protocol === "https:" ? "secureConnect" : "connect", () => {
      isConnected = true;
      reached("asking");
      const authority = `${target.hostname}:${target.port || 443}`;
      const login = credentialsOf(url);
      socket.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${login}\r\n`);
    });
    void readHead(socket).then((head) => {
      const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(head?.text ?? "")?.[1] ?? 0);
      if (head === null || status === 0) return fail("proxy closed the connection");
      if (status === 407) return fail(refusedLogin(url, head.text), status);
      if (status === 502 || status === 503 || status === 504) return fail("proxy can't reach the host", status);
      if (status < 200 || status > 299) return fail("proxy refused the request", status);
      reached("open");
      if (head.rest.length > 0) socket.unshift(head.rest);
      resolve(socket);
    });
  });
  return { socket, opened };
}

function connectTo(proxy: URL): Socket {
  const host = proxy.hostname.replace(/^\[|\]$/g, "");
  if (proxy.protocol === "http:") return connect({ host, port: Number(proxy.port || 80) });
  return connectTls({ host, port: Number(proxy.port || 443), servername: host, rejectUnauthorized: true });
}

function connectFailure(error: Error): ProxyFailure {
  const code = errorCode(error) ?? "";
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return "proxy not found";
  if (code === "ETIMEDOUT") return "proxy timed out";
  return /CERT|ALTNAME|SIGNATURE/.test(code) ? "proxy certificate refused" : "proxy refused the connection";
}

/** Why a proxy answers 407: no user and password were given, they are wrong, or it takes only other kinds of login. */
function refusedLogin({ username, password }: URL, head: string): ProxyFailure {
  const offered = [...head.matchAll(/^proxy-authenticate:\s*([a-z-]+)/gim)].map(([, scheme = ""]) =>
    scheme.toLowerCase(),
  );
  if (offered.length > 0 && !offered.includes("basic")) return "proxy login of an unsupported kind";
  return username === "" && password === "" ? "proxy wants a login" : "proxy refused this user and password";
}

function authorization(user: string, password: string): string {
  return `Proxy-Authorization: Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
}

function credentialsOf({ username, password }: URL): string {
  if (username === "" && password === "") return "";
  return `${authorization(decoded(username), decoded(password))}\r\n`;
}

/** As written where a `%` begins no escape: the password itself holds it then. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Up to the empty line. null: closed before it, or too long. */
function readHead(socket: Socket): Promise<{ text: string; rest: Buffer } | null> {
  return new Promise((resolve) => {
    let bytes = Buffer.alloc(0);
    const done = (result: { text: string; rest: Buffer } | null): void => {
      socket.off("data", take);
      resolve(result);
    };
    const take = (chunk: Buffer): void => {
      bytes = Buffer.concat([bytes, chunk]);
      const end = bytes.indexOf("\r\n\r\n");
      if (end < 0 && bytes.length <= HEAD_BYTES) return;
      socket.pause();
      if (end < 0) done(null);
      else done({ text: bytes.subarray(0, end + 4).toString("latin1"), rest: bytes.subarray(end + 4) });
    };
    socket.on("data", take);
    socket.once("close", () => done(null));
  });
}

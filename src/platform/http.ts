/**
 * The only caller of fetch (RULES.md 3.2). Never follows a redirect, never trusts an invalid certificate,
 * caps what it reads, and tells for every failure whether the request can have reached the other side.
 */
import { version } from "../../package.json";
import { AuthError } from "./errors.ts";
import { failureOf, HttpError, type HttpFailure } from "./http-failure.ts";
import { LIMITS } from "./limits.ts";
import type { Secret } from "./secret.ts";
import { decompressed, readCapped } from "./streams.ts";
import { isAllowedUrl, isLoopback, isSameOrigin } from "./url.ts";

export interface HttpRequest {
  readonly method: "GET" | "POST" | "DELETE";
  /** https, or http to a loopback address or `localhost`. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Milliseconds for the whole exchange, body and retries included. Default `LIMITS.exchange`. */
  readonly timeout?: number;
  /** Milliseconds without a byte, instead of a limit for the whole exchange: for what may be large, over a slow line. */
  readonly silence?: number;
  /** Of the body, decompressed. Default `LIMITS.documentBytes`. */
  readonly maxBytes?: number;
  /** Ask again on a failure that may pass. Only for requests without effect (discovery, account). */
  readonly retry?: boolean;
  /** How many redirects to follow. Only for what proves itself (a signed release), and carries no secret. Default none. */
  readonly redirects?: number;
  readonly signal?: AbortSignal;
  /** With which the client shows who it is (RFC 8446 §4.4.2). */
  readonly certificate?: ClientCertificate;
}

/** In PEM. */
export interface ClientCertificate {
  /** The client's own first, then those of its authorities. */
  readonly pem: string;
  readonly key: Secret;
}

export interface HttpReply {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

export type Http = (request: HttpRequest) => Promise<HttpReply>;

/**
 * What a long-lived client sends: no time limit but the signal's, and the connection is kept for the next request. `redirects`:
 * how many to follow that stay at the URL's origin and ask for the same request again (HTTP 307, 308). Default none.
 */
export type StreamRequest = Pick<HttpRequest, "method" | "url" | "headers" | "redirects"> & {
  readonly body?: Uint8Array;
  readonly signal: AbortSignal;
};

export interface HttpStream {
  readonly status: number;
  readonly headers: Headers;
  /** Decompressed, as it comes. */
  readonly body: ReadableStream<Uint8Array> | null;
}

/**
 * One request whose reply is read as it comes. What `consume` leaves unread is cancelled.
 *
 * @throws HttpError as `http` does, also where the reply ends before its end; what `consume` throws otherwise
 */
export async function httpStream<T>(request: StreamRequest, consume: (reply: HttpStream) => Promise<T>): Promise<T> {
  const exchange: Exchange = {
    method: request.method,
    headers: headersOf(request.headers),
    ...(request.body === undefined ? {} : { body: request.body }),
    signal: request.signal,
    maxBytes: 0,
    redirects: request.redirects ?? 0,
    isSameOnly: true,
    keepalive: true,
  };
  return exchangeOnce(checkUrl(request.url), exchange, consume);
}

/**
 * @throws HttpError when there is no reply that may be read. Any status that isn't a redirect is a reply.
 * @throws TypeError for a URL that is neither https nor http to this machine.
 */
export const http: Http = async (request) => {
  const url = checkUrl(request.url);
  const timeout = runningTime(Math.max(1, request.silence ?? request.timeout ?? LIMITS.exchange));
  const exchange: Exchange = {
    method: request.method,
    headers: headersOf(request.headers),
    ...(request.body === undefined ? {} : { body: request.body }),
    signal: request.signal === undefined ? timeout.signal : AbortSignal.any([request.signal, timeout.signal]),
    maxBytes: request.maxBytes ?? LIMITS.documentBytes,
    redirects: request.redirects ?? 0,
    ...(request.silence !== undefined && { received: timeout.restart }),
    ...(request.certificate === undefined ? {} : { certificate: request.certificate }),
  };
  try {
    const once = (to: URL, sent: Exchange) => exchangeOnce(to, sent, (reply) => wholeReply(reply, to, sent));
    if (!request.retry) return await once(url, exchange);
    const { exchangeWithRetries } = await import("./http-retry.ts");
    return await exchangeWithRetries(url, exchange, once);
  } catch (error) {
    throw request.signal?.aborted ? new HttpError("interrupted", url.href) : error;
  } finally {
    timeout.clear();
  }
};

function headersOf(headers: HttpRequest["headers"]): Record<string, string> {
  return { "user-agent": `auth/${version}`, "accept-encoding": "identity", ...headers };
}

/** Milliseconds between two looks at the clock. */
const TICK = 250;

/**
 * A time limit that counts only while this process runs. A machine that was asleep, or a process that was stopped,
 * finds its reply in the socket: an ordinary timer would fire before it is read, and a rotated token would be lost.
 */
function runningTime(limit: number): { signal: AbortSignal; restart(): void; clear(): void } {
  const controller = new AbortController();
  let left = limit;
  let timer: ReturnType<typeof setTimeout>;
  const wait = (): void => {
    const step = Math.min(left, TICK);
    const began = performance.now();
    timer = setTimeout(() => {
      // Fired much too late: the process was stopped, and what came meanwhile is read first.
      const late = performance.now() - began > step + TICK;
      left -= late ? 0 : step;
      if (left > 0) wait();
      else controller.abort(new DOMException("The time limit was reached.", "TimeoutError"));
    }, step);
  };
  wait();
  const restart = (): void => {
    left = limit;
  };
  return { signal: controller.signal, restart, clear: () => clearTimeout(timer) };
}

export interface Exchange {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly signal: AbortSignal;
  readonly maxBytes: number;
  readonly redirects: number;
  /** Whether a redirect is followed only within the origin, and only if it keeps method and body. */
  readonly isSameOnly?: boolean;
  /** Whether the connection is kept for the next request; then it may be silent for as long as its server likes. */
  readonly keepalive?: boolean;
  /** Called for each part of a body. */
  readonly received?: () => void;
  readonly certificate?: ClientCertificate;
}

/** What is made of a reply. What it throws that isn't of the network is its own. */
type Consume<T> = (reply: HttpStream) => Promise<T>;

/** One request with every switch of the environment and of Bun overruled, and its whole reply. @throws HttpError */
async function exchangeOnce<T>(url: URL, exchange: Exchange, consume: Consume<T>): Promise<T> {
  const over = (to: URL, sent: Exchange, proxy?: string) => exchangeOver(to, sent, consume, proxy);
  if (isLoopback(url.hostname) || url.protocol !== "https:" || !hasProxy()) return over(url, exchange);
  const { throughProxy } = await import("./proxy.ts");
  return throughProxy(url, exchange, over);
}

/** Whether any proxy is configured: which one, and for what, is read by code that is loaded only then. */
function hasProxy(): boolean {
  const { env } = process;
  return Boolean(env.https_proxy || env.HTTPS_PROXY || env.all_proxy || env.ALL_PROXY);
}

/** @param proxy the address that fetch is to use as its proxy */
async function exchangeOver<T>(url: URL, exchange: Exchange, consume: Consume<T>, proxy?: string): Promise<T> {
  const { maxBytes: _, redirects, isSameOnly, received: __, certificate, keepalive = false, ...request } = exchange;
  const target = url.href;
  try {
    const response = await connect(url, {
      ...request,
      ...(proxy !== undefined && { proxy }),
      // Never followed unasked; the error says where it leads.
      redirect: "manual",
      keepalive,
      // Bun's own limit of silence, which isn't ours.
      ...(keepalive && { timeout: false }),
      verbose: false,
      // Bun's own prints to stderr when a body isn't compressed as its header has it.
      decompress: false,
      tls: {
        rejectUnauthorized: true,
        ...(certificate !== undefined && { cert: certificate.pem, key: certificate.key.reveal() }),
      },
    });
    if (REDIRECTS.includes(response.status)) {
      const next = URL.parse(response.headers.get("location") ?? "", url.href);
      if (redirects === 0 || next === null || !isAllowedUrl(next.href)) throw await redirected(response, target);
      const isSame = isSameOrigin(next.href, target) && SAME_REQUEST.includes(response.status);
      if (isSameOnly && !isSame) throw await redirected(response, target);
      await response.body?.cancel();
      return await exchangeOnce(next, { ...exchange, redirects: redirects - 1 }, consume);
    }
    const { status, headers } = response;
    return await consume({ status, headers, body: decompressed(response) });
  } catch (error) {
    if (error instanceof HttpError || error instanceof AuthError) throw error;
    const failure = failureOf(error);
    throw new HttpError(failure, target, { cause: error, ...(await uselessCertificates(failure)) });
  }
}

async function wholeReply(
  { status, headers, body: stream }: HttpStream,
  url: URL,
  exchange: Exchange,
): Promise<HttpReply> {
  const tooLong = (): HttpError => new HttpError("reply too large", url.href, { status });
  const body =
    stream === null ? new Uint8Array(0) : await readCapped(stream, exchange.maxBytes, tooLong, exchange.received);
  return { status, headers, body };
}

/** A file of certificates that was named and is of no use may be why the authority isn't known. */
async function uselessCertificates(failure: HttpFailure): Promise<{ detail?: string }> {
  if (failure !== "certificate of an unknown authority") return {};
  const { CERTIFICATE_FILES, certificateFileFault } = await import("./certificate-files.ts");
  const faults = CERTIFICATE_FILES.flatMap((name) => certificateFileFault(process.env, name) ?? []);
  return faults.length === 0 ? {} : { detail: faults.join("; ") };
}

/** RFC 9110 §15.4: those that send the client elsewhere by themselves. */
const REDIRECTS = [301, 302, 303, 307, 308];
/** Those after which method and body stay as they were. */
const SAME_REQUEST = [307, 308];

async function redirected({ status, headers, body }: Response, url: string): Promise<HttpError> {
  await body?.cancel();
  const location = URL.parse(headers.get("location") ?? "", url);
  // Its query may hold what was sent.
  return new HttpError("redirected", url, { status, location: location && `${location.origin}${location.pathname}` });
}

/**
 * `localhost` means this machine whatever a resolver answers (RFC 6761 §6.3): both loopback addresses are tried, and the
 * server sees the name it was called by. Requests to loopback never go through a proxy.
 */
async function connect(url: URL, init: BunFetchRequestInit): Promise<Response> {
  if (init.proxy !== undefined) return fetch(url, init);
  if (!isLoopback(url.hostname)) return direct(url, init);
  if (url.hostname !== "localhost" || url.protocol === "https:") return direct(url, init);
  const headers = new Headers(init.headers as Headers);
  headers.set("host", url.host);
  try {
    return await direct(at(url, "127.0.0.1"), { ...init, headers });
  } catch (error) {
    if (failureOf(error) !== "connection refused") throw error;
    return direct(at(url, "[::1]"), { ...init, headers });
  }
}

function at(url: URL, hostname: string): URL {
  const moved = new URL(url);
  moved.hostname = hostname;
  return moved;
}

/** Bun has no switch for "no proxy", and reads these at each request; it knows no address ranges. */
function direct(url: URL, init: BunFetchRequestInit): Promise<Response> {
  const listed = (process.env.NO_PROXY ?? process.env.no_proxy ?? "").split(",").map((entry) => entry.trim());
  const all = [...new Set([...listed, "localhost", "127.0.0.1", "[::1]", url.hostname])].filter(
    (entry) => entry !== "",
  );
  process.env.NO_PROXY = process.env.no_proxy = all.join(",");
  return fetch(url, init);
}

function checkUrl(text: string): URL {
  if (!isAllowedUrl(text)) throw new TypeError("refused to send to an address that is neither https nor loopback");
  return new URL(text);
}

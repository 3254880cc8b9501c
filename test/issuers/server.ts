/**
 * What the dialect issuers share: a small HTTP server on 127.0.0.1 that records every request, a clock that can be
 * moved, and faults on order. The dialects themselves are written from what the providers document,
 * never from our descriptions of them.
 */

/** A request as it came. */
export interface Call {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Headers;
  readonly body: string;
  /** The body as form fields; empty where it is none. */
  readonly form: URLSearchParams;
  /** The body as JSON; null where it is none. */
  readonly json: Record<string, unknown> | null;
  readonly basic: { readonly id: string; readonly secret: string } | null;
  readonly bearer: string | null;
  /** A fault was answered instead of (or after) the real thing. */
  faulted: boolean;
}

export type Route = (call: Call, rest: string) => Response | Promise<Response>;

/** What happens to the next requests for a path. */
export interface Fault {
  readonly path: string;
  /** How often; default once. */
  readonly times?: number;
  /** Do the real work first, then lose its reply. */
  readonly after?: boolean;
  /** What is answered; `hang` never answers. */
  readonly reply: "hang" | { status: number; body?: string; headers?: Record<string, string> };
}

export interface Server {
  readonly url: string;
  readonly calls: Call[];
  /** Recorded requests for a path. */
  callsTo(path: string): Call[];
  fail(fault: Fault): void;
  /** Moves the issuer's clock. */
  advance(seconds: number): void;
  stop(): Promise<void>;
}

/** Milliseconds since the epoch, moved by `advance`. */
export interface Clock {
  now(): number;
}

/** @param routes `POST /oauth/token/` → what answers; a path may end in `*`, and the rest is handed over */
export function serve(routes: (url: string, clock: Clock) => Readonly<Record<string, Route>>): Server {
  const calls: Call[] = [];
  const faults: { fault: Fault; left: number }[] = [];
  let offset = 0;
  const clock: Clock = { now: () => Date.now() + offset };
  let table: Readonly<Record<string, Route>> = {};

  async function answer(request: Request): Promise<Response> {
    const call = await record(request);
    calls.push(call);
    const due = faults.find(({ fault, left }) => left > 0 && fault.path === call.path);
    if (due === undefined) return route(table, call);
    due.left--;
    call.faulted = true;
    if (due.fault.after) await route(table, call);
    if (due.fault.reply === "hang") return new Promise(() => {});
    const { status, body = "", headers = {} } = due.fault.reply;
    return new Response(body, { status, headers: { "content-type": "text/html", ...headers } });
  }

  const server = Bun.serve({ hostname: "127.0.0.1", port: 0, idleTimeout: 60, fetch: answer });
  const url = `http://127.0.0.1:${server.port}`;
  table = routes(url, clock);
  return {
    url,
    calls,
    callsTo: (path) => calls.filter((call) => call.path === path),
    fail: (fault) => void faults.push({ fault, left: fault.times ?? 1 }),
    advance: (seconds) => {
      offset += seconds * 1000;
    },
    stop: () => server.stop(true),
  };
}

export function json(value: unknown, status = 200, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(value), {
    status,
    headers: { "content-type": "application/json", "cache-control": "no-store", ...headers },
  });
}

export function html(text: string, status: number): Response {
  return new Response(`<!doctype html><title>${text}</title>`, { status, headers: { "content-type": "text/html" } });
}

/** Back to the client, as RFC 6749 §4.1.2 has it. */
export function redirect(to: string, parameters: Readonly<Record<string, string | null>>): Response {
  const url = new URL(to);
  for (const [name, value] of Object.entries(parameters)) if (value !== null) url.searchParams.set(name, value);
  return new Response(null, { status: 302, headers: { location: url.href } });
}

function route(table: Readonly<Record<string, Route>>, call: Call): Response | Promise<Response> {
  const wanted = `${call.method} ${call.path}`;
  const exact = table[wanted];
  if (exact !== undefined) return exact(call, "");
  for (const [key, handler] of Object.entries(table))
    if (key.endsWith("*") && wanted.startsWith(key.slice(0, -1))) return handler(call, wanted.slice(key.length - 1));
  return html("Not found", 404);
}

async function record(request: Request): Promise<Call> {
  const url = new URL(request.url);
  const type = request.headers.get("content-type") ?? "";
  const body = await request.text();
  const [scheme = "", credentials = ""] = (request.headers.get("authorization") ?? "").split(/ (.*)/s);
  return {
    method: request.method,
    path: url.pathname,
    query: url.searchParams,
    headers: request.headers,
    body,
    form: new URLSearchParams(type.startsWith("application/x-www-form-urlencoded") ? body : ""),
    json: type.startsWith("application/json") ? parse(body) : null,
    basic: scheme.toLowerCase() === "basic" ? basicFrom(credentials) : null,
    bearer: /^(bearer|token)$/i.test(scheme) ? credentials : null,
    faulted: false,
  };
}

function parse(body: string): Record<string, unknown> | null {
  try {
    return JSON.parse(body);
  } catch {
    return null; // What isn't JSON is for the dialect to refuse.
  }
}

/** RFC 6749 §2.3.1: both parts are form-encoded before they are joined. */
function basicFrom(credentials: string): { id: string; secret: string } {
  const [id = "", secret = ""] = atob(credentials).split(/:(.*)/s);
  return { id: decodeURIComponent(id.replaceAll("+", " ")), secret: decodeURIComponent(secret.replaceAll("+", " ")) };
}

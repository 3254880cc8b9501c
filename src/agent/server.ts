/**
 * The agent's HTTP, by Bun.serve on a Unix socket, and on loopback where that is asked for. The parsing of HTTP is Bun's: its
 * server (uWebSockets) is what Bun's users meet the Internet with, it refuses what two parsers may read in two ways, and it
 * bounds heads and connections. Nothing here is behind a proxy, so there is no second parser to disagree with.
 *
 * No browser is a client: what has an Origin or a Sec-Fetch-Site is refused, and so is any other Host than ours (DNS
 * rebinding). On TCP each request shows the secret of this start.
 */
import type { BunRequest, Server } from "bun";
import * as v from "valibot";
import { AuthError, usage } from "../platform/errors.ts";
import { jsonText } from "../platform/escape.ts";
import { sameText } from "../platform/secret.ts";
import {
  AccessRequest,
  CLI_PROTOCOL,
  ListRequest,
  ReadRequest,
  RejectedRequest,
  type Status,
  UnlockRequest,
} from "./protocol.ts";

/** What is asked for, once a request has been let in. Each rejects with an AuthError. */
export interface Service {
  /** @param minTtl milliseconds */
  token(connection: string, minTtl: number, resource: string | null): Promise<unknown>;
  rejected(request: v.InferOutput<typeof RejectedRequest>): Promise<unknown>;
  connections(): Promise<unknown>;
  status(): Status;
  hello(): unknown;
  unlock(request: v.InferOutput<typeof UnlockRequest>): Promise<void>;
  lock(): Promise<void>;
  /** Called once its reply is on the way. */
  stop(): void;
  read(request: v.InferOutput<typeof ReadRequest>): Promise<unknown>;
  list(request: v.InferOutput<typeof ListRequest>): Promise<unknown>;
  access(request: v.InferOutput<typeof AccessRequest>): Promise<unknown>;
}

export interface ErrorAnswer {
  readonly exitCode: number;
  /** The JSON of CLI.md §1. */
  readonly body: string;
}

export interface ServerOptions {
  /** null: none. */
  readonly socket: string | null;
  /** Whether to listen on loopback too. */
  readonly tcp: boolean;
  readonly service: Service;
  readonly describe: (error: unknown) => ErrorAnswer;
}

export interface AgentServer {
  readonly tcp: { readonly url: string; readonly secret: string } | null;
  /** Lets requests that are being answered end. */
  close(): Promise<void>;
}

type ServeOptions = Parameters<typeof Bun.serve<undefined>>[0];

/** Seconds that a connection may be silent, in the middle of a request too. A refresh may take as long as its lock is waited for. */
const SILENCE = 120;
const BODY_BYTES = 256 * 1024;

/** @throws the system's error where the socket or a port can't be had */
export function serveAgent({ socket, tcp, service, describe }: ServerOptions): AgentServer {
  const servers: Server<undefined>[] = [];
  const options = { maxRequestBodySize: BODY_BYTES, idleTimeout: SILENCE, development: false } as const;
  const refused = (status: number, message: string): Response => {
    const { body } = describe(usage(message, "See docs/agents.md."));
    return replyOf(status, body);
  };
  const answer = async (request: Request, hosts: readonly string[], secret: string | null): Promise<Response> => {
    const { headers } = request;
    if (headers.has("origin") || headers.has("sec-fetch-site")) return refused(403, "The agent answers no browser.");
    if (!hosts.includes(headers.get("host") ?? "")) return refused(421, "This is not the host that the agent serves.");
    if (secret !== null && !sameText(headers.get("authorization") ?? "", `Bearer ${secret}`))
      return refused(401, "The secret of this agent is missing or wrong.");
    try {
      const found = await routed(request, service, secret === null || socket === null);
      return found === null ? refused(404, "There is nothing at this address of the agent.") : replyOf(200, found);
    } catch (error) {
      const { exitCode, body } = describe(error);
      return replyOf(statusOf(exitCode, error), body);
    }
  };

  if (socket !== null) {
    // Bun makes the socket by the umask; connecting takes the right to write to it (unix(7)).
    const before = process.umask(0o077);
    try {
      const hosts = ["localhost", "auth"];
      const fetch = (request: Request): Promise<Response> => answer(request, hosts, null);
      // Bun's types have no idle time for a socket; its server has, of ten seconds unless it is told.
      servers.push(Bun.serve({ ...options, unix: socket, fetch } as unknown as ServeOptions));
    } finally {
      process.umask(before);
    }
  }
  let address: AgentServer["tcp"] = null;
  if (tcp) {
    const secret = crypto.getRandomValues(new Uint8Array(32)).toBase64({ alphabet: "base64url", omitPadding: true });
    const hosts: string[] = [];
    const fetch = (request: Request): Promise<Response> => answer(request, hosts, secret);
    const server = Bun.serve({ ...options, hostname: "127.0.0.1", port: 0, fetch });
    hosts.push(`127.0.0.1:${server.port}`);
    servers.push(server);
    address = { url: `http://127.0.0.1:${server.port}`, secret };
  }
  return { tcp: address, close: async () => void (await Promise.all(servers.map((server) => server.stop()))) };
}

const API = "/v1/";
const TOKEN = "/v1/token/";
const CLI = `/cli/${CLI_PROTOCOL}/`;
/** Of every version alike. */
const CONTROL = "/cli/";

/** @param isOurs where another `auth` may be, and no sandbox @returns null: nothing is there */
async function routed(request: Request, service: Service, isOurs: boolean): Promise<string | null> {
  const { pathname: path, searchParams } = new URL(request.url);
  if (request.method === "GET") {
    if (path.startsWith(TOKEN)) {
      const minTtl = secondsOf(searchParams.get("min_ttl")) * 1000;
      return jsonText(await service.token(decoded(path.slice(TOKEN.length)), minTtl, searchParams.get("resource")));
    }
    if (path === `${API}connections`) return jsonText(await service.connections());
    return path === `${API}status` ? jsonText(service.status()) : null;
  }
  if (request.method !== "POST") return null;
  if (path === `${API}rejected`) return jsonText(await service.rejected(await bodyOf(request, RejectedRequest)));
  if (!isOurs) return null;
  if (path.startsWith(CLI)) return forCli(path.slice(CLI.length), request, service);
  return path.startsWith(CONTROL) ? forControl(path.slice(CONTROL.length), service) : null;
}

async function forControl(what: string, service: Service): Promise<string | null> {
  switch (what) {
    case "lock":
      await service.lock();
      return jsonText(service.status());
    case "stop": {
      const status = jsonText(service.status());
      service.stop();
      return status;
    }
    default:
      return null;
  }
}

async function forCli(what: string, request: Request, service: Service): Promise<string | null> {
  switch (what) {
    case "hello":
      return jsonText(service.hello());
    case "read":
      return jsonText(await service.read(await bodyOf(request, ReadRequest)));
    case "list":
      return jsonText(await service.list(await bodyOf(request, ListRequest)));
    case "access":
      return jsonText(await service.access(await bodyOf(request, AccessRequest)));
    case "unlock":
      await service.unlock(await bodyOf(request, UnlockRequest));
      return jsonText(service.status());
    default:
      return null;
  }
}

/** JSON by its own content type, which no form of a page can send. @throws AuthError `usage` */
async function bodyOf<Schema extends v.GenericSchema>(
  request: Request | BunRequest,
  schema: Schema,
): Promise<v.InferOutput<Schema>> {
  if (!/^application\/json\b/i.test(request.headers.get("content-type") ?? ""))
    throw usage("The body must be application/json.", "See docs/agents.md.");
  let body: unknown;
  try {
    body = await request.json();
  } catch {
    throw usage("The body is no JSON.", "See docs/agents.md.");
  }
  const parsed = v.safeParse(schema, body);
  if (parsed.success) return parsed.output;
  // Which field, and never its value: it may be a token.
  const field = v.getDotPath(parsed.issues[0]) ?? "it";
  throw usage(`The body isn't as it should be: ${field}.`, "See docs/agents.md.");
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw usage("The address isn't percent-encoded UTF-8.", "See docs/agents.md.");
  }
}

function secondsOf(text: string | null): number {
  if (text === null) return 0;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw usage("min_ttl takes a whole number of seconds.", "For example: min_ttl=600");
}

/** By the exit code that the same would have (CLI.md §2). Not 401: the secret of the agent is right. */
function statusOf(exitCode: number, error: unknown): number {
  if (error instanceof AuthError && error.code === "vault_locked") return 423;
  switch (exitCode) {
    case 64:
      return 400;
    case 2:
      return 404;
    case 3:
    case 4:
    case 6:
    case 7:
    case 9:
      return 409;
    case 5:
      return 503;
    default:
      return 500;
  }
}

function replyOf(status: number, body: string): Response {
  return new Response(body, {
    status,
    headers: { "content-type": "application/json; charset=utf-8", "cache-control": "no-store" },
  });
}

/**
 * A token endpoint that misbehaves on order, down to the byte: it speaks on a bare socket, since no HTTP server would
 * reset in the middle of a body. It records every request, and whether the fault that was ordered really happened.
 */
import type { Socket } from "bun";
import { Chain, type ChainOptions, type Link } from "./chain.ts";
import type { Fault } from "./faults.ts";

export interface TokenRequest {
  readonly refreshToken: string;
  readonly form: URLSearchParams;
  readonly path: string;
  /** What the issuer did, whatever it then answered. */
  processed: Link | "refused" | null;
  fault: string | null;
}

export interface FaultyIssuer {
  readonly url: string;
  readonly tokenUrl: string;
  readonly chain: Chain;
  /** To the token endpoint. */
  readonly requests: TokenRequest[];
  /** Requests to anything else, by path. */
  readonly strays: string[];
  /** What happens to the next requests: once, unless told how often. */
  order(fault: Fault, times?: number): void;
  /** Awaited when a request has come, before it is processed. `drop`: it never is, and its connection is closed. */
  onArrival: (request: TokenRequest) => Promise<"drop" | undefined> | undefined;
  /** Awaited between processing and the reply. */
  onProcessed: (request: TokenRequest) => Promise<void> | undefined;
  stop(): void;
}

export interface FaultyOptions extends ChainOptions {
  /** Seconds that access tokens live. */
  readonly lifetime?: number;
}

interface Incoming {
  received: Buffer;
  busy: boolean;
}

/** What a fault may do with the connection. */
export interface Wire {
  write(bytes: string | Uint8Array): void;
  /** Sends what was written, then closes. */
  close(): void;
  /** A reset: what the other side has not read is gone. */
  reset(): void;
  readonly open: boolean;
}

export function startFaulty({ lifetime = 3600, ...options }: FaultyOptions = {}): FaultyIssuer {
  const chain = new Chain(options);
  const requests: TokenRequest[] = [];
  const strays: string[] = [];
  const orders: { readonly fault: Fault; left: number }[] = [];

  async function answer(socket: Socket<Incoming>, path: string, body: string): Promise<void> {
    const wire = wireOf(socket);
    if (path !== "/token") {
      strays.push(path);
      wire.write(reply(path === "/revoke" ? 200 : 404, {}, ""));
      return wire.close();
    }
    const form = new URLSearchParams(body);
    const request: TokenRequest = {
      refreshToken: form.get("refresh_token") ?? "",
      form,
      path,
      processed: null,
      fault: null,
    };
    requests.push(request);
    const order = orders.find(({ left }) => left > 0);
    if (order !== undefined) order.left--;
    if ((await issuer.onArrival(request)) === "drop") return wire.close();
    const works = order?.fault.works ?? "rotate";
    if (works !== "nothing")
      request.processed =
        (works === "rotate" ? chain.rotate(request.refreshToken) : chain.renewAccess(request.refreshToken)) ??
        "refused";
    await issuer.onProcessed(request);
    const tokens = request.processed === "refused" ? null : request.processed;
    if (order === undefined || (works !== "nothing" && tokens === null)) {
      wire.write(tokens === null ? REFUSED : reply(200, JSON_TYPE, JSON.stringify(tokenReply(tokens, lifetime))));
      return wire.close();
    }
    request.fault = order.fault.name;
    await order.fault.answer(wire, tokens === null ? {} : tokenReply(tokens, lifetime));
  }

  const listener = Bun.listen<Incoming>({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open(socket) {
        socket.data = { received: Buffer.alloc(0), busy: false };
      },
      data(socket, bytes) {
        const { data } = socket;
        data.received = Buffer.concat([data.received, bytes]);
        const whole = parse(data.received);
        if (whole === null || data.busy) return;
        data.busy = true;
        void answer(socket, whole.path, whole.body);
      },
    },
  });

  const issuer: FaultyIssuer = {
    url: `http://127.0.0.1:${listener.port}`,
    tokenUrl: `http://127.0.0.1:${listener.port}/token`,
    chain,
    requests,
    strays,
    order: (fault, times = 1) => void orders.push({ fault, left: times }),
    onArrival: () => undefined,
    onProcessed: () => undefined,
    stop: () => listener.stop(true),
  };
  return issuer;
}

export type TokenReply = Record<string, unknown>;

function tokenReply({ access, refresh }: Link, lifetime: number): TokenReply {
  return { access_token: access, token_type: "Bearer", expires_in: lifetime, refresh_token: refresh, scope: "a b" };
}

export const JSON_TYPE = { "content-type": "application/json" };
const REFUSED = reply(400, JSON_TYPE, '{"error":"invalid_grant","error_description":"used, revoked or unknown"}');

/** A whole reply as bytes. */
export function reply(
  status: number,
  headers: Readonly<Record<string, string>>,
  body: string | Uint8Array,
): Uint8Array {
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
  const head = headOf(status, { ...headers, "content-length": String(bytes.length) });
  return Buffer.concat([new TextEncoder().encode(head), bytes]);
}

export function headOf(status: number, headers: Readonly<Record<string, string>>): string {
  const lines = Object.entries({ ...headers, connection: "close" }).map(([name, value]) => `${name}: ${value}`);
  return `HTTP/1.1 ${status} Status\r\n${lines.join("\r\n")}\r\n\r\n`;
}

function parse(received: Buffer): { path: string; body: string } | null {
  const end = received.indexOf("\r\n\r\n");
  if (end < 0) return null;
  const head = received.subarray(0, end).toString("latin1");
  const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
  const body = received.subarray(end + 4);
  if (body.length < length) return null;
  return { path: head.split(" ")[1] ?? "", body: body.toString("utf8") };
}

/** Writes what the socket can't take at once as soon as it can. */
function wireOf(socket: Socket<Incoming>): Wire {
  return {
    write(bytes) {
      let left = typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes;
      const push = (): void => {
        if (socket.readyState <= 0) return;
        left = left.subarray(socket.write(left));
        if (left.length > 0) setTimeout(push, 5);
      };
      push();
    },
    close: () => void socket.end(),
    reset: () => socket.terminate(),
    get open() {
      return socket.readyState > 0;
    },
  };
}

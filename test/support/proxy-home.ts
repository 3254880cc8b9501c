/** A home with a login, an API that its token is for, and `auth proxy` between them. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { Duplex } from "node:stream";
import type { Authority } from "./authority.ts";
import { type HeldHome, heldHome } from "./held-home.ts";
import { AUTH, auth } from "./program.ts";

export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  readonly rawHeaders: readonly string[];
  body: Buffer;
}

export interface Api {
  readonly origin: string;
  readonly seen: Seen[];
  /** Tokens that it takes no more. */
  readonly refused: Set<string>;
  last(): Seen;
  stop(): void;
}

type Answer = (request: IncomingMessage, response: ServerResponse, body: Buffer) => void;
/** Of its certificate. */
type Pem = { readonly key: string; readonly cert: string };
type Paths = Readonly<Record<string, Answer>>;

/** An API that takes a token as long as it lives, and tells what it got; `paths` say what else it does, body unread. */
export async function startApi(
  isLive: (token: string) => boolean,
  paths: Paths = {},
  pem?: Pem,
  host = "localhost",
): Promise<Api> {
  const seen: Seen[] = [];
  const refused = new Set<string>();
  const isTaken = (token: string): boolean => isLive(token) && !refused.has(token);
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const { method = "", url = "", headers, rawHeaders } = request;
    const one: Seen = { method, url, headers, rawHeaders, body: Buffer.alloc(0) };
    seen.push(one);
    const own = paths[url.split("?")[0] ?? ""];
    if (own !== undefined) {
      own(request, response, one.body);
      return;
    }
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      one.body = Buffer.concat(chunks);
      const token = (headers.authorization ?? "").replace(/^Bearer /, "");
      response.writeHead(isTaken(token) ? 200 : 401, { "content-type": "text/plain" });
      response.end(isTaken(token) ? `hello from ${url}` : "who are you?");
    });
  };
  const maxHeaderSize = 1024 * 1024;
  const server =
    pem === undefined ? createServer({ maxHeaderSize }, answer) : createSecureServer({ ...pem, maxHeaderSize }, answer);
  server.on("upgrade", (request: IncomingMessage, socket: Duplex) => {
    const { method = "", url = "", headers, rawHeaders } = request;
    seen.push({ method, url, headers, rawHeaders, body: Buffer.alloc(0) });
    const token = (headers.authorization ?? "").replace(/^Bearer /, "");
    if (!isTaken(token)) return void socket.end("HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno");
    const key = `${headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
    const accept = new Bun.CryptoHasher("sha1").update(key).digest("base64");
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    // Frames as they come, unmasked: short texts are all that is sent here.
    socket.on("data", (frame: Buffer) => {
      const length = (frame[1] ?? 0) & 127;
      const mask = frame.subarray(2, 6);
      const text = frame.subarray(6, 6 + length).map((byte, i) => byte ^ (mask[i % 4] ?? 0));
      if (((frame[0] ?? 0) & 15) === 1) socket.write(Buffer.concat([Buffer.from([0x81, length]), text]));
      else socket.end();
    });
    socket.on("error", () => {});
  });
  const port = await listening(server);
  const origin = pem === undefined ? `http://127.0.0.1:${port}` : `https://${host}:${port}`;
  return {
    origin,
    seen,
    refused,
    last: () => {
      const one = seen.at(-1);
      if (one === undefined) throw new Error("nothing was asked");
      return one;
    },
    stop: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as { port: number }).port;
}

export interface Reached {
  readonly connection: string;
  readonly address: string;
  /** By origin. */
  readonly addresses: Readonly<Record<string, string>>;
}

export interface Started {
  /** The reverse address. */
  readonly address: string;
  readonly connections: readonly Reached[];
  /** What a program is to have. */
  readonly environment: Record<string, string>;
  readonly port: number;
  readonly child: Bun.Subprocess<"ignore", "pipe", "pipe">;
  stop(): Promise<number>;
}

/** `auth proxy`, once it listens. */
export async function startAuthProxy(env: Record<string, string>, args: readonly string[]): Promise<Started> {
  const child = Bun.spawn([AUTH, "proxy", "--json", ...args], { env, stdio: ["ignore", "pipe", "pipe"] });
  const reader = child.stdout.getReader();
  let text = "";
  while (!text.includes("\n")) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`it ended: ${await child.stderr.text()}`);
    text += new TextDecoder().decode(value);
  }
  reader.releaseLock();
  const { port, connections, environment } = JSON.parse(text) as {
    port: number;
    connections: Reached[];
    environment: Record<string, string>;
  };
  return {
    environment,
    address: connections[0]?.address ?? "",
    connections,
    port,
    child,
    stop: async () => {
      child.kill("SIGTERM");
      return child.exited;
    },
  };
}

export interface ProxyHome extends HeldHome {
  readonly api: Api;
  readonly token: () => string;
}

/** Tokens that are long enough to be told from ordinary text. */
const FIRST = 481_516_234_200;

/** @param lifetime seconds that a token lives @param authority of the API's certificate; absent: it is asked by http @param more of the description */
export async function proxyHome(
  lifetime = 3600,
  paths: Paths = {},
  authority?: Authority,
  host = "localhost",
  more = "",
): Promise<ProxyHome> {
  let issuer: HeldHome["issuers"][number] | undefined;
  const api = await startApi((token) => issuer?.live.has(token) ?? false, paths, await authority?.issue(host), host);
  const home = await heldHome(["acme"], lifetime, [api.origin], FIRST, more);
  issuer = home.issuers[0];
  const env = { ...home.env, ...(authority && { NODE_EXTRA_CA_CERTS: authority.file }) };
  return {
    ...home,
    env,
    call: (args, { env: more, ...rest } = {}) => auth(args, { ...rest, env: { ...env, ...more } }),
    api,
    token: () => [...(issuer?.live ?? [])][0] ?? "",
    stop: async () => {
      api.stop();
      await home.stop();
    },
  };
}

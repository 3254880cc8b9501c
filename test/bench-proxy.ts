/** What `auth proxy` adds to a request, and how many it takes in a second, beside a proxy that only hands bytes over. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { Agent, request as plainRequest } from "node:http";
import { Agent as SecureAgent, request as secureRequest } from "node:https";
import { connect as dial } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { createIdentity } from "../src/proxy/authority.ts";

const ALONE = Number(process.env.BENCH_REQUESTS ?? 2000);
const TOGETHER = 5 * ALONE;
const CLIENTS = 32;

export interface ProxyTimes {
  /** Requests in a second. */
  readonly rate: number;
  /** Milliseconds more than without a proxy: by address, as HTTPS_PROXY, and as HTTPS_PROXY that only hands bytes over. */
  readonly reverse: number;
  readonly forward: number;
  readonly plain: number;
}

/** @param auth the binary */
export async function measureProxy(auth: string): Promise<ProxyTimes> {
  const folder = mkdtempSync(join(tmpdir(), "auth-bench-proxy-"));
  const stops: (() => void)[] = [];
  try {
    const identity = await createIdentity(["localhost"], Date.now());
    for (const name of ["authority", "cert", "key"] as const) writeFileSync(join(folder, name), identity[name]);
    const read = (name: string): string => `await Bun.file(${JSON.stringify(join(folder, name))}).text()`;
    const answer = `hostname: "127.0.0.1", port: 0, fetch: () => Response.json({ id: 1, name: "something" })`;
    const api = await startScript(stops, `const { port } = Bun.serve({ ${answer} }); console.log(port)`);
    const secure = await startScript(
      stops,
      `const { port } = Bun.serve({ ${answer}, tls: { cert: ${read("cert")}, key: ${read("key")} } }); console.log(port)`,
    );
    const between = await startScript(
      stops,
      `const { connect, createServer } = require("node:net");
const server = createServer((socket) => socket.once("data", (head) => {
  const there = connect(Number(/:(\\d+) /.exec(head)[1]), "127.0.0.1", () => {
    socket.write("HTTP/1.1 200 OK\\r\\n\\r\\n");
    socket.pipe(there).pipe(socket);
  });
  there.on("error", () => socket.destroy());
  socket.on("error", () => there.destroy());
}));
server.listen(0, "127.0.0.1", () => console.log(server.address().port));`,
    );
    const origins = [`http://127.0.0.1:${api}`, `https://localhost:${secure}`];
    const env = {
      PATH: process.env.PATH ?? "",
      HOME: folder,
      AUTH_HOME: join(folder, "home"),
      NODE_EXTRA_CA_CERTS: join(folder, "authority"),
    };
    const login = Bun.spawn([auth, "login", "openai", "--token", "-", "--no-verify", "-q"], {
      env,
      stdin: new Blob([`sk-proj-${"a1B2".repeat(10)}`]),
    });
    if ((await login.exited) !== 0) throw new Error("the login failed");
    const proxy = await startLine(
      stops,
      [auth, "proxy", "openai", "--json", ...origins.flatMap((one) => ["--origin", one])],
      env,
    );
    const { connections, environment } = JSON.parse(proxy) as {
      connections: { addresses: Record<string, string> }[];
      environment: Record<string, string>;
    };
    const address = connections[0]?.addresses[origins[0] ?? ""] ?? "";
    const way = new URL(environment.HTTPS_PROXY ?? "");
    const bearer = { authorization: `Bearer ${environment.OPENAI_API_KEY}` };
    const mine = await Bun.file(environment.SSL_CERT_FILE ?? "").text();

    const direct = await alone(`${origins[0]}/x`, new Agent({ keepAlive: true }));
    const reverse = await alone(`${address}/x`, new Agent({ keepAlive: true }));
    const tls = await alone(`${origins[1]}/x`, new SecureAgent({ keepAlive: true, ca: identity.authority }));
    const plain = await alone(`${origins[1]}/x`, new Tunnels(Number(between), "", identity.authority));
    const forward = await alone(`${origins[1]}/x`, new Tunnels(Number(way.port), way.password, mine), bearer);
    const began = performance.now();
    const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS });
    await together(`${address}/x`, agent);
    const rate = TOGETHER / ((performance.now() - began) / 1000);
    return { rate, reverse: reverse - direct, forward: forward - tls, plain: plain - tls };
  } finally {
    for (const stop of stops) stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** HTTPS through a proxy, each tunnel kept for the next request. */
class Tunnels extends SecureAgent {
  readonly #port: number;
  readonly #login: string;
  readonly #ca: string;

  constructor(port: number, password: string, ca: string) {
    super({ keepAlive: true });
    this.#port = port;
    this.#login = btoa(`auth:${password}`);
    this.#ca = ca;
  }

  override createConnection(
    options: { host?: string; port?: number },
    created?: (error: Error | null, stream: never) => void,
  ): undefined {
    const socket = dial(this.#port, "127.0.0.1", () =>
      socket.write(
        `CONNECT ${options.host}:${options.port} HTTP/1.1\r\nHost: x\r\nProxy-Authorization: Basic ${this.#login}\r\n\r\n`,
      ),
    );
    socket.once("data", () =>
      created?.(null, connectTls({ socket, servername: options.host ?? "", ca: this.#ca }) as never),
    );
    return undefined;
  }
}

/** @returns the median of one request after the other, in milliseconds */
async function alone(url: string, agent: Agent, headers: Record<string, string> = {}): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < ALONE; i++) {
    const began = performance.now();
    await once(url, agent, headers);
    times.push(performance.now() - began);
  }
  agent.destroy();
  return times.toSorted((a, b) => a - b)[ALONE >> 1] ?? Number.NaN;
}

async function together(url: string, agent: Agent): Promise<void> {
  let left = TOGETHER;
  const client = async (): Promise<void> => {
    while (left-- > 0) await once(url, agent, {});
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  agent.destroy();
}

function once(url: string, agent: Agent, headers: Record<string, string>): Promise<void> {
  const send = url.startsWith("https:") ? secureRequest : plainRequest;
  return new Promise((resolve, reject) => {
    const request = send(url, { agent, headers }, (reply) => {
      if (reply.statusCode !== 200) reject(new Error(`HTTP ${reply.statusCode} from ${new URL(url).host}`));
      reply.resume();
      reply.on("end", resolve);
    });
    request.on("error", reject);
    request.end();
  });
}

function startScript(stops: (() => void)[], script: string): Promise<string> {
  return startLine(stops, [process.execPath, "-e", script], { PATH: process.env.PATH ?? "" });
}

/** @returns the first line that it prints */
async function startLine(stops: (() => void)[], command: string[], env: Record<string, string>): Promise<string> {
  const child = Bun.spawn(command, { env, stdout: "pipe", stderr: "inherit" });
  stops.push(() => child.kill());
  const reader = child.stdout.getReader();
  let text = "";
  while (!text.includes("\n")) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`${command[0]} ended`);
    text += new TextDecoder().decode(value);
  }
  return text.trim();
}

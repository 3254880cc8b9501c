/** An MCP client that starts `auth mcp <url>` and speaks to it line by line: what it sends, and when, is the test's. */
import { AUTH } from "./program.ts";

export type Message = Readonly<Record<string, unknown>> & {
  readonly id?: number | string;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: {
    readonly code: number;
    readonly message: string;
    readonly data?: Readonly<Record<string, unknown>>;
  };
};

export class RpcFailure extends Error {
  readonly error: NonNullable<Message["error"]>;

  constructor(error: NonNullable<Message["error"]>) {
    super(`${error.code}: ${error.message}`);
    this.error = error;
  }
}

export class BridgeClient {
  /** All that came, in its order. A text is a line that is no JSON. */
  readonly received: (Message | string)[] = [];
  /** Answers the server's requests. */
  onRequest: (request: Message) => unknown = () => ({});
  readonly #child: Bun.Subprocess<"pipe", "pipe", "pipe">;
  readonly #waiting: { readonly wants: (message: Message) => boolean; readonly take: (message: Message) => void }[] =
    [];
  readonly stderr: Promise<string>;
  readonly #read: Promise<void>;
  #next = 1;

  constructor(url: string, env: Readonly<Record<string, string>>, flags: readonly string[] = []) {
    this.#child = Bun.spawn([AUTH, "mcp", url, ...flags], {
      env: { ...env },
      stdin: "pipe",
      stdout: "pipe",
      stderr: "pipe",
    });
    this.stderr = this.#child.stderr.text();
    this.#read = this.#readAll();
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** As it is, with a line's end. */
  write(text: string): void {
    this.#child.stdin.write(`${text}\n`);
    void this.#child.stdin.flush();
  }

  send(message: Readonly<Record<string, unknown>>): void {
    this.write(JSON.stringify({ jsonrpc: "2.0", ...message }));
  }

  notify(method: string, params?: Readonly<Record<string, unknown>>): void {
    this.send({ method, ...(params && { params }) });
  }

  /** @throws RpcFailure for an error */
  async request(
    method: string,
    params: Readonly<Record<string, unknown>> = {},
    id: number | string = this.#next++,
  ): Promise<NonNullable<Message["result"]>> {
    const answer = this.waitFor((one) => one.id === id && one.method === undefined);
    this.send({ id, method, params });
    const { result, error } = await answer;
    if (error !== undefined) throw new RpcFailure(error);
    return result ?? {};
  }

  /** The next one, or one that has come. */
  waitFor(wants: (message: Message) => boolean): Promise<Message> {
    const { promise, resolve } = Promise.withResolvers<Message>();
    this.#waiting.push({ wants, take: resolve });
    return promise;
  }

  async initialize(
    version = "2025-11-25",
    capabilities: Readonly<Record<string, unknown>> = {},
  ): Promise<Message["result"]> {
    const clientInfo = { name: "auth-test", version: "1" };
    const result = await this.request("initialize", { protocolVersion: version, capabilities, clientInfo });
    this.notify("notifications/initialized");
    return result;
  }

  /** Closes its end. @returns the exit code */
  async close(): Promise<number> {
    await this.#child.stdin.end();
    const code = await this.#child.exited;
    await this.#read;
    return code;
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async #readAll(): Promise<void> {
    const decoder = new TextDecoder();
    let parts: string[] = [];
    for await (const chunk of this.#child.stdout) {
      const [first = "", ...others] = decoder.decode(chunk, { stream: true }).split("\n");
      parts.push(first);
      for (const next of others) {
        this.#take(parts.join(""));
        parts = [next];
      }
    }
  }

  #take(line: string): void {
    let message: Message;
    try {
      message = JSON.parse(line) as Message;
    } catch {
      this.received.push(line);
      return;
    }
    this.received.push(message);
    const { id, method } = message;
    if (method !== undefined && id !== undefined)
      void (async () => this.send({ id, result: await this.onRequest(message) }))();
    const at = this.#waiting.findIndex(({ wants }) => wants(message));
    if (at >= 0) this.#waiting.splice(at, 1)[0]?.take(message);
  }
}

const META = "io.modelcontextprotocol";

/** What each request of 2026-07-28 says of its client. */
export function stateless(
  params: Readonly<Record<string, unknown>> = {},
  version = "2026-07-28",
  capabilities: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  const about = {
    [`${META}/protocolVersion`]: version,
    [`${META}/clientInfo`]: { name: "auth-test", version: "1" },
    [`${META}/clientCapabilities`]: capabilities,
  };
  return { ...params, _meta: { ...about, ...(params._meta as object | undefined) } };
}

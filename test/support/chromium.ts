/** A real browser, steered over its debugging protocol: pages are visited, forms filled in and sent, as a person does. */
import { bareEnvironment, tempFolder } from "./program.ts";
import { until } from "./until.ts";

export interface Browser {
  /** Opens the page and waits until it is there. */
  visit(url: string): Promise<void>;
  /** Evaluates an expression in the page. */
  evaluate(expression: string): Promise<unknown>;
  /** PNG. */
  screenshot(): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** The first start on a machine reads hundreds of megabytes from the disk: 25 seconds were seen. Milliseconds. */
const FIRST_START = 100_000;

export async function startChromium(flags: readonly string[] = []): Promise<Browser> {
  const profile = tempFolder();
  const all = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--remote-debugging-port=0",
    `--user-data-dir=${profile}`,
    ...flags,
  ];
  const process = Bun.spawn(["chromium", ...all, "about:blank"], {
    env: bareEnvironment(),
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
  });
  const complaints = process.stderr.text();
  // A new handle each time: one remembers how long the file was.
  const portOf = async (): Promise<string | undefined> => {
    if (process.exitCode !== null || process.signalCode !== null) throw new Error(`chromium: ${await complaints}`);
    const told = Bun.file(`${profile}/DevToolsActivePort`).text();
    return /^(\d+)\n/.exec(await told.catch(() => ""))?.[1];
  };
  const port = await until("chromium tells its port", portOf, FIRST_START);
  const pages = (await (await fetch(`http://127.0.0.1:${port}/json`)).json()) as {
    type: string;
    webSocketDebuggerUrl: string;
  }[];
  const socket = new WebSocket(pages.find(({ type }) => type === "page")?.webSocketDebuggerUrl ?? "");
  await new Promise((resolve) => socket.addEventListener("open", resolve));

  let last = 0;
  const pending = new Map<number, (result: Record<string, unknown>) => void>();
  socket.addEventListener("message", ({ data }) => {
    const message = JSON.parse(String(data)) as { id?: number; result?: Record<string, unknown> };
    if (message.id !== undefined) pending.get(message.id)?.(message.result ?? {});
  });
  const send = (method: string, params: object = {}): Promise<Record<string, unknown>> => {
    const id = ++last;
    socket.send(JSON.stringify({ id, method, params }));
    return new Promise((resolve) => pending.set(id, resolve));
  };
  const evaluate = async (expression: string): Promise<unknown> => {
    const { result } = await send("Runtime.evaluate", { expression, awaitPromise: true });
    return (result as { value?: unknown } | undefined)?.value;
  };
  return {
    evaluate,
    async visit(url) {
      await send("Page.navigate", { url });
      const isThere = `document.readyState === "complete" && location.href !== "about:blank"`;
      await until(`chromium shows ${url}`, async () => (await evaluate(isThere)) === true);
    },
    async screenshot() {
      const { data } = await send("Page.captureScreenshot", { format: "png" });
      return Buffer.from(String(data), "base64");
    },
    async close() {
      socket.close();
      process.kill();
      await process.exited;
    },
  };
}

/** A real browser, steered over its debugging protocol: pages are visited, forms filled in and sent, as a person does. */
import { tempFolder } from "./program.ts";

export interface Browser {
  /** Opens the page and waits until it is there. */
  visit(url: string): Promise<void>;
  /** Evaluates an expression in the page. */
  evaluate(expression: string): Promise<unknown>;
  /** PNG. */
  screenshot(): Promise<Uint8Array>;
  close(): Promise<void>;
}

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
    stdin: "ignore",
    stdout: "ignore",
    stderr: "ignore",
  });
  // A new handle each time: one remembers how long the file was.
  const told = (): Promise<string> =>
    Bun.file(`${profile}/DevToolsActivePort`)
      .text()
      .catch(() => "");
  for (let waited = 0; !(await told()).includes("\n"); waited += 20) {
    if (waited > 20_000) throw new Error("chromium did not start");
    await Bun.sleep(20);
  }
  const [port] = (await told()).split("\n");
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
      for (let turn = 0; turn < 200; turn++) {
        if ((await evaluate(`document.readyState === "complete" && location.href !== "about:blank"`)) === true) return;
        await Bun.sleep(20);
      }
      throw new Error(`chromium did not show ${url}`);
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

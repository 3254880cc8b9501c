/** A browser login without a browser: follows the authorization URL's redirects to the loopback, as one would. */
import { AUTH } from "./program.ts";

export async function loginByBrowser(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Record<string, unknown>[]> {
  const child = Bun.spawn([AUTH, ...args], { env: { ...env }, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const events: Record<string, unknown>[] = [];
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of child.stdout) {
    text += decoder.decode(chunk, { stream: true });
    const complete = text.split("\n");
    text = complete.pop() ?? "";
    for (const line of complete) {
      const event = JSON.parse(line) as Record<string, unknown>;
      events.push(event);
      if (event.event === "authorize") await visit(String(event.url));
    }
  }
  const code = await child.exited;
  if (code !== 0) throw new Error(`exit ${code}\n${await child.stderr.text()}`);
  return events;
}

/** Follows redirects to the end; the page at the end is the listener's. */
export async function visit(url: string): Promise<Response> {
  const page = await fetch(url);
  await page.text();
  return page;
}

/** Browser logins that may fail: the page is visited, whatever comes of it. */
import { AUTH, type Ended } from "./program.ts";

/** @param args without `--json`, which this adds */
export async function tryByBrowser(args: readonly string[], env: Readonly<Record<string, string>>): Promise<Ended> {
  const child = Bun.spawn([AUTH, "--json", ...args], { env, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const decoder = new TextDecoder();
  let stdout = "";
  let visited = false;
  for await (const chunk of child.stdout) {
    stdout += decoder.decode(chunk, { stream: true });
    const url = /"event":"authorize","url":"([^"]+)"/.exec(stdout)?.[1];
    if (url === undefined || visited) continue;
    visited = true;
    // Only the command's own end matters here: a page may be cut off by it.
    fetch(url).then(
      (page) => page.text(),
      () => "",
    );
  }
  const stderr = await child.stderr.text();
  await child.exited;
  return { code: child.exitCode, signal: child.signalCode, stdout, stderr };
}

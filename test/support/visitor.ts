/** Browser logins that may fail: the page is visited, whatever comes of it. */
import { AUTH, type Ended } from "./program.ts";

/** @param args without `--json`, which this adds @returns with the last page that the browser showed */
export async function tryByBrowser(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Ended & { readonly page: string }> {
  const child = Bun.spawn([AUTH, "--json", ...args], { env, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const decoder = new TextDecoder();
  let stdout = "";
  let page: Promise<string> | null = null;
  for await (const chunk of child.stdout) {
    stdout += decoder.decode(chunk, { stream: true });
    const url = /"event":"authorize","url":"([^"]+)"/.exec(stdout)?.[1];
    if (url === undefined || page !== null) continue;
    // It may be cut off by the command's end.
    page = fetch(url).then(
      (reply) => reply.text(),
      () => "",
    );
  }
  const stderr = await child.stderr.text();
  await child.exited;
  return { code: child.exitCode, signal: child.signalCode, stdout, stderr, page: (await page) ?? "" };
}

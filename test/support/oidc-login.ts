/** Logins of the built binary at the real issuer, with a person who approves what is asked. */
import { decideBrowser, decideDevice } from "../issuers/oidc-client.ts";
import { AUTH, type Ended } from "./program.ts";

export interface LoggedInAtOidc extends Ended {
  /** The events of `--json`. */
  readonly events: readonly Record<string, unknown>[];
}

/** @param args without `login` and `--json`, which this adds */
export async function loginAtOidc(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  account = "alice",
): Promise<LoggedInAtOidc> {
  const command = [AUTH, "login", ...args, "--json"];
  const child = Bun.spawn(command, { env: { ...env }, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const complaints = child.stderr.text();
  const events: Record<string, unknown>[] = [];
  const decoder = new TextDecoder();
  let stdout = "";
  let read = 0;
  for await (const chunk of child.stdout) {
    stdout += decoder.decode(chunk, { stream: true });
    for (let end = stdout.indexOf("\n", read); end >= 0; read = end + 1, end = stdout.indexOf("\n", read)) {
      const event = JSON.parse(stdout.slice(read, end)) as Record<string, unknown>;
      events.push(event);
      await decide(event, account);
    }
  }
  await child.exited;
  return { code: child.exitCode, signal: child.signalCode, stdout, stderr: await complaints, events };
}

async function decide(event: Readonly<Record<string, unknown>>, account: string): Promise<void> {
  if (event.event === "device_code") await decideDevice(String(event.verificationUriComplete), "approve", account);
  if (event.event !== "authorize") return;
  const answer = await decideBrowser(String(event.url), "approve", account);
  // The command's end may cut the page off; what it came to is the command's to say.
  fetch(answer).then(
    (page) => page.text(),
    () => "",
  );
}

/**
 * Notifies a person: by AUTH_NOTIFY_COMMAND, and by the agent on the desktop. The command is the user's own shell line; it gets
 * its data as JSON on standard input and in one variable, never in that line. Nothing waits for it: a separate process starts
 * it, and ends it where it takes too long.
 */
import type { Environment, PersonNeed } from "../platform/context.ts";
import { escapeText } from "../platform/escape.ts";
import { helperEnvironment, killWithChildren } from "../platform/helper-programs.ts";
import { parseJson } from "../platform/json.ts";
import { ownPath } from "../platform/own-program.ts";
import { maskHeld } from "../platform/redact.ts";
import { readStdin } from "../platform/stdin.ts";
import { byShell } from "../platform/windows/programs.ts";

/** Milliseconds. */
const TIME = 60_000;

/** @returns true: it was started */
export async function runNotifyCommand(env: Environment, need: PersonNeed): Promise<boolean> {
  const child = Bun.spawn([ownPath(), "__notify"], {
    argv0: "auth",
    env: { ...env },
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
    windowsHide: true,
  });
  child.stdin.write(`${JSON.stringify(shown(need))}\n`);
  await child.stdin.end();
  child.unref();
  return true;
}

/** `auth __notify`. @param time milliseconds for the command and what it has started @returns the exit code, which no one reads */
export async function superviseNotifyCommand(env: Environment, time = TIME): Promise<number> {
  const need = new TextDecoder().decode(await readStdin("request"));
  const { message } = (parseJson(need) ?? {}) as Partial<PersonNeed>;
  const line = env.AUTH_NOTIFY_COMMAND ?? "";
  const { words, ...options } = process.platform === "win32" ? byShell(env, line) : { words: ["/bin/sh", "-c", line] };
  const child = Bun.spawn(words, {
    ...options,
    env: { ...helperEnvironment(env), ...(await places(env)), AUTH_NOTIFY_MESSAGE: message ?? "" },
    stdin: new Blob([need]),
    stdout: "ignore",
    stderr: "ignore",
    // In its own process group, so that its children end with it.
    detached: process.platform !== "win32",
  });
  const timer = setTimeout(() => killWithChildren(child), time);
  const code = await child.exited;
  clearTimeout(timer);
  return code;
}

/** Lets it call `auth` for the same vault, but without a database's password. */
async function places({ AUTH_HOME, AUTH_STORE }: Environment): Promise<Record<string, string>> {
  const store = AUTH_STORE ? (await import("../vault/address.ts")).withoutPassword(AUTH_STORE) : null;
  return { ...(AUTH_HOME && { AUTH_HOME }), ...(store !== null && { AUTH_STORE: store }) };
}

const TITLE = "auth: please log in";

/** Milliseconds in which the program fails if there is no desktop. */
const REFUSAL_TIME = 1_000;

/**
 * Where there is a program for it. It gets texts as arguments, and no shell sees them.
 *
 * @returns whether the desktop has taken it
 */
export async function notifyOnDesktop(
  env: Environment,
  need: PersonNeed,
  platform = process.platform,
): Promise<boolean> {
  const { message, command } = shown(need);
  const text = `${message}\n${command}`;
  const script = [
    ...[
      "-e",
      "on run argv",
      "-e",
      "display notification (item 2 of argv) with title (item 1 of argv)",
      "-e",
      "end run",
    ],
    TITLE,
    text,
  ];
  const [program, ...words] =
    platform === "darwin" ? ["osascript", ...script] : ["notify-send", "--app-name=auth", TITLE, text];
  const path = Bun.which(program ?? "", { PATH: env.PATH ?? "" });
  if (path === null) return false;
  const child = Bun.spawn([path, ...words], {
    env: helperEnvironment(env),
    stdio: ["ignore", "ignore", "ignore"],
    timeout: TIME,
  });
  child.unref();
  await Promise.race([child.exited, Bun.sleep(REFUSAL_TIME)]);
  return child.signalCode === null && (child.exitCode ?? 0) === 0;
}

/** The text may quote a provider. */
function shown(need: PersonNeed): PersonNeed {
  return { ...need, message: maskHeld(escapeText(need.message)) };
}

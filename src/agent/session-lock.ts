/**
 * When the desktop session locks, or the machine goes to sleep: told by systemd-logind on Linux, through GLib's `gdbus`
 * (org.freedesktop.login1(5)), where there is one. Elsewhere it isn't known.
 */
import type { Environment } from "../platform/context.ts";
import { helperEnvironment } from "../platform/helper-programs.ts";

export interface SessionWatch {
  /** Whether there is something to be told by. */
  works(): boolean;
  stop(): void;
}

const NONE: SessionWatch = { works: () => false, stop() {} };

export function watchSession(env: Environment, locked: () => void, platform = process.platform): SessionWatch {
  const gdbus = platform === "linux" ? Bun.which("gdbus", { PATH: env.PATH ?? "" }) : null;
  if (gdbus === null) return NONE;
  const child = Bun.spawn([gdbus, "monitor", "--system", "--dest", "org.freedesktop.login1"], {
    env: helperEnvironment(env),
    stdio: ["ignore", "pipe", "ignore"],
  });
  void eachLine(child.stdout, (line) => {
    if (tellsOfLock(line, env.XDG_SESSION_ID)) locked();
  });
  return { works: () => child.exitCode === null && child.signalCode === null, stop: () => child.kill() };
}

/**
 * @param line of `gdbus monitor`: `<object>: <interface>.<signal> (<values>)`
 * @param session the id of our own; absent: each session of this machine counts, as for a service that is in none
 */
export function tellsOfLock(line: string, session: string | undefined): boolean {
  if (line.includes(": org.freedesktop.login1.Manager.PrepareForSleep (true")) return true;
  const [object = ""] = line.split(": ", 1);
  if (!object.startsWith(SESSIONS)) return false;
  if (session && object.slice(SESSIONS.length) !== pathElement(session)) return false;
  return line.includes(": org.freedesktop.login1.Session.Lock ()") || line.includes("'LockedHint': <true>");
}

const SESSIONS = "/org/freedesktop/login1/session/";

/** As sd_bus_path_encode(3) writes a name: `2` is `_32`. */
function pathElement(name: string): string {
  return [...name]
    .map((character, at) => {
      if (/[A-Za-z]/.test(character) || (at > 0 && /\d/.test(character))) return character;
      return `_${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
    })
    .join("");
}

/** A line's length here is bounded by what D-Bus sends; what is longer is cut. */
const LINE_LENGTH = 64 * 1024;

async function eachLine(stream: ReadableStream<Uint8Array>, take: (line: string) => void): Promise<void> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of stream) {
    text = (text + decoder.decode(chunk, { stream: true })).slice(-LINE_LENGTH);
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n")) {
      take(text.slice(0, end));
      text = text.slice(end + 1);
    }
  }
}

/** This very program as another process of its own, which goes on when the one that started it ends. */
import type { Environment } from "./context.ts";
import { asObject, type Json, parseJson } from "./json.ts";

export interface OwnProgram {
  readonly pid: number;
  /** The lines of JSON on its standard output. */
  readonly events: AsyncIterable<Json>;
  /** Its exit code, and the error that it has told (`--json`). */
  readonly ended: Promise<{ readonly code: number; readonly error: Json | null }>;
  /** Asks it to end. */
  stop(): void;
}

/**
 * The real path of this program: links that lead to it stay as they are. Linux says `auth (deleted)` once an upgrade has put another file in its place: then it is
 * the new one's.
 *
 * @throws the system's error where there is none any more
 */
export function ownPath(): string {
  // Loading node:fs takes a millisecond, which only those pay who ask.
  return process.getBuiltinModule("node:fs").realpathSync(process.execPath.replace(/ \(deleted\)$/, ""));
}

/** @param input what it reads; null: nothing @throws Error with the system's `code` where it can't be started */
export function startOwnProgram(args: readonly string[], env: Environment, input: string | null): OwnProgram {
  const child = spawnApart(args, env, [input === null ? "ignore" : new Blob([input]), "pipe", "pipe"]);
  const ended = Promise.all([child.exited, child.stderr.text()]).then(([code, text]) => {
    const errors = text.split("\n").map((line) => asObject(asObject(parseJson(line))?.error));
    return { code, error: errors.findLast((one) => one !== null) ?? null };
  });
  return { pid: child.pid, events: jsonLines(child.stdout), ended, stop: () => child.kill("SIGTERM") };
}

/** The same with nothing to hear of it but its end. @param input what it reads @throws as `startOwnProgram` */
export function startSilently(args: readonly string[], env: Environment, input: string): { ended: Promise<number> } {
  return { ended: spawnApart(args, env, [new Blob([input]), "ignore", "ignore"]).exited };
}

type Stdio = ["ignore" | Blob, "pipe", "pipe"] | [Blob, "ignore", "ignore"];

function spawnApart<S extends Stdio>(args: readonly string[], env: Environment, stdio: S) {
  const given = Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const child = Bun.spawn<S[0], S[1], S[2]>([ownPath(), ...args], {
    // Under another name it might be taken for a helper of that name.
    argv0: "auth",
    env: Object.fromEntries(given),
    stdio,
    detached: true,
    windowsHide: true,
  });
  // What waits for it decides how long this process lives.
  child.unref();
  return child;
}

async function* jsonLines(stream: ReadableStream<Uint8Array>): AsyncGenerator<Json> {
  const [{ Readable }, { createInterface }] = await Promise.all([import("node:stream"), import("node:readline")]);
  for await (const line of createInterface({ input: Readable.fromWeb(stream as never) })) {
    const event = asObject(parseJson(line));
    if (event !== null) yield event;
  }
}

/** Whether a process of this user, or another's, has that number. */
export function isProcess(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as { code?: string }).code === "EPERM";
  }
}

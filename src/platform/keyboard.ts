/** Our terminal's keys for a command that has another terminal. Loaded when needed. */
import { AuthError } from "./errors.ts";
import { openTerminal, TERMINAL, type Terminal } from "./raw-terminal.ts";
import { readProc } from "./small-file.ts";

const CTRL_Z = 0x1a;

export interface Suspension {
  stop(): void;
  goOn(): void;
}

/**
 * @param onKeys gets what is typed
 * @param suspends whether Ctrl-Z is the command's whole job's, as the shell sees it that we are started from
 * @returns null where there is no terminal to type on
 */
export async function openKeyboard(
  onKeys: (keys: Uint8Array) => void,
  suspends: () => boolean,
  { stop, goOn }: Suspension,
): Promise<{ close(): Promise<void> } | null> {
  let terminal = await open();
  if (terminal === null) return null;
  const listen = (): void => {
    terminal?.onData((keys) => {
      if (keys === null) return;
      if (keys.length === 1 && keys[0] === CTRL_Z && suspends()) void suspend();
      else onKeys(keys);
    });
  };
  async function suspend(): Promise<void> {
    stop();
    await terminal?.close();
    // To all of our job, as the terminal would have sent it. Where no shell looks after it, nothing stops.
    process.kill(0, "SIGTSTP");
    await Bun.sleep(SETTLED_MS);
    terminal = await open();
    listen();
    goOn();
  }
  listen();
  return { close: async () => terminal?.close() };
}

/** Milliseconds within which a signal to ourselves has stopped us. */
const SETTLED_MS = 20;

async function open(): Promise<Terminal | null> {
  try {
    const terminal = await openTerminal();
    // What the command's terminal has made of a line's end must not be made twice.
    Bun.spawnSync(["stty", "-opost"], { stdin: Bun.file(TERMINAL.input), stdout: "ignore", stderr: "ignore" });
    return terminal;
  } catch (error) {
    if (error instanceof AuthError) return null;
    throw error;
  }
}

/** Whether a process's group has its terminal's keys. Where it can't be told: for ours yes, for another's no. */
export function isInForeground(pid?: number): boolean {
  // proc_pid_stat(5): the program's name in brackets; then state, ppid, pgrp, session, tty_nr, tpgid.
  const stat = process.platform === "linux" ? readProc(`/proc/${pid ?? "self"}/stat`) : null;
  if (stat === null) return pid === undefined;
  const [, , group, , , foreground] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return group === foreground;
}

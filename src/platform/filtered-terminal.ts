/**
 * A command on a terminal of its own, whose output goes through a filter to ours: it has its colours, its size, its keys
 * and its job control, and what it writes to /dev/tty is filtered too. Ours is raw meanwhile: each key is the command's.
 */
import { openSync, writeSync } from "node:fs";
import { WriteStream } from "node:tty";
import { type Child, spawnCommand } from "./child.ts";
import { errorCode } from "./errors.ts";
import type { Execution } from "./exec.ts";
import { afterPause, type FilteredPipe, filteredPipe, type MakeFilter, type OutputLost } from "./filtered-child.ts";
import { isInForeground, openKeyboard } from "./keyboard.ts";
import { F, posix } from "./posix.ts";
import { isTerminal } from "./terminal.ts";

/** Milliseconds: what a command wrote has come when it has ended; others may hold its terminal open. */
const LAST_WORDS_MS = 500;

export async function startOnTerminal(
  file: string,
  execution: Execution,
  makeFilter: MakeFilter,
  lost: OutputLost,
): Promise<Child> {
  const filter = makeFilter(true);
  const pause = afterPause(filter, show);
  const closed = Promise.withResolvers<void>();
  let child: Bun.Subprocess | null = null;
  let isGone = false;
  // A throw within a callback of the terminal's would be repeated for each chunk.
  function show(bytes: Uint8Array): void {
    try {
      if (!isGone) writeAll(bytes);
    } catch {
      hangUp();
    }
  }
  /** Our terminal is gone: so is the command's, and with it whatever else the command runs there. */
  function hangUp(): void {
    isGone = true;
    child?.terminal?.close();
  }
  const stderr = isTerminal(2) ? null : filteredPipe(2, makeFilter(false), lost);
  child = start(file, execution, stderr, {
    ...size(),
    data: (_, bytes) => {
      show(filter.feed(bytes));
      pause.restart();
    },
    exit: () => closed.resolve(),
  });
  const { pid, terminal } = child;
  if (terminal === undefined) throw new Error("No terminal can be made here");
  stderr?.pass();
  const resize = (): void => {
    const { cols, rows } = size();
    terminal.resize(cols, rows);
  };
  process.on("SIGWINCH", resize);
  // The command is sent the signal, too; but a pager of its would never learn of it.
  process.on("SIGHUP", () => {
    if (!isTerminal(1)) hangUp();
  });
  // In the background the keys are another's.
  const keyboard = isInForeground()
    ? await openKeyboard(
        (keys) => void terminal.write(keys),
        () => isInForeground(pid) && (terminal.localFlags & ISIG) !== 0,
        {
          stop: () => void process.kill(-pid, "SIGSTOP"),
          goOn() {
            resize();
            process.kill(-pid, "SIGCONT");
          },
        },
      )
    : null;
  return {
    process: child,
    sharesTerminal: false,
    async finish() {
      await Promise.race([closed.promise, Bun.sleep(LAST_WORDS_MS)]);
      pause.stop();
      show(filter.end());
      terminal.close();
      await keyboard?.close();
      await stderr?.finish();
    },
  };
}

/** <termios.h>: whether Ctrl-Z is a signal's key. */
const ISIG = process.platform === "darwin" ? 0x80 : 1;

/** Standard streams that aren't a terminal are ours: the shell puts them where the command looks for them. */
function start(
  file: string,
  execution: Execution,
  stderr: FilteredPipe | null,
  terminal: Bun.TerminalOptions,
): Bun.Subprocess {
  const standard = ["inherit", "inherit", "inherit"] as const;
  const free = [3, 4, 5, 6, 7, 8, 9].filter((fd) => !execution.inherited.includes(fd));
  const moved: [target: number, from: number][] = [];
  if (!isTerminal(0)) moved.push([0, copyOfStdin()]);
  if (stderr !== null) moved.push([2, stderr.input]);
  if (moved.length === 0) return spawnCommand(file, execution, { standard, terminal });
  const more = new Map(moved.map(([, from], i) => [free[i] as number, from]));
  const redirections = moved.map(([target], i) => `${target}>&${free[i]} ${free[i]}>&-`);
  const args = ["-c", `exec "$@" ${redirections.join(" ")}`, "sh", file, ...execution.args];
  return spawnCommand("/bin/sh", { ...execution, command: "sh", args }, { standard, more, terminal });
}

/** Bun takes the number 0 for none, beyond the standard three. */
function copyOfStdin(): number {
  const copied = posix()?.fcntl(0, F.DUPFD, 3) ?? -1;
  return copied < 0 ? openSync("/dev/fd/0", "r") : copied;
}

function size(): { cols: number; rows: number } {
  const [cols, rows] = new WriteStream(1).getWindowSize();
  return { cols: cols || 80, rows: rows || 24 };
}

/** Waits for a terminal that doesn't take it all at once: so does the command then. */
function writeAll(bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(1, bytes, at);
    } catch (error) {
      if (errorCode(error) !== "EAGAIN") throw error;
      Bun.sleepSync(1);
    }
  }
}

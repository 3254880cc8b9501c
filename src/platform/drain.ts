/**
 * When a command's output is over that has ended itself: at its pipe's end, but a program that it has left running may hold
 * the pipe open for ever. So it is over, too, once nothing has come for a moment.
 */

const TICK_MS = 50;
/** Milliseconds without a byte. */
const SILENCE_MS = 500;
/** Milliseconds of waiting for bytes in all, where another program goes on writing now and then. */
const LONGEST_MS = 5000;
/** More than a pipe and its reader hold of what the command has written: the rest is another program's. */
const MOST_BYTES = 4 * 1024 * 1024;

export interface Drain {
  /** The command has ended. */
  start(): void;
  /** The next bytes are waited for, rather than passed on: whoever takes them may take as long as they like. */
  waits(): void;
  got(bytes: number): void;
  stop(): void;
}

/** @param isOver called once, unless it is stopped before */
export function createDrain(isOver: () => void): Drain {
  let timer: Timer | undefined;
  let hasEnded = false;
  let isStopped = false;
  let isWaiting = false;
  let silent = 0;
  let waited = 0;
  let bytes = 0;
  const stop = (): void => {
    isStopped = true;
    clearInterval(timer);
  };
  const end = (): void => {
    stop();
    isOver();
  };
  return {
    start() {
      hasEnded = true;
      if (isStopped) return;
      timer = setInterval(() => {
        if (!isWaiting) return;
        silent += TICK_MS;
        waited += TICK_MS;
        if (silent >= SILENCE_MS || waited >= LONGEST_MS) end();
      }, TICK_MS);
    },
    waits() {
      isWaiting = true;
      silent = 0;
    },
    got(length) {
      isWaiting = false;
      if (!hasEnded) return;
      bytes += length;
      if (bytes > MOST_BYTES) end();
    },
    stop,
  };
}

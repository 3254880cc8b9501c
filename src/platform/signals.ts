/**
 * Signals that must not cut a refresh in two (DESIGN.md §6, step 4): between sending a refresh token and committing
 * the reply, an interruption waits. Afterwards the process ends as it would have, with 128 + the signal's number.
 */
const NUMBERS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;
type Deferred = keyof typeof NUMBERS;

export interface Deferral {
  /** Ends the wait. If a signal came meanwhile, the process ends here and this doesn't return. */
  release(): void;
}

let depth = 0;
let arrived: Deferred | null = null;
const remember = (signal: Deferred): void => {
  arrived ??= signal;
};

/** May be nested: signals are let through when the last holder lets go. */
export function deferSignals(): Deferral {
  if (depth++ === 0) for (const signal of names()) process.on(signal, remember);
  let held = true;
  return {
    release() {
      if (!held) return;
      held = false;
      if (--depth > 0) return;
      for (const signal of names()) process.off(signal, remember);
      if (arrived !== null) process.exit(128 + NUMBERS[arrived]);
    },
  };
}

const cleanUps: (() => void)[] = [];

/**
 * Makes Ctrl-C end the process with exit code 130 (not "killed by SIGINT"), unless a deferral holds.
 *
 * @param cleanUp runs first, synchronously; may be added to
 */
export function exitOnInterrupt(cleanUp?: () => void): void {
  if (cleanUp !== undefined) cleanUps.push(cleanUp);
  process.off("SIGINT", interrupt);
  process.on("SIGINT", interrupt);
}

function interrupt(): void {
  if (depth > 0) return;
  for (const cleanUp of cleanUps) cleanUp();
  process.exit(130);
}

function names(): Deferred[] {
  return Object.keys(NUMBERS) as Deferred[];
}

/**
 * Signals that must not cut a refresh in two (DESIGN.md §6, step 4): between sending a refresh token and committing
 * the reply, an interruption waits. Afterwards the process ends with 128 + the signal's number.
 */
import { posix } from "./posix.ts";

const isMac = process.platform === "darwin";

/**
 * Every signal that ends a process by default (signal(7)), but for those by which the program itself has crashed (SIGILL,
 * SIGTRAP, SIGBUS, SIGFPE, SIGSEGV, SIGSYS). Not SIGPWR: on Linux JavaScriptCore stops its threads by it. SIGPIPE and
 * SIGXFSZ are ignored by Bun.
 */
const NUMBERS = {
  ...{
    SIGHUP: 1,
    SIGINT: 2,
    SIGQUIT: 3,
    SIGABRT: 6,
    SIGALRM: 14,
    SIGTERM: 15,
    SIGXCPU: 24,
    SIGVTALRM: 26,
    SIGPROF: 27,
  },
  ...{ SIGUSR1: isMac ? 30 : 10, SIGUSR2: isMac ? 31 : 12, SIGIO: isMac ? 23 : 29, SIGBREAK: 21 },
} as const;
type Deferred = keyof typeof NUMBERS;

/**
 * Linux's signals to which Bun can't listen: SIGSTKFLT, and the real-time signals after the two that the C library keeps
 * for itself. They end a process too, and are ignored meanwhile.
 */
const UNHEARD = process.platform === "linux" ? [16, ...Array.from({ length: 31 }, (_, i) => 34 + i)] : [];

export interface Deferral {
  /** Aborted as soon as a signal comes: what need not be waited for can be left. */
  readonly signal: AbortSignal;
  /** The caller says what became of the work: `release` doesn't end the process for a signal that has come. */
  handled(): void;
  /** Ends the wait. If a signal came meanwhile, the process ends here and this doesn't return. */
  release(): void;
}

let depth = 0;
let arrived: Deferred | null = null;
let interruption: AbortController | undefined;
const remember = (signal: Deferred): void => {
  arrived ??= signal;
  interruption?.abort();
};

/** May be nested: signals are let through when the last holder lets go. */
export function deferSignals(): Deferral {
  if (depth++ === 0) {
    for (const signal of names()) process.on(signal, remember);
    for (const signal of UNHEARD) posix()?.ignoreSignal(signal);
  }
  interruption ??= new AbortController();
  let held = true;
  return {
    signal: interruption.signal,
    handled() {
      arrived = null;
    },
    release() {
      if (!held) return;
      held = false;
      if (--depth > 0) return;
      for (const signal of names()) process.off(signal, remember);
      for (const signal of UNHEARD) posix()?.resetSignal(signal);
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
  return (Object.keys(NUMBERS) as Deferred[]).filter((name) => name !== "SIGBREAK" || process.platform === "win32");
}

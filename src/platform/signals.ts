/**
 * Signals that must not cut a refresh in two (DESIGN.md §6, step 4): between sending a refresh token and committing
 * the reply, an interruption waits. Afterwards the process ends with 128 + the signal's number. A second signal ends the
 * wait for a reply. A command's own end waits, too.
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
function unheard(): number[] {
  return process.platform === "linux" ? [16, ...Array.from({ length: 31 }, (_, i) => 34 + i)] : [];
}

export interface Deferral {
  /** Aborted as soon as a signal comes: what need not be waited for can be left, and nothing new is begun. */
  readonly signal: AbortSignal;
  /** The caller reports what became of the work and ends with `interruptedExitCode`: `release` doesn't end the process. */
  handled(): void;
  /** Ends the wait. If a signal came meanwhile, the process ends here and this doesn't return. */
  release(): void;
}

/** What the person reads while a reply must be waited for. */
export interface ReplyWait {
  /** Called once, at the first signal: explains that a second signal ends the process. */
  tell(): void;
  /** Written to stderr when a second signal ends the wait: what may have become of the login. */
  readonly abandoned: string;
}

/** Milliseconds within which a second signal counts as the first: npm and supervisors pass on what a terminal sent too. */
const SAME_SIGNAL_MS = 500;

let depth = 0;
let arrived: { readonly signal: Deferred; readonly at: number } | null = null;
let isReported = false;
/** Whoever waits for a signal ends the process. */
let isAwaited = false;
let interruption: AbortController | undefined;
const waits = new Set<ReplyWait>();
let isTold = false;

const remember = (signal: Deferred): void => {
  if (arrived === null) {
    arrived = { signal, at: performance.now() };
    interruption?.abort();
    tellOnce();
  } else if (waits.size > 0 && performance.now() - arrived.at >= SAME_SIGNAL_MS) endAtOnce();
};

function tellOnce(): void {
  const [wait] = waits;
  if (isTold || wait === undefined) return;
  isTold = true;
  wait.tell();
}

function endAtOnce(): never {
  for (const cleanUp of cleanUps) cleanUp();
  const words = [...waits].map(({ abandoned }) => `${abandoned}\n`);
  try {
    // Loaded only here: the hot path does without.
    process.getBuiltinModule("node:fs").writeSync(2, words.join(""));
  } catch {
    // Stderr is closed or full: the process ends all the same.
  }
  process.exit(interruptedExitCode());
}

/**
 * A program that serves ends in good order when it is told to (SIGTERM), interrupted, or its terminal goes away.
 *
 * @param end called for each; a refresh under way ends first, as everywhere
 */
export function onEnd(end: () => void): void {
  isAwaited = true;
  process.off("SIGINT", interrupt);
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, end);
}

let isRelayed = false;

/**
 * From now on no signal ends this process or interrupts its work: each is for the command that it runs, and ends with.
 * @param to called for each that can be caught
 */
export function relaySignals(to: (signal: NodeJS.Signals) => void): void {
  isRelayed = true;
  for (const signal of names()) process.on(signal, to);
}

/** May be nested: signals are let through when the last holder lets go. */
export function deferSignals(): Deferral {
  if (isRelayed) return { signal: new AbortController().signal, handled() {}, release() {} };
  if (depth++ === 0) {
    for (const signal of names()) process.on(signal, remember);
    for (const signal of unheard()) posix()?.ignoreSignal(signal);
  }
  interruption ??= new AbortController();
  let held = true;
  return {
    signal: interruption.signal,
    handled() {
      isReported = true;
    },
    release() {
      if (!held) return;
      held = false;
      if (--depth > 0) return;
      for (const signal of names()) process.off(signal, remember);
      for (const signal of unheard()) posix()?.resetSignal(signal);
      if (arrived !== null && !isReported && !isAwaited) process.exit(interruptedExitCode());
    },
  };
}

/**
 * Waits for a reply that must not be lost. The first signal is explained (`tell`); a second one ends the process at once.
 * Precondition: signals are deferred.
 */
export async function awaitReply<T>(reply: Promise<T>, wait: ReplyWait): Promise<T> {
  waits.add(wait);
  if (arrived !== null) tellOnce();
  try {
    return await reply;
  } finally {
    waits.delete(wait);
  }
}

/** Waits for a signal that ends this process, and for what it must not cut in two. @returns 128 + its number */
export function ended(): Promise<number> {
  isAwaited = true;
  process.off("SIGINT", interrupt);
  return new Promise((resolve) => {
    const settle = (): unknown => (depth > 0 ? setTimeout(settle, 20) : resolve(interruptedExitCode()));
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
      process.on(signal, () => {
        arrived ??= { signal, at: performance.now() };
        settle();
      });
  });
}

/** Aborted when a signal that is held back comes: a question to a person ends then. null: none is held back. */
export function heldSignal(): AbortSignal | null {
  return depth > 0 ? (interruption?.signal ?? null) : null;
}

/** 128 + the number of the signal that came; 130 where Ctrl-C was read as a key. */
export function interruptedExitCode(): number {
  return 128 + NUMBERS[arrived?.signal ?? "SIGINT"];
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
  if (depth > 0 || isRelayed) return;
  for (const cleanUp of cleanUps) cleanUp();
  process.exit(130);
}

function names(): Deferred[] {
  return (Object.keys(NUMBERS) as Deferred[]).filter((name) => name !== "SIGBREAK" || process.platform === "win32");
}

/**
 * Refreshes under way. Until the reply is kept, only this process has the login. Closing a vault waits for them: a command
 * that serves other programs may end during a refresh.
 */
const begun = new Set<Promise<unknown>>();

export function inFlight<T>(refresh: Promise<T>): Promise<T> {
  begun.add(refresh);
  const over = (): boolean => begun.delete(refresh);
  refresh.then(over, over);
  return refresh;
}

export async function noneInFlight(): Promise<void> {
  while (begun.size > 0) await Promise.allSettled(begun);
}

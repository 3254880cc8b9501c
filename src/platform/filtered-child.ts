/**
 * Running a command whose output goes through a filter. Where our output is a terminal, the command gets one of its own
 * (`filtered-terminal.ts`); else pipes, one for stdout and one for stderr. Its input is ours.
 */
import { closeSync, fstatSync, write as writeSome } from "node:fs";
import { type Child, type Start, spawnCommand } from "./child.ts";
import { createDrain } from "./drain.ts";
import { errorCode } from "./errors.ts";
import { F, posix } from "./posix.ts";
import { openPipe } from "./secret-pipe.ts";
import { isTerminal } from "./terminal.ts";

/** A stream's, which takes bytes in and gives them out when it is decided what they are. */
export interface OutputFilter {
  feed(chunk: Uint8Array): Uint8Array;
  /** Nothing more has come for a moment. @returns what need not wait any longer */
  pause(): Uint8Array;
  /** Whether `pause` has something to give. */
  readonly isHolding: boolean;
  end(): Uint8Array;
}

/** @param onTerminal what it gives out must take up as much of a screen as what it took in */
export type MakeFilter = (onTerminal: boolean) => OutputFilter;

/** Called with the error by which our own output takes nothing more: the command's is closed then. */
export type OutputLost = (error: unknown) => void;

export function startFiltered(makeFilter: MakeFilter, lost: OutputLost): Start {
  return async (file, execution) => {
    if (!isTerminal(1)) return startWithPipes(file, execution, makeFilter, lost);
    const { startOnTerminal } = await import("./filtered-terminal.ts");
    return startOnTerminal(file, execution, makeFilter, lost);
  };
}

async function startWithPipes(
  ...[file, execution, makeFilter, lost]: [...Parameters<Start>, MakeFilter, OutputLost]
): Promise<Child> {
  const stdout = filteredPipe(1, makeFilter(false), lost);
  // Into one file or pipe, what is written to both stays in order.
  const stderr = isSameFile(1, 2) ? stdout : filteredPipe(2, makeFilter(false), lost);
  const process = spawnCommand(file, execution, { standard: ["inherit", stdout.input, stderr.input] });
  const pipes = [...new Set([stdout, stderr])];
  for (const { pass } of pipes) pass();
  return {
    process,
    sharesTerminal: true,
    finish: async () => void (await Promise.all(pipes.map(({ finish }) => finish()))),
  };
}

function isSameFile(a: number, b: number): boolean {
  const [one, other] = [fstatSync(a), fstatSync(b)];
  return one.dev === other.dev && one.ino === other.ino;
}

/** Milliseconds of silence: less than a person notices, more than there is between two parts of one output. */
const PAUSE_MS = 20;

/** Calls `then` once the filter has been given nothing for a moment, and has something. */
export function afterPause(filter: OutputFilter, then: (bytes: Uint8Array) => void): { restart(): void; stop(): void } {
  let timer: Timer | undefined;
  const stop = (): void => clearTimeout(timer);
  const restart = (): void => {
    stop();
    if (filter.isHolding) timer = setTimeout(() => then(filter.pause()), PAUSE_MS);
  };
  return { restart, stop };
}

/** On another thread: where nobody reads, Bun.write would wait on this one, and no signal were answered. */
async function writeAll(to: number, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const rest = bytes.subarray(at);
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    writeSome(to, rest, 0, rest.length, null, (error, count) => (error === null ? resolve(count) : reject(error)));
    try {
      at += await promise;
    } catch (error) {
      // Whoever shares it with us has it not wait: Bun does.
      if (errorCode(error) !== "EAGAIN") throw error;
      at += await Bun.write(Bun.file(to), rest);
    }
  }
}

const PIPE_BYTES = 1024 * 1024;

export interface FilteredPipe {
  /** The end that a command writes to. */
  readonly input: number;
  /** Once the command has it: begins to pass on what comes, until its end, or until it can't be written. */
  pass(): void;
  /** Once the command has ended: resolves when all that it has written is passed on (see `drain.ts`). */
  finish(): Promise<void>;
}

/** @param to a descriptor */
export function filteredPipe(to: number, filter: OutputFilter, lost: OutputLost): FilteredPipe {
  const ends = openPipe();
  if (ends === null) throw new Error("No pipe can be made here");
  const [reading, input] = ends;
  // So that the command, we and our reader take turns less often. Where it isn't granted, it is as it was.
  if (process.platform === "linux") posix()?.fcntl(input, F.SETPIPE_SZ, PIPE_BYTES);
  let written: Promise<unknown> = Promise.resolve();
  const write = (bytes: Uint8Array): Promise<unknown> => {
    if (bytes.length > 0) written = written.then(() => writeAll(to, bytes));
    return written;
  };
  const pause = afterPause(filter, (bytes) => void write(bytes).catch(() => {}));
  let stop = async (): Promise<void> => {};
  const drain = createDrain(() => void stop());
  let passed: Promise<void> = Promise.resolve();
  const passAll = async (): Promise<void> => {
    closeSync(input);
    const output = Bun.file(reading).stream().getReader();
    stop = () => output.cancel();
    try {
      for (;;) {
        drain.waits();
        const { done, value } = await output.read();
        if (done) break;
        drain.got(value.length);
        await write(filter.feed(value));
        pause.restart();
      }
      pause.stop();
      await write(filter.end());
    } catch (error) {
      // Nobody reads, or a disk is full: the command is stopped at its next write (SIGPIPE), since its pipe is closed too.
      lost(error);
    } finally {
      pause.stop();
      drain.stop();
      await stop();
      closeSync(reading);
    }
  };
  return {
    input,
    pass() {
      passed = passAll();
    },
    finish() {
      drain.start();
      return passed;
    },
  };
}

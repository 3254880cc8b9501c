/**
 * Log lines for requests without the proxy's secret, which any program on this machine can send: a few, and then how many
 * more there were. Otherwise they could displace all other lines of the log, whose size is limited.
 */
import type { Entry, Journal } from "./journal.ts";

const WINDOW_MS = 60_000;
/** Lines within a window. */
const MOST = 20;

export interface UnauthorizedLog {
  write(entry: Entry): void;
  /** Writes how many had no line. */
  close(): void;
}

/** @param now milliseconds */
export function createUnauthorizedLog(journal: Pick<Journal, "write">, now: () => number = Date.now): UnauthorizedLog {
  let begun = Number.NEGATIVE_INFINITY;
  let written = 0;
  let passedOver = 0;
  let last: Entry | null = null;
  const tell = (): void => {
    if (last !== null && passedOver > 0)
      journal.write({ ...last, path: null, refused: `As many more, each refused like the last: ${passedOver}.` });
    passedOver = 0;
  };
  return {
    write(entry) {
      if (now() - begun >= WINDOW_MS) {
        tell();
        begun = now();
        written = 0;
      }
      last = entry;
      if (written++ < MOST) journal.write(entry);
      else passedOver++;
    },
    close: tell,
  };
}

/** Who called us: the process above, as far as it can be told. */
import { fileCalls, readSmallFile } from "./libc.ts";

export interface Caller {
  readonly pid: number;
  /** Its short name; null where the system doesn't tell. */
  readonly program: string | null;
}

let known: Caller | undefined;

/** Found out once: a process that outlives its caller was called by it all the same. */
export function caller(): Caller {
  known ??= findCaller();
  return known;
}

function findCaller(): Caller {
  const pid = process.ppid;
  const c = process.platform === "linux" ? fileCalls() : null;
  const name = c === null ? null : readSmallFile(c, `/proc/${pid}/comm`);
  return { pid, program: name?.trim() || null };
}

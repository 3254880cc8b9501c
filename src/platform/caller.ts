/** Who called us: the process above, as far as it can be told. */
import { fileCalls, readSmallFile } from "./libc.ts";

export interface Caller {
  readonly pid: number;
  /** Its short name; null where the system doesn't tell. */
  readonly program: string | null;
}

export function caller(): Caller {
  const pid = process.ppid;
  const c = process.platform === "linux" ? fileCalls() : null;
  const name = c === null ? null : readSmallFile(c, `/proc/${pid}/comm`);
  return { pid, program: name?.trim() || null };
}

import { posix } from "./posix.ts";

/** <linux/prctl.h>. */
const PR_SET_DUMPABLE = 4;

/**
 * For a process that keeps tokens: on Linux no other one of its user's may trace it, or read its memory or its environment
 * (ptrace(2), "Ptrace access mode checking"), and a crash leaves no core dump. What it starts is as ever. Elsewhere, and where
 * C functions can't be called, nothing changes.
 */
export function protectMemory(): void {
  posix()?.linux?.call("prctl", PR_SET_DUMPABLE, 0);
}

/**
 * Calling C functions: what the module `bun:ffi` is built on, without the module itself. Loading that costs every token
 * a quarter of a millisecond, for classes that nothing here uses. The runtime is part of the binary, so it can't be one
 * that doesn't have this.
 */
import type { dlopen, ptr, read, Symbols } from "bun:ffi";

interface Native {
  /** Gives the error instead of throwing it. */
  dlopen<T extends Symbols>(library: string, calls: T): ReturnType<typeof dlopen<T>> | Error;
  readonly ptr: typeof ptr;
  readonly read: typeof read;
}

export const ffi = (Bun as unknown as { readonly FFI: Native }).FFI;

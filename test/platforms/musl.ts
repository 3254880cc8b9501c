/**
 * Alpine has libstdc++ as a package, Debian has none for musl: what the binary needs of it is linked here from Debian's
 * archive of position-independent objects, for these tests only. musl's loader runs the binary as it does on Alpine; the
 * programs that `auth run` starts are this machine's own.
 */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { tempFolder } from "../support/program.ts";

export interface Toolchain {
  /** Before `-as`, `-ld` and `-nm`. */
  readonly prefix: string;
  /** Where gcc has its libraries. */
  readonly libraries: string;
  /** Further lines of assembler. */
  readonly more: string;
}

export const X64: Toolchain = {
  prefix: "/usr/bin/x86_64-linux-gnu",
  libraries: "/usr/lib/gcc/x86_64-linux-gnu/12",
  more: "",
};

export const ARM64: Toolchain = {
  prefix: "/usr/bin/aarch64-linux-gnu",
  libraries: "/usr/lib/gcc-cross/aarch64-linux-gnu/12",
  // libgcc asks it for the processor's atomic instructions: there are none besides the usual ones.
  more: ".globl __getauxval\n__getauxval:\nmov x0, 0\nret\n",
};

/** What these objects expect of glibc and of the compiler's own start files. The functions are never called. */
const MISSING = `
.globl __libc_single_threaded, _dl_find_object, arc4random, __dso_handle
.hidden __dso_handle
.bss
__libc_single_threaded: .zero 8
__dso_handle: .zero 8
.section .note.GNU-stack, "", %progbits
.text
_dl_find_object:
arc4random: .zero 8
`;

const OF_LIBSTDCXX = /^(?:_ZN?K?St|_ZTVN10__cxxabiv1|__cxa_|__dynamic_cast|__once_)/;

/** @returns the folder with libstdc++.so.6, as the binary needs it */
export function linkLibstdcxx(binary: string, { prefix, libraries, more }: Toolchain): string {
  const folder = tempFolder();
  const wanted = call(`${prefix}-nm`, "--dynamic", "--format=just-symbols", binary)
    .split("\n")
    .filter((symbol) => OF_LIBSTDCXX.test(symbol));
  const [source, object] = [join(folder, "missing.s"), join(folder, "missing.o")];
  writeFileSync(source, MISSING + more);
  call(`${prefix}-as`, source, "-o", object);
  const archives = ["libstdc++_pic.a", "libgcc_eh.a", "libgcc.a"].map((name) => join(libraries, name));
  const library = join(folder, "libstdc++.so.6");
  const flags = ["-shared", "-soname", "libstdc++.so.6", "-o", library, ...wanted.map((symbol) => `-u${symbol}`)];
  call(`${prefix}-ld`, ...flags, object, ...archives);
  return folder;
}

function call(command: string, ...args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: "utf8" });
  if (status !== 0) throw error ?? new Error(`${command}: ${stderr}`);
  return stdout;
}

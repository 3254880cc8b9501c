/** What a built binary is, read from its bytes: for which platform, and whether it is hardened. */

export interface Binary {
  readonly format: "elf" | "mach-o" | "pe";
  readonly arch: "x64" | "arm64";
  /** Which C library a Linux binary asks for. */
  readonly libc: "glibc" | "musl" | null;
  /** Whether no file of the current directory is loaded by itself: .env, bunfig.toml, tsconfig.json, package.json. */
  readonly hardened: boolean;
  /** Where our program begins; all before it is Bun's. */
  readonly runtimeSize: number;
}

/**
 * Ends the part of a compiled binary that holds our program. Right before it is a 32-bit word of flags, and 32 bytes
 * before it the size of that part, of 64 bits.
 */
const TRAILER = "\n---- Bun! ----\n";

/** Bits 0 to 3, set when loading is off: .env, bunfig.toml, tsconfig.json, package.json (found by comparing builds). */
const AUTOLOAD_OFF = 0b1111;

/** @throws Error when it is no binary of a known kind, or not one that `bun build --compile` made */
export function describeBinary(bytes: Buffer): Binary {
  // The first occurrence is Bun's own constant; the last one ends our program.
  const trailer = bytes.lastIndexOf(TRAILER);
  if (trailer < 0) throw new Error("no compiled program inside");
  const hardened = (bytes.readUInt32LE(trailer - 4) & AUTOLOAD_OFF) === AUTOLOAD_OFF;
  const runtimeSize = trailer - 32 - Number(bytes.readBigUInt64LE(trailer - 32));
  return { ...platformOf(bytes), hardened, runtimeSize };
}

const MACHINES: readonly (readonly [format: Binary["format"], code: number, arch: Binary["arch"]])[] = [
  ["elf", 0x3e, "x64"],
  ["elf", 0xb7, "arm64"],
  ["mach-o", 0x1000007, "x64"],
  ["mach-o", 0x100000c, "arm64"],
  ["pe", 0x8664, "x64"],
  ["pe", 0xaa64, "arm64"],
];

function platformOf(bytes: Buffer): Omit<Binary, "hardened" | "runtimeSize"> {
  const magic = bytes.readUInt32BE(0);
  if (magic === 0x7f454c46) {
    const head = bytes.subarray(0, 64 * 1024);
    const libc = head.includes("/ld-musl-") ? "musl" : head.includes("/ld-linux") ? "glibc" : null;
    return { format: "elf", arch: archOf("elf", bytes.readUInt16LE(18)), libc };
  }
  if (magic === 0xcffaedfe) return { format: "mach-o", arch: archOf("mach-o", bytes.readUInt32LE(4)), libc: null };
  if (magic >>> 16 === 0x4d5a) {
    const header = bytes.readUInt32LE(0x3c);
    return { format: "pe", arch: archOf("pe", bytes.readUInt16LE(header + 4)), libc: null };
  }
  throw new Error(`unknown format: ${magic.toString(16)}`);
}

function archOf(format: Binary["format"], code: number): Binary["arch"] {
  const found = MACHINES.find((machine) => machine[0] === format && machine[1] === code);
  if (found === undefined) throw new Error(`unknown machine: ${code.toString(16)}`);
  return found[2];
}

/** A Mach-O program's header and load commands. Source: Apple's mach-o/loader.h. */
import type { Buffer } from "node:buffer";

export const LC = {
  main: 0x80000028,
  segment: 0x19,
  codeSignature: 0x1d,
  buildVersion: 0x32,
} as const;

export interface Segment {
  readonly name: string;
  /** Where its load command is. */
  readonly at: number;
  readonly fileOffset: number;
  readonly fileSize: number;
  /** What its pages may be when the program starts: 1 read, 2 write, 4 execute. */
  readonly protection: number;
}

export interface MachO {
  readonly type: number;
  readonly flags: number;
  readonly segments: readonly Segment[];
  readonly signature: { readonly at: number; readonly offset: number; readonly size: number } | null;
  /** Platform 1 is macOS. The version is `13.0`. */
  readonly system: { readonly platform: number; readonly minimum: string } | null;
  readonly hasEntry: boolean;
}

export function isMachO(bytes: Buffer): boolean {
  return bytes.length > 32 && bytes.readUInt32LE(0) === 0xfeedfacf;
}

/** @throws Error when the load commands don't fit */
export function readMachO(bytes: Buffer): MachO {
  if (!isMachO(bytes)) throw new Error("no 64-bit Mach-O file");
  const [count, size] = [bytes.readUInt32LE(16), bytes.readUInt32LE(20)];
  const segments: Segment[] = [];
  let signature: MachO["signature"] = null;
  let system: MachO["system"] = null;
  let hasEntry = false;
  let at = 32;
  for (let index = 0; index < count; index++) {
    const [command, length] = [bytes.readUInt32LE(at), bytes.readUInt32LE(at + 4)];
    if (length < 8 || at + length > 32 + size) throw new Error(`load command ${index} doesn't fit`);
    if (command === LC.segment) segments.push(segmentAt(bytes, at));
    if (command === LC.main) hasEntry = true;
    if (command === LC.codeSignature) {
      signature = { at, offset: bytes.readUInt32LE(at + 8), size: bytes.readUInt32LE(at + 12) };
    }
    if (command === LC.buildVersion) {
      const version = bytes.readUInt32LE(at + 12);
      system = { platform: bytes.readUInt32LE(at + 8), minimum: `${version >>> 16}.${(version >>> 8) & 0xff}` };
    }
    at += length;
  }
  if (at !== 32 + size) throw new Error("the load commands don't end where they should");
  return { type: bytes.readUInt32LE(12), flags: bytes.readUInt32LE(24), segments, signature, system, hasEntry };
}

function segmentAt(bytes: Buffer, at: number): Segment {
  return {
    name: bytes.toString("latin1", at + 8, at + 24).replace(/\0+$/, ""),
    at,
    fileOffset: Number(bytes.readBigUInt64LE(at + 40)),
    fileSize: Number(bytes.readBigUInt64LE(at + 48)),
    protection: bytes.readUInt32LE(at + 60),
  };
}

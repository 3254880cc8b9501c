/** The sections of a Linux binary (elf(5), 64 bits, little-endian). */
interface Section {
  /** Where its header is. */
  readonly header: number;
  readonly name: number;
  readonly start: number;
  readonly end: number;
}

/** In the section's header. */
const SIZE = 0x20;

/**
 * Makes a Linux binary keep the program that is compiled into it when it is stripped. Bun finds that program by an address
 * of eight bytes, in the section `.bun`. The compiler makes that section the program's own, so that none covers the
 * address any more, and strip(1) drops it: what is left is a plain Bun, which runs the scripts of the current folder.
 * Here the section before it is made to cover the address, too.
 *
 * @throws Error when the sections lie otherwise: another Bun, which has to be looked at
 */
export function coverProgramAddress(runtime: Buffer): void {
  if (runtime.toString("latin1", 0, 4) !== "\x7fELF") return;
  const sections = sectionsOf(runtime);
  const names = sections[runtime.readUInt16LE(0x3e)]?.start ?? 0;
  const address = sections.find(({ name }) => textAt(runtime, names + name) === ".bun");
  const before = sections.find(({ end }) => end === address?.start);
  if (address === undefined || before === undefined) throw new Error("This Bun keeps its program elsewhere.");
  runtime.writeBigUInt64LE(BigInt(address.end - before.start), before.header + SIZE);
}

function sectionsOf(binary: Buffer): Section[] {
  const [table, headerSize, count] = [numberAt(binary, 0x28), binary.readUInt16LE(0x3a), binary.readUInt16LE(0x3c)];
  return Array.from({ length: count }, (_, i) => {
    const header = table + i * headerSize;
    const start = numberAt(binary, header + 0x18);
    return { header, name: binary.readUInt32LE(header), start, end: start + numberAt(binary, header + SIZE) };
  });
}

function numberAt(binary: Buffer, at: number): number {
  return Number(binary.readBigUInt64LE(at));
}

function textAt(binary: Buffer, at: number): string {
  return binary.toString("latin1", at, binary.indexOf(0, at));
}

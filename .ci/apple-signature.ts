/**
 * The ad-hoc signature without which macOS runs no program for arm64, and none whose signature is wrong: a hash of every
 * page, without a signer. Bun leaves its own signature in the programs it compiles for Intel, where it covers other bytes.
 * Source: xnu's osfmk/kern/cs_blobs.h; with the identifier `a.out` it is bit for bit the one that Bun makes for arm64.
 */
import { createHash } from "node:crypto";
import { readMachO, type Segment } from "./mach-o.ts";

const SUPER_BLOB = 0xfade0cc0;
const CODE_DIRECTORY = 0xfade0c02;
/** The first version that says which segment is executable. */
const VERSION = 0x20400;
/** CS_ADHOC, and CS_LINKER_SIGNED, which lets `codesign` put another in its place without being forced. */
const FLAGS = 0x2 | 0x20000;
const HEADER = 88;
const INDEX = 20;
const PAGE = 4096;
const SHA256 = { type: 2, size: 32 };
/** CS_EXECSEG_MAIN_BINARY */
const MAIN_BINARY = 1n;
/** What the last segment's memory is rounded up to: the page of arm64. */
const MEMORY_PAGE = 16_384;

/** The program with a signature over all of it, in place of the one it has. @throws Error when it has no room for one */
export function sign(program: Buffer, identifier: string): Buffer {
  const { signature, segments } = readMachO(program);
  const [text, linkEdit] = ["__TEXT", "__LINKEDIT"].map((name) => segments.find((segment) => segment.name === name));
  if (signature === null || text === undefined || linkEdit === undefined) throw new Error("no place for a signature");

  const limit = signature.offset;
  const pages = Math.ceil(limit / PAGE);
  const name = Buffer.from(`${identifier}\0`);
  const hashes = INDEX + HEADER + name.length;
  const size = hashes + pages * SHA256.size;

  const signed = Buffer.concat([program.subarray(0, limit), Buffer.alloc(size)]);
  signed.writeUInt32LE(size, signature.at + 12);
  const linkEditSize = limit + size - linkEdit.fileOffset;
  signed.writeBigUInt64LE(BigInt(Math.ceil(linkEditSize / MEMORY_PAGE) * MEMORY_PAGE), linkEdit.at + 32);
  signed.writeBigUInt64LE(BigInt(linkEditSize), linkEdit.at + 48);

  const blob = signed.subarray(limit);
  words(blob, 0, [SUPER_BLOB, size, 1, 0, INDEX]);
  const directory = blob.subarray(INDEX);
  words(directory, 0, [CODE_DIRECTORY, size - INDEX, VERSION, FLAGS, hashes - INDEX, HEADER, 0, pages, limit]);
  directory.set([SHA256.size, SHA256.type, 0, Math.log2(PAGE)], 36);
  directory.writeBigUInt64BE(BigInt(text.fileOffset), 64);
  directory.writeBigUInt64BE(BigInt(text.fileSize), 72);
  directory.writeBigUInt64BE(MAIN_BINARY, 80);
  directory.set(name, HEADER);
  for (let page = 0; page < pages; page++) pageHash(signed, page, limit).copy(blob, hashes + page * SHA256.size);
  return signed;
}

/** What is wrong with a program for macOS; empty when macOS has nothing to object to, as far as it can be read here. */
export function objections(program: Buffer, identifier: string): string[] {
  const { type, flags, segments, signature, system, hasEntry } = readMachO(program);
  const wrong: string[] = [];
  const must = (right: boolean, otherwise: string) => right || wrong.push(otherwise);
  must(type === 2 && hasEntry, "not a program");
  must((flags & 0x20_0000) !== 0, "not position independent");
  must((flags & 0x2_0000) === 0, "its stack can be executed");
  must(!segments.some(({ protection }) => (protection & 6) === 6), "a segment can be written and executed");
  must(
    segments.every((segment) => end(segment) <= program.length),
    "a segment lies outside of the file",
  );
  must(system?.platform === 1 && system.minimum === "13.0", `for ${system?.minimum ?? "no macOS"}, not macOS 13.0`);
  if (signature === null) return [...wrong, "no signature"];
  const last = segments.find(({ name }) => name === "__LINKEDIT");
  must(signature.offset + signature.size === program.length, "the signature doesn't end the file");
  must(last !== undefined && end(last) === program.length, "the last segment doesn't end the file");
  try {
    return [...wrong, ...signatureObjections(program, signature.offset, identifier, segments)];
  } catch (error) {
    return [...wrong, `the signature can't be read: ${(error as Error).message}`];
  }
}

function signatureObjections(
  program: Buffer,
  limit: number,
  identifier: string,
  segments: readonly Segment[],
): string[] {
  const wrong: string[] = [];
  const must = (right: boolean, otherwise: string) => right || wrong.push(otherwise);
  const blob = program.subarray(limit);
  must(blob.readUInt32BE(0) === SUPER_BLOB && blob.readUInt32BE(4) <= blob.length, "the signature's frame is wrong");
  must(blob.readUInt32BE(8) === 1 && blob.readUInt32BE(12) === 0, "the signature isn't one code directory");
  const directory = blob.subarray(blob.readUInt32BE(16));
  const field = (at: number) => directory.readUInt32BE(at);
  must(field(0) === CODE_DIRECTORY && field(4) <= directory.length, "the code directory's frame is wrong");
  must(field(8) === VERSION && field(12) === FLAGS && field(24) === 0, "the code directory is of another kind");
  must(directory.toString("latin1", field(20), directory.indexOf(0, field(20))) === identifier, "another identifier");
  must(field(32) === limit && field(28) === Math.ceil(limit / PAGE), "the signature doesn't cover the whole file");
  must(directory.subarray(36, 40).equals(Buffer.from([32, 2, 0, 12])), "not SHA-256 of pages of 4096 bytes");
  must(
    directory.subarray(40, 64).every((byte) => byte === 0),
    "the code directory has fields that we don't write",
  );
  const text = segments.find(({ name }) => name === "__TEXT");
  const executable = [directory.readBigUInt64BE(64), directory.readBigUInt64BE(72), directory.readBigUInt64BE(80)];
  must(
    text !== undefined && executable.join() === [text.fileOffset, text.fileSize, MAIN_BINARY].join(),
    "another segment is named as the executable one",
  );
  if (wrong.length > 0) return wrong;
  const broken = Array.from({ length: field(28) }, (_, page) => page).filter((page) => {
    const at = field(16) + page * SHA256.size;
    return !directory.subarray(at, at + SHA256.size).equals(pageHash(program, page, limit));
  });
  if (broken.length > 0) wrong.push(`${broken.length} of ${field(28)} page hashes are wrong (the first: ${broken[0]})`);
  return wrong;
}

function pageHash(program: Buffer, page: number, limit: number): Buffer {
  const bytes = program.subarray(page * PAGE, Math.min((page + 1) * PAGE, limit));
  return createHash("sha256").update(bytes).digest();
}

function words(target: Buffer, at: number, values: readonly number[]): void {
  for (const [index, value] of values.entries()) target.writeUInt32BE(value, at + index * 4);
}

function end({ fileOffset, fileSize }: Segment): number {
  return fileOffset + fileSize;
}

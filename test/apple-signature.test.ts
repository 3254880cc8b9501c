import { beforeAll, describe, expect, test } from "bun:test";
import { objections, sign } from "../.ci/apple-signature.ts";
import { readMachO } from "../.ci/mach-o.ts";

/** A Mach-O program of a few pages, with room for a signature at its end. */
function smallProgram(): Buffer {
  const commands: Buffer[] = [];
  const segment = (name: string, offset: number, size: number, protection: number) => {
    const command = Buffer.alloc(72);
    command.writeUInt32LE(0x19, 0);
    command.writeUInt32LE(72, 4);
    command.write(name, 8, "latin1");
    command.writeBigUInt64LE(BigInt(offset), 40);
    command.writeBigUInt64LE(BigInt(size), 48);
    command.writeUInt32LE(protection, 60);
    commands.push(command);
  };
  const words = (...values: number[]) => {
    const command = Buffer.alloc(values.length * 4);
    for (const [index, value] of values.entries()) command.writeUInt32LE(value, index * 4);
    commands.push(command);
  };
  segment("__TEXT", 0, 16_384, 5);
  segment("__DATA", 16_384, 4096, 3);
  segment("__LINKEDIT", 20_480, 1016, 1);
  words(0x32, 24, 1, 13 << 16, 0, 0);
  words(0x80000028, 24, 0, 0, 0, 0);
  words(0x1d, 16, 21_488, 8);
  const header = Buffer.alloc(32);
  const load = Buffer.concat(commands);
  for (const [index, value] of [0xfeedfacf, 0x100000c, 0, 2, commands.length, load.length, 0x200000].entries()) {
    header.writeUInt32LE(value, index * 4);
  }
  const program = Buffer.alloc(21_496, 0x5a);
  header.copy(program);
  load.copy(program, 32);
  return program;
}

describe("the ad-hoc signature of a program for macOS", () => {
  let signed: Buffer;
  beforeAll(() => {
    signed = sign(smallProgram(), "auth");
  });

  test("is accepted, and is the same when it is made again over itself", () => {
    expect(objections(signed, "auth")).toEqual([]);
    expect(sign(signed, "auth").equals(signed)).toBe(true);
  });

  test("is missed where a program has another's or none", () => {
    expect(objections(smallProgram(), "auth")).not.toEqual([]);
    expect(objections(sign(smallProgram(), "a.out"), "auth")).toEqual(["another identifier"]);
  });

  test("covers every byte: one that is changed, wherever, is found", () => {
    const { signature } = readMachO(signed);
    const limit = signature?.offset ?? 0;
    const places = [
      40,
      2000,
      4095,
      4096,
      16_383,
      16_384,
      limit - 1,
      limit,
      limit + 8,
      limit + 20,
      limit + 60,
      limit + 100,
    ];
    const used = limit + signed.readUInt32BE(limit + 4);
    for (const at of [...places, limit + 112, used - 1]) {
      const changed = Buffer.from(signed);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect({ at, wrong: objections(changed, "auth").length > 0 }).toEqual({ at, wrong: true });
    }
  });

  test("a cut or a longer file is found", () => {
    expect(objections(signed.subarray(0, -16), "auth")).not.toEqual([]);
    expect(objections(Buffer.concat([signed, Buffer.alloc(16)]), "auth")).not.toEqual([]);
  });

  test("a program for an older macOS, and one without protection of its memory, are found", () => {
    const changes = [
      { at: 32 + 3 * 72 + 12, to: 12 << 16, says: "for 12.0, not macOS 13.0" },
      { at: 24, to: 0, says: "not position independent" },
      { at: 24, to: 0x220000, says: "its stack can be executed" },
      { at: 32 + 72 + 60, to: 7, says: "a segment can be written and executed" },
    ];
    for (const { at, to, says } of changes) {
      const changed = smallProgram();
      changed.writeUInt32LE(to, at);
      expect(objections(sign(changed, "auth"), "auth")).toEqual([says]);
    }
  });
});

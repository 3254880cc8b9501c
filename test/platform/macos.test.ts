/** What macOS needs otherwise, by its rules: nothing of this was run on one. */
import { expect, test } from "bun:test";
import { closeSync, openSync } from "node:fs";
import { syncContent, syncFile } from "../../src/platform/disk.ts";
import { LIMITS } from "../../src/platform/limits.ts";
import { networkIn } from "../../src/platform/mac-mounts.ts";
import { darwinFcntl, type Posix } from "../../src/platform/posix.ts";
import { timeLimitFor } from "../../src/vault/sources/keychain.ts";
import { requireStrict } from "../../src/vault/sqlite-diagnosis.ts";
import { tempFolder } from "../support/program.ts";

test("fcntl's variadic argument is on the stack on arm64: the ninth, after eight registers", () => {
  expect(darwinFcntl(1, 4, 77, "arm64")).toEqual([1, 4, 0, 0, 0, 0, 0, 0, 77]);
  expect(darwinFcntl(1, 4, 77, "x64")).toEqual([1, 4, 77]);
});

test("a reply and a folder's names are on the drive itself, or at least handed to it", () => {
  const fd = openSync(tempFolder(), "r");
  const calls: number[][] = [];
  const system = (result: number) => () => {
    const fcntl: Posix["fcntl"] = (...call) => {
      calls.push(call);
      return result;
    };
    return { fcntl } as Posix;
  };
  try {
    for (const sync of [syncFile, syncContent])
      for (const result of [0, -45]) {
        sync(fd, "darwin", system(result));
        sync(fd, "darwin", () => null);
        sync(fd, "linux", system(0));
      }
  } finally {
    closeSync(fd);
  }
  expect(calls).toEqual(Array(4).fill([fd, 51, 0]));
  // The refusal is reported where the second way fails too.
  expect(() => syncFile(fd, "darwin", system(-9))).toThrow("EBADF");
});

test("the Keychain gets time to ask its person, where there is one", () => {
  expect(timeLimitFor("darwin", true)).toBe(60_000);
  expect(timeLimitFor("darwin", false)).toBe(LIMITS.keychain);
  expect(timeLimitFor("linux", true)).toBe(LIMITS.keychain);
});

test("an SQLite that doesn't know strict tables is named before a vault is made", () => {
  for (const version of ["3.37.0", "3.39.5", "3.54.1", "4.0.0"]) requireStrict(version);
  for (const version of ["3.36.0", "3.7.17", "2.8.17"])
    expect(() => requireStrict(version)).toThrow(`The system's SQLite is ${version}; a vault needs 3.37 or newer.`);
});

test("a network file system is recognised by its flags, and named", () => {
  const statfs = (flags: number, name: string): Uint8Array<ArrayBuffer> => {
    const buffer = new Uint8Array(2168);
    new DataView(buffer.buffer).setUint32(64, flags, true);
    buffer.set(new TextEncoder().encode(name), 72);
    return buffer;
  };
  expect(networkIn(statfs(0x1000, "apfs"))).toBeNull();
  expect(networkIn(statfs(0, "smbfs"))).toBe("smbfs");
  expect(networkIn(statfs(0x4000, ""))).toBe("unknown");
});

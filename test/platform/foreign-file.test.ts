/** Files of other programs: one reader, which tells its caller why it doesn't read one. */
import { expect, test } from "bun:test";
import { chmodSync, chownSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { AuthError } from "../../src/platform/errors.ts";
import { type ForeignFault, readForeignFile, statForeignFile } from "../../src/platform/foreign-file.ts";
import { lacking } from "../support/needs.ts";
import { tempFolder } from "../support/program.ts";

const folder = tempFolder();
const MARKED = "\uFEFFtext";
writeFileSync(join(folder, "own"), MARKED, { mode: 0o600 });

async function faultOf(name: string): Promise<ForeignFault | undefined> {
  let told: ForeignFault | undefined;
  const refuse = (fault: ForeignFault): AuthError => {
    told = fault;
    return new AuthError("usage", "refused");
  };
  await expect(readForeignFile(join(folder, name), refuse)).rejects.toThrow("refused");
  return told;
}

const never = (fault: ForeignFault): never => {
  throw new Error(fault.kind);
};

test("a file of one's own is read, with its mark only for who writes it again; one that isn't there is null", async () => {
  expect((await readForeignFile(join(folder, "own"), never))?.text).toBe("text");
  expect((await readForeignFile(join(folder, "own"), never, { keepMark: true }))?.text).toBe(MARKED);
  for (const name of ["gone", "own/below"]) {
    expect(await readForeignFile(join(folder, name), never)).toBeNull();
    expect(await statForeignFile(join(folder, name), never)).toBeNull();
  }
});

test("a link, a folder, a pipe, too much, and what is no text are told apart", async () => {
  symlinkSync(join(folder, "own"), join(folder, "link"));
  mkdirSync(join(folder, "folder"));
  writeFileSync(join(folder, "large"), "x".repeat(4 * 1024 * 1024 + 1), { mode: 0o600 });
  writeFileSync(join(folder, "zero"), "a\0b", { mode: 0o600 });
  writeFileSync(join(folder, "latin"), Buffer.from([0xe4]), { mode: 0o600 });
  expect(await faultOf("link")).toEqual({ kind: "link" });
  expect(await faultOf("folder")).toEqual({ kind: "no file" });
  expect(await faultOf("large")).toEqual({ kind: "too large", bytes: 4 * 1024 * 1024 + 1 });
  for (const name of ["zero", "latin"]) expect(await faultOf(name)).toEqual({ kind: "no text" });
  if (process.platform === "win32") return;
  Bun.spawnSync(["mkfifo", join(folder, "pipe")]);
  expect(await faultOf("pipe")).toEqual({ kind: "no file" });
});

test.skipIf(lacking("root"))("another user's, and one that others can write", async () => {
  writeFileSync(join(folder, "open"), "x");
  chmodSync(join(folder, "open"), 0o602);
  expect(await faultOf("open")).toEqual({ kind: "writable by all" });
  chownSync(join(folder, "open"), 65534, 65534);
  expect(await faultOf("open")).toEqual({ kind: "of another user" });
});

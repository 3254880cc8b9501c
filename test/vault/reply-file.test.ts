import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { LIMITS } from "../../src/platform/limits.ts";
import { rekeyVault } from "../../src/vault/rekey.ts";
import type { Lock, Vault } from "../../src/vault/types.ts";
import { actor, type Home, KEY, newHome, refusal, version } from "./home.ts";

let home: Home;
let vault: Vault;
let lock: Lock;
beforeEach(async () => {
  home = newHome();
  vault = await home.open();
  lock = (await vault.tryLock("a:b")) as Lock;
});
afterEach(() => {
  lock.release();
  vault.close();
  home[Symbol.dispose]();
});

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (content: Uint8Array | null): string | null =>
  content === null ? null : new TextDecoder().decode(content);
const folder = (): string => `${home.folder}/vault.locks`;
const file = (): string => `${folder()}/${readdirSync(folder()).find((name) => name.endsWith(".reply"))}`;

test("before anything is sent, 64 KiB of zeros are there, written and private", async () => {
  await lock.reply.prepare();
  const stat = statSync(file());
  expect(stat.size).toBe(64 * 1024);
  expect(stat.mode & 0o777).toBe(0o600);
  // Written, not a hole: the space is taken before it is needed.
  expect(stat.blocks * 512).toBeGreaterThanOrEqual(64 * 1024);
  expect(readFileSync(file()).every((byte) => byte === 0)).toBe(true);
  expect(await lock.reply.read(version(1))).toBeNull();
});

test("a kept reply is read for exactly its version, by the next holder of the lock", async () => {
  await lock.reply.prepare();
  await lock.reply.keep(version(3), bytes("the raw reply"));
  lock.release();
  const other = await home.open();
  lock = (await other.tryLock("a:b")) as Lock;
  expect(textOf(await lock.reply.read(version(3)))).toBe("the raw reply");
  expect(await lock.reply.read(version(2))).toBeNull();
  expect(await lock.reply.read(version(4))).toBeNull();
  expect(await lock.reply.read(version(3, "cd".repeat(16)))).toBeNull();
  other.close();
});

test("a reply outlives kill -9 of the process that kept it", async () => {
  lock.release();
  const other = actor(home, "keep");
  expect(await other.line()).toBe("prepared");
  other.go();
  expect(await other.line()).toBe("kept");
  other.child.kill("SIGKILL");
  await other.child.exited;
  lock = (await vault.tryLock("a:b")) as Lock;
  expect(textOf(await lock.reply.read(version(7)))).toBe("the raw reply");
});

test("keeping writes in place: no new file, no other size, sealed", async () => {
  await lock.reply.prepare();
  const before = statSync(file());
  await lock.reply.keep(version(1), bytes("planted-secret"));
  const after = statSync(file());
  expect([after.ino, after.size, after.blocks]).toEqual([before.ino, before.size, before.blocks]);
  expect(readFileSync(file()).includes("planted-secret")).toBe(false);
});

test("the largest reply that is read is kept, by a file that grows and that blanking makes small again", async () => {
  await lock.reply.prepare();
  const largest = new Uint8Array(LIMITS.tokenReplyBytes).map((_, i) => (i * i) % 251);
  await lock.reply.keep(version(1), largest);
  lock.release();
  lock = (await vault.tryLock("a:b")) as Lock;
  // Before a refresh that is forced, room is set aside: what was kept stays until a new reply takes its place.
  await lock.reply.prepare();
  expect(await lock.reply.read(version(1))).toEqual(largest);
  await lock.reply.keep(version(2), bytes("short"));
  expect(textOf(await lock.reply.read(version(2)))).toBe("short");
  await lock.reply.blank(version(2));
  expect(readFileSync(file())).toEqual(Buffer.alloc(64 * 1024));
});

test("a shorter reply over a longer one leaves only itself to be read", async () => {
  await lock.reply.prepare();
  await lock.reply.keep(version(1), bytes("a long reply ".repeat(100)));
  await lock.reply.keep(version(2), bytes("short"));
  expect(textOf(await lock.reply.read(version(2)))).toBe("short");
  expect(await lock.reply.read(version(1))).toBeNull();
});

test("blanking leaves zeros, and needs no file to be there", async () => {
  for (const which of [version(1), "all"] as const) await lock.reply.blank(which);
  expect(existsSync(`${folder()}/x.reply`)).toBe(false);
  await lock.reply.prepare();
  await lock.reply.keep(version(1), bytes("gone"));
  for (const other of [version(2), version(1, "cd".repeat(16))]) await lock.reply.blank(other);
  expect(textOf(await lock.reply.read(version(1)))).toBe("gone");
  await lock.reply.blank(version(1));
  expect(await lock.reply.read(version(1))).toBeNull();
  expect(readFileSync(file()).every((byte) => byte === 0)).toBe(true);
});

test("a reply kept before a rekey, or two, still opens", async () => {
  await lock.reply.prepare();
  await lock.reply.keep(version(1), bytes("old key"));
  const other = `${"cd".repeat(31)}ef`;
  await rekeyVault(home.context({ AUTH_KEY: KEY }), { environment: { AUTH_KEY: other } });
  await rekeyVault(home.context({ AUTH_KEY: other }), { environment: { AUTH_KEY: KEY } });
  await vault.reload();
  expect(textOf(await lock.reply.read(version(1)))).toBe("old key");
});

test("a file that was cut short or edited reads as no reply", async () => {
  await lock.reply.prepare();
  await lock.reply.keep(version(1), bytes("the raw reply"));
  const whole = readFileSync(file());
  const path = file();
  for (const edit of [
    whole.subarray(0, 60),
    Buffer.from(whole).fill(1, 100, 101),
    Buffer.from(whole).fill(0xff, 0, 4),
  ]) {
    writeFileSync(path, edit);
    expect(await lock.reply.read(version(1))).toBeNull();
  }
});

test("a file cut short by a crash is made whole before it is used", async () => {
  await lock.reply.prepare();
  const path = file();
  lock.release();
  writeFileSync(path, "");
  lock = (await vault.tryLock("a:b")) as Lock;
  await lock.reply.prepare();
  expect(statSync(path).size).toBe(64 * 1024);
});

test("a link in the reply's place is refused, and what it points to is untouched", async () => {
  await lock.reply.prepare();
  const path = file();
  lock.release();
  const target = `${home.folder}/precious`;
  writeFileSync(target, "precious");
  await Bun.file(path).delete();
  symlinkSync(target, path);
  lock = (await vault.tryLock("a:b")) as Lock;
  expect((await refusal(lock.reply.prepare())).code).toBe("vault_unwritable");
  expect((await refusal(lock.reply.keep(version(1), bytes("x")))).code).toBe("vault_unwritable");
  expect((await refusal(lock.reply.read(version(1)))).code).toBe("vault_unwritable");
  expect(readFileSync(target, "utf8")).toBe("precious");
});

/** Modes, owners and read-only places, met by two users who are not root: root reads everything. */

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { initVault } from "../../src/vault/create.ts";
import { openVault } from "../../src/vault/store.ts";
import { cutOffCommit, useWal } from "./crashed.ts";
import { actor, type Home, KEY, newHome, put } from "./home.ts";

const ALICE = 61001;
const BOB = 61002;
const possible = process.getuid?.() === 0 && Bun.which("setpriv") !== null;
/** CI is root and has setpriv: there, these must not pass without having run. */
const run = possible || process.env.CI === "true";

const as = (uid: number): string[] => ["setpriv", `--reuid=${uid}`, `--regid=${uid}`, "--clear-groups"];

let home: Home;
beforeEach(async () => {
  home = newHome();
  const vault = await home.open();
  await vault.commit([put("a:b", 1, "the body")]);
  vault.close();
  giveTo(ALICE);
});
afterEach(() => home[Symbol.dispose]());

function giveTo(uid: number): void {
  chownSync(home.folder, uid, uid);
  for (const name of readdirSync(home.folder, { recursive: true })) chownSync(`${home.folder}/${name}`, uid, uid);
}

async function does(
  uid: number,
  what: "read" | "write",
  env: Record<string, string> = { AUTH_KEY: KEY },
): Promise<string> {
  const other = actor(home, what, env, ...as(uid));
  const line = await other.line();
  await other.child.exited;
  return line;
}

describe.skipIf(!run)(`as two users${run ? "" : " (skipped: needs root and setpriv)"}`, () => {
  test("the owner reads and writes", async () => {
    expect(await does(ALICE, "read")).toBe("the body");
    expect(await does(ALICE, "write")).toBe("committed");
  });

  test("someone else's vault is refused, whatever its modes allow", async () => {
    chmodSync(home.folder, 0o755);
    for (const mode of [0o600, 0o644, 0o666]) {
      chmodSync(home.file, mode);
      expect(await does(BOB, "read")).toStartWith("vault_unwritable");
      expect(await does(BOB, "write")).toStartWith("vault_unwritable");
    }
    expect(statSync(home.file).uid).toBe(ALICE);
  });

  test("root isn't led to write into a user's vault", async () => {
    const line = await does(0, "write");
    expect(line).toBe(`vault_unwritable ${home.file} belongs to another user.`);
    expect(readdirSync(home.folder).map((name) => statSync(`${home.folder}/${name}`).uid)).not.toContain(0);
  });

  test("a vault, folder or lock folder that permissions close is reported as closed", async () => {
    chmodSync(home.file, 0o000);
    expect(await does(ALICE, "read")).toContain("permission denied");
    chmodSync(home.file, 0o600);
    chmodSync(home.folder, 0o000);
    expect(await does(ALICE, "read")).toContain("permission denied");
  });

  test("a read-only folder is read, and written to with one clear error", async () => {
    chmodSync(home.folder, 0o500);
    expect(await does(ALICE, "read")).toBe("the body");
    const line = await does(ALICE, "write");
    expect(line).toStartWith("vault_unwritable");
    chmodSync(home.folder, 0o700);
    expect(await does(ALICE, "read")).toBe("the body");
  });

  test("a read-only home where there is no vault yet gives words, and nothing is made", async () => {
    rmSync(home.folder, { recursive: true });
    mkdirSync(home.folder, { mode: 0o500 });
    chownSync(home.folder, ALICE, ALICE);
    expect(await does(ALICE, "read")).toBe("none");
    expect(await does(ALICE, "write")).toContain("permission denied");
    expect(readdirSync(home.folder)).toEqual([]);
  });

  test("a vault isn't made in someone else's folder", async () => {
    rmSync(home.file);
    chmodSync(home.folder, 0o755);
    expect(await does(BOB, "write")).toStartWith("vault_unwritable");
    chmodSync(home.folder, 0o777);
    expect(await does(BOB, "write")).toStartWith("vault_unwritable");
    expect(existsSync(home.file)).toBe(false);
  });

  test("a key file of another user, or one that can't be read, leaves the vault locked", async () => {
    giveTo(0);
    rmSync(home.file);
    await initVault(home.context(), { source: "file" });
    const vault = await openVault(home.context());
    await vault?.commit([put("a:b", 1, "the body")]);
    vault?.close();
    giveTo(ALICE);
    expect(await does(ALICE, "read", {})).toBe("the body");
    chmodSync(home.key, 0o000);
    expect(await does(ALICE, "read", {})).toStartWith("vault_locked");
    chmodSync(home.key, 0o644);
    chownSync(home.key, BOB, BOB);
    expect(await does(ALICE, "read", {})).toContain("belongs to another user");
  });
});

/**
 * What another user can leave beside a vault. Each of these destroyed it, or brought an older page back: SQLite plays a
 * journal back at the next read.
 */
describe.skipIf(!run)(`attacks on the files beside a vault${run ? "" : " (skipped: needs root and setpriv)"}`, () => {
  /** Leaves such a file, then says what a read and a write by the vault's owner come to, and that the vault is unchanged. */
  const attack = async (make: (path: string) => void): Promise<void> => {
    const before = readFileSync(home.file);
    for (const side of ["-journal", "-wal", "-shm"]) {
      const path = `${home.file}${side}`;
      rmSync(path, { force: true });
      make(path);
      expect({ side, line: await does(ALICE, "read") }).toEqual({ side, line: expect.stringMatching(/^vault_unwrit/) });
      expect({ side, line: await does(ALICE, "write") }).toEqual({
        side,
        line: expect.stringMatching(/^vault_unwrit/),
      });
      rmSync(path);
    }
    expect(readFileSync(home.file)).toEqual(before);
    expect(await does(ALICE, "read")).toBe("the body");
  };

  test("another user's journal is never played back, for reading either", () =>
    attack((path) => {
      writeFileSync(path, journalOfZeros());
      chownSync(path, BOB, BOB);
    }));

  test("an empty one of another user, who can fill it later, is refused at once", () =>
    attack((path) => {
      writeFileSync(path, "", { mode: 0o600 });
      chownSync(path, BOB, BOB);
    }));

  test("one that is mine, but that others can write to, is refused", () =>
    attack((path) => {
      writeFileSync(path, "");
      chownSync(path, ALICE, ALICE);
      chmodSync(path, 0o666);
    }));

  test("one with a second name elsewhere is refused", () =>
    attack((path) => {
      const other = `${home.folder}/notes`;
      writeFileSync(other, journalOfZeros(), { mode: 0o600 });
      chownSync(other, ALICE, ALICE);
      linkSync(other, path);
    }));

  test("a link in its place is refused", () =>
    attack((path) => {
      const other = `${home.folder}/notes-${basename(path)}`;
      writeFileSync(other, journalOfZeros(), { mode: 0o600 });
      chownSync(other, ALICE, ALICE);
      symlinkSync(other, path);
    }));

  test("a vault in a folder where others can make files is refused before they do, sticky or not", async () => {
    for (const mode of [0o777, 0o1777, 0o770, 0o1722]) {
      chmodSync(home.folder, mode);
      const line = await does(ALICE, "read");
      expect(line).toBe(`vault_unwritable Other users may write to ${home.folder}, so auth keeps nothing there.`);
      expect(await does(ALICE, "write")).toBe(line);
    }
  });

  /** @returns the address of the vault's new place */
  async function runPrintedMove(): Promise<string> {
    const hint = await hintOf(ALICE);
    const command = /^Use a folder of your own: (.+)$/m.exec(hint)?.[1] ?? "";
    expect(Bun.spawnSync([...as(ALICE), "sh", "-c", command]).exitCode).toBe(0);
    return /auth vault use (\S+)/.exec(hint)?.[1] ?? "";
  }

  test("a vault in a shared folder is given a folder of its own by the command that is printed", async () => {
    chownSync(home.folder, 0, 0);
    chmodSync(home.folder, 0o1777);
    const moved = await runPrintedMove();
    expect(await does(ALICE, "read", { AUTH_KEY: KEY, AUTH_STORE: moved })).toBe("the body");
    expect(await does(ALICE, "write")).toContain("Other users may write");
    expect(existsSync(home.file)).toBe(false);
  });

  test("a vault that is moved there takes the journal of a killed commit with it", async () => {
    giveTo(0);
    const vault = await home.open();
    for (let i = 0; i < 12; i++) await vault.commit([put(`many:${i}`, 1, "x".repeat(3000))]);
    vault.close();
    await cutOffCommit(home);
    giveTo(ALICE);
    chownSync(home.folder, 0, 0);
    chmodSync(home.folder, 0o1777);
    const moved = await runPrintedMove();
    expect(await does(ALICE, "read", { AUTH_KEY: KEY, AUTH_STORE: moved })).toBe("the body");
  });

  test("no vault is made beside a journal that is left from another, or is another user's", async () => {
    await cutOffCommit(home);
    renameSync(home.file, `${home.folder}/moved.db`);
    giveTo(ALICE);
    expect(await does(ALICE, "write")).toBe(
      `vault_unwritable ${home.file}-journal is left from another vault, and would damage a new one.`,
    );
    writeFileSync(`${home.file}-journal`, "");
    chownSync(`${home.file}-journal`, BOB, BOB);
    expect(await does(ALICE, "write")).toStartWith(`vault_unwritable ${home.file}-journal belongs to another user`);
    expect(existsSync(home.file)).toBe(false);
    chownSync(`${home.file}-journal`, ALICE, ALICE);
    expect(await does(ALICE, "write")).toBe("committed");
  });

  test("my own journal, as a crash leaves it, is played back", async () => {
    await cutOffCommit(home);
    giveTo(ALICE);
    expect(await does(ALICE, "read")).toBe("the body");
  });
});

describe.skipIf(!run)("the address that auth vault use keeps", () => {
  const address = (): string => join(home.folder, "store");
  const kept = async (): Promise<string> => {
    const code = `
      const { keptStore } = await import(${JSON.stringify(join(import.meta.dir, "../../src/vault/kept-store.ts"))});
      try { console.log(keptStore({ paths: { store: process.argv[1] } })); }
      catch (error) { console.log(error.code, error.message, error.hint); }`;
    const child = Bun.spawn([...as(ALICE), process.execPath, "-e", code, address()], { stdout: "pipe" });
    return new Response(child.stdout).text();
  };
  beforeEach(() => {
    writeFileSync(address(), "sqlite:/there/vault.db\n", { mode: 0o600 });
    chownSync(address(), ALICE, ALICE);
  });

  test.each([0o200, 0o000])("in a file of mode %p, it is locked, and how to read it is said", async (mode) => {
    chmodSync(address(), mode);
    expect(await kept()).toMatch(
      /^vault_locked .*store can't be read: permission denied\. Make it readable: chmod 600 /,
    );
  });

  test("in a closed folder, it is locked: that there is none can't be told", async () => {
    chmodSync(home.folder, 0o000);
    expect(await kept()).toMatch(/^vault_locked .*store can't be read: permission denied\..* chmod u\+rwx /);
    chmodSync(home.folder, 0o700);
    expect(await kept()).toBe("sqlite:/there/vault.db\n");
  });

  test("in another user's file, it is locked", async () => {
    chownSync(address(), BOB, BOB);
    expect(await kept()).toMatch(/^vault_locked .*sudo chown/s);
  });
});

/** What the vault's refusal advises this user. */
async function hintOf(uid: number): Promise<string> {
  const code = `
    const { ensureFolder } = await import(${JSON.stringify(join(import.meta.dir, "../../src/vault/files.ts"))});
    try { ensureFolder(process.argv[1], process.argv[2]); } catch (error) { console.log(error.hint); }`;
  const child = Bun.spawn([...as(uid), process.execPath, "-e", code, home.folder, home.file], { stdout: "pipe" });
  return new Response(child.stdout).text();
}

/** A rollback journal that puts zeros in the place of the second page (sqlite.org/fileformat2.html#the_rollback_journal). */
function journalOfZeros(): Uint8Array {
  const PAGE = 4096;
  const SECTOR = 512;
  const journal = Buffer.alloc(SECTOR + 4 + PAGE + 4);
  journal.set([0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7]);
  // Pages, nonce, pages of the file at first, sector, page size. The checksum of a page of zeros is the nonce.
  for (const [i, word] of [1, 7, statSync(home.file).size / PAGE, SECTOR, PAGE].entries())
    journal.writeUInt32BE(word, 8 + i * 4);
  journal.writeUInt32BE(2, SECTOR);
  journal.writeUInt32BE(7, SECTOR + 4 + PAGE);
  return journal;
}

/** In a mount namespace of its own, where this may be done. */
const inMounts = (script: string): string[] => ["unshare", "--mount", "sh", "-c", `${script}\nexec "$@"`, "sh"];
const mayMount = possible && Bun.spawnSync(inMounts("mount -t tmpfs tmpfs /mnt").concat("true")).exitCode === 0;

describe.skipIf(!mayMount)(`on other mounts${mayMount ? "" : " (skipped: may not mount)"}`, () => {
  const done = async (what: "read" | "write", script: string): Promise<string> => {
    const other = actor(home, what, { AUTH_KEY: KEY }, ...inMounts(script), ...as(ALICE));
    const line = await other.line();
    await other.child.exited;
    return line;
  };

  test("a vault file that is mounted by itself is not written: its locks are elsewhere for others", async () => {
    const elsewhere = `${home.folder}-elsewhere`;
    const mounted = `mkdir -m 700 '${elsewhere}'; chown ${ALICE} '${elsewhere}'; mount -t tmpfs -o mode=700,uid=${ALICE} tmpfs '${elsewhere}'; cp -p '${home.file}' '${elsewhere}/copy'; mount --bind '${elsewhere}/copy' '${home.file}'`;
    expect(await done("write", mounted)).toStartWith(`vault_unwritable ${home.file} is mounted by itself`);
    rmSync(elsewhere, { recursive: true });
  });

  test("a read-only mount is read, and not written", async () => {
    const readOnly = `mount --bind '${home.folder}' '${home.folder}' && mount -o remount,ro,bind '${home.folder}'`;
    expect(await done("read", readOnly)).toBe("the body");
    expect(await done("write", readOnly)).toBe(
      `vault_unwritable ${home.file} can't be used: the file system is read-only.`,
    );
  });

  const readOnlyHome = (): string =>
    `mount --bind '${home.folder}' '${home.folder}' && mount -o remount,ro,bind '${home.folder}'`;

  test("a commit that a crash cut off can't be undone on a read-only mount: words, and nothing lost elsewhere", async () => {
    await cutOffCommit(home);
    giveTo(ALICE);
    const line = await done("read", readOnlyHome());
    expect(line).toStartWith(`vault_unwritable A write to ${home.file} was interrupted`);
    expect(await does(ALICE, "read")).toBe("the body");
    expect(await done("read", readOnlyHome())).toBe("the body");
  });

  test("a vault of an earlier version is converted by a write, and can then be read on a read-only mount", async () => {
    useWal(home);
    giveTo(ALICE);
    expect(await done("read", readOnlyHome())).toStartWith(
      `vault_unwritable ${home.file} was made by an earlier version of auth`,
    );
    expect(await does(ALICE, "write")).toBe("committed");
    expect(await done("read", readOnlyHome())).toBe("the body");
  });

  test("a full disk stops a commit with one clear error, and loses nothing", async () => {
    const before = readFileSync(home.file);
    const small = `mount -t tmpfs -o size=100k,mode=700,uid=${ALICE} tmpfs '${home.folder}'`;
    const copy = `cp -p '${home.file}' /dev/shm/auth-full-$$; ${small}; cp -p /dev/shm/auth-full-$$ '${home.file}'; rm /dev/shm/auth-full-$$; mkdir -m 700 '${home.folder}/vault.locks'; chown ${ALICE} '${home.folder}/vault.locks'; head -c 1000000 /dev/zero > '${home.folder}/filler' 2>/dev/null`;
    expect(await done("write", copy)).toMatch(/^vault_unwritable .*(full|disk)/);
    expect(readFileSync(home.file)).toEqual(before);
  });

  test("a full disk stops the making of a vault, and leaves nothing of it", async () => {
    const full = `mount -t tmpfs -o size=16k,mode=700,uid=${ALICE} tmpfs '${home.folder}'; head -c 8000 /dev/zero > '${home.folder}/filler'`;
    expect(await done("write", full)).toMatch(/^vault_unwritable .*(full|disk)/);
  });
});

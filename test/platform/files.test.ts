/** Files by the system's own calls, with node:fs as the judge: the same answers, and the same errors. */
import { afterAll, describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import {
  close,
  fileSystemOf,
  folderOf,
  kindOf,
  lstat,
  nameIn,
  open,
  readInto,
  realpath,
  requireAccess,
  sizeOf,
  sync,
  syncData,
  writeAll,
} from "../../src/platform/files.ts";

const folder = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), "auth-files-")));
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

const file = join(folder, "ä file");
fs.writeFileSync(file, "some text", { mode: 0o640 });
fs.symlinkSync(file, join(folder, "link"));
fs.symlinkSync(join(folder, "nowhere"), join(folder, "dangling"));
fs.symlinkSync(folder, join(folder, "folder"));
Bun.spawnSync(["mkfifo", join(folder, "pipe")]);

function codeOf(work: () => unknown): unknown {
  try {
    work();
    return "done";
  } catch (error) {
    return (error as { code?: string }).code;
  }
}

describe("what lies there", () => {
  test.each(["ä file", "link", "dangling", "folder", "pipe", "."])("%s", (name) => {
    const path = join(folder, name);
    const { mode, uid, size, dev } = fs.lstatSync(path);
    expect(lstat(path)).toMatchObject({ mode, uid, size, dev });
  });

  test("kinds by name", () => {
    const kinds = ["ä file", "link", ".", "pipe"].map((name) => kindOf(lstat(join(folder, name)) ?? { mode: 0 }));
    expect(kinds).toEqual(["file", "link", "folder", "other"]);
  });

  test("nothing, and a path through a file", () => {
    expect(lstat(join(folder, "nothing"))).toBeNull();
    expect(codeOf(() => lstat(join(file, "below")))).toBe(
      codeOf(() => fs.lstatSync(join(file, "below"), { throwIfNoEntry: false })),
    );
  });
});

test.each(["ä file", "link", "folder/link", "folder/folder", "dangling", "nothing", "ä file/below"])(
  "the real path of %s",
  (name) => {
    const path = join(folder, name);
    expect(codeOf(() => realpath(path))).toBe(codeOf(() => fs.realpathSync(path)));
    if (codeOf(() => fs.realpathSync(path)) === "done") expect(realpath(path)).toBe(fs.realpathSync(path));
  },
);

describe("opened", () => {
  test("written from the beginning, read, measured, and on the disk", () => {
    const path = join(folder, "written");
    fs.writeFileSync(path, "x".repeat(200_000));
    const fd = open(path, true);
    const bytes = new Uint8Array(150_000).fill(0x61);
    writeAll(fd, bytes);
    syncData(fd);
    sync(fd);
    expect(sizeOf(fd)).toBe(200_000);
    const read = new Uint8Array(200_001);
    expect(readInto(fd, read)).toBe(200_000);
    close(fd);
    expect(Buffer.from(read.subarray(0, 200_000)).equals(fs.readFileSync(path))).toBeTrue();
    expect(fs.readFileSync(path, "latin1")).toBe("a".repeat(150_000) + "x".repeat(50_000));
  });

  test("not a link, not what isn't there", () => {
    expect(codeOf(() => open(join(folder, "link"), false))).toBe("ELOOP");
    expect(codeOf(() => open(join(folder, "nothing"), true))).toBe("ENOENT");
    expect(codeOf(() => open(folder, true))).toBe("EISDIR");
  });

  test("what can't be written says why, and so does what can't be synced", () => {
    const fd = open(file, false);
    expect(codeOf(() => writeAll(fd, new Uint8Array(1)))).toBe("EBADF");
    close(fd);
    expect(codeOf(() => sync(fd))).toBe("EBADF");
    expect(codeOf(() => syncData(fd))).toBe("EBADF");
    expect(codeOf(() => sizeOf(fd))).toBe("EBADF");
  });

  test.skipIf(!fs.existsSync("/dev/full"))("a full disk", () => {
    const fd = open("/dev/full", true);
    expect(codeOf(() => writeAll(fd, new Uint8Array(10)))).toBe("ENOSPC");
    close(fd);
  });
});

test("access", () => {
  expect(codeOf(() => requireAccess(file, "read and write"))).toBe("done");
  expect(codeOf(() => requireAccess(join(folder, "nothing"), "write"))).toBe("ENOENT");
});

test.skipIf(process.platform !== "linux")("the kind of file system", () => {
  for (const path of [folder, "/proc", "/dev/shm"])
    expect(fileSystemOf(path)).toBe(Number(fs.statfsSync(path).type) >>> 0);
  expect(codeOf(() => fileSystemOf(join(folder, "nothing")))).toBe("ENOENT");
});

test.each(["/a/b/c", "/a", "/", "/a/b c/d.e"])("folder and name of %s", (path) => {
  expect(folderOf(path)).toBe(dirname(path));
  expect(nameIn(path)).toBe(basename(path));
});

/** Small files by system calls, with node:fs as the judge: the same answers, and the same errors. */
import { describe, expect, test } from "bun:test";
import { mkdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isThere, ownershipOf, readOwned, readProc } from "../../src/platform/small-file.ts";
import { tempFolder } from "../support/program.ts";

const folder = tempFolder();
writeFileSync(join(folder, "ä file"), "some text", { mode: 0o640 });
writeFileSync(join(folder, "large"), "x".repeat(10_000), { mode: 0o600 });
symlinkSync(join(folder, "ä file"), join(folder, "link"));
symlinkSync(join(folder, "nowhere"), join(folder, "dangling"));
mkdirSync(join(folder, "folder"), { mode: 0o1750 });
if (process.platform !== "win32") Bun.spawnSync(["mkfifo", join(folder, "pipe")]);

async function codeOf(work: () => unknown): Promise<unknown> {
  try {
    await work();
    return "done";
  } catch (error) {
    return (error as { code?: string }).code;
  }
}

const NAMES = ["ä file", "large", "link", "dangling", "folder", "pipe", "nothing", "ä file/below", "x".repeat(300)];

describe.each(NAMES)("%p", (name) => {
  const path = join(folder, name);
  const judged = codeOf(() => statSync(path));

  test("whose it is, and who may use it", async () => {
    expect(await codeOf(() => ownershipOf(path))).toBe(await judged);
    if ((await judged) !== "done") return;
    const { mode, uid } = statSync(path);
    expect(await ownershipOf(path)).toMatchObject({ mode, uid });
  });

  test("whether it is there", async () => {
    expect(await isThere(path)).toBe((await judged) === "done");
  });
});

test("a text comes with its owner and mode, whatever its length; a folder and a missing file are errors", async () => {
  expect(await readOwned(join(folder, "link"))).toMatchObject({ text: "some text", mode: 0o100640 });
  expect((await readOwned(join(folder, "large"))).text).toHaveLength(10_000);
  expect(await codeOf(() => readOwned(join(folder, "folder")))).toBe("EISDIR");
  expect(await codeOf(() => readOwned(join(folder, "nothing")))).toBe("ENOENT");
});

test.skipIf(process.platform !== "linux")("a file of /proc, or null", async () => {
  expect((await readProc("/proc/self/comm"))?.trim()).toMatch(/\S/);
  expect(await readProc("/proc/0/comm")).toBeNull();
});

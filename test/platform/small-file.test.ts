/** Small files by system calls, with node:fs as the judge: the same answers, and the same errors. */
import { describe, expect, test } from "bun:test";
import { lstatSync, mkdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isNamed, isThere, ownershipOf, readOwned, readProc } from "../../src/platform/small-file.ts";
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

  test("whether anything has the name", async () => {
    const named = await codeOf(() => lstatSync(path));
    if (named === "ENAMETOOLONG") expect(await codeOf(() => isNamed(path))).toBe(named);
    else expect(isNamed(path)).toBe(named === "done");
  });
});

test("a text comes with its owner and mode, whatever its length; a folder and a missing file are errors", async () => {
  expect(await readOwned(join(folder, "link"))).toMatchObject({ text: "some text", mode: 0o100640 });
  expect((await readOwned(join(folder, "large"))).text).toHaveLength(10_000);
  expect(await codeOf(() => readOwned(join(folder, "folder")))).toBe("EISDIR");
  expect(await codeOf(() => readOwned(join(folder, "nothing")))).toBe("ENOENT");
});

test.skipIf(process.platform === "win32")("a pipe is refused, and not waited for", async () => {
  const path = join(import.meta.dir, "../../src/platform/small-file.ts");
  const script = `const { readOwned } = await import(process.argv[1]);
    try { await readOwned(process.argv[2]); } catch (error) { console.log(error.code); }`;
  const child = Bun.spawn([process.execPath, "-e", script, path, join(folder, "pipe")], { stdout: "pipe" });
  expect(await new Response(child.stdout).text()).toBe("ENXIO\n");
});

test("owner, mode and text are of one file, whatever takes its name meanwhile", async () => {
  const [name, other] = [join(folder, "flipped"), join(folder, "other")];
  writeFileSync(name, "private", { mode: 0o600 });
  writeFileSync(other, "open", { mode: 0o644 });
  const script = `const { renameSync } = require("node:fs");
    const [, name, other] = process.argv;
    console.log("begun");
    for (;;) for (const [from, to] of [[name, name + ".held"], [other, name], [name + ".held", other]]) renameSync(from, to);`;
  const flip = Bun.spawn([process.execPath, "-e", script, name, other], { stdout: "pipe" });
  try {
    await flip.stdout.getReader().read();
    const seen = new Set<string>();
    for (let i = 0; i < 20_000; i++) {
      try {
        const { mode, text } = await readOwned(name);
        seen.add(`${(mode & 0o777).toString(8)} ${text}`);
      } catch (error) {
        // Between two renames nothing has the name.
        expect(error).toMatchObject({ code: "ENOENT" });
      }
    }
    expect([...seen].sort()).toEqual(["600 private", "644 open"]);
  } finally {
    flip.kill();
    await flip.exited;
  }
});

test.skipIf(process.platform !== "linux")("a file of /proc, or null", async () => {
  expect((await readProc("/proc/self/comm"))?.trim()).toMatch(/\S/);
  expect(await readProc("/proc/0/comm")).toBeNull();
});

/** Files of lines that only grow: private, bounded, and never a reason to wait or to write elsewhere. */
import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { appendLine } from "../../src/platform/journal.ts";
import { run, tempFolder } from "../support/program.ts";

const LARGE = 5 * 1024 * 1024 + 1;

function place(): string {
  return join(tempFolder(), "state", "audit.jsonl");
}

test("the first line makes the file and its folder, private whatever the umask", async () => {
  const path = place();
  const umask = process.umask(0);
  try {
    expect(await appendLine(path, "one")).toBeNull();
  } finally {
    process.umask(umask);
  }
  expect(await appendLine(path, "two")).toBeNull();
  expect(readFileSync(path, "utf8")).toBe("one\ntwo\n");
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(statSync(join(path, "..")).mode & 0o777).toBe(0o700);
});

test("of many processes that set it aside at once, none puts a fresh file in the place of the full one", async () => {
  const path = place();
  const full = 2_000;
  const source = join(import.meta.dir, "../../src/platform/journal-files.ts");
  const script = `const { appendByFiles } = await import(${JSON.stringify(source)});
    const { statSync } = await import("node:fs");
    for (let i = 0; i < 1000; i++) {
      appendByFiles(${JSON.stringify(path)}, "x".repeat(99), ${full});
      const aside = statSync(${JSON.stringify(`${path}.1`)}, { throwIfNoEntry: false })?.size ?? Infinity;
      if (aside <= ${full}) throw new Error("a file of " + aside + " bytes was set aside");
    }`;
  const writers = Array.from({ length: 6 }, () => Bun.spawn([process.execPath, "-e", script], { stderr: "pipe" }));
  expect(await Promise.all(writers.map(({ stderr }) => stderr.text()))).toEqual(["", "", "", "", "", ""]);
}, 60_000);

test("a file that has grown large is set aside, and an older one goes", async () => {
  const path = place();
  await appendLine(path, "first");
  writeFileSync(`${path}.1`, "oldest");
  writeFileSync(path, "x".repeat(LARGE));
  expect(await appendLine(path, "next")).toBeNull();
  expect(await appendLine(path, "and next")).toBeNull();
  expect(readFileSync(path, "utf8")).toBe("next\nand next\n");
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(statSync(`${path}.1`).size).toBe(LARGE);
  expect(existsSync(`${path}.2`)).toBe(false);
});

describe("what is no file of ours is not written, with the reason", () => {
  test("a link, whose target stays as it was", async () => {
    const path = place();
    mkdirSync(join(path, ".."));
    const target = join(path, "..", "target");
    writeFileSync(target, "precious");
    symlinkSync(target, path);
    expect(await appendLine(path, "line")).toBe(`it is a symbolic link: ${path}`);
    expect(readFileSync(target, "utf8")).toBe("precious");
  });

  test("a folder", async () => {
    const path = place();
    mkdirSync(path, { recursive: true });
    expect(await appendLine(path, "line")).toBe(`${path} is no file`);
  });

  test.skipIf(process.platform === "win32")("a pipe without a reader is not waited for", async () => {
    const path = place();
    mkdirSync(join(path, ".."));
    expect((await run(["mkfifo", path])).code).toBe(0);
    expect(await appendLine(path, "line")).toBe(`${path} is no file`);
  });
});

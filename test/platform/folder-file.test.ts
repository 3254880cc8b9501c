/** Where `.auth.toml` is looked for: from a folder up to home, by the rules of each system. */
import { describe, expect, test } from "bun:test";
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { foldersUpwards } from "../../src/platform/folder-file.ts";
import { tempFolder } from "../support/program.ts";

const up = (folder: string, HOME: string): string[] => foldersUpwards(folder, { HOME }, "linux");
const upWindows = (folder: string, USERPROFILE: string): string[] => foldersUpwards(folder, { USERPROFILE }, "win32");

describe("POSIX", () => {
  test("each folder up to home, home among them", () => {
    expect(up("/home/me/a/b", "/home/me")).toEqual(["/home/me/a/b", "/home/me/a", "/home/me"]);
    expect(up("/home/me", "/home/me")).toEqual(["/home/me"]);
    expect(up("/home/me/a", "/home/me//")).toEqual(["/home/me/a", "/home/me"]);
    expect(up("/home/me/a\\b", "/home/me")).toEqual(["/home/me/a\\b", "/home/me"]);
  });

  test("none outside, none beside, none without a home", () => {
    for (const folder of ["/home", "/", "/home/me2", "/home/other/me", "/srv/me"])
      expect(up(folder, "/home/me")).toEqual([]);
    for (const home of ["", "me", "./me", "~"]) expect(up("/home/me/a", home)).toEqual([]);
    expect(foldersUpwards("/home/me", {}, "linux")).toEqual([]);
  });

  test("a home that is the root", () => {
    expect(up("/a/b", "/")).toEqual(["/a/b", "/a", "/"]);
    expect(up("/", "/")).toEqual(["/"]);
  });

  test.skipIf(process.platform === "win32")("a home that is reached by a link, as the system knows it", () => {
    const top = tempFolder();
    mkdirSync(join(top, "real", "a"), { recursive: true });
    symlinkSync(join(top, "real"), join(top, "link"));
    expect(up(join(top, "real", "a"), join(top, "link"))).toEqual([join(top, "real", "a"), join(top, "real")]);
    expect(up(join(top, "real", "a"), join(top, "real", "..", "real"))).toHaveLength(2);
    expect(up(join(top, "real", "a"), join(top, "nowhere"))).toEqual([]);
  });
});

describe("Windows", () => {
  test("any case, either slash", () => {
    expect(upWindows("C:\\Users\\Me\\a", "c:\\users\\me")).toEqual(["C:\\Users\\Me\\a", "C:\\Users\\Me"]);
    expect(upWindows("C:\\Users\\Me\\a", "C:/Users/Me/")).toEqual(["C:\\Users\\Me\\a", "C:\\Users\\Me"]);
  });

  test("none on another drive, none beside, none for a home that is no folder of a drive", () => {
    for (const folder of ["D:\\Users\\Me\\a", "C:\\Users\\Me2", "C:\\Users", "C:\\"])
      expect(upWindows(folder, "C:\\Users\\Me")).toEqual([]);
    for (const home of ["", "\\Users\\Me", "C:", "Users"]) expect(upWindows("C:\\Users\\Me", home)).toEqual([]);
  });
});

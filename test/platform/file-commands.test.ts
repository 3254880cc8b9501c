import { expect, test } from "bun:test";
import { moveCommand, namesCommand, permitCommand, removeCommand } from "../../src/platform/file-commands.ts";

test("a printed command is the platform's own", () => {
  const all = (platform: NodeJS.Platform, path: string) => [
    moveCommand(path, `${path}.lost`, platform),
    removeCommand(path, platform),
    permitCommand(path, platform),
    namesCommand(path, platform),
  ];
  expect(all("win32", "C:\\auth\\key")).toEqual([
    "move C:\\auth\\key C:\\auth\\key.lost",
    "del C:\\auth\\key",
    "icacls C:\\auth\\key /reset",
    "fsutil hardlink list C:\\auth\\key",
  ]);
  expect(all("linux", "/auth/key")).toEqual([
    "mv /auth/key /auth/key.lost",
    "rm -f /auth/key",
    "chmod 600 /auth/key",
    "find / -xdev -samefile /auth/key",
  ]);
});

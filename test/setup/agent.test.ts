/** `auth setup agent`: services that the system's own programs understand, whatever is in a path. */
import { expect, test } from "bun:test";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { SetupCall } from "../../src/setup/tool.ts";
import tool from "../../src/setup/tools/agent.ts";
import { lacking } from "../support/needs.ts";
import { run, tempFolder } from "../support/program.ts";

/** systemd takes no program whose name has quotes, backslashes or `$`. */
const PROGRAM = "a %h & <c>";
const ODD = `a "b" $HOME %h & <c> \\d`;

async function serviceOf(platform: NodeJS.Platform, folder: string): Promise<{ path: string; text: string }> {
  const call = {
    env: { AUTH_HOME: join(folder, ODD) },
    platform,
    home: folder,
    folder,
    auth: join(folder, PROGRAM, "auth"),
    rest: ["--idle", "8h"],
  } as unknown as SetupCall;
  const [wanted] = (await tool.plan(call)).wanted;
  if (wanted?.change.kind !== "whole") throw new Error("no file of its own");
  return { path: wanted.path, text: wanted.change.text };
}

test.skipIf(lacking("systemd-analyze"))("systemd reads the unit, and the program and home that it names", async () => {
  const folder = tempFolder();
  const { path, text } = await serviceOf("linux", folder);
  expect(path).toBe(join(folder, ".config", "systemd", "user", "auth-agent.service"));
  mkdirSync(join(folder, PROGRAM));
  writeFileSync(join(folder, PROGRAM, "auth"), "#!/bin/sh\n");
  chmodSync(join(folder, PROGRAM, "auth"), 0o755);
  const unit = join(folder, "auth-agent.service");
  writeFileSync(unit, text);
  const { code, stdout, stderr } = await run(["systemd-analyze", "verify", "--man=no", unit]);
  expect([code, stdout + stderr]).toEqual([0, expect.not.stringContaining("auth-agent.service")]);
});

test("launchd's list has each word as it is", async () => {
  const { path, text } = await serviceOf("darwin", "/Users/me");
  expect(path).toBe("/Users/me/Library/LaunchAgents/auth.agent.plist");
  const words = [...text.matchAll(/<string>([^<]*)<\/string>/g)].map(([, word = ""]) =>
    word.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&"),
  );
  const auth = join("/Users/me", PROGRAM, "auth");
  expect(words).toEqual(["auth.agent", auth, "agent", "start", "--foreground", "--idle", "8h", join("/Users/me", ODD)]);
});

test("Windows has no such service: the error says what to do", async () => {
  expect(serviceOf("win32", "C:\\Users\\me")).rejects.toMatchObject({ code: "usage" });
});

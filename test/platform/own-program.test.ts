/** This program as another process, also once an upgrade has put a new file in its place. */
import { expect, test } from "bun:test";
import { copyFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { lacking } from "../support/needs.ts";
import { bareEnvironment, tempFolder } from "../support/program.ts";

const MODULE = join(import.meta.dir, "../../src/platform/own-program.ts");

/** Tells its path once its file was replaced, and starts itself. */
const SCRIPT = `
import { ownPath, startOwnProgram } from ${JSON.stringify(MODULE)};
for await (const _ of console) break;
console.log(JSON.stringify({ path: ownPath(), isGone: process.execPath.endsWith(" (deleted)") }));
const script = "console.log(JSON.stringify({ started: true }))";
for await (const event of startOwnProgram(["-e", script], process.env, null).events) console.log(JSON.stringify(event));
`;

test.skipIf(lacking("linux"))("a program that was replaced while it runs starts the new one at its path", async () => {
  const folder = tempFolder();
  const [program, next, script] = ["program", "next", "script.ts"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  copyFileSync(process.execPath, program);
  copyFileSync(process.execPath, next);
  writeFileSync(script, SCRIPT);
  const child = Bun.spawn([program, script], { env: bareEnvironment(), stdin: "pipe", stdout: "pipe" });
  renameSync(next, program);
  child.stdin.write("go\n");
  child.stdin.end();
  const lines = (await child.stdout.text()).trim().split("\n");
  expect(lines.map((line) => JSON.parse(line))).toEqual([{ path: program, isGone: true }, { started: true }]);
});

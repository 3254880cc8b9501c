/** `--system`: what root would run is root's alone, whatever leads to it. */
import { expect, test } from "bun:test";
import { chmodSync, chownSync, lchownSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { requireRootsAlone } from "../../src/setup/roots-alone.ts";
import { lacking } from "../support/needs.ts";
import { tempFolder } from "../support/program.ts";

const USER = 12345;

function makeProgram() {
  const folder = tempFolder();
  chmodSync(folder, 0o755);
  const [bin, opt] = [join(folder, "bin"), join(folder, "opt")];
  for (const one of [bin, opt]) mkdirSync(one);
  const [link, program] = [join(bin, "auth"), join(opt, "auth")];
  writeFileSync(program, "#!/bin/sh\n", { mode: 0o755 });
  symlinkSync("../opt/auth", link);
  return { bin, opt, link, program };
}

test.skipIf(lacking("root"))("root's program, by root's link, is taken as it is named", () => {
  const { link, program } = makeProgram();
  expect(requireRootsAlone([link, program])).toBe(link);
});

test.skipIf(lacking("root"))("a user's link is left out where the program itself is root's alone", () => {
  const { link, program } = makeProgram();
  lchownSync(link, USER, USER);
  expect(requireRootsAlone([link, program])).toBe(program);
});

for (const [what, change] of [
  ["the program is a user's", ({ program }) => chownSync(program, USER, USER)],
  ["a group may write to the program", ({ program }) => chmodSync(program, 0o775)],
  ["its folder is a user's", ({ opt }) => chownSync(opt, USER, USER)],
  ["everyone may write to its folder", ({ opt }) => chmodSync(opt, 0o777)],
  ["root alone can go into its folder", ({ opt }) => chmodSync(opt, 0o700)],
  ["not everyone can run the program", ({ program }) => chmodSync(program, 0o750)],
] as const satisfies readonly [string, (made: ReturnType<typeof makeProgram>) => void][])
  test.skipIf(lacking("root"))(`refused where ${what}, also by a link of root's`, () => {
    const made = makeProgram();
    change(made);
    for (const paths of [[made.program], [made.link], [made.link, made.program]])
      expect(() => requireRootsAlone(paths)).toThrow(
        expect.objectContaining({ code: "setup_refused", message: expect.stringContaining(made.opt) }),
      );
  });

test.skipIf(lacking("root"))("links that lead in a circle are refused", () => {
  const { bin } = makeProgram();
  symlinkSync("circle", join(bin, "circle"));
  expect(() => requireRootsAlone([join(bin, "circle")])).toThrow("in a circle");
});

/** docs/recipes.md says that each of its scripts is run by a test. */
import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const PAGE = join(import.meta.dir, "..", "..", "docs", "recipes.md");
const TESTS = join(import.meta.dir, "..", "recipes");

/** Each script's section, and which of the section's it is. */
function scripts(): { section: string; number: number }[] {
  const sections = readFileSync(PAGE, "utf8").split("\n## ").slice(1);
  return sections.flatMap((text) => {
    const [section = ""] = text.split("\n", 1);
    const count = [...text.matchAll(/^```[a-z]*\n[\s\S]*?^```$/gm)].length;
    return Array.from({ length: count }, (_, number) => ({ section, number }));
  });
}

test("every script of docs/recipes.md is taken from there by a test", () => {
  const tests = readdirSync(TESTS).map((name) => readFileSync(join(TESTS, name), "utf8"));
  const isTaken = ({ section, number }: { section: string; number: number }): boolean =>
    tests.some((text) => text.includes(`"${section}", ${number}`) || (number === 0 && text.includes(`"${section}"`)));
  const all = scripts();
  expect(all.length).toBeGreaterThan(25);
  expect(all.filter((script) => !isTaken(script))).toEqual([]);
});

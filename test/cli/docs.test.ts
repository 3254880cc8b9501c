/** Every command line that the documents show is one that works. */
import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { acceptedAs, callsIn } from "../support/examples.ts";

const ROOT = join(import.meta.dir, "..", "..");
const PAGES = [
  "README.md",
  "CONTRIBUTING.md",
  ...readdirSync(join(ROOT, "docs"), { recursive: true, encoding: "utf8" }).map((name) => join("docs", name)),
]
  // The contract in docs/design/ also names planned commands; test/docs/design.test.ts checks it.
  .filter((name) => name.endsWith(".md") && !name.includes("design/"));

/** Lines of code, indented or fenced, and the cells of README's table of what to type. */
function commandsOf(page: string): string[] {
  const text = readFileSync(join(ROOT, page), "utf8").replaceAll(/ *\\\n\s*/g, " ");
  let fenced = false;
  return text.split("\n").flatMap((line) => {
    if (/^\s*```/.test(line)) fenced = !fenced;
    if (fenced || /^ {4}/.test(line)) return [line.trim()];
    if (page !== "README.md" || !line.startsWith("|")) return [];
    return [...line.matchAll(/`([^`]*)`/g)].map(([, code = ""]) => code.replaceAll("\\|", "|"));
  });
}

for (const page of PAGES)
  test(page, async () => {
    const wrong: string[] = [];
    for (const line of commandsOf(page))
      for (const argv of callsIn(line)) {
        const kind = await acceptedAs(argv).catch((error: Error) => error.message);
        if (!["run", "help", "topic", "version"].includes(kind)) wrong.push(`auth ${argv.join(" ")}: ${kind}`);
      }
    expect(wrong).toEqual([]);
  });

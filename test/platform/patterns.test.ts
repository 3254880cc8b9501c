/** No text from outside can keep a pattern of ours busy: each takes a time that grows as the text does. */
import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { patternsOf } from "../support/source-strings.ts";

// Without a worker or a program of its own.
process.env.RECHECK_SYNC_BACKEND = "pure";
const { checkSync } = await import("recheck");

const ROOT = join(import.meta.dir, "..", "..");

const patterns = new Set(
  ["src", "providers"].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts"))
      .flatMap((name) => patternsOf(readFileSync(join(ROOT, folder, name), "utf8"))),
  ),
);

/** Without a repetition, or with one that can begin at one place only: there is nothing to go through again. */
function isPlain(pattern: string): boolean {
  const repetitions = pattern.match(/[*+]|\{\d+,\}/g)?.length ?? 0;
  return repetitions === 0 || (repetitions === 1 && /^\/\^[^|]*$/.test(pattern));
}

/** An attack succeeds by the steps that it takes, not by the time: a busy machine changes no verdict. */
const BY_STEPS = {
  timeout: null,
  seedingTimeout: null,
  incubationTimeout: null,
  attackTimeout: null,
  attackLimit: 50_000_000,
};

function verdictOn(pattern: string): string {
  const end = pattern.lastIndexOf("/");
  const { status } = checkSync(pattern.slice(1, end), pattern.slice(end + 1), BY_STEPS);
  return status;
}

test("every pattern of the sources is linear", () => {
  expect(patterns.size).toBeGreaterThan(200);
  const others = [...patterns].flatMap((pattern) => {
    const verdict = isPlain(pattern) ? "safe" : verdictOn(pattern);
    return verdict === "safe" ? [] : [`${pattern} is ${verdict}`];
  });
  expect(others).toEqual([]);
}, 600_000);

test("the check finds those that aren't", () => {
  expect(verdictOn("/^(invalid([ _-]?[a-z]+)*|true)$/")).toBe("vulnerable");
  expect(verdictOn("/\\/+$/")).toBe("vulnerable");
});

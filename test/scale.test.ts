/** docs/scale.md has the table that the simulation prints, and says of it what is so. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { simulate, table } from "./scale.ts";

const FLEET = { runners: 1000, every: 10, spread: 10, cache: 0, keeper: true, logins: 1 };

test("docs/scale.md has the table that 'bun test/scale.ts' prints", () => {
  expect(readFileSync(join(import.meta.dir, "..", "docs", "scale.md"), "utf8")).toContain(table());
}, 60_000);

test("a cache divides the readings by as many as come within it; one that is shorter than the pauses does nothing", () => {
  const { mean } = simulate(FLEET);
  expect(mean.connections).toBeCloseTo(100, 0);
  expect(simulate({ ...FLEET, cache: 30 }).mean.connections).toBeCloseTo(100 / 3, 0);
  expect(simulate({ ...FLEET, cache: 9 }).mean).toEqual(mean);
});

test("one login is refreshed once an hour, however many ask; without a keeper they wait for it", () => {
  for (const keeper of [true, false]) {
    const { mean, busiest } = simulate({ ...FLEET, spread: 1, keeper });
    expect(Math.round(mean.refreshes * 3590)).toBe(1);
    expect(busiest.refreshes).toBe(1);
    expect(busiest.requests > 4 * 1000).toBe(!keeper);
  }
});

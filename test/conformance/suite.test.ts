/** MCP's official conformance suite: every scenario of a client that it scores, and those of extensions, by the built binary. */
import { describe, expect, test } from "bun:test";
import {
  extensionScenarios,
  NEWEST,
  PAGE,
  REVISIONS,
  type Result,
  runScenario,
  scoredScenarios,
  tableOf,
  withTable,
} from "../../.ci/conformance.ts";

const results: Result[] = [];

for (const revision of REVISIONS)
  describe(revision, async () => {
    for (const scenario of await scoredScenarios(revision)) run(revision, scenario);
  });

describe("extensions", async () => {
  for (const scenario of await extensionScenarios()) run(NEWEST, scenario);
});

function run(...[revision, scenario]: Parameters<typeof runScenario>): void {
  test(scenario, async () => {
    const result = await runScenario(revision, scenario);
    results.push(result);
    expect({ passed: result.passed, output: result.passed ? "" : result.output }).toEqual({ passed: true, output: "" });
  }, 60_000);
}

test("there are as many as were known when this was written", async () => {
  expect(await extensionScenarios()).toHaveLength(6);
  expect(await Promise.all(REVISIONS.map(async (revision) => (await scoredScenarios(revision)).length))).toEqual([
    32, 18,
  ]);
});

test("docs/mcp.md has these results: npm run conformance", async () => {
  const page = await Bun.file(PAGE).text();
  expect(withTable(page, await tableOf(results))).toBe(page);
});

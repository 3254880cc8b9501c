/** MCP's official conformance suite: every scenario of a client that it scores, by the built binary. */
import { describe, expect, test } from "bun:test";
import {
  PAGE,
  REVISIONS,
  type Result,
  runScenario,
  scoredScenarios,
  suiteVersion,
  tableOf,
  withTable,
} from "../../.ci/conformance.ts";

const results: Result[] = [];

for (const revision of REVISIONS)
  describe(revision, async () => {
    for (const scenario of await scoredScenarios(revision))
      test(scenario, async () => {
        const result = await runScenario(revision, scenario);
        results.push(result);
        expect(result.passed ? "" : result.output).toBe("");
      }, 60_000);
  });

test("each revision scores as many as were known when this was written", async () => {
  expect(await Promise.all(REVISIONS.map(async (revision) => (await scoredScenarios(revision)).length))).toEqual([
    32, 18,
  ]);
});

test("docs/mcp.md has these results: npm run conformance", async () => {
  const page = await Bun.file(PAGE).text();
  expect(withTable(page, tableOf(results, await suiteVersion()))).toBe(page);
});

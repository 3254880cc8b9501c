/** docs/providers.md says what the code does: every default, every error code, every reserved variable, and no other. */
import { expect, test } from "bun:test";
import { contractPage, PAGE } from "../../.ci/contract-page.ts";
import { DEFAULTS, ERROR_DEFAULTS } from "../../src/providers/defaults.ts";
import { RESERVED_VARIABLES } from "../../src/providers/reserved.ts";

const page = await Bun.file(new URL("../../docs/providers.md", import.meta.url)).text();

/** The part of the page below a heading. */
function section(heading: string): string {
  return page.split(`\n## ${heading}\n`)[1]?.split("\n## ")[0] ?? "";
}

/** The first two cells of each row whose cells are code. */
function rows(text: string): [string, string][] {
  return [...text.matchAll(/^\| `([^`]+)` \| `([^`]*)` \|/gm)].map((row): [string, string] => [
    row[1] ?? "",
    row[2] ?? "",
  ]);
}

function leaves(value: object, above = ""): [string, string][] {
  return Object.entries(value).flatMap(([key, inner]): [string, string][] => {
    const path = `${above}${key}`;
    const isGroup = typeof inner === "object" && !Array.isArray(inner) && Object.keys(inner).length > 0;
    return isGroup ? leaves(inner, `${path}.`) : [[path, JSON.stringify(inner)]];
  });
}

test("every default stands in the table, as it is in the code, and nothing else does", () => {
  expect(rows(section("Defaults"))).toEqual(leaves(DEFAULTS));
});

test("every error code of the standards stands in the table with its class", () => {
  expect(rows(section("Error codes"))).toEqual(Object.entries(ERROR_DEFAULTS));
});

test("every reserved variable is named", () => {
  const named = [...section("Variables that nobody may set").matchAll(/`([A-Z0-9_*]+)`/g)].map(
    (match) => match[1] ?? "",
  );
  expect(named).toEqual([...RESERVED_VARIABLES]);
});

test("docs/provider-contract.md is what the schema says: node .ci/ready.mjs .ci/contract-page.ts", async () => {
  expect(await Bun.file(PAGE).text()).toBe(contractPage());
});

/** The catalogue costs nothing until it is meant: a table says which variables it reads, and the table is right. */
import { expect, test } from "bun:test";
import { catalogTables } from "../../.ci/catalog-claims.ts";
import { catalog } from "../../providers/catalog/index.ts";
import { catalogVariables } from "../../providers/catalog/variables.ts";

test("the table has each variable that a manifest of the catalogue reads a token from, and no other", async () => {
  const read: Record<string, string[]> = {};
  for (const [id, load] of Object.entries(catalog)) {
    const { environment, variants = [] } = (await load()).default;
    const groups = [environment, ...variants.map((variant) => variant.environment)];
    for (const variable of new Set(groups.flatMap((group) => group?.read ?? []))) {
      const ids = read[variable] ?? [];
      read[variable] = [...ids, id];
    }
  }
  expect({ ...catalogVariables }).toEqual(read);
});

test("the tables of what is whose in the catalogue are right: npm run docs", async () => {
  for (const [file, text] of await catalogTables()) expect(await Bun.file(file).text()).toBe(text);
});

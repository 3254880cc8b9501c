/** docs/catalogue.md tells of every provider of the catalogue, and of what isn't certain about it. */
import { expect, test } from "bun:test";
import { cataloguePage, fromMemory, PAGE } from "../../.ci/catalogue-page.ts";
import { catalog } from "../../providers/catalog/index.ts";

test("the page is what the manifests say: npm run docs", async () => {
  expect(await Bun.file(PAGE).text()).toBe(await cataloguePage());
});

test("it has one row for each, and each with the same cells", async () => {
  const rows = (await cataloguePage()).split("\n").filter((line) => line.startsWith("| ["));
  expect(rows.map((row) => /^\| \[`([a-z0-9-]+)`\]/.exec(row)?.[1])).toEqual(Object.keys(catalog));
  for (const row of rows) expect(row.split(" | ")).toHaveLength(6);
});

test("the README says how many there are", async () => {
  const readme = await Bun.file(new URL("../../README.md", import.meta.url)).text();
  expect(/and the (\d+) that come as descriptions/.exec(readme)?.[1]).toBe(String(Object.keys(catalog).length));
});

test("it says plainly that they weren't verified at the providers", async () => {
  expect(await cataloguePage()).toContain("not verified against the providers");
});

test("no mark of something remembered is lost, nor a field marked without one above it", async () => {
  for (const id of Object.keys(catalog)) {
    const text = await Bun.file(new URL(`../../providers/catalog/${id}.toml`, import.meta.url)).text();
    expect({ id, marked: fromMemory(text).length > 0 }).toEqual({ id, marked: text.includes("[K]") });
  }
});

test("a mark belongs to the field below it, in its section", () => {
  const text = `# Acme: tokens of an hour [K].
id = "acme"

# [K]
# Two lines.
[client]
create = "https://acme.example"
# [K]
notes = [
  "x",
]

[errors.codes]
# sure
a = "dead"
# [K]
"b c" = "dead"

[[variants]]
when = { x = "y" }
`;
  expect(fromMemory(text)).toEqual(["opening", "client", "client.notes", 'errors.codes."b c"']);
});

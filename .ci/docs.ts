// `npm run docs`: writes docs/providers/<id>.md for every built-in provider, docs/reference.md, docs/catalogue.md, and
// what of the catalogue is whose. Tests compare them with what this makes.
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { builtIn } from "../providers/index.ts";
import { catalogTables } from "./catalog-claims.ts";
import { cataloguePage, PAGE } from "./catalogue-page.ts";
import { providerPage } from "./provider-page.ts";
import { REFERENCE, referencePage } from "./reference-page.ts";

const folder = new URL("../docs/providers/", import.meta.url);
mkdirSync(folder, { recursive: true });
const pages = new Set<string>();
for (const [id, load] of Object.entries(builtIn)) {
  pages.add(`${id}.md`);
  writeFileSync(new URL(`${id}.md`, folder), providerPage((await load()).default, `providers/${id}.ts`));
}
for (const name of readdirSync(folder)) if (!pages.has(name)) rmSync(new URL(name, folder));
writeFileSync(REFERENCE, referencePage());
for (const [file, text] of await catalogTables()) writeFileSync(file, text);
writeFileSync(PAGE, await cataloguePage());
console.log(`Wrote ${pages.size} pages to docs/providers, docs/reference.md and docs/catalogue.md`);

// `npm run docs`: writes docs/providers/<id>.md for every built-in provider, docs/reference.md, and what of the
// catalogue is whose. Tests compare them with
// what this makes.
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { builtIn } from "../providers/index.ts";
import { CLAIMS, catalogClaimsFile } from "./catalog-claims.ts";
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
writeFileSync(CLAIMS, await catalogClaimsFile());
console.log(`Wrote ${pages.size} pages to docs/providers, and docs/reference.md`);

// `npm run docs`: writes docs/providers/<id>.md for every built-in provider, docs/commands/, docs/man/, docs/reference.md,
// docs/catalogue.md, docs/agent-api.json, docs/provider-contract.md, README's count of the catalogue, and what of the
// catalogue is whose (providers/catalog/*.ts). Tests compare them with what this makes.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { catalog } from "../providers/catalog/index.ts";
import { builtIn } from "../providers/index.ts";
import { AGENT_API, agentApi } from "./agent-api.ts";
import { catalogTables } from "./catalog-claims.ts";
import { cataloguePage, PAGE } from "./catalogue-page.ts";
import { COMMAND_PAGES, commandPages } from "./command-pages.ts";
import { PAGE as CONTRACT, contractPage } from "./contract-page.ts";
import { MAN_PAGES, manPages } from "./man-pages.ts";
import { providerPage } from "./provider-page.ts";
import { REFERENCE, referencePage } from "./reference-page.ts";

const providers = new Map<string, string>();
for (const [id, load] of Object.entries(builtIn))
  providers.set(`${id}.md`, providerPage((await load()).default, `providers/${id}.ts`));
writeAll(new URL("../docs/providers/", import.meta.url), providers);
writeAll(COMMAND_PAGES, await commandPages());
writeAll(MAN_PAGES, await manPages());
writeFileSync(REFERENCE, referencePage());
writeFileSync(AGENT_API, agentApi());
for (const [file, text] of await catalogTables()) writeFileSync(file, text);
writeFileSync(PAGE, await cataloguePage());
writeFileSync(CONTRACT, contractPage());
const README = new URL("../README.md", import.meta.url);
const count = `the ${Object.keys(catalog).length} that come as descriptions`;
writeFileSync(README, readFileSync(README, "utf8").replace(/the \d+ that come as descriptions/, count));
console.log(
  "Wrote docs/providers, docs/commands, docs/man, docs/agent-api.json, docs/catalogue.md, docs/provider-contract.md and docs/reference.md",
);

/** The folder then holds these files and no others. */
function writeAll(folder: URL, files: ReadonlyMap<string, string>): void {
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of files) writeFileSync(new URL(name, folder), text);
  for (const name of readdirSync(folder)) if (!files.has(name)) rmSync(new URL(name, folder));
}

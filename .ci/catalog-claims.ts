/** The tables of `providers/catalog/`: which variables, origins and aliases are whose in the catalogue. npm run docs */
import { catalog } from "../providers/catalog/index.ts";
import { builtIn } from "../providers/index.ts";
import { claimsOf } from "../src/providers/plugins/claims.ts";

/** Where what is whose is kept, in `providers/catalog/`. */
const FOLDER = new URL("../providers/catalog/", import.meta.url);

/** The files, by their names in `providers/catalog/`, as they have to be. */
export async function catalogTables(): Promise<ReadonlyMap<URL, string>> {
  const owners = new Map<string, string[]>();
  const aliases = new Map<string, string>();
  const readers = new Map<string, string[]>();
  for (const [id, load] of Object.entries(catalog)) {
    const definition = (await load()).default;
    for (const alias of definition.aliases ?? []) aliases.set(alias, id);
    const { reads, writes } = claimsOf(definition);
    for (const name of new Set([...reads, ...writes])) if (!name.includes("{")) add(owners, name, id);
    const groups = [definition.environment, ...(definition.variants ?? []).map(({ environment }) => environment)];
    for (const name of new Set(groups.flatMap((group) => group?.read ?? []))) add(readers, name, id);
  }
  return new Map([
    [new URL("claims.ts", FOLDER), claimsFile(sorted(owners), sorted(aliases))],
    [new URL("bundled-origins.ts", FOLDER), bundledOriginsFile(await bundledOrigins())],
    [new URL("variables.ts", FOLDER), variablesFile(sorted(readers))],
  ]);
}

function claimsFile(variables: [string, string[]][], aliases: [string, string][]): string {
  return `/** Variable → whose it is in the catalogue. Made by .ci/catalog-claims.ts; a test compares. */
export const catalogClaims: Readonly<Record<string, readonly string[]>> = {
${rows(variables)}};

/** Alias → whose it is in the catalogue. */
export const catalogAliases: Readonly<Record<string, string>> = {
${aliases.map(([alias, id]) => `  ${key(alias)}: ${JSON.stringify(id)},\n`).join("")}};
`;
}

/** Of what is built in too, and without those at which a setting has a say. */
async function bundledOrigins(): Promise<[string, string[]][]> {
  const owners = new Map<string, string[]>();
  for (const [id, load] of Object.entries({ ...builtIn, ...catalog }))
    for (const origin of new Set(claimsOf((await load()).default).origins))
      if (/^https:[^{]*$/.test(origin)) add(owners, origin, id);
  return sorted(owners);
}

function bundledOriginsFile(origins: [string, string[]][]): string {
  return `/** Origin → the providers whose descriptions name it. Made by .ci/catalog-claims.ts; a test compares. */
export const bundledOrigins: Readonly<Record<string, readonly string[]>> = {
${rows(origins)}};
`;
}

function variablesFile(readers: [string, string[]][]): string {
  return `/** Variable → who in the catalogue reads a token from it: so that no manifest is read to find out that none is set. */
export const catalogVariables: Readonly<Record<string, readonly string[]>> = {
${rows(readers)}};
`;
}

function add(owners: Map<string, string[]>, name: string, id: string): void {
  owners.set(name, [...(owners.get(name) ?? []), id]);
}

function rows(owners: [string, string[]][]): string {
  return owners.map(([name, ids]) => `  ${key(name)}: ${list(ids)},\n`).join("");
}

function sorted<Value>(map: ReadonlyMap<string, Value>): [string, Value][] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1));
}

function key(name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) ? name : JSON.stringify(name);
}

function list(ids: readonly string[]): string {
  return `[${ids.map((id) => JSON.stringify(id)).join(", ")}]`;
}

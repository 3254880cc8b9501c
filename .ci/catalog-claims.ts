/** `providers/catalog/claims.ts` and `variables.ts`: which variables and origins are whose in the catalogue. npm run docs */
import { catalog } from "../providers/catalog/index.ts";
import { claimsOf } from "../src/providers/plugins/claims.ts";

export const CLAIMS = new URL("../providers/catalog/claims.ts", import.meta.url);

export const VARIABLES = new URL("../providers/catalog/variables.ts", import.meta.url);

export async function catalogClaimsFile(): Promise<string> {
  const owners = new Map<string, string[]>();
  const aliases = new Map<string, string>();
  for (const [id, load] of Object.entries(catalog)) {
    for (const alias of (await load()).default.aliases ?? []) aliases.set(alias, id);
    const { reads, writes, origins } = claimsOf((await load()).default);
    const names = [...reads, ...writes, ...origins].filter((name) => !name.includes("{"));
    for (const name of new Set(names)) owners.set(name, [...(owners.get(name) ?? []), id]);
  }
  const rows = sorted(owners).map(([name, ids]) => `  ${key(name)}: ${list(ids)},\n`);
  return `/** Variable or origin → whose it is in the catalogue. Made by .ci/catalog-claims.ts; a test compares. */
export const catalogClaims: Readonly<Record<string, readonly string[]>> = {
${rows.join("")}};

/** Alias → whose it is in the catalogue. */
export const catalogAliases: Readonly<Record<string, string>> = {
${sorted(aliases)
  .map(([alias, id]) => `  ${key(alias)}: ${JSON.stringify(id)},\n`)
  .join("")}};
`;
}

export async function catalogVariablesFile(): Promise<string> {
  const readers = new Map<string, string[]>();
  for (const [id, load] of Object.entries(catalog)) {
    const { environment, variants = [] } = (await load()).default;
    const groups = [environment, ...variants.map((variant) => variant.environment)];
    for (const name of new Set(groups.flatMap((group) => group?.read ?? [])))
      readers.set(name, [...(readers.get(name) ?? []), id]);
  }
  const rows = sorted(readers).map(([name, ids]) => `  ${key(name)}: ${list(ids)},\n`);
  return `/** Variable → who in the catalogue reads a token from it: so that no manifest is read to find out that none is set. */
export const catalogVariables: Readonly<Record<string, readonly string[]>> = {
${rows.join("")}};
`;
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

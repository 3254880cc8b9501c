/** The built-in descriptions, as the program reads them. */
import { builtIn } from "../../providers/index.ts";
import { createRegistry } from "../../src/providers/registry.ts";

export const registry = createRegistry({ builtIn });
export const definitions = await registry.offered();

export function definitionOf(id: string) {
  const found = definitions.find((definition) => definition.id === id);
  if (found === undefined) throw new Error(`no built-in provider ${id}`);
  return found;
}

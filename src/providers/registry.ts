/** Every provider that can be named. A description is read only when someone asks for it. */
import { AuthError } from "../platform/errors.ts";
import type { ProviderDefinition } from "./schema.ts";
import { suggestion } from "./suggest.ts";

/** Where descriptions come from: id → how to read it. The ids are known without reading any. */
export type Source = Readonly<Record<string, () => Promise<{ default: ProviderDefinition }>>>;

export interface Registry {
  /** That there is such a provider, without reading its description. @throws AuthError `provider_not_found` */
  require(id: string): void;
  /** @throws AuthError `provider_not_found`, saying which there are. */
  get(id: string): Promise<ProviderDefinition>;
  /** In the order people are offered them. */
  ids(): string[];
  all(): Promise<ProviderDefinition[]>;
}

/** Built-in descriptions are taken as they are: a test has checked them, and the schema library costs start-up. */
export function createRegistry(builtIn: Source): Registry {
  const read = new Map<string, Promise<ProviderDefinition>>();

  function require(id: string): Source[string] {
    const load = Object.hasOwn(builtIn, id) ? builtIn[id] : undefined;
    if (load === undefined) throw notFound(id, Object.keys(builtIn));
    return load;
  }

  async function get(id: string): Promise<ProviderDefinition> {
    const load = require(id);
    const known = read.get(id);
    if (known !== undefined) return known;
    const definition = load().then((module) => module.default);
    read.set(id, definition);
    return definition;
  }

  const ids = () => Object.keys(builtIn);
  return { require, get, ids, all: () => Promise.all(ids().map(get)) };
}

function notFound(id: string, ids: readonly string[]): AuthError {
  const near = suggestion(id, ids);
  return new AuthError("provider_not_found", `There is no provider '${printable(id)}'.`, {
    hint: `${near === null ? "" : `Did you mean '${near}'? `}There are: ${ids.join(", ")}.`,
  });
}

function printable(text: string): string {
  const plain = text.replace(/[^\x20-\x7e]/g, "?");
  return plain.length > 60 ? `${plain.slice(0, 57)}...` : plain;
}

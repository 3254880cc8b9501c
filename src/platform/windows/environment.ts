/** Environment variables on Windows: `Path` and `PATH` are one. Loaded there only. */
import type { Environment } from "../context.ts";

/** What our own rules look for at the beginning of a name. */
const OURS = /^(AUTH|BUN|NODE)_/i;

/** The same variables, found by any spelling and listed by their own; those that mean something to us in capitals. */
export function caseless(env: Environment): Record<string, string | undefined> {
  const variables: Record<string, string | undefined> = Object.create(null);
  const spelling = new Map<string, string>();
  for (const [name, value] of Object.entries(withoutDoubles(env))) {
    const spelled = OURS.test(name) ? name.toUpperCase() : name;
    variables[spelled] = value;
    spelling.set(name.toUpperCase(), spelled);
  }
  const find = (name: string | symbol): string | symbol =>
    typeof name === "string" ? (spelling.get(name.toUpperCase()) ?? name) : name;
  return new Proxy(variables, {
    get: (target, name) => Reflect.get(target, find(name)),
    has: (target, name) => Reflect.has(target, find(name)),
  });
}

/** Each variable once. Of two spellings the later one counts: what we inject comes last. */
export function withoutDoubles(env: Environment): Record<string, string> {
  const last = new Map<string, [name: string, value: string]>();
  for (const [name, value] of Object.entries(env)) if (value !== undefined) last.set(name.toUpperCase(), [name, value]);
  return Object.fromEntries(last.values());
}

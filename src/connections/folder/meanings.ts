/** A folder's file in words, and what names mean where it decides: for `status`, `list`, `doctor` and `allow`. */
import type { Meanings } from "../defaults.ts";
import { type ConnectionRef, display, sameName } from "../ref.ts";
import { type DecidingFile, defaultHere, type FolderChoice, nameHere, written } from "./choice.ts";

/** @param means the same without the file @param refs every connection in the vault */
export function meaningsHere(means: Meanings, decidingFile: DecidingFile, refs: readonly ConnectionRef[]): Meanings {
  const providers = new Map(means.providers);
  for (const provider of new Set([...decidingFile.connections, ...refs].map((one) => one.provider))) {
    const name = nameHere(decidingFile, provider);
    if (name === null) continue;
    const ref = refs.find((one) => one.provider === provider && sameName(one.name, name));
    if (ref === undefined) providers.delete(provider);
    else providers.set(provider, display(ref));
  }
  return { ...means, providers, overall: overallHere(means, decidingFile, refs, providers), decidingFile };
}

function overallHere(
  means: Meanings,
  decidingFile: DecidingFile,
  refs: readonly ConnectionRef[],
  providers: ReadonlyMap<string, string>,
): string | null {
  const { connections, profile } = decidingFile;
  const one = defaultHere(decidingFile);
  // Of two API keys each has its own name, and the provider's alone means neither.
  if (one !== null && one.name !== null) return refs.map(display).find((name) => name === written(one)) ?? null;
  if (one !== null) return providers.get(one.provider) ?? null;
  if (connections.length > 0) return null;
  if (profile === null) return means.overall;
  const [only, ...others] = refs.filter(({ name }) => sameName(name, profile));
  return only === undefined || others.length > 0 ? null : display(only);
}

/** `github:work (default), sentry; RELEASE_TOKEN from github:release; any other: the one named work`. */
export function inWords(choice: FolderChoice): string {
  const { connections, variables, profile, default: at } = choice;
  const names = connections.map((one, i) => `${written(one)}${i === at ? " (default)" : ""}`);
  const parts = [
    names.join(", "),
    ...Object.entries(variables).map(([name, connection]) => `${name} from ${connection}`),
    ...(profile === null ? [] : [`${names.length === 0 ? "" : "any other: "}the connection named ${profile}`]),
  ].filter((part) => part !== "");
  return parts.length === 0 ? "it says nothing" : parts.join("; ");
}

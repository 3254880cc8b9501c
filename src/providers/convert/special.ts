/**
 * Entries of the public catalogue whose token request, reply or renewal its product handles by name, in code of its own
 * (`shouldUseProviderClient`, `shouldIntrospectToken`): the file doesn't say how, so none of them is certain to convert
 * without loss. The names are theirs, each with its source.
 */
import { names } from "./handled-by-name.json";

export function isHandledByName(entry: string): boolean {
  return names.includes(entry);
}

/**
 * Entries of the public catalogue whose token request, reply or renewal its product handles by name, in code of its own
 * (`shouldUseProviderClient`, `shouldIntrospectToken`): nothing in the file says how, so that none of them converts for
 * certain without loss. The names are theirs; where they are from stands beside them.
 */
import { names } from "./handled-by-name.json";

export function isHandledByName(entry: string): boolean {
  return names.includes(entry);
}

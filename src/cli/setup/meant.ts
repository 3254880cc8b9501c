/** Which of what was set up is meant by a tool and the hosts or names that were given. */
import { originFrom } from "./call.ts";

export function isMeantBy(
  tool: string | null,
  names: readonly string[],
): (one: { readonly tool: string; readonly name: string }) => boolean {
  const wanted = new Set(names.flatMap((name) => [name, ...originOrNone(name)]));
  return (one) => (tool === null || one.tool === tool) && (names.length === 0 || wanted.has(one.name));
}

function originOrNone(name: string): string[] {
  try {
    const origin = originFrom(name);
    return [origin, new URL(origin).host];
  } catch {
    // A name that is no host: it is looked for as it is.
    return [];
  }
}

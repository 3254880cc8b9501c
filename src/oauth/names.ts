/** The standard's parameters under a provider's names for them. */

export type Names = Readonly<Record<string, string | false>>;

/** In their order, without those that the provider doesn't want. */
export function renamed(parameters: Iterable<readonly [string, string]>, names: Names): [string, string][] {
  return [...parameters].flatMap(([name, value]): [string, string][] => {
    const known = nameOf(name, names);
    return known === false ? [] : [[known, value]];
  });
}

/** false: it is not sent. */
export function nameOf(name: string, names: Names): string | false {
  return Object.hasOwn(names, name) ? (names[name] ?? name) : name;
}

/** What clients are called that auth registers (RFC 7591 §2, `client_name`). */
export const CLIENT_NAME = "auth";

/** What was asked for and what was given. */

/**
 * The scopes that weren't granted. Providers write granted scopes in their own way (a whole URL, a parent that holds the
 * one asked for): what may be meant counts as given.
 * @param offline the scope that only asks for a refresh token, where that came
 */
export function notGranted(wanted: readonly string[], granted: readonly string[], offline?: string): string[] {
  return wanted.filter((scope) => scope !== offline && !granted.some((given) => covers(given, scope)));
}

function covers(given: string, wanted: string): boolean {
  const [a, b] = [given.toLowerCase(), wanted.toLowerCase()];
  if (a === b || a.endsWith(`/${b}`) || a.endsWith(`.${b}`)) return true;
  return b.startsWith(`${a}:`) || b.endsWith(`:${a}`);
}

/** Waits for what another process does. */

/** Less than a test's own minute, so that a wait which never ends says what it was for. Milliseconds. */
const LONGEST = 50_000;

/**
 * Looks again and again until there is something.
 * @param what for the error: what was waited for
 * @param look gives false, null or undefined for "not yet"
 * @param atMost milliseconds
 * @returns what it gave in the end
 * @throws Error after that time
 */
export async function until<T>(
  what: string,
  look: () => T | Promise<T>,
  atMost = LONGEST,
): Promise<Exclude<T, false | null | undefined>> {
  const deadline = performance.now() + atMost;
  for (;;) {
    const found = await look();
    if (found !== false && found !== null && found !== undefined) return found as Exclude<T, false | null | undefined>;
    if (performance.now() > deadline) throw new Error(`never: ${what}`);
    await Bun.sleep(10);
  }
}

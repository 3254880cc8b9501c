/**
 * Refreshes that were begun: until its reply is kept, the login is in this process alone. Whoever closes a vault waits for
 * them, since a command that serves others may be at its end while one is under way.
 */
const begun = new Set<Promise<unknown>>();

export function inFlight<T>(refresh: Promise<T>): Promise<T> {
  begun.add(refresh);
  const over = (): boolean => begun.delete(refresh);
  refresh.then(over, over);
  return refresh;
}

export async function noneInFlight(): Promise<void> {
  while (begun.size > 0) await Promise.allSettled(begun);
}

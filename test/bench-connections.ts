/** Many connections in the bench's vault, stored by one process: with a login each, a thousand take more than a minute. */

import { newIncarnation } from "../src/connections/changes.ts";
import type { Context } from "../src/platform/context.ts";
import { pathsFor } from "../src/platform/paths.ts";
import { openVault } from "../src/vault/store.ts";
import type { Change } from "../src/vault/types.ts";

/** In one commit. */
const BATCH = 1000;

/**
 * Stores copies of a connection beside it: `apikey:bench-1`, `apikey:bench-2` …
 *
 * @param env of the home in which `auth login` has stored it
 * @param connection its full name
 */
export async function storeCopies(env: Context["env"], connection: string, count: number): Promise<void> {
  const context: Context = {
    env,
    paths: pathsFor(env, process.platform),
    now: Date.now,
    debug: () => {},
    audit: async () => {},
    warn: () => {},
    http: () => Promise.reject(new Error("the bench itself sends nothing")),
  };
  const vault = await openVault(context);
  try {
    const entry = (await vault?.read("connection", connection)) ?? null;
    if (vault === null || entry === null) throw new Error(`There is no ${connection} to copy.`);
    const record = JSON.parse(entry.body);
    const copy = (number: number): Change => ({
      type: "connection",
      name: `${entry.name}-${number}`,
      expected: null,
      next: {
        version: { incarnation: newIncarnation(), generation: entry.version.generation },
        body: JSON.stringify({ ...record, name: `${record.name}-${number}` }),
      },
    });
    for (let stored = 0; stored < count; stored += BATCH) {
      const size = Math.min(BATCH, count - stored);
      const outcome = await vault.commit(Array.from({ length: size }, (_, i) => copy(stored + i + 1)));
      if (outcome !== "committed") throw new Error(`The copies weren't stored: ${outcome}.`);
    }
  } finally {
    vault?.close();
  }
}

/** A change of the vault, over whatever other processes change at the same time. */
import { expect, test } from "bun:test";
import { update } from "../../src/connections/changes.ts";
import type { Change, Version } from "../../src/vault/types.ts";
import { MemoryVault } from "./memory-vault.ts";

const NAME = "counter";

function counter(vault: MemoryVault) {
  const read = async (): Promise<{ count: number; version: Version | null }> => {
    const entry = await vault.read("settings", NAME);
    return { count: entry === null ? 0 : Number(entry.body), version: entry?.version ?? null };
  };
  const next = ({ count, version }: { count: number; version: Version | null }): Change => ({
    type: "settings",
    name: NAME,
    expected: version,
    next: { version: { incarnation: "i", generation: (version?.generation ?? 0) + 1 }, body: String(count + 1) },
  });
  return { read, next };
}

function written({ next }: Change): NonNullable<Change["next"]> {
  if (next === null) throw new Error("nothing was written");
  return next;
}

test("is repeated from what is stored, until nothing came between", async () => {
  const vault = new MemoryVault();
  const { read, next } = counter(vault);
  let others = 2;
  vault.beforeCommit = async () => {
    if (others-- > 0)
      vault.entries.set(`settings ${NAME}`, { type: "settings", name: NAME, ...written(next(await read())) });
  };
  const result = await update(vault, read, (held) => ({ changes: [next(held)], result: held.count }));
  expect([result, (await read()).count]).toEqual([2, 3]);
});

test("loads the vault's new key after a rekey, and goes on", async () => {
  const vault = new MemoryVault();
  const { read, next } = counter(vault);
  const steps: string[] = [];
  const rekeyed = {
    commit: async (changes: readonly Change[]) => (steps.push("commit") === 1 ? "rekeyed" : vault.commit(changes)),
    reload: async () => void steps.push("reload"),
  } as const;
  await update(rekeyed, read, (held) => ({ changes: [next(held)], result: undefined }));
  expect({ steps, count: (await read()).count }).toEqual({ steps: ["commit", "reload", "commit"], count: 1 });
});

test("of nothing commits nothing, and an error ends it", async () => {
  const vault = new MemoryVault();
  const { read } = counter(vault);
  expect(await update(vault, read, () => ({ changes: [], result: "as it was" }))).toBe("as it was");
  const failing = update<unknown, never>(vault, read, (): never => {
    throw new Error("refused");
  });
  expect(failing).rejects.toThrow("refused");
  expect(vault.steps).toEqual([]);
});

/** A vault in memory that keeps the contract of `src/vault/types.ts`: for rules of the engine, not of storage. */
import type { Change, Entry, KeptReply, Lock, RecordType, Vault, Version } from "../../src/vault/types.ts";

export class MemoryVault implements Vault {
  readonly id = "memory";
  readonly entries = new Map<string, Entry>();
  readonly replies = new Map<string, { version: Version; bytes: Uint8Array }>();
  readonly locked = new Set<string>();
  /** What was done, in order: `lock`, `prepare`, `commit`, `keep`, `blank`, `release`. */
  readonly steps: string[] = [];
  /** Runs before each commit; may change the vault under the caller's feet. */
  beforeCommit: (changes: readonly Change[]) => void | Promise<void> = () => {};

  async read(type: RecordType, name: string): Promise<Entry | null> {
    return this.entries.get(`${type} ${name}`) ?? null;
  }

  async list(type: RecordType): Promise<Entry[]> {
    return [...this.entries.values()].filter((entry) => entry.type === type).sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  async commit(changes: readonly Change[]): Promise<"committed" | "conflict"> {
    await this.beforeCommit(changes);
    for (const { type, name, expected } of changes) {
      const version = this.entries.get(`${type} ${name}`)?.version ?? null;
      if (expected === null ? version !== null : !same(version, expected)) return "conflict";
    }
    this.steps.push("commit");
    for (const { type, name, next } of changes) {
      if (next === null) this.entries.delete(`${type} ${name}`);
      else this.entries.set(`${type} ${name}`, { type, name, ...next });
    }
    return "committed";
  }

  async discard(type: RecordType, name: string): Promise<void> {
    this.entries.delete(`${type} ${name}`);
  }

  async reload(): Promise<void> {}

  async tryLock(name: string): Promise<Lock | null> {
    if (this.locked.has(name)) return null;
    this.locked.add(name);
    this.steps.push("lock");
    return {
      reply: this.replyOf(name),
      release: () => {
        if (this.locked.delete(name)) this.steps.push("release");
      },
    };
  }

  private replyOf(name: string): KeptReply {
    return {
      prepare: async () => void this.steps.push("prepare"),
      keep: async (version, bytes) => {
        this.steps.push("keep");
        this.replies.set(name, { version, bytes });
      },
      read: async (version) => {
        const kept = this.replies.get(name);
        return kept !== undefined && same(kept.version, version) ? kept.bytes : null;
      },
      blank: async () => {
        this.steps.push("blank");
        this.replies.delete(name);
      },
    };
  }

  async fingerprint(secret: string): Promise<string> {
    return `hmac(${Bun.hash(secret).toString(16)})`;
  }

  close(): void {}
}

function same(a: Version | null, b: Version): boolean {
  return a !== null && a.incarnation === b.incarnation && a.generation === b.generation;
}

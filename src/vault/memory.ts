/** A vault in memory, for the length of a check or a trial: it keeps the contract of `types.ts`, and nothing outlives it. */
import {
  type Change,
  type Entry,
  type Lock,
  type RecordType,
  type ReplyKeeper,
  sameVersion,
  type Vault,
  type Version,
} from "./types.ts";

export class MemoryVault implements Vault {
  readonly id = "check";
  readonly entries = new Map<string, Entry>();
  readonly replies = new Map<string, { version: Version; bytes: Uint8Array }>();
  readonly locked = new Set<string>();

  async read(type: RecordType, name: string): Promise<Entry | null> {
    return this.entries.get(`${type} ${name}`) ?? null;
  }

  async list(type: RecordType): Promise<Entry[]> {
    return [...this.entries.values()].filter((entry) => entry.type === type).sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  async commit(changes: readonly Change[]): Promise<"committed" | "conflict"> {
    for (const { type, name, expected } of changes)
      if (expected !== "any" && !sameVersion(this.entries.get(`${type} ${name}`)?.version ?? null, expected))
        return "conflict";
    for (const { type, name, next } of changes) {
      if (next === null) this.entries.delete(`${type} ${name}`);
      else this.entries.set(`${type} ${name}`, { type, name, ...next });
    }
    return "committed";
  }

  async isMade(): Promise<boolean> {
    return true;
  }

  async requireWritable(): Promise<void> {}

  async reload(): Promise<void> {}

  isReplaced(): boolean {
    return false;
  }

  async tryLock(name: string): Promise<Lock | null> {
    if (this.locked.has(name)) return null;
    this.locked.add(name);
    return { reply: this.#replyOf(name), release: () => void this.locked.delete(name) };
  }

  async keptVersion(name: string): Promise<Version | null> {
    return this.replies.get(name)?.version ?? null;
  }

  async fingerprint(secret: string): Promise<string> {
    return new Bun.CryptoHasher("sha256").update(secret).digest("hex");
  }

  close(): void {}

  #replyOf(name: string): ReplyKeeper {
    return {
      prepare: async () => {},
      keep: async (version, bytes) => void this.replies.set(name, { version, bytes }),
      read: async (version) => {
        const kept = this.replies.get(name);
        return kept !== undefined && sameVersion(kept.version, version) ? kept.bytes : null;
      },
      kept: async () => [...this.replies].filter(([kept]) => kept === name).map(([, reply]) => reply),
      blank: async (version) => {
        const kept = this.replies.get(name);
        if (version === "all" || (kept !== undefined && sameVersion(kept.version, version))) this.replies.delete(name);
      },
    };
  }
}

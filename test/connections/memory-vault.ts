/** The vault in memory, with what was done to it written down: for rules of the engine, not of storage. */
import { MemoryVault as PlainVault } from "../../src/vault/memory.ts";
import type { Change, Lock, ReplyKeeper } from "../../src/vault/types.ts";

export class MemoryVault extends PlainVault {
  /** In order: `lock`, `prepare`, `commit`, `keep`, `blank`, `release`. */
  readonly steps: string[] = [];
  /** Runs before each commit; may change the vault under the caller's feet. */
  beforeCommit: (changes: readonly Change[]) => void | Promise<void> = () => {};

  override async commit(changes: readonly Change[]): Promise<"committed" | "conflict"> {
    await this.beforeCommit(changes);
    const result = await super.commit(changes);
    if (result === "committed") this.steps.push("commit");
    return result;
  }

  override async tryLock(name: string): Promise<Lock | null> {
    const lock = await super.tryLock(name);
    if (lock === null) return null;
    this.steps.push("lock");
    return {
      reply: this.#recorded(lock.reply),
      release: () => {
        if (!this.locked.has(name)) return;
        lock.release();
        this.steps.push("release");
      },
    };
  }

  #recorded(reply: ReplyKeeper): ReplyKeeper {
    const record = (step: string): void => void this.steps.push(step);
    return {
      ...reply,
      prepare: () => reply.prepare().then(() => record("prepare")),
      keep: (version, bytes) => reply.keep(version, bytes).then(() => record("keep")),
      blank: (version) => reply.blank(version).then(() => record("blank")),
    };
  }
}

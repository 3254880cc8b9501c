/** For a login that is only tried: the clients of a vault can be used, and nothing is written into it. */

import { MemoryVault } from "./memory.ts";
import type { Entry, RecordType, Vault } from "./types.ts";

export class OverlayVault extends MemoryVault {
  readonly #below: Vault | null;

  /** @param below null: there is none */
  constructor(below: Vault | null) {
    super();
    this.#below = below;
  }

  override async read(type: RecordType, name: string): Promise<Entry | null> {
    const own = await super.read(type, name);
    if (own !== null || type !== "client" || this.#below === null) return own;
    const found = await this.#below.read(type, name);
    if (found !== null) this.entries.set(`${type} ${name}`, found);
    return found;
  }
}

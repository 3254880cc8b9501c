/**
 * What an issuer that rotates really handed out, in its order: the oracle of the proofs (RULES.md 6.8). It shares no
 * line with the engine.
 */
import { random } from "./grants.ts";

/** One link: what a login or a refresh brought. */
export interface Link {
  readonly family: number;
  /** 0 for the login, then one more for each rotation. */
  readonly n: number;
  readonly access: string;
  readonly refresh: string;
}

export interface ChainOptions {
  /** A used refresh token still works, as long as none of its successors was used. */
  readonly grace?: boolean;
  /** A used refresh token is refused, and nothing more. */
  readonly lenient?: boolean;
}

export class Chain {
  readonly #grace: boolean;
  readonly #lenient: boolean;
  readonly #links = new Map<string, Link>();
  readonly #newest: Link[] = [];
  readonly #dead = new Set<number>();
  /** In each login, how far its tokens have been used. */
  readonly #used = new Map<number, number>();

  constructor({ grace = false, lenient = false }: ChainOptions = {}) {
    this.#grace = grace;
    this.#lenient = lenient;
  }

  /** A login. */
  start(): Link {
    return this.#add(this.#newest.length, 0);
  }

  /** Ends a login, as its owner or an administrator would. */
  end(family: number): void {
    this.#dead.add(family);
  }

  /**
   * RFC 9700 §4.14.2: the replay of a used refresh token ends its whole family.
   * @returns null for invalid_grant
   */
  rotate(refresh: string): Link | null {
    const used = this.#links.get(refresh);
    if (used === undefined || this.#dead.has(used.family)) return null;
    const newest = this.newest(used.family);
    const reused = used.n < newest.n;
    const furthest = this.#used.get(used.family) ?? -1;
    if (reused && !(this.#grace && used.n >= furthest)) {
      if (!this.#lenient) this.#dead.add(used.family);
      return null;
    }
    this.#used.set(used.family, used.n);
    return this.#add(used.family, newest.n + 1);
  }

  /** A new access token with the refresh token that was sent. */
  renewAccess(refresh: string): Link | null {
    const used = this.#links.get(refresh);
    if (used === undefined || this.#dead.has(used.family)) return null;
    const link = { ...used, access: `access-${used.family}-${used.n}-${random("hex", 8)}` };
    this.#newest[used.family] = link;
    return link;
  }

  /** The last thing handed out in this login. */
  newest(family = 0): Link {
    const link = this.#newest[family];
    if (link === undefined) throw new Error(`there was no login ${family}`);
    return link;
  }

  isDead(family = 0): boolean {
    return this.#dead.has(family);
  }

  #add(family: number, n: number): Link {
    const name = `${family}-${n}-${random("hex", 16)}`;
    const link: Link = { family, n, access: `access-${name}`, refresh: `refresh-${name}` };
    this.#links.set(link.refresh, link);
    this.#newest[family] = link;
    return link;
  }
}

/** The tokens of a contract test's issuer, and their state: rotation, grace and end as declared. */
import type { Dialect } from "../providers/defaults.ts";

/** One login. */
export interface Grant {
  readonly scopes: readonly string[];
  readonly flow: "device" | "browser" | "code";
  readonly nonce: string | null;
  /** As the login sent it. */
  readonly redirectUri?: string | null;
  dead: boolean;
}

interface RefreshToken {
  readonly grant: Grant;
  /** By the issuer's clock, milliseconds; null: it is the newest. */
  usedAt: number | null;
}

/** An authorization code (RFC 6749 §4.1.2). */
export interface Code {
  readonly grant: Grant;
  readonly redirectUri: string | null;
  /** RFC 7636 §4.2, by the method that `authorize.pkce` names. */
  readonly challenge: string | null;
}

export class Grants {
  readonly #access = new Map<string, { readonly grant: Grant | null; dead: boolean }>();
  readonly #refresh = new Map<string, RefreshToken>();
  readonly #codes = new Map<string, Code>();
  /** Tokens that are only good for being exchanged. */
  readonly #short = new Map<string, Grant>();
  readonly #rules: Dialect["refresh"];
  readonly #now: () => number;
  #count = 0;

  constructor(rules: Dialect["refresh"], now: () => number) {
    this.#rules = rules;
    this.#now = now;
  }

  /** A text that can't be mistaken for a real provider's token. */
  fresh(what: string): string {
    return `check-${what}-${++this.#count}`;
  }

  addCode(code: Code): string {
    const name = this.fresh("code");
    this.#codes.set(name, code);
    return name;
  }

  /** Each code works once. */
  takeCode(name: string): Code | null {
    const code = this.#codes.get(name) ?? null;
    this.#codes.delete(name);
    return code;
  }

  /** @param grant null: none, as for a pasted token */
  addAccess(grant: Grant | null, token = this.fresh("access")): string {
    this.#access.set(token, { grant, dead: false });
    return token;
  }

  addShort(grant: Grant): string {
    const token = this.fresh("short");
    this.#short.set(token, grant);
    return token;
  }

  /** Each is exchanged once. */
  takeShort(token: string): Grant | null {
    const grant = this.#short.get(token) ?? null;
    this.#short.delete(token);
    return grant;
  }

  addRefresh(grant: Grant): string {
    const token = this.fresh("refresh");
    this.#refresh.set(token, { grant, usedAt: null });
    return token;
  }

  isLive(accessToken: string): boolean {
    const held = this.#access.get(accessToken);
    return held !== undefined && !held.dead && !held.grant?.dead;
  }

  anyLive(): boolean {
    return [...this.#access.keys()].some((token) => this.isLive(token));
  }

  /** @returns null for an invalid token, or one that a replay invalidates */
  use(refreshToken: string): { readonly grant: Grant; readonly next: string | null } | null {
    const held = this.#refresh.get(refreshToken);
    if (held === undefined || held.grant.dead) return null;
    const { rotation, graceSeconds, killsAccessToken } = this.#rules;
    if (rotation !== "none" && held.usedAt !== null && this.#now() - held.usedAt >= graceSeconds * 1000) {
      if (rotation === "family") held.grant.dead = true;
      return null;
    }
    held.usedAt ??= this.#now();
    if (killsAccessToken)
      for (const access of this.#access.values()) if (access.grant === held.grant) access.dead = true;
    return { grant: held.grant, next: rotation === "none" ? null : this.addRefresh(held.grant) };
  }

  /** RFC 7009 §2.1: a refresh token takes its grant along. @returns whether it was known */
  revoke(token: string, endsGrant: boolean): boolean {
    const access = this.#access.get(token);
    const grant = this.#refresh.get(token)?.grant ?? (endsGrant ? access?.grant : null);
    if (access !== undefined) access.dead = true;
    if (grant) grant.dead = true;
    return access !== undefined || grant !== undefined;
  }

  /** null: it was never handed out. */
  kindOf(token: string): "refresh_token" | "access_token" | null {
    if (this.#refresh.has(token)) return "refresh_token";
    return this.#access.has(token) ? "access_token" : null;
  }

  /** Ends every login, as an administrator could. */
  kill(): void {
    for (const { grant } of this.#refresh.values()) grant.dead = true;
  }
}

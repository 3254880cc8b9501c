/**
 * Renews tokens that were asked for since the agent was unlocked, shortly before they are due, so that the next request
 * doesn't wait. The refresh engine does it, so a token that another process has renewed isn't refreshed again.
 */
import type { Access } from "../../connections/access.ts";
import type { LiveToken } from "../../connections/live-token.ts";
import { AuthError } from "../../platform/errors.ts";
import type { Cli } from "../context.ts";
import type { Keeper, Opened } from "./keeper.ts";

export interface Follower {
  /** Takes note of a token that was handed out. */
  follow(opened: Opened, name: string, token: LiveToken, access: Access): void;
  /** Renews what is due by now. Called every second. */
  renew(): void;
  forget(): void;
}

interface Followed {
  readonly token: LiveToken;
  readonly expiresAt: number;
  /** Milliseconds since the epoch. */
  at: number;
}

const MAX_FOLLOWED = 1_000;
/** Spreads renewals over time, also across machines. A share of the time until it is due, and milliseconds at most. */
const JITTER = 0.1;
const MAX_JITTER_MS = 60_000;
/** Milliseconds after a temporary failure. The engine decides whether anything is sent, and backs off. */
const AGAIN_MS = 15_000;

export function follower({ context }: Cli, keeper: Keeper, random = Math.random): Follower {
  const followed = new Map<string, Followed>();

  const follow: Follower["follow"] = ({ isOver }, name, token, { stored }) => {
    if (isOver) return;
    const { tokens } = stored.record;
    if (tokens === null || tokens.dueAt === null || tokens.expiresAt === null || stored.view !== undefined) return;
    if (followed.get(name)?.expiresAt === tokens.expiresAt) return;
    const spread = Math.min(MAX_JITTER_MS, Math.max(0, tokens.dueAt - tokens.obtainedAt) * JITTER);
    if (followed.size >= MAX_FOLLOWED) followed.clear();
    followed.set(name, { token, expiresAt: tokens.expiresAt, at: tokens.dueAt - random() * spread });
  };

  const renewOne = async (name: string, one: Followed): Promise<void> => {
    try {
      const left = Math.max(0, one.expiresAt - context.now());
      await keeper.use(async (opened) => {
        const found = await one.token.get(left + 1);
        const isRenewed = found.stored.record.tokens?.expiresAt !== one.expiresAt;
        if (isRenewed) follow(opened, name, one.token, found);
        else one.at = context.now() + AGAIN_MS;
      }, false);
    } catch (error) {
      if (!(error instanceof AuthError)) throw error;
      context.debug(`agent: ${name} was not renewed ahead of its end: ${error.message}`);
      one.at = context.now() + AGAIN_MS;
    }
  };

  return {
    follow,
    renew() {
      const now = context.now();
      for (const [name, one] of followed) {
        if (now < one.at) continue;
        // It has expired, and couldn't be renewed: the next request tries again.
        if (now >= one.expiresAt) followed.delete(name);
        else {
          one.at = Number.POSITIVE_INFINITY;
          void renewOne(name, one);
        }
      }
    },
    forget: () => followed.clear(),
  };
}

/**
 * The agent's vault: open with the key that it was given, or locked. It locks on request, after a time without requests, when
 * the desktop session locks, and when the vault's file was replaced. Requests that are being answered end first.
 */
import type { Services } from "../../connections/services.ts";
import { AuthError, errorCode } from "../../platform/errors.ts";
import { forgetSecrets, type Secret } from "../../platform/secret.ts";
import { isVaultKey, vaultKey } from "../../vault/handover.ts";
import type { Prompt } from "../../vault/sources/source.ts";
import { locked, VARIABLES } from "../../vault/sources/source.ts";
import { vaultStatus } from "../../vault/status.ts";
import type { Cli } from "../context.ts";
import { inSession, type Session } from "../session.ts";

export type LockedBy = "request" | "idle" | "session" | "vault";

export interface Opened {
  readonly session: Session;
  readonly services: Services;
  /** It was locked: results of work that still runs must not be kept. */
  isOver: boolean;
}

export interface Keeper {
  lockedBy(): LockedBy | null;
  /** Does the work with the open vault. @param counts whether it is a use, which restarts the idle time */
  use<T>(work: (opened: Opened) => Promise<T>, counts?: boolean): Promise<T>;
  /** @param key in the form of AUTH_KEY @throws AuthError `vault_locked` where it doesn't open the vault */
  unlock(key: Secret): Promise<void>;
  /** Resolves once the vault isn't in use any more. */
  lock(by: LockedBy): Promise<void>;
  /** Milliseconds since the last use. */
  idle(): number;
}

interface Held extends Opened {
  readonly close: () => void;
  readonly closed: Promise<void>;
  users: number;
}

/** @param changed called after each locking */
export function vaultKeeper(cli: Cli, vaultId: string, changed: () => void): Keeper {
  let held: Held | null = null;
  let lockedBy: LockedBy = "request";
  let opening: Promise<void> | null = null;
  let draining: Promise<void> = Promise.resolve();
  let usedAt = performance.now();

  /** @param key null: from its file */
  const open = async (key: Secret | null): Promise<void> => {
    const ready = Promise.withResolvers<Opened>();
    const end = Promise.withResolvers<void>();
    const closed = inSession(
      key === null ? cli : withKey(cli, key),
      async (session) => {
        const vault = await session.vault();
        if (vault === null || vault.id !== vaultId) throw anotherVault();
        ready.resolve({ session, services: await session.services(), isOver: false });
        await end.promise;
      },
      { isHeard: false, folders: false, prompt: nobodyIsAsked },
    ).catch(ready.reject);
    const opened = await ready.promise;
    held = { ...opened, close: end.resolve, closed, users: 0 };
    usedAt = performance.now();
  };

  const lock = async (by: LockedBy): Promise<void> => {
    await opening?.catch(() => {});
    const closing = held;
    if (closing === null) {
      if (by === "request") lockedBy = by;
      return draining;
    }
    held = null;
    closing.isOver = true;
    lockedBy = by;
    changed();
    draining = Promise.all([draining, drained(closing)]).then(() => {
      if (held === null) forgetSecrets();
    });
    return draining;
  };
  const openOnce = async (key: Secret | null): Promise<void> => {
    if (held !== null) return;
    opening ??= open(key).finally(() => {
      opening = null;
    });
    await opening;
  };
  const unlock = async (key: Secret): Promise<void> => {
    if (!(await isVaultKey(cli.context, key))) throw locked("This key doesn't open the vault.", UNLOCK);
    // Where the key file has the key, the vault is opened with that.
    await openOnce((await isKeyInFile(cli)) ? null : key);
  };
  const reopened = async (): Promise<Held> => {
    const mayOpen = (lockedBy === "idle" || lockedBy === "vault") && (await isKeyInFile(cli));
    if (mayOpen) await openOnce(null);
    if (held === null) throw isLocked();
    return held;
  };

  return {
    lockedBy: () => (held === null ? lockedBy : null),
    idle: () => performance.now() - usedAt,
    unlock,
    lock,
    async use(work, counts = true) {
      if (counts) usedAt = performance.now();
      if (held?.services.vault.isReplaced()) await lock("vault");
      const current = held ?? (await reopened());
      current.users++;
      try {
        return await work(current);
      } catch (error) {
        // The vault's file was replaced, or its key changed.
        if (!LOST.includes(errorCode(error) ?? "")) throw error;
        void lock("vault");
        throw errorCode(error) === "vault_replaced" ? error : isLocked(error);
      } finally {
        current.users--;
      }
    },
  };
}

async function drained(closing: Held): Promise<void> {
  while (closing.users > 0) await Bun.sleep(10);
  closing.close();
  await closing.closed;
}

const NO_KEY = ["vault_locked", "key_invalid"];
const LOST = ["vault_replaced", ...NO_KEY];

const UNLOCK = "Unlock it: auth agent start";

function isLocked(cause?: unknown): AuthError {
  return locked("The agent is locked.", UNLOCK, cause);
}

const nobodyIsAsked: Prompt = async () => {
  throw isLocked();
};

/** Used while the vault is open; the agent's own environment has no key. */
function withKey(cli: Cli, key: Secret): Cli {
  const { context } = cli;
  const env = { ...context.env, [VARIABLES.env]: key.reveal() };
  return { ...cli, context: { ...context, env, paths: context.paths } };
}

/**
 * Whether the key file opens the vault: a lock would protect nothing then, so the agent reads the key itself. Not where the
 * file lacks the key, which then comes from elsewhere.
 */
async function isKeyInFile({ context }: Cli): Promise<boolean> {
  const source = (await vaultStatus(context))?.keySource;
  if (source !== "file" && source !== "members") return false;
  try {
    return (await vaultKey(context, nobodyIsAsked)) !== null;
  } catch (error) {
    if (NO_KEY.includes(errorCode(error) ?? "")) return false;
    throw error;
  }
}

function anotherVault(): AuthError {
  return new AuthError("vault_replaced", "The vault that this agent was started for is gone.", {
    hint: "End the agent, and start one for the vault that is there now: auth agent start",
  });
}

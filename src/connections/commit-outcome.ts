/** Commits an attempt's outcome, whatever else has changed the record meanwhile. */
import { feature } from "bun:bundle";
import { errorCode } from "../platform/errors.ts";
import { mutated } from "../platform/faults.ts";
import { retryWhileBusy } from "../vault/driver.ts";
import { type Change, sameVersion } from "../vault/types.ts";
import { advanced, successor } from "./changes.ts";
import { type Connection, encodeRecord } from "./record.ts";
import type { RefreshLease } from "./refresh-lease.ts";
import type { Services } from "./services.ts";
import { readConnection, type Stored } from "./store.ts";

export type CommitResult =
  | { readonly kind: "committed"; readonly stored: Stored }
  /** Logged out meanwhile. */
  | { readonly kind: "gone" }
  /** Logged in again, or refreshed by another process, meanwhile: what is stored is newer than what we hold. */
  | { readonly kind: "replaced"; readonly stored: Stored }
  /** A lock that ends by time has ended, and its next holder is asking the provider: what we hold counts for nothing. */
  | { readonly kind: "overtaken"; readonly stored: Stored };

/**
 * Settings that were edited while the provider was asked stay as edited. A rekey makes it let go of the lock.
 *
 * Where a lock ends by time, another holder may have come meanwhile, with the same refresh token. Tokens that were received
 * are stored unless newer ones are there: whoever is later finds its own token used up. A failure is stored only while no
 * one else has begun.
 *
 * @param brings what the provider has answered with
 * @throws AuthError when the vault can't be written
 */
export async function commitOutcome(
  services: Services,
  noted: Stored,
  change: (record: Connection) => Connection,
  lease: RefreshLease,
  brings: "tokens" | "nothing",
): Promise<CommitResult> {
  const { vault } = services;
  let base = noted;
  for (;;) {
    const record = change(base.record);
    const step = successor(base, record);
    const result = await retryUnreachable(() => retryCommit(services, step, lease), lease);
    if (result === "committed") return { kind: "committed", stored: advanced(base, step.next.version, record) };
    if (result === "rekeyed") {
      // The source of the new key may ask a person or a keychain: no lock is held meanwhile (RULES.md 1.3, 1.4).
      lease.release();
      await vault.reload();
    }
    const current = await retryUnreachable(() => readConnection(vault, noted.ref, noted.view), lease);
    if (current === null || current.record.tokens === null) return { kind: "gone" };
    if (isDone(step, current)) return { kind: "committed", stored: current };
    const changed = changeSince(noted, current);
    if (changed === "login" || changed === "tokens" || (changed === "failure" && brings === "nothing"))
      return { kind: "replaced", stored: current };
    if (changed === "note" && brings === "nothing") return { kind: "overtaken", stored: current };
    base = current;
  }
}

/** A server that went away may have made a commit without saying so: it conflicts with itself when it is tried again. */
function isDone({ next }: ReturnType<typeof successor>, { version, record, view }: Stored): boolean {
  return sameVersion(version, next.version) && encodeRecord(view?.whole ?? record) === next.body;
}

/** What of an attempt's record others have changed: the most that it is. */
function changeSince(noted: Stored, current: Stored): "login" | "tokens" | "failure" | "note" | "settings" {
  if (feature("AUTH_TEST") && mutated("adoption-off")) return "settings";
  if (current.version.incarnation !== noted.version.incarnation) return "login";
  if (current.record.outcomes !== noted.record.outcomes) return sameTokens(noted, current) ? "failure" : "tokens";
  return current.record.note?.generation === noted.record.note?.generation ? "settings" : "note";
}

function sameTokens({ record: { tokens: one } }: Stored, { record: { tokens: other } }: Stored): boolean {
  if (one === null || other === null) return one === other;
  if (!one.accessToken.equals(other.accessToken)) return false;
  const [refresh, another] = [one.refreshToken, other.refreshToken];
  return refresh === null || another === null ? refresh === another : refresh.equals(another);
}

/** How long a commit is tried even where the budget is used up: a stopped process must not lose what it received. */
const LAST_TRIES = 2_000;
/** Milliseconds between two tries to reach a server. */
const AWAY = 250;

/** A database that is busy for a moment is no reason to lose a reply: tries until the holder's budget ends. */
export function retryCommit(
  services: Services,
  change: Change,
  lease: RefreshLease,
): Promise<"committed" | "conflict" | "rekeyed"> {
  return retryWhileBusy(() => services.vault.commit([change]), Math.max(LAST_TRIES, lease.left()));
}

/** Nor is a server that went away after the provider was asked. */
async function retryUnreachable<T>(work: () => Promise<T>, lease: RefreshLease): Promise<T> {
  const end = performance.now() + Math.max(LAST_TRIES, lease.left());
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (errorCode(error) !== "vault_unreachable" || performance.now() >= end) throw error;
      await Bun.sleep(AWAY);
    }
  }
}

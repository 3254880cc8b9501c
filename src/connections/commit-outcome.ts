/** Commits an attempt's outcome, whatever else has changed the record meanwhile. */
import { feature } from "bun:bundle";
import { mutated } from "../platform/faults.ts";
import { retryWhileBusy } from "../vault/driver.ts";
import type { Change } from "../vault/types.ts";
import type { Connection } from "./record.ts";
import type { RefreshLease } from "./refresh-lease.ts";
import type { Services } from "./services.ts";
import { advanced, readConnection, type Stored, successor } from "./store.ts";

export type CommitResult =
  | { readonly kind: "committed"; readonly stored: Stored }
  /** Logged out meanwhile. */
  | { readonly kind: "gone" }
  /** Logged in again, or refreshed by another process, meanwhile: what is stored is newer than what we hold. */
  | { readonly kind: "replaced"; readonly stored: Stored };

/**
 * Settings that were edited while the provider was asked stay as edited. A rekey makes it let go of the lock.
 *
 * @throws AuthError when the vault can't be written
 */
export async function commitOutcome(
  services: Services,
  noted: Stored,
  change: (record: Connection) => Connection,
  lease: RefreshLease,
): Promise<CommitResult> {
  const { vault } = services;
  let base = noted;
  for (;;) {
    const record = change(base.record);
    const step = successor(base, record);
    const result = await retryCommit(services, step, lease);
    if (result === "committed") return { kind: "committed", stored: advanced(base, step.next.version, record) };
    if (result === "rekeyed") {
      // The source of the new key may ask a person or a keychain: no lock is held meanwhile (RULES.md 1.3, 1.4).
      lease.release();
      await vault.reload();
    }
    const current = await readConnection(vault, noted.ref, noted.view);
    if (current === null || current.record.tokens === null) return { kind: "gone" };
    const sameAttempt =
      current.version.incarnation === noted.version.incarnation && current.record.outcomes === noted.record.outcomes;
    if (!sameAttempt && !(feature("AUTH_TEST") && mutated("adoption-off")))
      return { kind: "replaced", stored: current };
    base = current;
  }
}

/** How long a commit is tried even where the budget is used up: a stopped process must not lose what it received. */
const LAST_TRIES = 2_000;

/** A database that is busy for a moment is no reason to lose a reply: tries until the holder's budget ends. */
export function retryCommit(
  services: Services,
  change: Change,
  lease: RefreshLease,
): Promise<"committed" | "conflict" | "rekeyed"> {
  return retryWhileBusy(() => services.vault.commit([change]), Math.max(LAST_TRIES, lease.left()));
}

/**
 * Notifying a person who may be elsewhere, once, that only they can help: the first process that finds it notifies, agent or
 * not, and leaves a mark for all others. A new login, or a refresh that works, removes the mark.
 */
import { readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { AuthError, type ErrorCode, messageOf } from "../platform/errors.ts";
import { createPrivate, ensureFolder, ensureOwnFolder } from "../vault/files.ts";
import type { Outcome } from "./outcome.ts";
import { type ConnectionRef, display, vaultName } from "./ref.ts";
import type { Services } from "./services.ts";
import { readConnection, type Stored } from "./store.ts";

/** What a login mends, and what a person has to mend at the provider or in the settings of the client. */
const LOGIN: readonly ErrorCode[] = [
  ...["refresh_token_invalid", "refresh_refused", "rotation_lost"],
  ...["interaction_required", "login_required", "token_expired"],
] as const;
const CLIENT: readonly ErrorCode[] = ["client_rejected", "client_missing", "scope_rejected"];

/** Does the work, and passes on what comes of it. */
export async function tellingPerson(
  services: Services,
  ref: ConnectionRef,
  work: () => Promise<Outcome>,
): Promise<Outcome> {
  let outcome: Outcome;
  try {
    outcome = await work();
  } catch (error) {
    if (error instanceof AuthError && isForPerson(error)) {
      const stored = await readConnection(services.vault, ref).catch(() => null);
      if (stored !== null) await tellOnce(services, stored, error);
    }
    throw error;
  }
  if (outcome.kind === "failed" && isForPerson(outcome.error)) await tellOnce(services, outcome.stored, outcome.error);
  return outcome;
}

function isForPerson({ code }: AuthError): boolean {
  return LOGIN.includes(code) || CLIENT.includes(code);
}

/** What goes wrong here is no one's failure: the caller has its error all the same. */
async function tellOnce({ context, vault }: Services, stored: Stored, error: AuthError): Promise<void> {
  const connection = display(stored.ref);
  try {
    if (context.notify === undefined) return;
    const mark = markOfFirst(context.paths.told, vault.id, stored);
    if (mark === null) return;
    const isTold = context.notify({
      event: "login_needed",
      connection,
      code: error.code,
      message: `${connection} needs you: ${error.message}`,
      command: `auth ${LOGIN.includes(error.code) ? "login" : "status"} ${connection}`,
    });
    // Another process may have someone to tell.
    if (!(await isTold.catch(() => false))) rmSync(mark, { force: true });
  } catch (fault) {
    context.debug(`no notice that ${connection} needs a person: ${messageOf(fault)}`);
  }
}

/** One file for each connection, made by the first process. Its name is a digest. @returns its path; null: it was there */
function markOfFirst(folder: string, vaultId: string, { ref, version, record }: Stored): string | null {
  ensureFolder(dirname(folder));
  ensureOwnFolder(folder);
  const mark = `${hash(vaultId, vaultName(ref))}-`;
  const name = `${mark}${hash(version.incarnation, String(record.refreshedAt))}`;
  if (!createPrivate(join(folder, name))) return null;
  for (const other of readdirSync(folder))
    if (other.startsWith(mark) && other !== name) rmSync(join(folder, other), { force: true });
  return join(folder, name);
}

function hash(...parts: readonly string[]): string {
  return new Bun.CryptoHasher("sha256").update(parts.join("\0")).digest("hex").slice(0, 32);
}

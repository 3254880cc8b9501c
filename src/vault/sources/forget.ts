import type { Context } from "../../platform/context.ts";
import { forgetOtherKeys } from "./file.ts";
import { type KeyRequest, SOURCE_WORDS, type SourceName, sourceOf } from "./source.ts";

/** Erases a key that nothing needs any more. Where it can't be erased, the vault is none the worse: that is a warning. */
export function forget(source: SourceName, request: KeyRequest): Promise<void> {
  return warning(request.context, source, async () => (await sourceOf(source)).forget(request));
}

/**
 * Erases from the key file what a rekey left behind when it was killed: this vault's keys but for the one on record.
 * The vault lock must be held.
 */
export function forgetStale(context: Context, header: { vaultId: string; source: SourceName; keyId: string }) {
  const { vaultId, source, keyId } = header;
  return warning(context, "file", () => forgetOtherKeys(context, vaultId, source === "file" ? keyId : null));
}

async function warning(context: Context, source: SourceName, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    context.warn(`A key that is no longer used could not be erased from ${SOURCE_WORDS[source]}: ${reason}`);
  }
}

import { type KeyRequest, SOURCE_WORDS, type SourceName, sourceOf } from "./source.ts";

/** Erases a key that nothing needs any more. What can't be erased now is harmless to the vault, so it is told and no more. */
export async function forget(source: SourceName, request: KeyRequest): Promise<void> {
  try {
    await (await sourceOf(source)).forget(request);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    request.context.warn(`A key that is no longer used could not be erased from ${SOURCE_WORDS[source]}: ${reason}`);
  }
}

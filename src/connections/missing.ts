/** The error for a connection that isn't there, with what may have been meant. */
import type { AuthError } from "../platform/errors.ts";
import { suggestion } from "../providers/suggest.ts";
import type { Vault } from "../vault/types.ts";
import { type ConnectionRef, display, sameName, typed } from "./ref.ts";
import { listReadable, notFound } from "./store.ts";

/** @param vault null: there is none, so nothing is stored */
export async function missing(vault: Vault | null, ref: ConnectionRef): Promise<AuthError> {
  return withLikeness(vault, notFound(ref), typed(ref));
}

/** The error with `Did you mean apikey:openai?` before its hint, where something that is stored looks like what was typed. */
export async function withLikeness(vault: Vault | null, error: AuthError, wanted: string): Promise<AuthError> {
  const line = await likeness(vault, wanted);
  if (line === null) return error;
  return error.restated({ hint: `${line}\n${error.hint ?? ""}` });
}

/**
 * `Did you mean apikey:openai?`; null where nothing that is stored looks like it.
 * @param wanted what was typed: `openai`, `github:wok`
 */
export async function likeness(vault: Vault | null, wanted: string): Promise<string | null> {
  const stored = vault === null ? [] : (await listReadable(vault)).map(({ ref }) => ref);
  const named = stored.filter(({ name }) => sameName(name, wanted)).map(display);
  const near = suggestion(wanted, stored.map(display));
  const found = named.length > 0 ? named : near === null ? [] : [near];
  return found.length === 0 ? null : `Did you mean ${found.slice(0, 5).join(" or ")}?`;
}

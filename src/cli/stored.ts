/** Connections in a session's vault, whatever the environment holds: one of them, or all. */
import { readDefaults } from "../connections/defaults.ts";
import { type ConnectionRef, DEFAULT_NAME, nameInFull, sameName } from "../connections/ref.ts";
import { type Selected, select } from "../connections/select.ts";
import { type Everything, everyConnection, requireConnection, type Stored } from "../connections/store.ts";
import { AuthError } from "../platform/errors.ts";
import { type Session, servicesFor } from "./session.ts";

/** @throws AuthError `connection_not_found` */
export async function requireStored(session: Session, ref: ConnectionRef): Promise<Stored> {
  const { vault } = await servicesFor(session, ref);
  return requireConnection(vault, ref);
}

/** Which connection in the vault is meant, whatever the environment holds. */
export async function selectStored(
  session: Session,
  argument: string | undefined,
  profile: string | undefined,
): Promise<Extract<Selected, { source: "vault" }>> {
  const selected = await select(session, { argument, profile, stored: true });
  if (selected.source !== "vault") throw new AuthError("internal", "A token of the environment was selected.");
  return selected;
}

/** Every connection in the vault; none where there is no vault. @throws AuthError where one of them can't be read */
export async function connectionsOf(session: Session): Promise<readonly Stored[]> {
  const { stored, unreadable } = await everythingOf(session);
  const [first] = unreadable;
  if (first !== undefined) throw first.error;
  return stored;
}

/** The same, and what of it can't be read: for what concerns each connection by itself. */
export async function everythingOf(session: Session): Promise<Everything> {
  const vault = await session.vault();
  if (vault !== null) {
    const { providers } = await readDefaults(vault);
    for (const [provider, name] of Object.entries(providers)) if (!sameName(name, DEFAULT_NAME)) nameInFull(provider);
  }
  return everyConnection(vault);
}

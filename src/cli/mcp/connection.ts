import { type Selected, select } from "../../connections/select.ts";
import { AuthError } from "../../platform/errors.ts";
import type { Session } from "../session.ts";

export type Connection = Extract<Selected, { source: "vault" }>;

/** @returns null where there is no login for that server */
export async function loginAt(session: Session, url: string, profile: string | undefined): Promise<Connection | null> {
  try {
    const selected = await select(session, { argument: url, profile, stored: true });
    return selected.source === "vault" ? selected : null;
  } catch (error) {
    if (error instanceof AuthError && error.code === "connection_not_found") return null;
    throw error;
  }
}

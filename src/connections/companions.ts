/** What goes along with a stored login's token. */
import { type CompanionHeader, companionHeaders } from "../providers/companions.ts";
import type { Dialect } from "../providers/defaults.ts";
import type { Connection } from "./record.ts";

/** @param dialect with the connection's settings filled in */
export function companionsOf(dialect: Pick<Dialect, "id" | "companions">, record: Connection): CompanionHeader[] {
  return companionHeaders(dialect, record.pinned?.clientId ?? record.clientId, record.companions ?? {});
}

/** The headers that are handed out together with a token. */
import { companionsOf } from "../connections/companions.ts";
import type { Environment } from "../platform/context.ts";
import { type CompanionHeader, companionHeaders, companionsFromEnvironment } from "../providers/companions.ts";
import type { Dialect } from "../providers/defaults.ts";
import type { Acquired } from "./acquire.ts";

/** From the token's login, or from the environment for a token from there. */
export function companionsFor(
  dialect: Dialect,
  { stored }: Pick<Acquired, "stored">,
  env: Environment,
): CompanionHeader[] {
  if (stored !== null) return companionsOf(dialect, stored.record);
  const found = Object.entries(companionsFromEnvironment(dialect, env));
  return companionHeaders(dialect, null, Object.fromEntries(found.map(([name, { secret }]) => [name, secret])));
}

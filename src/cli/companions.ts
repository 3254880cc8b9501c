/** What is handed over together with a token. */
import { companionsOf } from "../connections/companions.ts";
import type { Environment } from "../platform/context.ts";
import { type CompanionHeader, companionHeaders, companionsFromEnvironment } from "../providers/companions.ts";
import type { Dialect } from "../providers/defaults.ts";
import type { Acquired } from "./acquire.ts";

/** Of the login that the token is from; beside a token from the environment, what the environment has. */
export function companionsFor(
  dialect: Dialect,
  { stored }: Pick<Acquired, "stored">,
  env: Environment,
): CompanionHeader[] {
  if (stored !== null) return companionsOf(dialect, stored.record);
  const found = Object.entries(companionsFromEnvironment(dialect, env));
  return companionHeaders(dialect, null, Object.fromEntries(found.map(([name, { secret }]) => [name, secret])));
}

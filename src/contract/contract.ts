/**
 * The contract test (PROVIDERS.md): a provider is played as its description says, and the program logs in, refreshes,
 * fails in each class, rotates and revokes there, with the very code of a real login. What passes is consistent with
 * itself. Whether it is correct, only the provider can tell.
 */
import { flowsOf } from "../providers/flows.ts";
import type { ProviderDefinition } from "../providers/schema.ts";
import { type Check, perform } from "./check.ts";
import { functionCases, withoutFunctions } from "./functions.ts";
import { LOGINS } from "./logins.ts";
import { MINTS } from "./mints.ts";
import { REFRESHES } from "./refreshes.ts";
import { sampleSettings } from "./sample.ts";
import { STATIC_CHECKS } from "./static-checks.ts";

export type { Check } from "./check.ts";

/** @param given passed the schema and its checks. @returns one line for each thing that was tried, in order */
export async function checkContract(given: ProviderDefinition): Promise<Check[]> {
  const definition = withoutFunctions(given);
  const settings = sampleSettings(definition);
  if (typeof settings === "string") return [{ name: "settings", status: "fail", detail: settings }];
  const flows = flowsOf(definition).map(({ flow }) => flow);
  const checks: Check[] = [];
  for (const checkCase of [...STATIC_CHECKS, ...functionCases(given), ...LOGINS, ...MINTS, ...REFRESHES])
    if (checkCase.flow === undefined || flows.includes(checkCase.flow))
      checks.push(await perform(checkCase, { definition, settings }));
  return checks;
}

/**
 * The contract test (PROVIDERS.md): a provider is played as its description says, and the program logs in, refreshes,
 * fails in each class, rotates and revokes there, with the very code of a real login. What passes is consistent with
 * itself. Whether it is correct, only the provider can tell.
 */
import { flowsOf } from "../../providers/flows.ts";
import type { ProviderDefinition } from "../../providers/schema.ts";
import { type Check, perform } from "./check.ts";
import { functionTrials, withoutFunctions } from "./functions.ts";
import { LOGINS } from "./logins.ts";
import { MINTS } from "./mints.ts";
import { REFRESHES } from "./refreshes.ts";
import { sampleSettings } from "./sample.ts";
import { WORDS } from "./words.ts";

export type { Check } from "./check.ts";

/** @param given passed the schema and its checks. @returns one line for each thing that was tried, in order */
export async function checkContract(given: ProviderDefinition): Promise<Check[]> {
  const definition = withoutFunctions(given);
  const settings = sampleSettings(definition);
  if (typeof settings === "string") return [{ name: "settings", status: "fail", detail: settings }];
  const flows = flowsOf(definition).map(({ flow }) => flow);
  const checks: Check[] = [];
  for (const trial of [...WORDS, ...functionTrials(given), ...LOGINS, ...MINTS, ...REFRESHES])
    if (trial.flow === undefined || flows.includes(trial.flow))
      checks.push(await perform(trial, { definition, settings }));
  return checks;
}

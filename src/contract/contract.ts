/**
 * The contract test (PROVIDERS.md): an issuer behaves as the description says, and the program logs in, refreshes,
 * fails in each class, rotates and revokes there, with the same code as a real login. What passes is consistent with
 * itself. Whether it is correct, only the provider can tell.
 */
import { OAuthFailure } from "../oauth/types.ts";
import { AuthError } from "../platform/errors.ts";
import { flowsOf } from "../providers/flows.ts";
import type { ProviderDefinition } from "../providers/schema.ts";
import { type CheckCase, Mismatch, Skip, type Subject } from "./check.ts";
import { functionCases, withoutFunctions } from "./functions.ts";
import { LIFETIMES } from "./lifetimes.ts";
import { LOGINS } from "./logins.ts";
import { MINTS } from "./mints.ts";
import { otherPlaces } from "./places.ts";
import { REFRESHES } from "./refreshes.ts";
import { REPORTED_SETTINGS } from "./reported-settings.ts";
import { sampleSettings } from "./sample.ts";
import { STATIC_CHECKS } from "./static-checks.ts";

export interface Check {
  readonly name: string;
  readonly status: "ok" | "fail" | "skipped";
  readonly detail: string;
}

/** @param given passed the schema and its checks. @returns one line for each thing that was tried, in order */
export async function checkContract(given: ProviderDefinition): Promise<Check[]> {
  const definition = withoutFunctions(given);
  const settings = sampleSettings(definition);
  if (typeof settings === "string") return [{ name: "settings", status: "fail", detail: settings }];
  const flows = flowsOf(definition).map(({ flow }) => flow);
  const has = ({ flow }: CheckCase): boolean => flow === undefined || flows.includes(flow);
  const played = [...LOGINS, ...REPORTED_SETTINGS, ...LIFETIMES, ...MINTS, ...REFRESHES].filter(has);
  const checks: Check[] = [];
  for (const checkCase of [...STATIC_CHECKS, ...functionCases(given), ...played])
    checks.push(await perform(checkCase, { definition, settings }));
  // Other settings can't be tried where the addresses that they lead to are refused.
  if (checks.some(({ status }) => status === "fail")) return checks;
  for (const { name, settings: others } of otherPlaces(definition, settings))
    checks.push(
      await perform({ name, run: () => playAll(played, { definition, settings: others }) }, { definition, settings }),
    );
  return checks;
}

/** @throws Mismatch with what fails, each under the name of its check */
async function playAll(cases: readonly CheckCase[], subject: Subject): Promise<string> {
  const checks: Check[] = [];
  for (const checkCase of cases) checks.push(await perform(checkCase, subject));
  const failed = checks.filter(({ status }) => status === "fail");
  if (failed.length > 0) throw new Mismatch(failed.map(({ name, detail }) => `${name}: ${detail}`).join("; "));
  const passed = checks.filter(({ status }) => status === "ok").length;
  return `${passed} checks passed, ${checks.length - passed} skipped`;
}

async function perform({ name, run }: CheckCase, subject: Subject): Promise<Check> {
  try {
    return { name, status: "ok", detail: await run(subject) };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return { name, status: error instanceof Skip ? "skipped" : "fail", detail: detailOf(error) };
  }
}

function detailOf(error: Error): string {
  if (error instanceof AuthError) return [error.message, error.hint].filter(Boolean).join(" ");
  return error instanceof OAuthFailure ? `${error.reason} (${error.class})` : error.message;
}

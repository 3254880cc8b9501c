/**
 * The contract test (PROVIDERS.md): an issuer behaves as the description says, and the program logs in, refreshes,
 * fails in each class, rotates and revokes there, with the same code as a real login. What passes is consistent with
 * itself. Whether it is correct, only the provider can tell.
 */
import { OAuthFailure } from "../oauth/types.ts";
import { AuthError } from "../platform/errors.ts";
import { flowsOf } from "../providers/flows.ts";
import type { ProviderDefinition } from "../providers/schema.ts";
import { type CheckCase, Skip, type Subject } from "./check.ts";
import { functionCases, withoutFunctions } from "./functions.ts";
import { LIFETIMES } from "./lifetimes.ts";
import { LOGINS } from "./logins.ts";
import { MINTS } from "./mints.ts";
import { REFRESHES } from "./refreshes.ts";
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
  const checks: Check[] = [];
  for (const checkCase of [...STATIC_CHECKS, ...functionCases(given), ...LOGINS, ...LIFETIMES, ...MINTS, ...REFRESHES])
    if (checkCase.flow === undefined || flows.includes(checkCase.flow))
      checks.push(await perform(checkCase, { definition, settings }));
  return checks;
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

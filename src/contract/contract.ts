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

/** A limit for files with thousands of choices: each takes as long as a whole test. */
const MOST_PLACES = 64;

/**
 * @param given passed the schema and its checks. @param interruption nothing more is tried once it is aborted
 * @returns one line for each thing that was tried, in order
 */
export async function checkContract(given: ProviderDefinition, interruption?: AbortSignal): Promise<Check[]> {
  const definition = withoutFunctions(given);
  const settings = sampleSettings(definition);
  if (typeof settings === "string") return [{ name: "settings", status: "fail", detail: settings }];
  const flows = flowsOf(definition).map(({ flow }) => flow);
  const has = ({ flow }: CheckCase): boolean => flow === undefined || flows.includes(flow);
  const played = [...LOGINS, ...REPORTED_SETTINGS, ...LIFETIMES, ...MINTS, ...REFRESHES].filter(has);
  const checks: Check[] = [];
  for (const checkCase of [...STATIC_CHECKS, ...functionCases(given), ...played])
    checks.push(await perform(checkCase, { definition, settings }, interruption));
  // Other settings can't be tested where their addresses are refused.
  if (checks.some(({ status }) => status === "fail")) return checks;
  const places = otherPlaces(definition, settings);
  for (const { name, settings: others } of places.slice(0, MOST_PLACES)) {
    const run = (): Promise<string> => playAll(played, { definition, settings: others }, interruption);
    checks.push(await perform({ name, run }, { definition, settings }));
  }
  const left = places.length - MOST_PLACES;
  if (left > 0)
    checks.push({ name: `${left} further settings`, status: "skipped", detail: `${MOST_PLACES} are tried` });
  return checks;
}

/** @throws Mismatch with what fails, each under the name of its check */
async function playAll(cases: readonly CheckCase[], subject: Subject, interruption?: AbortSignal): Promise<string> {
  const checks: Check[] = [];
  for (const checkCase of cases) checks.push(await perform(checkCase, subject, interruption));
  const failed = checks.filter(({ status }) => status === "fail");
  if (failed.length > 0) throw new Mismatch(failed.map(({ name, detail }) => `${name}: ${detail}`).join("; "));
  const passed = checks.filter(({ status }) => status === "ok").length;
  return `${passed} checks passed, ${checks.length - passed} skipped`;
}

async function perform({ name, run }: CheckCase, subject: Subject, interruption?: AbortSignal): Promise<Check> {
  if (interruption?.aborted) throw new Interrupted();
  try {
    return { name, status: "ok", detail: await run(subject) };
  } catch (error) {
    if (!(error instanceof Error) || error instanceof Interrupted) throw error;
    return { name, status: error instanceof Skip ? "skipped" : "fail", detail: detailOf(error) };
  }
}

class Interrupted extends AuthError {
  constructor() {
    super("interrupted", "The check was interrupted.");
  }
}

function detailOf(error: Error): string {
  if (error instanceof AuthError) return [error.message, error.hint].filter(Boolean).join(" ");
  return error instanceof OAuthFailure ? `${error.reason} (${error.class})` : error.message;
}

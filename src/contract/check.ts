/** What a contract test reports: each thing that was tried, in words that its author can act on. */

import { OAuthFailure } from "../oauth/types.ts";
import { AuthError } from "../platform/errors.ts";
import type { Flow } from "../providers/schema.ts";
import type { Subject } from "./harness.ts";

export interface Check {
  readonly name: string;
  readonly status: "ok" | "fail" | "skipped";
  readonly detail: string;
}

export interface CheckCase {
  readonly name: string;
  /** Only of those that are declared is there anything to tell. */
  readonly flow?: Flow;
  /** @returns what was seen. Throws what is wrong; `Skip` where there is nothing to try. */
  readonly run: (subject: Subject) => Promise<string> | string;
}

/** There is nothing of the kind to try, and why. */
export class Skip extends Error {}

/** What the program did isn't what the description says. */
export class Mismatch extends Error {}

export function insist(holds: boolean, otherwise: string): void {
  if (!holds) throw new Mismatch(otherwise);
}

export async function perform({ name, run }: CheckCase, subject: Subject): Promise<Check> {
  try {
    return { name, status: "ok", detail: await run(subject) };
  } catch (error) {
    if (error instanceof Skip) return { name, status: "skipped", detail: error.message };
    if (error instanceof AuthError)
      return { name, status: "fail", detail: [error.message, error.hint].filter(Boolean).join(" ") };
    if (error instanceof OAuthFailure) return { name, status: "fail", detail: `${error.reason} (${error.class})` };
    if (error instanceof Error) return { name, status: "fail", detail: error.message };
    throw error;
  }
}

/** @returns what `attempt` throws. @throws Mismatch where it throws nothing */
export async function refusalOf(attempt: Promise<unknown>, otherwise: string): Promise<AuthError> {
  try {
    await attempt;
  } catch (error) {
    if (error instanceof AuthError) return error;
    throw error;
  }
  throw new Mismatch(otherwise);
}

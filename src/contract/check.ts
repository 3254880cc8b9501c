/** The parts of a contract test: its cases, and its report for the description's author. */
import type { Flow, ProviderDefinition } from "../providers/schema.ts";

/** A description, and the settings with which it is checked. */
export interface Subject {
  readonly definition: ProviderDefinition;
  readonly settings: Readonly<Record<string, string>>;
}

export interface CheckCase {
  readonly name: string;
  /** The case is left out where the description doesn't have this flow. */
  readonly flow?: Flow;
  /** @returns what was seen. @throws Mismatch, or what the program threw; `Skip` where there is nothing to test */
  readonly run: (subject: Subject) => Promise<string> | string;
}

/** Nothing to test, and why. */
export class Skip extends Error {}

/** The description contradicts itself, or what the program did isn't what it says. */
export class Mismatch extends Error {}

/** @throws Mismatch unless `holds` */
export function insist(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new Mismatch(otherwise);
}

type ErrorClass<E extends Error> = abstract new (...given: never[]) => E;

/** The error of class `kind` that `attempt` fails with. @throws Mismatch where it succeeds */
export async function errorOf<E extends Error>(
  kind: ErrorClass<E>,
  attempt: Promise<unknown>,
  otherwise: string,
): Promise<E> {
  try {
    await attempt;
  } catch (error) {
    if (error instanceof kind) return error;
    throw error;
  }
  throw new Mismatch(otherwise);
}

/** What is wrong with a description, and where. */
import type { ProviderDefinition } from "./schema.ts";

export interface Fault {
  /** `variants.0.endpoints.token` */
  readonly path: string;
  /** Reads on from the path: `refresh.rotation` `must be …`. */
  readonly problem: string;
  readonly hint?: string;
}

export type Rule = (definition: ProviderDefinition) => Fault[];

export function faultIf(condition: boolean, path: string, problem: string, hint?: string): Fault[] {
  return condition ? [hint === undefined ? { path, problem } : { path, problem, hint }] : [];
}

export function fault(path: string, problem: string, near: string | null): Fault {
  return near === null ? { path, problem } : { path, problem, hint: `Did you mean '${near}'?` };
}

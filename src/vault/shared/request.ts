/** The steps of a swap as both databases take them: JSON, in which an absent field means what it means in `Swap`. */
import { feature } from "bun:bundle";
import { faultAtOnce, mutated } from "../../platform/faults.ts";
import type { Swap } from "../driver.ts";

/** @param written how a record is put into JSON */
export function requestOf(steps: readonly Swap[], written: (version: string, value: string) => unknown): string {
  if (feature("AUTH_TEST")) faultAtOnce("vault-commit");
  return JSON.stringify(
    steps.map(({ key, expected, next }) => ({
      key,
      ...(expected !== undefined && compares() && { expected }),
      ...(next !== undefined && { next: next && written(next.version, Buffer.from(next.value).toString("base64")) }),
    })),
  );
}

function compares(): boolean {
  if (feature("AUTH_TEST") && mutated("cas-off")) return false;
  return true;
}

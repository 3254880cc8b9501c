import type { Release } from "../../src/release/origin.ts";

/** The compiler's flag by which a program knows where it came from. */
export function definedRelease(release: Release): string {
  return `--define=COMPILED_RELEASE=${JSON.stringify(release)}`;
}

/** What is done first on Windows, and nowhere else. */
import type { Environment } from "../context.ts";
import { useWindowsFiles } from "../windows-files.ts";
import { othersAt, protect, protectCommand } from "./access-list.ts";
import { caseless } from "./environment.ts";
import { isOnNetwork } from "./kernel.ts";

/** @returns the environment as it is to be read */
export function startOnWindows(env: Environment): Record<string, string | undefined> {
  useWindowsFiles({ protect, protectCommand, othersAt, isOnNetwork });
  return caseless(env);
}

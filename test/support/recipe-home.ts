/** Runs the scripts of docs/recipes.md in a home of their own, with `auth` and its links on PATH. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Ended, run } from "./program.ts";
import { pathWithAuth } from "./recipes.ts";
import type { TokenHost } from "./token-host.ts";

/** @param more of the environment */
export function recipeHome({ env }: TokenHost, more: Readonly<Record<string, string>> = {}) {
  const home = env.HOME ?? "";
  for (const folder of ["bin", ".docker", ".kube"]) mkdirSync(join(home, folder), { recursive: true });
  return {
    home,
    sh: (script: string): Promise<Ended> =>
      run(["sh", "-e", "-c", script], {
        env: { ...env, PATH: `${join(home, "bin")}:${pathWithAuth()}`, ...more },
        cwd: home,
      }),
  };
}

/** What `npm run release` was asked for: the command line, and the address in the environment. */
import { type Platform, platformsIn } from "../platforms.ts";

export function commandLine(words: readonly string[]): {
  readonly named: readonly Platform[];
  readonly check: boolean;
} {
  return { named: platformsIn(words.filter((word) => word !== "--check")), check: words.includes("--check") };
}

/** @returns the folder's address, without a `/` at its end @throws Error where a release couldn't be installed from it */
export function publishedAt(env: { readonly AUTH_RELEASE_URL?: string | undefined }, throwAway: boolean): string {
  const url = env.AUTH_RELEASE_URL ?? (throwAway ? "https://auth.invalid/releases" : "");
  if (!/^(https:\/\/|http:\/\/(127\.0\.0\.1|localhost)[:/])/.test(url))
    throw new Error(
      `AUTH_RELEASE_URL must be the https address where the files will be served: ${url || "it is not set"}`,
    );
  return url.replace(/\/+$/, "");
}

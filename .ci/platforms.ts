/** What is built for, and what Bun calls it: `@oven/<target>` on npm holds Bun for that platform. */
export const TARGETS = {
  "linux-x64": "bun-linux-x64",
  "linux-arm64": "bun-linux-aarch64",
  "linux-x64-musl": "bun-linux-x64-musl",
  "linux-arm64-musl": "bun-linux-aarch64-musl",
  "darwin-x64": "bun-darwin-x64",
  "darwin-arm64": "bun-darwin-aarch64",
  "windows-x64": "bun-windows-x64",
  "windows-arm64": "bun-windows-aarch64",
} as const;

export type Platform = keyof typeof TARGETS;

export const PLATFORMS = Object.keys(TARGETS) as readonly Platform[];

function isPlatform(text: string): text is Platform {
  return Object.hasOwn(TARGETS, text);
}

/** The platforms that a command line names. @throws Error for a word that is none: a slip would mean another thing */
export function platformsIn(words: readonly string[]): readonly Platform[] {
  const unknown = words.filter((word) => !isPlatform(word));
  if (unknown.length > 0)
    throw new Error(`There is no ${unknown.join(", ")}. The platforms are ${PLATFORMS.join(", ")}.`);
  return words.filter(isPlatform);
}

/** The program's file name there. */
export function programName(platform: Platform): string {
  return platform.startsWith("windows-") ? "auth.exe" : "auth";
}

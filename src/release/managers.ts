/** Package managers: which of them a program belongs to, by its path, and how to upgrade it there. */
import { readFileSync } from "node:fs";

export interface Manager {
  readonly name: string;
  /** A sentence: what to run or do. */
  readonly way: string;
}

/** The first that fits. Homes of other managers hold folders that look like npm's. */
const BY_PATH: readonly (readonly [pattern: RegExp, name: string, way: string])[] = [
  [/^\/nix\/store\//, "Nix", "Install the newer release's auth.nix as you did this one's."],
  [/\/Cellar\//, "Homebrew", "Run: brew upgrade auth"],
  [/[\\/]apps[\\/]auth[\\/][^\\/]+[\\/]auth\.exe$/i, "Scoop", "Run: scoop update auth"],
  [/[\\/]mise[\\/]installs[\\/]/, "mise", "Run: mise upgrade"],
  [/[\\/]\.?asdf[\\/]installs[\\/]/, "asdf", "Run: asdf install auth latest"],
  [/[\\/]\.?volta[\\/]/i, "Volta", "Run: volta install auth-cli@latest"],
  [/[\\/]pnpm[\\/]global[\\/]/, "pnpm", "Run: pnpm add --global auth-cli@latest"],
  [/[\\/]\.bun[\\/]install[\\/]global[\\/]/, "Bun", "Run: bun add --global auth-cli@latest"],
  [/[\\/]yarn[\\/](data[\\/])?global[\\/]/i, "Yarn", "Run: yarn global add auth-cli@latest"],
  [/[\\/]_npx[\\/]/, "npx", "Run: npx auth-cli@latest"],
  [/[\\/](lib|npm)[\\/]node_modules[\\/]/, "npm", "Run: npm install --global auth-cli@latest"],
];

/** null where the program is the user's own. */
export function managerOf(path: string): Manager | null {
  const found = BY_PATH.find(([pattern]) => pattern.test(path));
  if (found !== undefined) return { name: found[1], way: found[2] };
  const [, project] = /^(.*?)[\\/]node_modules[\\/]/.exec(path) ?? [];
  if (project !== undefined)
    return { name: `the packages of ${project}`, way: "Upgrade auth-cli there, with that folder's package manager." };
  return isOfDpkg(path) ? { name: "dpkg", way: "Install the newer release's .deb as you did this one's." } : null;
}

/** dpkg's list of the package's files; where /usr is merged, /bin and /usr/bin are one folder. */
function isOfDpkg(path: string): boolean {
  try {
    return readFileSync("/var/lib/dpkg/info/auth.list", "utf8").split("\n").includes(path);
  } catch {
    // There is no dpkg, or no such package.
    return false;
  }
}

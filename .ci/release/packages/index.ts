/** Every package of a release, written beside its archives: npm, Debian, and recipes for Homebrew, Scoop and Nix. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PLATFORMS } from "../../platforms.ts";
import type { SoFar } from "../extras.ts";
import { debPackage } from "./deb.ts";
import { PACKAGE } from "./description.ts";
import { type Files, filesIn } from "./files.ts";
import { launcherPackage, platformPackage } from "./npm.ts";
import { homebrewFormula, nixExpression, scoopManifest } from "./recipes.ts";

const DEB: Readonly<Record<string, "amd64" | "arm64">> = { "linux-x64": "amd64", "linux-arm64": "arm64" };

export function writePackages(release: Omit<SoFar, "binaries" | "keys">): void {
  const { version, files, folder, seconds } = release;
  const write = (name: string, data: Uint8Array | string): void => writeFileSync(join(folder, name), data);
  mkdirSync(join(folder, "npm"), { recursive: true });
  let pages: Files = new Map();
  for (const file of files) {
    const inside = filesIn(readFileSync(join(folder, file.name)), file.name);
    write(`npm/${PACKAGE.npm}-${file.platform}-${version}.tgz`, platformPackage(version, file, inside, seconds));
    const architecture = DEB[file.platform];
    if (architecture !== undefined)
      write(`${PACKAGE.name}_${version}_${architecture}.deb`, debPackage(version, architecture, inside, seconds));
    pages = new Map([...inside].filter(([path]) => /^[A-Z-]+(\.md)?$/.test(path)));
  }
  const platforms = files.map(({ platform }) => platform);
  write(`npm/${PACKAGE.npm}-${version}.tgz`, launcherPackage(version, platforms, pages, seconds));
  // A recipe names the archives of several platforms: a release of only some has none.
  if (files.length < PLATFORMS.length) return;
  write("auth.rb", homebrewFormula(release));
  write("auth.json", scoopManifest(release));
  write("auth.nix", nixExpression(release));
}

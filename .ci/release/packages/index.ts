/** Every package of a release, written beside its archives: npm, Debian, and recipes for Homebrew, Scoop and Nix. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PLATFORMS } from "../../platforms.ts";
import type { Entry } from "../archive.ts";
import type { ReleaseFile } from "../manifest.ts";
import { manualPages } from "../shell-files.ts";
import { debPackage } from "./deb.ts";
import { PACKAGE } from "./description.ts";
import { launcherPackage, platformPackage } from "./npm.ts";
import { homebrewFormula, nixExpression, scoopManifest } from "./recipes.ts";

export interface Packaged {
  readonly version: string;
  /** Where the files of this release will be served: `<url>/<file name>`. */
  readonly url: string;
  /** The archives, as the manifest names them. */
  readonly files: readonly ReleaseFile[];
  /** A platform's program. */
  readonly programOf: (file: ReleaseFile) => Entry;
  /** What every package holds beside it: README and licences. */
  readonly pages: readonly Entry[];
  /** Completions and manual pages, which each package puts where its system looks for them. */
  readonly shellFiles: readonly Entry[];
  /** The time of every file, in seconds since 1970. */
  readonly seconds: number;
  /** The release's folder. */
  readonly folder: string;
}

const DEB: Readonly<Record<string, "amd64" | "arm64">> = { "linux-x64": "amd64", "linux-arm64": "arm64" };

export function writePackages(release: Packaged): void {
  const { version, url, files, programOf, pages, shellFiles, seconds, folder } = release;
  const write = (name: string, data: Uint8Array | string): void => writeFileSync(join(folder, name), data);
  mkdirSync(join(folder, "npm"), { recursive: true });
  for (const file of files) {
    const program = programOf(file);
    const { platform } = file;
    write(`npm/${PACKAGE.npm}-${platform}-${version}.tgz`, platformPackage(version, platform, program, pages, seconds));
    const architecture = DEB[platform];
    if (architecture !== undefined)
      write(
        `${PACKAGE.name}_${version}_${architecture}.deb`,
        debPackage({ version, architecture, program, pages, shellFiles, url, seconds }),
      );
  }
  const platforms = files.map(({ platform }) => platform);
  write(
    `npm/${PACKAGE.npm}-${version}.tgz`,
    launcherPackage(version, platforms, [...pages, ...manualPages(shellFiles)], seconds),
  );
  // A recipe names the archives of several platforms: a release of only some has none.
  if (files.length < PLATFORMS.length) return;
  write("auth.rb", homebrewFormula(release));
  write("auth.json", scoopManifest(release));
  write("auth.nix", nixExpression(release));
}

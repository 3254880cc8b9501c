/** From binaries to a release: archives, manifest, sums and signatures, in one folder. */
import { createHash, sign } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Platform, programName } from "../platforms.ts";
import { type Entry, entry, tarGz, zip } from "./archive.ts";
import type { Keys } from "./keys.ts";
import { manifestOf, manifestText, type ReleaseFile } from "./manifest.ts";
import { minisign } from "./minisign.ts";
import { writePackages } from "./packages/index.ts";

export interface Parts {
  readonly version: string;
  /** Of the source. */
  readonly commit: string;
  readonly platforms: readonly Platform[];
  /** `<binaries>/<platform>/auth` */
  readonly binaries: string;
  /** Goes into every archive and package: README and licences. */
  readonly pages: readonly Entry[];
  /** Completions and manual pages, by their places in an archive (`shell-files.ts`). */
  readonly shellFiles: readonly Entry[];
  /** Other files of the release, by name. */
  readonly documents: Readonly<Record<string, string>>;
  readonly keys: Keys;
  /** Where the files will be served: `<url>/<file name>`. */
  readonly url: string;
  readonly seconds: number;
  /** Emptied first. */
  readonly folder: string;
}

const SIGNED = ["manifest.json", "SHA256SUMS"];

export function assemble(parts: Parts): void {
  const { version, commit, folder, seconds, keys } = parts;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const files = parts.platforms.map((platform) => packed(parts, platform));
  writeFileSync(join(folder, "manifest.json"), manifestText(manifestOf(version, commit, seconds, files)));
  for (const [name, text] of Object.entries(parts.documents)) writeFileSync(join(folder, name), text);
  writePackages({ ...parts, files, programOf: ({ platform }) => programOf(parts, platform) });
  sumAndSign(folder, keys, seconds);
}

/** Sums of every file but the signatures, which aren't the same twice; then the signatures. */
export function sumAndSign(folder: string, keys: Keys, seconds: number): void {
  const sums = namesIn(folder)
    .filter((name) => name !== "SHA256SUMS" && !/\.(sig|minisig)$/.test(name))
    .map((name) => `${sha256(readFileSync(join(folder, name)))}  ${name}\n`);
  writeFileSync(join(folder, "SHA256SUMS"), sums.join(""));
  for (const name of SIGNED) {
    const bytes = readFileSync(join(folder, name));
    writeFileSync(join(folder, `${name}.sig`), sign("sha256", bytes, keys.signing));
    const comment = `timestamp:${seconds}\tfile:${name}\thashed`;
    writeFileSync(join(folder, `${name}.minisig`), minisign(bytes, keys.minisign, comment));
  }
}

/** Every file, with `/` in paths, sorted. */
export function namesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(folder.length + 1)
        .replaceAll("\\", "/"),
    )
    .sort();
}

function programOf({ binaries }: Parts, platform: Platform): Entry {
  const name = programName(platform);
  return entry(name, readFileSync(join(binaries, platform, name)), true);
}

function packed(parts: Parts, platform: Platform): ReleaseFile {
  const { version, pages, shellFiles, seconds, folder } = parts;
  const program = programOf(parts, platform);
  const place = `auth-${version}-${platform}`;
  const entries = [program, ...pages, ...shellFiles].map((file) => ({ ...file, path: `${place}/${file.path}` }));
  const isZip = platform.startsWith("windows");
  const name = `${place}${isZip ? ".zip" : ".tar.gz"}`;
  const archive = isZip ? zip(entries, seconds) : tarGz(entries, seconds);
  writeFileSync(join(folder, name), archive);
  return { platform, name, ...facts(archive), binary: { name: program.path, ...facts(program.bytes) } };
}

function facts(bytes: Uint8Array): { size: number; sha256: string } {
  return { size: bytes.length, sha256: sha256(bytes) };
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

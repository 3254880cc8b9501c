/** From binaries to a release: archives, manifest, sums and signatures, in one folder. */
import { createHash, sign } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Platform, programName } from "../platforms.ts";
import { type Entry, tarGz, zip } from "./archive.ts";
import type { Extra, SoFar } from "./extras.ts";
import type { Keys } from "./keys.ts";
import { manifestOf, type ReleaseFile } from "./manifest.ts";
import { minisign } from "./minisign.ts";

export interface Parts {
  readonly version: string;
  readonly platforms: readonly Platform[];
  /** `<binaries>/<platform>/auth` */
  readonly binaries: string;
  /** Goes into every archive: README, licences, man pages, completions. */
  readonly beside: readonly Entry[];
  /** Other files of the release, by name. */
  readonly documents: Readonly<Record<string, string>>;
  readonly extras: readonly Extra[];
  readonly keys: Keys;
  readonly url: string;
  readonly seconds: number;
  /** Emptied first. */
  readonly folder: string;
}

const SIGNED = ["manifest.json", "SHA256SUMS"];

export async function assemble(parts: Parts): Promise<void> {
  const { version, folder, seconds, keys, url, binaries } = parts;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const files = parts.platforms.map((platform) => packed(parts, platform));
  writeFileSync(join(folder, "manifest.json"), manifestOf(version, seconds, files));
  for (const [name, text] of Object.entries(parts.documents)) writeFileSync(join(folder, name), text);
  const soFar: SoFar = { version, url, files, folder, binaries, keys, seconds };
  for (const extra of parts.extras) await extra(soFar);
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

function packed({ version, binaries, beside, seconds, folder }: Parts, platform: Platform): ReleaseFile {
  const program = programName(platform);
  const binary = readFileSync(join(binaries, platform, program));
  const place = `auth-${version}-${platform}`;
  const entries = [{ path: program, bytes: binary, executable: true }, ...beside].map((entry) => ({
    ...entry,
    path: `${place}/${entry.path}`,
  }));
  const isZip = platform.startsWith("windows");
  const name = `${place}${isZip ? ".zip" : ".tar.gz"}`;
  const archive = isZip ? zip(entries, seconds) : tarGz(entries, seconds);
  writeFileSync(join(folder, name), archive);
  return { platform, name, ...facts(archive), binary: { name: program, ...facts(binary) } };
}

function facts(bytes: Uint8Array): { size: number; sha256: string } {
  return { size: bytes.length, sha256: sha256(bytes) };
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

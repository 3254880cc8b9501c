/** The manifest: which file is for which platform, of which version, until when. What installs or upgrades reads it first. */
import type { Platform } from "../platforms.ts";

export interface ReleaseFile {
  readonly platform: Platform;
  readonly name: string;
  readonly size: number;
  readonly sha256: string;
  /** The program inside, in the archive's one folder. */
  readonly binary: { readonly name: string; readonly size: number; readonly sha256: string };
}

export interface Manifest {
  readonly product: "auth";
  readonly version: string;
  /** Of the source. */
  readonly commit: string;
  /** ISO 8601. */
  readonly published: string;
  readonly expires: string;
  readonly files: readonly ReleaseFile[];
}

/** A release that old isn't installed any more: whoever serves files can't keep a user on one with known faults. */
const LIFETIME_DAYS = 400;

/** Of Semantic Versioning 2.0, without build metadata: what install.sh, install.ps1, verify.sh and `auth upgrade` order. */
const VERSION = /^(0|[1-9]\d{0,8})(\.(0|[1-9]\d{0,8})){2}(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$/;

/** @param seconds when it is published, in seconds since 1970 */
export function manifestOf(version: string, commit: string, seconds: number, files: readonly ReleaseFile[]): Manifest {
  if (!VERSION.test(version))
    throw new Error(`${version} is no version of Semantic Versioning, as 1.2.3 or 1.2.3-rc.1`);
  const expires = isoTime(seconds + LIFETIME_DAYS * 86_400);
  return { product: "auth", version, commit, published: isoTime(seconds), expires, files };
}

/** JSON, with a line for each field and each file: a shell without a parser of JSON reads it with grep and sed. */
export function manifestText({ files, ...head }: Manifest): string {
  const fields = Object.entries(head).map(([name, value]) => `"${name}":${JSON.stringify(value)},`);
  const listed = files.map((file) => JSON.stringify(file)).join(",\n");
  return ["{", ...fields, `"files":[`, listed, "]}", ""].join("\n");
}

/** To the second, in UTC: `2026-11-26T22:00:00Z`. */
export function isoTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace(".000Z", "Z");
}

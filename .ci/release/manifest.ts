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

/** A release that old isn't installed any more: whoever serves files can't keep a user on one with known faults. */
const LIFETIME_DAYS = 400;

/**
 * JSON, with a line for each file: a shell without a parser of JSON reads it with grep and sed.
 * @param seconds when it is published, in seconds since 1970
 */
export function manifestOf(version: string, seconds: number, files: readonly ReleaseFile[]): string {
  return [
    "{",
    `"product":"auth",`,
    `"version":${JSON.stringify(version)},`,
    `"published":"${isoTime(seconds)}",`,
    `"expires":"${isoTime(seconds + LIFETIME_DAYS * 86_400)}",`,
    `"files":[`,
    files.map((file) => JSON.stringify(file)).join(",\n"),
    "]}",
    "",
  ].join("\n");
}

/** To the second, in UTC: `2026-11-26T22:00:00Z`. */
export function isoTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace(".000Z", "Z");
}

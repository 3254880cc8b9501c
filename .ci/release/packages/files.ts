/** Files in and out of archives. */
import { gunzipSync } from "node:zlib";
import { parseTar } from "nanotar";
import { unzip } from "../../../src/platform/unzip.ts";
import type { Entry } from "../archive.ts";

/** Path → bytes. */
export type Files = ReadonlyMap<string, Uint8Array>;

const MOST_BYTES = 512 * 1024 * 1024;

/** What is in an archive of the release, without its own folder. */
export function filesIn(archive: Uint8Array, name: string): Files {
  const entries: (readonly [string, Uint8Array])[] = name.endsWith(".zip")
    ? [...unzip(archive, MOST_BYTES)]
    : parseTar(new Uint8Array(gunzipSync(archive)))
        .filter(({ type }) => type === "file")
        .map(({ name, data }) => [name, data ?? new Uint8Array()]);
  return new Map(entries.map(([path, bytes]) => [path.slice(path.indexOf("/") + 1), bytes]));
}

export function entry(path: string, data: Uint8Array | string, executable = false): Entry {
  return { path, bytes: typeof data === "string" ? Buffer.from(data) : data, executable };
}

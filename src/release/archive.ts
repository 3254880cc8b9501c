/** Takes the program from a release's archive, after the archive was checked against the manifest. */
import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { parseTar } from "nanotar";
import { AuthError } from "../platform/errors.ts";
import { download, type Manifest, untrusted } from "./manifest.ts";
import type { Release } from "./origin.ts";
import { unzip } from "./unzip.ts";

/** Milliseconds without a byte. A slow download has no time limit. */
const SILENCE = 30_000;

/** The program of one platform. @throws AuthError `release_untrusted` @throws HttpError */
export async function binaryOf({ version, files }: Manifest, { url, platform }: Release): Promise<Uint8Array> {
  const file = files.find((file) => file.platform === platform);
  if (file === undefined)
    throw new AuthError("upgrade_unavailable", `auth ${version} was not published for ${platform}.`, {
      hint: "Nothing was changed.",
    });
  const archive = await download(`${url}/${file.name}`, file.size, SILENCE);
  if (!matches(archive, file)) throw untrusted(`${file.name} is not the file that was signed, or only a part of it.`);
  const folder = `auth-${version}-${platform}/`;
  const binary = entriesOf(archive, file, folder).get(`${folder}${file.binary.name}`);
  if (binary === undefined || !matches(binary, file.binary))
    throw untrusted(`${file.name} doesn't hold the program that was signed.`);
  return binary;
}

function matches(bytes: Uint8Array, { size, sha256 }: { size: number; sha256: string }): boolean {
  return bytes.length === size && createHash("sha256").update(bytes).digest("hex") === sha256;
}

/** For the manual pages beside the program. */
const PAGES_BYTES = 16 * 1024 * 1024;

/** Path → bytes. Even a signed archive may only hold files in its one folder. */
function entriesOf(
  bytes: Uint8Array,
  { name, binary }: Manifest["files"][number],
  folder: string,
): Map<string, Uint8Array> {
  const most = binary.size + PAGES_BYTES;
  try {
    const entries = name.endsWith(".zip") ? unzip(bytes, most) : unpackTar(bytes, most);
    for (const path of entries.keys())
      if (!path.startsWith(folder) || path.split("/").includes("..") || /[\\\0]/.test(path))
        throw new Error(`it holds a file outside of its folder (${path.slice(0, 80)})`);
    return entries;
  } catch (cause) {
    throw untrusted(`${name} can't be unpacked: ${(cause as Error).message}.`, undefined, cause);
  }
}

function unpackTar(bytes: Uint8Array, most: number): Map<string, Uint8Array> {
  // A copy: nanotar reads the whole underlying buffer.
  const tar = new Uint8Array(gunzipSync(bytes, { maxOutputLength: most }));
  const files = new Map<string, Uint8Array>();
  for (const entry of parseTar(tar)) {
    if (entry.type !== "file" && entry.type !== "directory")
      throw new Error(`it holds a ${entry.type} (${entry.name})`);
    files.set(entry.name, entry.data ?? new Uint8Array());
  }
  return files;
}

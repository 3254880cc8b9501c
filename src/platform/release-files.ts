/**
 * A release as a stranger may trust it (RULES.md §5): the manifest is signed by a key that this program holds, names this
 * product, and is of this time; an archive is what the manifest says, byte for byte, before anything in it is looked at.
 */
import { createHash, createPublicKey, verify } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { parseTar } from "nanotar";
import * as v from "valibot";
import { version as ownVersion } from "../../package.json";
import { AuthError } from "./errors.ts";
import { http } from "./http.ts";
import type { Release } from "./release.ts";
import { unzip } from "./unzip.ts";

const Sha256 = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));
const Size = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
const FileName = v.pipe(v.string(), v.regex(/^[A-Za-z0-9][A-Za-z0-9._+-]{0,127}$/));
const Version = v.pipe(v.string(), v.regex(/^\d{1,9}\.\d{1,9}\.\d{1,9}(-[0-9A-Za-z.-]{1,64})?$/));
const Time = v.pipe(v.string(), v.isoTimestamp());
const Binary = v.object({ name: FileName, size: Size, sha256: Sha256 });
const Archive = v.object({ platform: v.string(), name: FileName, size: Size, sha256: Sha256, binary: Binary });
const Manifest = v.object({
  product: v.literal("auth"),
  version: Version,
  published: Time,
  expires: Time,
  files: v.array(Archive),
});

export type Manifest = v.InferOutput<typeof Manifest>;

const MANIFEST_BYTES = 256 * 1024;
const SIGNATURE_BYTES = 1024;
/** Milliseconds. An archive of 40 MB over a slow line. */
const DOWNLOAD = 15 * 60_000;

/** The newest release. @param now milliseconds since the epoch @throws AuthError `release_untrusted` @throws HttpError */
export async function newestRelease({ url, keys }: Release, now: number): Promise<Manifest> {
  const bytes = await download(`${url}/manifest.json`, MANIFEST_BYTES);
  const signature = await download(`${url}/manifest.json.sig`, SIGNATURE_BYTES);
  if (!keys.some((key) => isSignedBy(key, bytes, signature)))
    throw untrusted("The newest release is not signed by a key that this program knows.");
  const { success, output } = v.safeParse(Manifest, jsonOrNull(bytes));
  if (!success) throw untrusted("The newest release describes itself in a way that this program doesn't know.");
  const { published, expires } = output;
  if (now < Date.parse(published))
    throw untrusted(`This machine's clock is before the release was published (${published}).`, "Set the clock.");
  if (now > Date.parse(expires))
    throw untrusted(
      `What is offered as the newest release was to be trusted until ${expires}.`,
      "Check this machine's clock. If it is right, look for where auth is published now.",
    );
  return output;
}

export function isNewer(one: string, than: string = ownVersion): boolean {
  return Bun.semver.order(one, than) > 0;
}

/** The program of one platform, out of its archive. @throws AuthError `release_untrusted` @throws HttpError */
export async function binaryOf({ version, files }: Manifest, { url, platform }: Release): Promise<Uint8Array> {
  const file = files.find((file) => file.platform === platform);
  if (file === undefined)
    throw new AuthError("upgrade_unavailable", `auth ${version} was not published for ${platform}.`, {
      hint: "Nothing was changed.",
    });
  const archive = await download(`${url}/${file.name}`, file.size);
  if (!matches(archive, file)) throw untrusted(`${file.name} is not the file that was signed, or only a part of it.`);
  const folder = `auth-${version}-${platform}/`;
  const binary = entriesOf(archive, file, folder).get(`${folder}${file.binary.name}`);
  if (binary === undefined || !matches(binary, file.binary))
    throw untrusted(`${file.name} doesn't hold the program that was signed.`);
  return binary;
}

async function download(url: string, maxBytes: number): Promise<Uint8Array> {
  // Where it comes from proves nothing, here or after a redirect: the signature does.
  const { status, body } = await http({ method: "GET", url, maxBytes, timeout: DOWNLOAD, redirects: 5, retry: true });
  if (status === 200) return body;
  throw new AuthError("network", `${url} answered with HTTP ${status}.`, {
    hint: "Nothing was changed. Try again later.",
  });
}

function isSignedBy(key: string, bytes: Uint8Array, signature: Uint8Array): boolean {
  try {
    const publicKey = createPublicKey({ key: Buffer.from(key, "base64"), format: "der", type: "spki" });
    return verify("sha256", bytes, publicKey, signature);
  } catch {
    // What can't be read as a key or a signature is no signature.
    return false;
  }
}

function jsonOrNull(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return null;
  }
}

function matches(bytes: Uint8Array, { size, sha256 }: { size: number; sha256: string }): boolean {
  return bytes.length === size && createHash("sha256").update(bytes).digest("hex") === sha256;
}

/** Room for the pages beside the program. */
const PAGES_BYTES = 16 * 1024 * 1024;

/** Path → bytes. Signed or not, an archive may hold files in its one folder and nothing else. */
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
  // In an array of its own: the reader of the tar looks at all of the memory that it is given.
  const tar = new Uint8Array(gunzipSync(bytes, { maxOutputLength: most }));
  const files = new Map<string, Uint8Array>();
  for (const entry of parseTar(tar)) {
    if (entry.type !== "file" && entry.type !== "directory")
      throw new Error(`it holds a ${entry.type} (${entry.name})`);
    files.set(entry.name, entry.data ?? new Uint8Array());
  }
  return files;
}

function untrusted(
  message: string,
  hint = "Nothing was changed. Report this to the publisher of auth.",
  cause?: unknown,
): AuthError {
  return new AuthError("release_untrusted", message, { hint, cause });
}

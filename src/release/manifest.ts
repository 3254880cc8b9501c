/**
 * The newest release, from its manifest (RULES.md §5), which has to be signed by a key that this program knows, name this
 * product, and not be expired.
 */
import { createPublicKey, verify } from "node:crypto";
import * as v from "valibot";
import { AuthError } from "../platform/errors.ts";
import { http } from "../platform/http.ts";
import { parseJson } from "../platform/json.ts";
import type { Release } from "./origin.ts";

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

/** The newest release. @param now milliseconds since the epoch @throws AuthError `release_untrusted` @throws HttpError */
export async function newestRelease({ url, keys }: Release, now: number): Promise<Manifest> {
  const bytes = await download(`${url}/manifest.json`, MANIFEST_BYTES);
  const document = parseJson(new TextDecoder().decode(bytes));
  if (document == null)
    throw new AuthError("network", `What ${url}/manifest.json answers describes no release.`, {
      hint: "Nothing was changed. If it is this network's sign-in page, sign in to the network, and try again.",
    });
  const signature = await download(`${url}/manifest.json.sig`, SIGNATURE_BYTES);
  if (!keys.some((key) => isSignedBy(key, bytes, signature)))
    throw untrusted("The newest release is not signed by a key that this program knows.");
  const { success, output } = v.safeParse(Manifest, document);
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

/** @param silence as `http` takes it @throws AuthError `network` @throws HttpError */
export async function download(url: string, maxBytes: number, silence?: number): Promise<Uint8Array> {
  // Redirects are fine: the signature counts, not the host.
  const limits = { maxBytes, ...(silence !== undefined && { silence }) };
  const { status, body } = await http({ method: "GET", url, ...limits, redirects: 5, retry: true });
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
    // Not a key or a signature.
    return false;
  }
}

export function untrusted(
  message: string,
  hint = "Nothing was changed. Report this to the publisher of auth.",
  cause?: unknown,
): AuthError {
  return new AuthError("release_untrusted", message, { hint, cause });
}

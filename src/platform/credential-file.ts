/** Files that hold a credential: keys, certificates, another issuer's token. Read whole, within bounds. */
import { AuthError, errorCode, usage } from "./errors.ts";
import { LIMITS } from "./limits.ts";
import { Secret } from "./secret.ts";
import { readStdin } from "./stdin.ts";

export interface CredentialFile {
  readonly text: Secret;
  /** Other users of this machine can read it. */
  readonly exposed: boolean;
}

/** @throws AuthError `usage` when there is no such file, or it can't be one of these */
export async function readCredentialFile(path: string): Promise<CredentialFile> {
  const { open } = await import("node:fs/promises");
  let file: Awaited<ReturnType<typeof open>>;
  try {
    file = await open(path, "r");
  } catch (error) {
    throw usage(`${path} can't be read: ${READING[errorCode(error) ?? ""] ?? errorCode(error)}.`, "Check the path.");
  }
  try {
    const { mode, size } = await refuseOddFile(path, await file.stat());
    const bytes = new Uint8Array(size);
    const { bytesRead } = await file.read(bytes, 0, size, 0);
    return { text: credentialText(bytes.subarray(0, bytesRead), path), exposed: EXPOSABLE && (mode & 0o077) !== 0 };
  } finally {
    await file.close();
  }
}

/** The whole of standard input: a key has several lines. @throws AuthError `usage` */
export async function credentialFromStdin(what: string): Promise<Secret> {
  const bytes = await readStdin(what);
  if (bytes.length === 0) throw usage(`There is no ${what} on standard input.`, "Pipe it in, or name the file.");
  return credentialText(bytes, `The ${what} on standard input`);
}

/** The same file from wherever we are called later. */
export async function absolutePath(path: string): Promise<string> {
  return (await import("node:path")).resolve(path);
}

const READING: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EACCES: "permission denied",
  EPERM: "permission denied",
  EISDIR: "it is a folder",
  ENOTDIR: "there is no such file",
};

/** Windows keeps others out by other means than these bits. */
const EXPOSABLE = process.platform !== "win32";

async function refuseOddFile(
  path: string,
  stats: { mode: number; size: number; isFile(): boolean; isDirectory(): boolean },
): Promise<{ mode: number; size: number }> {
  if (stats.isDirectory()) throw usage(`${path} can't be read: it is a folder.`, "Check the path.");
  if (!stats.isFile()) return { mode: 0o600, size: LIMITS.secretBytes };
  if (stats.size > LIMITS.secretBytes) throw usage(`${path} is too large for a key.`, "Is it the right file?");
  return stats;
}

function credentialText(bytes: Uint8Array, what: string): Secret {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new AuthError("token_rejected", `${what} isn't text: it may be in DER or PKCS#12 form.`, {
      hint: "Convert it to PEM: openssl pkcs12 -in <file> -nodes -out key.pem. Nothing was stored.",
    });
  }
  if (text.trim() === "") throw usage(`${what} is empty.`, "Is it the right file?");
  return new Secret(text);
}

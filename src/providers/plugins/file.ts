/** Reads a plugin's file once, only where no other user could have written it, and identifies it by its hash (RULES.md §4). */
import { AuthError, errorCode, isOutOfFiles, RAISE_FILE_LIMIT, usage } from "../../platform/errors.ts";
import { faultReason } from "../../platform/file-faults.ts";
import { LIMITS } from "../../platform/limits.ts";
import { permitCommand, shellWord } from "../../platform/shell-word.ts";
import { accessHint, ownershipIfThere, ownershipOf } from "../../platform/small-file.ts";
import { kindOf, type PluginKind } from "./place.ts";

export interface PluginFile {
  /** Its name in messages: its path, or where it was fetched from. */
  readonly name: string;
  readonly kind: PluginKind;
  readonly text: string;
  /** SHA-256 of its bytes, as `sha256-<hex>`. */
  readonly hash: string;
}

export function isModule(kind: PluginKind): kind is "ts" | "js" {
  return kind === "ts" || kind === "js";
}

/** @throws AuthError `usage` where it can't be read, `plugin_invalid` where it is too large or others could have written it */
export async function readPluginFile(path: string): Promise<PluginFile> {
  try {
    const owned = await ownershipOf(path);
    // Opening a pipe would wait for its other end.
    if ((owned.mode & 0o170000) !== 0o100000) throw usage(`${path} is not a file.`, "Name a plugin's file.");
    refuseForeign(path, owned);
    const file = Bun.file(path);
    // Checks the size first, so that a huge file isn't read.
    return pluginFile(path, file.size > LIMITS.pluginBytes ? file.size : await file.bytes());
  } catch (error) {
    if (error instanceof AuthError) throw error;
    throw usage(`${path} can't be read: ${readFault(error)}.`, await hintFor(path, error));
  }
}

async function hintFor(path: string, error: unknown): Promise<string> {
  if (isOutOfFiles(error)) return RAISE_FILE_LIMIT;
  if (!["EACCES", "EPERM"].includes(errorCode(error) ?? "")) return "Name a plugin's file.";
  return accessHint(path, await ownershipIfThere(path), `Make it readable: ${permitCommand(path)}`);
}

export function readFault(error: unknown): string {
  const code = errorCode(error) ?? "unknown error";
  return code === "ENOENT" || code === "ENOTDIR" ? "there is no such file" : faultReason(code);
}

/** @param bytes or the number of them, where they are too many to be read */
export function pluginFile(name: string, bytes: Uint8Array | number): PluginFile {
  const kind = kindOf(name);
  if (kind === null)
    throw new AuthError(
      "plugin_invalid",
      `${name} is no plugin: its name ends with none of .toml, .json, .ts and .js.`,
      {
        hint: "A description is TOML or JSON; a module is TypeScript or JavaScript.",
      },
    );
  const [limit, words] = isModule(kind)
    ? [LIMITS.moduleBytes, "48 KiB, the most that a module may have"]
    : [LIMITS.pluginBytes, "1 MiB, the most that a manifest may have"];
  if (typeof bytes === "number" || bytes.length > limit)
    throw new AuthError("plugin_invalid", `${name} is larger than ${words}.`, { hint: "A plugin is one small file." });
  return { name, kind, text: decoded(name, bytes), hash: hashOf(bytes) };
}

function hashOf(bytes: Uint8Array): string {
  return `sha256-${new Bun.CryptoHasher("sha256").update(bytes).digest("hex")}`;
}

function decoded(name: string, bytes: Uint8Array): string {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    if (!text.includes("\0")) return text;
  } catch {
    // Reported below, as for a NUL.
  }
  throw new AuthError("plugin_invalid", `${name} is not a text file in UTF-8.`, { hint: "Save it as UTF-8." });
}

function refuseForeign(path: string, { uid, mode }: { uid: number; mode: number }): void {
  if (process.getuid === undefined) return;
  const me = process.getuid();
  const fault =
    uid !== me && uid !== 0 ? "belongs to another user" : (mode & 0o022) !== 0 ? "can be written by other users" : null;
  if (fault === null) return;
  throw new AuthError("plugin_invalid", `${path} ${fault}, so it isn't used.`, {
    hint: `Look at what it says.\n${accessHint(path, { uid }, `Then make it yours alone: chmod go-w ${shellWord(path)}`)}`,
  });
}

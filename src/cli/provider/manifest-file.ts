/** The text of a manifest that was named on the command line. */
import { AuthError, errorCode, usage } from "../../platform/errors.ts";
import { MANIFEST_BYTES, readManifest } from "../../providers/manifest.ts";
import { shown } from "../flags.ts";

/** @throws AuthError `usage` where there is no such file, `plugin_invalid` where it can't be read as a manifest */
export async function readManifestFile(path: string): Promise<unknown> {
  const bytes = await bytesOf(path);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw refused(path, "isn't UTF-8 text");
  }
  return readManifest(text, path);
}

async function bytesOf(path: string): Promise<ArrayBuffer> {
  const file = Bun.file(path);
  try {
    const stat = await file.stat();
    // A pipe or a device has no size, and no end.
    if (!stat.isFile()) throw refused(path, "isn't a file");
    if (stat.size > MANIFEST_BYTES) throw refused(path, "is larger than 1 MiB");
    return await file.slice(0, MANIFEST_BYTES + 1).arrayBuffer();
  } catch (error) {
    if (error instanceof AuthError) throw error;
    const code = errorCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") throw usage(`There is no file ${shown(path)}.`, "Check the path.");
    throw usage(`${shown(path)} can't be read (${code}).`, "Check who may read it.");
  }
}

function refused(path: string, why: string): AuthError {
  return new AuthError("plugin_invalid", `${shown(path)} ${why}.`, {
    hint: "A manifest is a small TOML or JSON file.",
  });
}

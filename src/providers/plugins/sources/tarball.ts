/** The files of an npm package's tarball, in memory. Nothing of it is run. */
import { parseTar } from "nanotar";
import { AuthError } from "../../../platform/errors.ts";

/** Unpacked; a plugin's package holds a description and a page or two. */
const MOST_BYTES = 32 * 1024 * 1024;

/**
 * @returns path within the package → its bytes
 * @throws AuthError `plugin_invalid` for one that isn't a plain package: links, `..`, more than fits
 */
export async function filesOf(tarball: Uint8Array, name: string): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  for (const entry of entriesOf(await unpacked(tarball, name), name)) {
    const { name: path, type } = entry;
    if (type === "directory" || type === "globalExtendedHeader" || type === "extendedHeader") continue;
    if (type !== "file")
      throw unfitPackage(name, `holds a ${type ?? "thing of an unknown kind"} (${path.slice(0, 80)})`);
    const parts = path.split("/");
    if (parts.length < 2 || parts.some((part) => part === ".." || part === "." || part === "") || /[\\\0]/.test(path))
      throw unfitPackage(name, `holds a file outside of itself (${path.slice(0, 80)})`);
    const inside = parts.slice(1).join("/");
    if (files.has(inside)) throw unfitPackage(name, `holds ${inside.slice(0, 80)} twice`);
    files.set(inside, ("data" in entry ? entry.data : undefined) ?? new Uint8Array());
  }
  return files;
}

function entriesOf(tar: Uint8Array, name: string): ReturnType<typeof parseTar> {
  try {
    return parseTar(tar);
  } catch (cause) {
    throw unfitPackage(name, "is damaged", cause);
  }
}

/** gzip, with an end to what it may become. */
async function unpacked(tarball: Uint8Array, name: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    const stream = new Blob([tarball as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new DecompressionStream("gzip"));
    for await (const chunk of stream) {
      length += chunk.length;
      if (length > MOST_BYTES) break;
      chunks.push(chunk);
    }
  } catch (cause) {
    throw unfitPackage(name, "is damaged", cause);
  }
  if (length > MOST_BYTES) throw unfitPackage(name, "is larger than any plugin");
  // A copy: nanotar reads the whole underlying buffer.
  return new Uint8Array(Buffer.concat(chunks));
}

function unfitPackage(name: string, problem: string, cause?: unknown): AuthError {
  return new AuthError("plugin_invalid", `The package ${name} ${problem}.`, {
    hint: "Nothing was added. Tell its author.",
    cause,
  });
}

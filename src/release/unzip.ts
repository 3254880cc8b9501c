/** The files of a zip archive, by its central directory (specification §4.3.12, §4.3.16): stored or deflated. */
import { inflateRawSync } from "node:zlib";

/** @param most bytes that one file may have @throws Error whose message follows "can't be unpacked:" */
export function unzip(bytes: Uint8Array, most: number): Map<string, Uint8Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let end = bytes.length - 22;
  while (end >= 0 && view.getUint32(end, true) !== 0x06054b50) end--;
  if (end < 0) throw new Error("it is no zip archive");
  const files = new Map<string, Uint8Array>();
  let at = view.getUint32(end + 16, true);
  for (let left = view.getUint16(end + 10, true); left > 0; left--) {
    if (view.getUint32(at, true) !== 0x02014b50) throw new Error("it is damaged");
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((field) => view.getUint16(at + field, true)) as [
      number,
      number,
      number,
    ];
    const name = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + nameLength));
    files.set(name, contentOf(at));
    at += 46 + nameLength + extraLength + commentLength;
  }
  return files;

  function contentOf(entry: number): Uint8Array {
    const header = view.getUint32(entry + 42, true);
    const start = header + 30 + view.getUint16(header + 26, true) + view.getUint16(header + 28, true);
    const packed = bytes.subarray(start, start + view.getUint32(entry + 20, true));
    const method = view.getUint16(entry + 10, true);
    if (method === 0) return packed;
    if (method !== 8) throw new Error("it is packed in a way that isn't known");
    return inflateRawSync(packed, { maxOutputLength: most });
  }
}

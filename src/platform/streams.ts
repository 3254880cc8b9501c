/** Reads all of a stream from outside, within a bound. Leaving it at the bound cancels it. @param tooLong the error for more than `limit` bytes */
export async function readCapped(
  stream: ReadableStream<Uint8Array>,
  limit: number,
  tooLong: () => Error,
  received?: () => void,
): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of stream) {
    received?.();
    length += chunk.length;
    if (length > limit) throw tooLong();
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}

/** RFC 9110 §8.4.1, by the names that the platform gives them. */
const COMPRESSIONS: Readonly<Record<string, ConstructorParameters<typeof DecompressionStream>[0]>> = {
  gzip: "gzip",
  "x-gzip": "gzip",
  deflate: "deflate",
  br: "brotli",
  zstd: "zstd",
};

/** `accept-encoding: identity` is sent; some servers compress all the same. */
export function decompressed({ headers, body }: Response): ReadableStream<Uint8Array> | null {
  const encoding = headers.get("content-encoding")?.trim().toLowerCase() ?? "identity";
  if (body === null || encoding === "identity" || encoding === "") return body;
  const format = Object.hasOwn(COMPRESSIONS, encoding) ? COMPRESSIONS[encoding] : undefined;
  if (format === undefined) throw new Error(`unknown content coding: ${encoding}`);
  return body.pipeThrough(new DecompressionStream(format) as ReadableWritablePair<Uint8Array, Uint8Array>);
}

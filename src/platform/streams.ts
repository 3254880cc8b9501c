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

/**
 * Sends a request's body, and keeps what was sent for a second try, as long as it is small. All requests together keep no
 * more than `MOST_BYTES`.
 */
import type { IncomingMessage } from "../platform/http-server.ts";
import type { ClientRequest } from "../platform/http-stream.ts";

const LARGEST_BODY = 1024 * 1024;
const MOST_BYTES = 32 * 1024 * 1024;
let keptBytes = 0;

export interface Body {
  /** Sends the kept part, then the rest as it arrives. */
  sendTo(upstream: ClientRequest): void;
  /** Whether all of it can be sent again. */
  readonly isWhole: boolean;
  /** The same; if so, the rest waits for `sendTo` or `release`. */
  hold(): boolean;
  /** The current try is aborted; the rest waits for the next. */
  detach(): void;
  /** The body isn't needed any more. */
  release(): void;
}

export function bodyOf(request: IncomingMessage): Body {
  const hasBody =
    request.headers["transfer-encoding"] !== undefined || Number(request.headers["content-length"] ?? 0) > 0;
  if (!hasBody)
    return { sendTo: (upstream) => void upstream.end(), isWhole: true, hold: () => true, detach() {}, release() {} };
  let chunks: Buffer[] = [];
  let size = 0;
  let isWhole = true;
  let target: ClientRequest | null = null;
  let isOver = false;
  let isReleased = false;

  const forget = (): void => {
    keptBytes -= size;
    size = 0;
    chunks = [];
  };
  const keep = (chunk: Buffer): void => {
    if (!isWhole) return;
    if (size + chunk.length > LARGEST_BODY || keptBytes + chunk.length > MOST_BYTES) {
      isWhole = false;
      forget();
      return;
    }
    chunks.push(chunk);
    size += chunk.length;
    keptBytes += chunk.length;
  };
  const go = (): void => void request.resume();
  request.on("data", (chunk: Buffer) => {
    if (isReleased) return;
    keep(chunk);
    if (target === null) request.pause();
    else if (!target.write(chunk)) request.pause();
  });
  request.on("end", () => {
    isOver = true;
    target?.end();
  });
  request.pause();
  const detach = (): void => {
    target?.off("drain", go);
    target = null;
    if (!isReleased) request.pause();
  };
  return {
    sendTo(upstream) {
      target = upstream;
      upstream.on("drain", go);
      for (const chunk of chunks) upstream.write(chunk);
      if (isOver) upstream.end();
      else go();
    },
    get isWhole() {
      return isWhole;
    },
    hold() {
      if (isWhole) detach();
      return isWhole;
    },
    detach,
    release() {
      isReleased = true;
      isWhole = false;
      forget();
      detach();
      // The program reads the reply, and reuses this connection, only once its body is read.
      go();
    },
  };
}

/** Two connections that are joined in both directions. */
import type { Duplex } from "../platform/http-server.ts";

/** Milliseconds that a connection is kept after the other has ended and all its bytes were delivered. */
const LINGER_MS = 30_000;

/** Passes on what comes from each, unchanged, and its end. */
export function joinConnections(one: Duplex, other: Duplex): void {
  endTogether(one, other, passRest);
  one.pipe(other);
  other.pipe(one);
}

/**
 * Ends each with the other. The caller passes the bytes on, and a regular end with them; a failure, or a destroyed
 * connection, ends the other at once.
 *
 * @param passRest passes on what was still unread when a connection closed, and its end. @returns false: there was nothing
 */
export function endTogether(
  one: Duplex,
  other: Duplex,
  passRest: (from: Duplex, to: Duplex) => boolean = () => false,
): void {
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    from.on("error", () => to.destroy());
    from.on("close", () => {
      if (to.destroyed || !(from.readableEnded || passRest(from, to))) return void to.destroy();
      const finish = (): void => {
        // Where `from` was cut off, nothing from `to` can be passed on.
        if (from.writableFinished) destroyLater(to);
        else to.destroy();
      };
      if (to.writableFinished) finish();
      else to.once("finish", finish);
    });
  }
}

/** Bun closes a server's connection once both sides have ended it, although part of what came is still unread (M: Bun 1.4.5). */
function passRest(from: Duplex, to: Duplex): boolean {
  if (from.errored !== null || !from.writableFinished || from.readableLength === 0) return false;
  for (let chunk = from.read(); chunk !== null; chunk = from.read()) to.write(chunk);
  to.end();
  return true;
}

function destroyLater(socket: Duplex): void {
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once("close", () => clearTimeout(timer));
}

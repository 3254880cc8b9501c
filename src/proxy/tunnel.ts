/** Two connections that are joined in both directions. */
import type { Duplex } from "../platform/http-server.ts";

/** Milliseconds that a connection is kept after the other has ended and all its bytes were delivered. */
const LINGER_MS = 30_000;

/**
 * Ends each with the other. The caller passes the bytes on, and a regular end with them; a failure, or a destroyed
 * connection, ends the other at once.
 */
export function endTogether(one: Duplex, other: Duplex): void {
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    from.on("error", () => to.destroy());
    from.on("close", () => {
      if (to.destroyed || !from.readableEnded) return void to.destroy();
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

function destroyLater(socket: Duplex): void {
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once("close", () => clearTimeout(timer));
}

/** Two connections whose bytes go from each to the other. */
import type { Duplex } from "../platform/http-server.ts";

/** Milliseconds that one is kept whose other has ended, and which has all that the other sent: until it ends by itself. */
const LINGER_MS = 30_000;

/**
 * What happens to one happens to the other. An end goes through with the bytes before it, by whoever passes them on; only a
 * failure, or a connection that is given up, ends the other at once.
 */
export function tie(one: Duplex, other: Duplex): void {
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    from.on("error", () => to.destroy());
    from.on("close", () => {
      if (to.destroyed || !from.readableEnded) return void to.destroy();
      const finish = (): void => {
        // What `to` still sends can't be passed on, where `from` was cut off.
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

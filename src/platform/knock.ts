/** A connection for a moment, to tell why another one came to nothing. */
import { connect } from "node:net";

/** Milliseconds: the other connection has taken its time already. */
const TIME = 400;

/**
 * @param hello what is said to the server: nothing secret
 * @returns its first words; null: there were none in time, which may have many reasons
 */
export function knock(
  host: string,
  port: number,
  hello: Uint8Array,
): Promise<Buffer | "unresolved" | "refused" | null> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (found: Buffer | "unresolved" | "refused" | null): void => {
      socket.destroy();
      resolve(found);
    };
    socket.setTimeout(TIME, () => end(null));
    socket.once("connect", () => socket.write(hello));
    socket.once("data", (bytes: Buffer) => end(bytes));
    socket.once("close", () => end(null));
    socket.once("error", ({ code, syscall }: NodeJS.ErrnoException) =>
      end(syscall === "getaddrinfo" ? "unresolved" : code === "ECONNREFUSED" ? "refused" : null),
    );
  });
}

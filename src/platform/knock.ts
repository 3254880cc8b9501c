/** A connection for a moment, to tell why another one came to nothing. */
import { connect } from "node:net";

/** `unclear` also where nothing was said in time, which may have many reasons. */
export type Knocked =
  | { readonly is: "unresolved" | "refused" | "unclear" }
  | { readonly is: "answered"; readonly bytes: Buffer };

/** Milliseconds: the other connection has taken its time already. */
const TIME = 400;

/** @param hello what is said to the server: nothing secret */
export function knock(host: string, port: number, hello: Uint8Array): Promise<Knocked> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (found: Knocked): void => {
      socket.destroy();
      resolve(found);
    };
    socket.setTimeout(TIME, () => end({ is: "unclear" }));
    socket.once("connect", () => socket.write(hello));
    socket.once("data", (bytes: Buffer) => end({ is: "answered", bytes }));
    socket.once("close", () => end({ is: "unclear" }));
    socket.once("error", ({ code, syscall }: NodeJS.ErrnoException) =>
      end({ is: syscall === "getaddrinfo" ? "unresolved" : code === "ECONNREFUSED" ? "refused" : "unclear" }),
    );
  });
}

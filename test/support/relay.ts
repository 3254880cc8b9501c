/** A way to a server that counts who comes, and can be cut. */
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

export interface Relay {
  readonly port: number;
  /** Connections so far. */
  count(): number;
  /** From now on there is no way, until `mend`. */
  cut(): Promise<void>;
  mend(): Promise<void>;
}

/** @param target the server's port on this machine */
export async function relayTo(target: number): Promise<Relay> {
  let count = 0;
  let server: Server | null = null;
  const open = new Set<Socket>();
  const join = (from: Socket): void => {
    count++;
    const to = connect(target, "127.0.0.1");
    for (const [one, other] of [
      [from, to],
      [to, from],
    ] as const) {
      open.add(one);
      one.on("error", () => other.destroy());
      one.on("close", () => open.delete(one) && other.destroy());
      one.pipe(other);
    }
  };
  const listen = (port: number): Promise<number> =>
    new Promise((resolve, reject) => {
      const next = createServer(join);
      server = next;
      next.once("error", reject);
      next.listen(port, "127.0.0.1", () => resolve((next.address() as AddressInfo).port));
    });
  const port = await listen(0);
  return {
    port,
    count: () => count,
    async cut() {
      const closed = new Promise((resolve) => server?.close(resolve));
      for (const socket of open) socket.destroy();
      await closed;
    },
    mend: async () => void (await listen(port)),
  };
}

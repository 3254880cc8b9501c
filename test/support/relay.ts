/** A way to a server that counts who comes, can be cut, and can stand still. */
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

export interface Relay {
  readonly port: number;
  /** Connections so far. */
  count(): number;
  /** From now on there is no way, and those on it are told, until `mend`. */
  cut(): Promise<void>;
  mend(): Promise<void>;
  /** Nothing gets through either way, and nobody is told, until `thaw`: then what was sent arrives, from who still waits. */
  freeze(): void;
  thaw(): void;
}

/** @param target the server's port on this machine @param at a port to listen at, or a socket's path */
export async function relayTo(
  target: number,
  at: { host?: string; port?: number; path?: string } = {},
): Promise<Relay> {
  let count = 0;
  let server: Server | null = null;
  let isFrozen = false;
  let held: { readonly of: Socket; readonly work: () => void }[] = [];
  const open = new Set<Socket>();
  const pass = (of: Socket, work: () => void): void => {
    if (isFrozen) held.push({ of, work });
    else work();
  };
  const join = (from: Socket): void => {
    count++;
    const to = connect(target, "127.0.0.1");
    open.add(to);
    to.on("error", () => {});
    to.on("close", () => open.delete(to));
    for (const [one, other] of [
      [from, to],
      [to, from],
    ] as const) {
      one.on("data", (bytes) => pass(from, () => other.write(bytes)));
      one.on("end", () => pass(from, () => other.end()));
      one.on("close", () => pass(from, () => other.destroy()));
    }
  };
  const arrive = (from: Socket): void => {
    open.add(from);
    from.on("error", () => {});
    from.on("close", () => {
      open.delete(from);
      // What it sent before it gave up never arrives.
      held = held.filter(({ of }) => of !== from);
    });
    pass(from, () => join(from));
  };
  const listen = (port: number): Promise<number> =>
    new Promise((resolve, reject) => {
      const next = createServer(arrive);
      server = next;
      next.once("error", reject);
      const listening = (): void => resolve((next.address() as AddressInfo).port);
      if (at.path !== undefined) next.listen(at.path, listening);
      else next.listen(port, at.host ?? "127.0.0.1", listening);
    });
  const port = await listen(at.port ?? 0);
  return {
    port,
    count: () => count,
    async cut() {
      const closed = new Promise((resolve) => server?.close(resolve));
      for (const socket of open) socket.destroy();
      await closed;
    },
    mend: async () => void (await listen(port)),
    freeze() {
      isFrozen = true;
    },
    thaw() {
      isFrozen = false;
      for (const { work } of held.splice(0)) work();
    },
  };
}

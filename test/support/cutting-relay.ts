/** A way to a database on which the answer to a commit gets lost. */
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import type { DatabaseServer } from "./databases.ts";

/**
 * `answer`: the commit reaches the server, and the answer doesn't arrive.
 * `late`: the commit reaches the server only after its sender has given up.
 * `gone`: as `answer`, and from then on nobody gets through.
 */
export type Loss = "answer" | "late" | "gone";

export interface CuttingRelay {
  readonly port: number;
  /** AUTH_STORE for a vault of its own there, by this way. */
  address(name: string): string;
  /** What becomes of the nth commit from now on. 1: the next. */
  lose(loss: Loss, nth?: number): void;
  /** How many were lost so far. */
  lost(): number;
  /** Lets clients through again. */
  back(): void;
  stop(): void;
}

/** In the steps of every commit, and in nothing else that is sent. */
const COMMIT = '"expected":';
/** The answer to it, a list of what was not as expected: in Redis' words and in PostgreSQL's. */
const ANSWER = /^\*\d+\r\n|SELECT \d/;

export async function cuttingRelay(server: DatabaseServer): Promise<CuttingRelay> {
  let next: { readonly loss: Loss; left: number } | null = null;
  let lost = 0;
  let isGone = false;
  const open = new Set<Socket>();
  /** What is to become of what a client has sent. */
  const lossOf = (sent: Buffer): Loss | null => {
    if (next === null || !sent.includes(COMMIT) || --next.left > 0) return null;
    const { loss } = next;
    next = null;
    return loss;
  };
  const listener = createServer((client) => {
    if (isGone) return void client.destroy();
    const upstream = connect(server.port, "127.0.0.1");
    let loss: Loss | null = null;
    let kept = Buffer.alloc(0);
    client.on("data", (bytes: Buffer) => {
      loss ??= lossOf(bytes);
      if (loss === "late") kept = Buffer.concat([kept, bytes]);
      else upstream.write(bytes);
    });
    upstream.on("data", (bytes: Buffer) => {
      if ((loss === "answer" || loss === "gone") && ANSWER.test(bytes.toString("latin1"))) {
        lost++;
        isGone = loss === "gone";
        client.destroy();
      } else client.write(bytes);
    });
    client.on("close", () => {
      if (loss === "late") lost++;
      upstream.end(kept);
    });
    upstream.on("close", () => client.destroy());
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => open.delete(socket));
    }
  });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const { port } = listener.address() as AddressInfo;
  return {
    port,
    address: (name) => server.address(name).replace(`:${server.port}/`, `:${port}/`),
    lose(loss, nth = 1) {
      next = { loss, left: nth };
    },
    lost: () => lost,
    back() {
      isGone = false;
    },
    stop() {
      listener.close();
      for (const socket of open) socket.destroy();
    },
  };
}

/** Who is on the way to a database and takes its place: the password never gets there. */

import { afterAll, expect, test } from "bun:test";
import { createServer, type Server, type Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { openVault } from "../../src/vault/store.ts";
import { makeAuthority } from "../support/authority.ts";
import { PASSWORD } from "../support/databases.ts";
import { lacking } from "../support/needs.ts";
import { refusal } from "./home.ts";
import { sharedHomes } from "./shared-home.ts";

const ENCODED = encodeURIComponent(PASSWORD);
/** PostgreSQL's SSLRequest is eight bytes long, and the first that a client sends that wants TLS. */
const SSL_REQUEST = 80_877_103;
/** AuthenticationCleartextPassword (postgresql.org/docs/current/protocol-message-formats.html). */
const ASKS_IN_CLEAR = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 3]);

const homeAt = sharedHomes();
const servers: Server[] = [];
afterAll(() => {
  for (const server of servers) server.close();
});

interface Eavesdropper {
  readonly port: number;
  /** What it was sent, past TLS where it speaks that. */
  received(): string;
}

/** @param certificate one that no one trusts; null: it says that it has no TLS */
async function eavesdropper(
  backend: "redis" | "postgres",
  certificate: { key: string; cert: string } | null,
): Promise<Eavesdropper> {
  let received = "";
  const listenTo = (socket: Socket): void => {
    socket.on("error", () => {});
    socket.on("data", (bytes) => {
      received += bytes.toString("latin1");
      socket.write(backend === "redis" ? "+OK\r\n" : ASKS_IN_CLEAR);
    });
  };
  const overTls = (socket: Socket): void => {
    if (certificate !== null) listenTo(new TLSSocket(socket, { isServer: true, ...certificate }));
  };
  const server = createServer((socket) => {
    socket.on("error", () => {});
    if (backend === "redis") return overTls(socket);
    socket.once("data", (bytes: Buffer) => {
      received += bytes.toString("latin1");
      const wantsTls = bytes.length === 8 && bytes.readUInt32BE(4) === SSL_REQUEST;
      if (certificate === null || !wantsTls) listenTo(socket);
      socket.write(!wantsTls ? ASKS_IN_CLEAR : certificate === null ? "N" : "S");
      if (wantsTls) overTls(socket);
    });
  });
  servers.push(server);
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", resolve);
  await promise;
  return { port: (server.address() as { port: number }).port, received: () => received };
}

async function refusedAt(address: string): Promise<string> {
  return (await refusal(openVault(homeAt(address).context()))).code;
}

test("PostgreSQL that says it has no TLS isn't sent it", async () => {
  const there = await eavesdropper("postgres", null);
  const address = `postgres://auth:${ENCODED}@127.0.0.1:${there.port}/db`;
  expect(await refusedAt(`${address}?sslmode=require`)).toBe("vault_unreachable");
  expect(there.received()).not.toBe("");
  expect(there.received()).not.toContain(PASSWORD);
  // It would have got it without TLS: what it asks for is answered.
  await refusedAt(`${address}?sslmode=disable`);
  expect(there.received()).toContain(PASSWORD);
});

test.skipIf(lacking("openssl"))("a server whose certificate isn't trusted isn't sent it", async () => {
  const certificate = await (await makeAuthority()).issue("127.0.0.1");
  for (const [backend, address] of [
    ["redis", (port: number) => `rediss://auth:${ENCODED}@127.0.0.1:${port}/0`],
    ["postgres", (port: number) => `postgres://auth:${ENCODED}@127.0.0.1:${port}/db?sslmode=require`],
  ] as const) {
    const there = await eavesdropper(backend, certificate);
    expect([backend, await refusedAt(address(there.port))]).toEqual([backend, "vault_unreachable"]);
    expect(there.received()).not.toContain(PASSWORD);
  }
});

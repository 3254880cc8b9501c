/** Why a server can't be reached: what Bun's clients report alike is told apart by asking once more. */
import { afterAll, describe, expect, test } from "bun:test";
import { parseAddress } from "../../src/vault/address.ts";
import { whyNoConnection } from "../../src/vault/shared/no-connection.ts";
import { openStore } from "../../src/vault/shared/open.ts";
import { freePort, startRedis } from "../support/databases.ts";
import { lacking } from "../support/needs.ts";
import { refusal } from "./home.ts";

/** A server that says something at once, or ends each connection without a word. */
function speaking(words: string | null) {
  return Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: { open: (socket) => void (words === null ? socket.end() : socket.write(words)), data() {} },
  });
}
/** One that answers what it doesn't understand, and ends the connection. */
const http = Bun.listen({
  hostname: "127.0.0.1",
  port: 0,
  socket: { data: (socket) => void socket.end("HTTP/1.1 400 Bad Request\r\n\r\n") },
});
const ssh = speaking("SSH-2.0-OpenSSH_9.2\r\n");
const mute = speaking(null);
/** A fatal alert (RFC 8446 §6). */
const tls = speaking("\u0015\u0003\u0003\0\u0002\u0002\u0046");
afterAll(() => {
  for (const server of [http, ssh, mute, tls]) server.stop(true);
});

const refusedBy = async (text: string) => {
  const { driver } = await openStore(await parseAddress(text, "AUTH_STORE"));
  try {
    return await refusal(Promise.resolve(driver.getItemRaw?.("header", {})));
  } finally {
    driver.close();
  }
};

const ADDRESSES: Readonly<Record<string, (host: string) => string>> = {
  redis: (host) => `redis://:planted@${host}/0?accept-cleartext=1`,
  rediss: (host) => `rediss://:planted@${host}/0`,
  postgres: (host) => `postgres://me:planted@${host}/db?sslmode=disable&accept-cleartext=1`,
  "postgres over TLS": (host) => `postgres://me:planted@${host}/db?sslmode=require`,
};

describe.each(Object.keys(ADDRESSES))("%s", (name) => {
  const title = name.startsWith("redis") ? "Redis" : "PostgreSQL";
  for (const [what, host, words] of [
    ["a port that is closed", () => `127.0.0.1:${freePort()}`, "the connection was refused"],
    ["a name that isn't found", () => "db.invalid", "its host name can't be resolved"],
    ["a server of another kind", () => `127.0.0.1:${http.port}`, `what answers there doesn't speak ${title}`],
    ["a server that says nothing", () => `127.0.0.1:${mute.port}`, "there is no connection to the server"],
  ] as const)
    test(what, async () => {
      const found = await refusedBy(ADDRESSES[name]?.(host()) ?? "");
      expect([found.code, found.text]).toEqual(["vault_unreachable", expect.stringContaining(words)]);
      expect(found.text).toContain("AUTH_STORE");
      expect(found.text).not.toContain("planted");
    });
});

test("a server that speaks first is found to be of another kind, also where the client waits for it in vain", async () => {
  for (const make of Object.values(ADDRESSES)) {
    const address = await parseAddress(make(`127.0.0.1:${ssh.port}`), "AUTH_STORE");
    expect((await whyNoConnection(address, { code: "STORE_TIMEOUT" }))?.message).toContain("doesn't speak");
  }
});

const whyAt = async (text: string) =>
  whyNoConnection(await parseAddress(text, "AUTH_STORE"), { code: "STORE_TIMEOUT" });

test.skipIf(lacking("redis-server"))("a Redis without TLS is told from one that doesn't answer", async () => {
  const plain = await startRedis();
  try {
    expect((await whyAt(`rediss://127.0.0.1:${plain.port}`))?.message).toContain("the server doesn't speak TLS");
    expect(await whyAt(`redis://127.0.0.1:${plain.port}`)).toBeNull();
  } finally {
    await plain.stop();
  }
});

test("of a server that ends what isn't TLS with an alert nothing is said", async () => {
  for (const scheme of ["redis://", "rediss://", "postgres://me@"])
    expect(await whyAt(`${scheme}127.0.0.1:${tls.port}/${scheme.startsWith("redis") ? 0 : "db"}`)).toBeNull();
});

test("what a server has answered is no reason to ask again", async () => {
  const address = await parseAddress(`redis://127.0.0.1:${freePort()}`, "AUTH_STORE");
  for (const code of ["ERR_REDIS_AUTHENTICATION_FAILED", "UNABLE_TO_VERIFY_LEAF_SIGNATURE", "53300", undefined])
    expect(await whyNoConnection(address, { code })).toBeNull();
});

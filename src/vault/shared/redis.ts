/**
 * A vault in Redis. All of its records are the fields of one hash, `<prefix>:records`, each the version, a space, and the
 * sealed value in Base64: the client reads replies as UTF-8. A script runs alone on the server, so that comparing and
 * writing are one step (redis.io/docs/latest/develop/interact/programmability/eval-intro, "atomic execution").
 */

import type { SharedAddress } from "../address.ts";
import { random } from "../bytes.ts";
import { PLAIN_WRITES, type StoreDriver } from "../driver.ts";
import { notOurs, unexpected } from "./failures.ts";
import { type RedisConnection, redisConnection } from "./redis-connection.ts";
import { redisTime, redisWeaknesses, requireDurable } from "./redis-durability.ts";
import { DROP_REPLY, HELD, PUT_REPLY, RELEASE, RENEW, SWAP, TAKE } from "./redis-scripts.ts";
import { requestOf } from "./request.ts";
import type { Leases, Replies, SharedStore } from "./store.ts";

export function openRedis(address: SharedAddress): SharedStore {
  const connection = redisConnection(address);
  return {
    driver: redisDriver(address, connection),
    leases: redisLeases(address, connection),
    replies: redisReplies(address, connection),
    requireDurable: () => requireDurable(address, connection.call),
    prepare: () => requireDurable(address, connection.call),
    weaknesses: () => redisWeaknesses(connection.call),
    time: () => redisTime(connection.call),
  };
}

function redisDriver(address: SharedAddress, { call, close }: RedisConnection): StoreDriver {
  const records = `${address.namespace}:records`;
  let durable = false;
  const read = async (key: string): Promise<Uint8Array | null> => valueIn(await call("HGET", records, key));
  const forWriting = async (): Promise<void> => {
    if (durable) return;
    await requireDurable(address, call);
    durable = true;
  };
  return {
    name: "auth-redis",
    ...PLAIN_WRITES,
    hasItem: async (key) => (await read(key)) !== null,
    getItem: read,
    getItemRaw: read,
    getItems: async (items) => {
      if (items.length === 0) return [];
      const values = listIn(address, await call("HMGET", records, ...items.map(({ key }) => key)));
      return items.map(({ key }, i) => ({ key, value: valueIn(values[i]) }));
    },
    getKeys: async () => textsIn(address, await call("HKEYS", records)).sort(),
    swap: async (steps, whole = false) => {
      await forWriting();
      const request = requestOf(steps, (version, value) => `${version} ${value}`);
      return textsIn(address, await call("EVAL", SWAP, "1", records, request, whole ? "1" : "0"));
    },
    requireWritable: async () => {
      await forWriting();
      // A name that is no one's, since the prefix may be another application's too.
      const room = `${address.namespace}:room:${random(16).toHex()}`;
      if ((await call("SET", room, "x".repeat(ROOM), "NX", "PX", "1000")) === "OK") await call("DEL", room);
    },
    // What is sealed shows damage by itself; the server looks after its own.
    check: async () => {},
    close,
  };
}

/** As much as a login takes. */
const ROOM = 16 * 1024;

/** What is no record any more is a damaged one, as no bytes are: each is found to be so by whoever reads it. */
function valueIn(held: unknown): Uint8Array | null {
  if (held === null || held === undefined) return null;
  const base64 = typeof held === "string" ? /^\S* (.*)$/s.exec(held)?.[1] : undefined;
  return base64 === undefined ? new Uint8Array() : bytesIn(base64);
}

function bytesIn(base64: string): Uint8Array {
  try {
    return Uint8Array.fromBase64(base64);
  } catch {
    return new Uint8Array();
  }
}

function listIn(address: SharedAddress, answer: unknown): unknown[] {
  if (!Array.isArray(answer)) throw unexpected(address);
  return answer;
}

function textsIn(address: SharedAddress, answer: unknown): string[] {
  const list = listIn(address, answer);
  if (!list.every((item) => typeof item === "string")) throw unexpected(address);
  return list;
}

function redisLeases(address: SharedAddress, { call }: RedisConnection): Leases {
  const { namespace } = address;
  const keyOf = (name: string): string => `${namespace}:lease:${name}`;
  return {
    take: async (name, owner, milliseconds) => {
      const answer = await call("EVAL", TAKE, "1", keyOf(name), owner, String(milliseconds));
      const [taken, seconds, microseconds] = listIn(address, answer);
      if (taken !== 1) return null;
      return { at: seconds === undefined ? null : Number(seconds) * 1000 + Number(microseconds) / 1000 };
    },
    renew: async (name, owner, milliseconds) =>
      (await call("EVAL", RENEW, "1", keyOf(name), owner, String(milliseconds))) === 1,
    held: async (names) => {
      const keys = names.map(keyOf);
      const held = new Set(textsIn(address, await call("EVAL", HELD, String(keys.length), ...keys)));
      return names.filter((name) => held.has(keyOf(name)));
    },
    release: async (name, owner) => void (await call("EVAL", RELEASE, "1", keyOf(name), owner)),
  };
}

function redisReplies(address: SharedAddress, { call }: RedisConnection): Replies {
  const { namespace } = address;
  const keyOf = (name: string): string => `${namespace}:reply:${name}`;
  const change = async (script: string, name: string, owner: string, value?: Uint8Array): Promise<unknown> => {
    const text = value === undefined ? "" : Buffer.from(value).toString("base64");
    return call("EVAL", script, "2", `${namespace}:lease:${name}`, keyOf(name), owner, text);
  };
  return {
    get: async (name) => {
      const held = await call("GET", keyOf(name));
      return typeof held === "string" ? bytesIn(held) : null;
    },
    put: async (name, owner, value) => {
      const done = await change(PUT_REPLY, name, owner, value);
      if (done === -1) throw notOurs(address, "another application has a key of that name");
      return done === 1;
    },
    // What isn't ours is no reply that could be left.
    drop: async (name, owner, value) => (await change(DROP_REPLY, name, owner, value)) !== 0,
  };
}

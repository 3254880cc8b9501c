/** Whether a Redis server keeps what it has confirmed (redis.io/docs/latest/operate/oss_and_stack/management/persistence). */
import { AuthError } from "../../platform/errors.ts";
import type { SharedAddress } from "../address.ts";
import { readOnlyReplica, unwritable } from "./failures.ts";
import type { RedisConnection } from "./redis-connection.ts";
import { isCluster } from "./redis-failures.ts";
import type { Weakness } from "./store.ts";

type Call = RedisConnection["call"];

/**
 * A server that keeps nothing on its disk, or drops keys when it is full, would lose a login that rotates. In a cluster the
 * keys that a script changes together may lie apart, be it today or after the next shard.
 *
 * @throws AuthError `vault_unwritable`, `usage` for a cluster
 */
export async function requireDurable(address: SharedAddress, call: Call): Promise<void> {
  const [persistence, memory, replication, cluster] = await Promise.all(
    ["persistence", "memory", "replication", "cluster"].map((section) => call("INFO", section).then(textIn)),
  );
  if (/^cluster_enabled:1/m.test(cluster ?? "")) throw isCluster(address);
  if (/^role:slave/m.test(replication ?? "")) throw readOnlyReplica(address);
  const [fault] = faultsIn(persistence ?? "", memory ?? "");
  if (address.acceptLoss || fault === undefined) return;
  throw unwritable(
    address,
    `the server ${fault}`,
    `${DURABLE}; or, where logins may be lost, add ?accept-loss=1 to ${address.giver.name}.${address.giver.anew}`,
  );
}

const DURABLE =
  "Set 'appendonly yes' and 'maxmemory-policy noeviction' in redis.conf, and 'appendfsync always' to lose not even the last second in a power cut";

/** In words that follow `the server`. */
function faultsIn(persistence: string, memory: string): string[] {
  return [
    ...(/^aof_enabled:1/m.test(persistence) ? [] : ["forgets its last writes in a crash (appendonly is off)"]),
    ...(/^maxmemory_policy:noeviction/m.test(memory)
      ? []
      : ["drops keys when its memory is full (maxmemory-policy is not noeviction)"]),
  ];
}

export async function redisWeaknesses(call: Call): Promise<Weakness[]> {
  const [persistence, memory, sync] = await Promise.all([
    told(call, "INFO", "persistence"),
    told(call, "INFO", "memory"),
    told(call, "CONFIG", "GET", "appendfsync"),
  ]);
  const faults = persistence === null || memory === null ? [] : faultsIn(persistence, memory);
  const found = faults.map((fault) => ({ text: `The shared vault's server ${fault}.`, remedy: DURABLE }));
  if (sync !== "no" || faults.length > 0) return found;
  const text = "The shared vault's server may forget half a minute of writes in a power cut (appendfsync is no).";
  return [{ text, remedy: "'appendfsync always' or 'everysec' in redis.conf" }];
}

/** As `SharedStore.time`. */
export async function redisTime(call: Call): Promise<number | null> {
  const answer = await answerTo(call, "TIME");
  return Array.isArray(answer) ? Number(answer[0]) * 1000 + Number(answer[1]) / 1000 : null;
}

async function told(call: Call, ...question: [string, ...string[]]): Promise<string | null> {
  const answer = await answerTo(call, ...question);
  return answer === null ? null : textIn(answer);
}

/** null where the server doesn't tell: some forbid the question. */
async function answerTo(call: Call, ...question: [string, ...string[]]): Promise<unknown> {
  try {
    return await call(...question);
  } catch (error) {
    if (error instanceof AuthError) return null;
    throw error;
  }
}

/** A text, or the value of the one setting that was asked for: a list or a map, by the version of the protocol. */
function textIn(answer: unknown): string {
  if (typeof answer === "string") return answer;
  const values = Array.isArray(answer) ? answer : Object.values(answer ?? {});
  return String(values.at(-1) ?? "");
}

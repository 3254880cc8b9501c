/** What a Redis server reports, as errors for people. */
import { type AuthError, errorCode, usage } from "../../platform/errors.ts";
import type { SharedAddress } from "../address.ts";
import { busy, ServerFull } from "../driver.ts";
import { sentence } from "../giver.ts";
import { notOurs, readOnlyReplica, refusedLogin, reported, unreachable, unwritable } from "./failures.ts";

/** @param error of the server: it begins with a word that says which (redis.io/docs/reference/protocol-spec, "Simple errors"). */
export function redisRefusal(address: SharedAddress, error: unknown): AuthError {
  const { giver } = address;
  const text = error instanceof Error ? error.message : "";
  const [word = ""] = text.split(" ");
  // Told in place of an answer to the password, which Bun then reports as refused.
  if (text.includes("max number of clients")) return new ServerFull(error);
  // So is the lack of HELLO, by which the client sends the password.
  if (word === "ERR" && text.includes("unknown command"))
    return unwritable(address, "it lacks a command that a vault needs", BY_THESE_NAMES, error);
  if (/^(WRONGPASS|NOAUTH)$/.test(word) || errorCode(error) === "ERR_REDIS_AUTHENTICATION_FAILED")
    return refusedLogin(address, error);
  if (/^(LOADING|BUSY|TRYAGAIN)$/.test(word)) return busy(error);
  if (text.includes("DB index"))
    return usage(sentence(giver, "names a database that this Redis server doesn't have."), `Use /0.${giver.anew}`);
  if (word === "WRONGTYPE") return notOurs(address, "another application has a key of that name", error);
  if (word === "READONLY") return readOnlyReplica(address, error);
  if (/^(MASTERDOWN|CLUSTERDOWN)$/.test(word)) return unreachable(address, "its primary is down", error);
  if (/^(MOVED|ASK|CROSSSLOT)$/.test(word)) return isCluster(address);
  if (word === "OOM") return unwritable(address, "its memory is full", "Give the server more memory.", error);
  if (word === "NOPERM") return unwritable(address, "this user may not", redisRights(address), error);
  if (/^(MISCONF|NOREPLICAS)$/.test(word))
    return unwritable(
      address,
      "the server refuses writes, since it can't make them durable",
      "See the server's log.",
      error,
    );
  return reported(address, word, error);
}

const BY_THESE_NAMES =
  "A vault needs Redis 6 or later, with EVAL, HELLO and INFO by these names (rename-command in redis.conf). Name such a server, and no proxy that lacks them.";

export function isCluster({ giver }: SharedAddress): AuthError {
  return usage(
    sentence(giver, "names a Redis cluster, where a vault can't be."),
    `Name a single Redis server, with a replica if you like.${giver.anew}`,
  );
}

/** All that a vault asks of Redis. CONFIG GET isn't among it: it would show every password of the server. */
const COMMANDS = [
  ...["select", "info", "get", "set", "del", "pexpire", "time"],
  ...["hget", "hmget", "hkeys", "hset", "hdel", "eval"],
];

/** Lines of a hint. */
function redisRights({ user, namespace }: SharedAddress): string {
  const name = user === "" ? "default" : /^[\w.-]+$/.test(user) ? user : "<user>";
  const rights = COMMANDS.map((command) => `+${command}`).join(" ");
  // cspell:ignore SETUSER
  return `Who runs the server allows it, in redis-cli:\n  ACL SETUSER ${name} ~${namespace}:* ${rights}`;
}

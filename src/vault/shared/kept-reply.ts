/**
 * A reply to a refresh is kept twice: in this home, which needs no network, and in the database, where another machine
 * finds it if this one doesn't come back.
 */
import type { Context } from "../../platform/context.ts";
import type { ReplyKeys } from "../reply.ts";
import { readSealedHeader, seal, tryOpen } from "../seal.ts";
import { type Kept, type KeptReply, sameVersion, type Version } from "../types.ts";
import type { Replies } from "./store.ts";

export interface SharedReplyPlace {
  readonly local: KeptReply;
  readonly replies: Replies;
  /** Of the lease and the reply: a keyed hash. */
  readonly hash: string;
  /** The lease's. */
  readonly owner: string;
  /** The connection. */
  readonly name: string;
}

export function sharedReply(
  { debug }: Pick<Context, "debug">,
  { local, replies, hash, owner, name }: SharedReplyPlace,
  keys: ReplyKeys,
): KeptReply {
  const place = `reply ${hash}`;
  const label = { type: "reply", name };
  const there = async (isWanted: (version: Version) => boolean): Promise<Kept | null> => {
    const value = await replies.get(hash);
    const header = value === null ? null : readSealedHeader(new Uint8Array(value));
    if (value === null || header === null || !isWanted(header.version)) return null;
    // Never by a former key, as in this home: a former member still has it, and may still reach the database.
    const key = keys.current();
    const bytes = header.keyId === key.id ? await tryOpen(key, place, label, new Uint8Array(value)) : null;
    return bytes === null ? null : { version: header.version, bytes };
  };
  return {
    prepare: () => local.prepare(),
    async keep(version, bytes) {
      const [here, there] = await Promise.allSettled([
        local.keep(version, bytes),
        seal(keys.current(), place, label, version, bytes).then((value) => replies.put(hash, owner, value)),
      ]);
      if (there.status === "rejected") debug(`the reply is kept on this machine only: ${messageOf(there.reason)}`);
      if (here.status === "fulfilled" || (there.status === "fulfilled" && there.value)) return;
      throw here.reason;
    },
    read: async (version) =>
      (await local.read(version)) ?? (await there((found) => sameVersion(found, version)))?.bytes ?? null,
    async kept() {
      const elsewhere = await there(() => true);
      return elsewhere === null ? local.kept() : [...(await local.kept()), elsewhere];
    },
    async blank() {
      await local.blank();
      await replies.drop(hash, owner);
    },
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/**
 * A reply to a refresh is kept twice: in this home, which needs no network, and in the database, where another machine
 * finds it if this one doesn't come back.
 */

import type { Context } from "../../platform/context.ts";
import { messageOf } from "../../platform/errors.ts";
import type { Bytes } from "../bytes.ts";
import type { ReplyKeys } from "../reply-file.ts";
import { readSealedHeader, seal, tryOpen } from "../seal.ts";
import { type Kept, type ReplyKeeper, sameVersion, type Version } from "../types.ts";
import type { Replies } from "./store.ts";

export interface SharedReplyPlace {
  readonly local: ReplyKeeper;
  readonly replies: Replies;
  /** Of the lease and the reply: a keyed hash. */
  readonly hash: string;
  /** The lease's. */
  readonly owner: string;
  /** The connection. */
  readonly name: string;
}

export function sharedReplies(
  { debug }: Pick<Context, "debug">,
  { local, replies, hash, owner, name }: SharedReplyPlace,
  keys: ReplyKeys,
): ReplyKeeper {
  const place = `reply ${hash}`;
  const label = { type: "reply", name };
  /** What was read in the database, or put there, by this lock's holder: no more than that is dropped. */
  const seen: { readonly version: Version; readonly value: Bytes }[] = [];
  const put = async (version: Version, bytes: Uint8Array): Promise<boolean> => {
    const value = await seal(keys.current(), place, label, version, bytes);
    seen.push({ version, value });
    return replies.put(hash, owner, value);
  };
  const there = async (isWanted: (version: Version) => boolean): Promise<Kept | null> => {
    const found = await replies.get(hash);
    const value = found === null ? null : new Uint8Array(found);
    const header = value === null ? null : readSealedHeader(value);
    if (value === null || header === null || !isWanted(header.version)) return null;
    seen.push({ version: header.version, value });
    // Never by a former key, as in this home: a former member still has it, and may still reach the database.
    const key = keys.current();
    const bytes = header.keyId === key.id ? await tryOpen(key, place, label, value) : null;
    return bytes === null ? null : { version: header.version, bytes };
  };
  return {
    prepare: () => local.prepare(),
    async keep(version, bytes) {
      const [here, there] = await Promise.allSettled([local.keep(version, bytes), put(version, bytes)]);
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
    async blank(version) {
      await local.blank(version);
      if (version === "all") return void (await replies.drop(hash, owner));
      for (const { value } of seen.filter((one) => sameVersion(one.version, version)))
        await replies.drop(hash, owner, value);
    },
  };
}

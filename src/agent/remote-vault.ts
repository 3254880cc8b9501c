/**
 * A vault whose key the agent has: it reads from the agent, without what renews a login, and has the agent renew tokens.
 * What the agent doesn't do, changes above all, and everything once it is gone or locked, the vault itself does, opened with
 * its key.
 */
import type { Access } from "../connections/access.ts";
import { CONNECTION_SECRETS, type Connection, decodeRecord } from "../connections/record.ts";
import { display } from "../connections/ref.ts";
import { viewForResource } from "../connections/resource.ts";
import type { Holder } from "../connections/services.ts";
import type { Stored } from "../connections/store.ts";
import { AuthError } from "../platform/errors.ts";
import type { Entry, RecordType, Vault } from "../vault/types.ts";
import { type AgentClient, AgentGone } from "./client.ts";

export interface RemoteVault {
  readonly vault: Vault;
  readonly holder: Holder;
}

/** @param openHere opens the vault with its key; rejects where it can't be had */
export function remoteVault(agent: AgentClient, id: string, openHere: () => Promise<Vault>): RemoteVault {
  let opened: Promise<Vault> | null = null;
  const here = (): Promise<Vault> => {
    opened ??= openHere().catch((error: unknown) => {
      // The agent may be unlocked, or answer, by the next time.
      opened = null;
      throw error;
    });
    return opened;
  };
  /** By the agent while it can, else by `otherwise`. */
  const byAgent = async <T>(work: () => Promise<T>, otherwise: () => Promise<T>): Promise<T> => {
    if (opened !== null) return otherwise();
    try {
      return await work();
    } catch (error) {
      if (error instanceof AgentGone || (error instanceof AuthError && error.code === "vault_locked"))
        return otherwise();
      throw error;
    }
  };

  const vault: Vault = {
    id,
    isMade: async () => true,
    isReplaced: () => false,
    read: async (type, name, age) => {
      const otherwise = async (): Promise<Entry | null> => (await here()).read(type, name, age);
      return served(type) ? byAgent(() => agent.read(type, name), otherwise) : otherwise();
    },
    list: async (type, passOver) => {
      const otherwise = async (): Promise<Entry[]> => (await here()).list(type, passOver);
      return served(type) ? byAgent(async () => [...(await agent.list(type, passOver))], otherwise) : otherwise();
    },
    commit: async (changes) => (await here()).commit(changes),
    requireWritable: async (connection) => (await here()).requireWritable(connection),
    reload: async () => (await opened)?.reload(),
    tryLock: async (name) => (await here()).tryLock(name),
    keptVersion: async (connection) => (await here()).keptVersion(connection),
    fingerprint: async (secret) => (await here()).fingerprint(secret),
    close: () => opened?.then((there) => there.close()).catch(() => {}),
  };
  const holder: Holder = (ref, { minTtl, rejected, resource }) =>
    byAgent<Access | null>(
      async () => {
        const { entry, warning } = await agent.access({
          ...ref,
          minTtl,
          rejected: rejected?.reveal() ?? null,
          resource: resource ?? null,
        });
        const record = decodeRecord<Connection>(entry.body, display(ref), CONNECTION_SECRETS);
        const stored: Stored = {
          ref: { provider: record.provider, name: record.name },
          version: entry.version,
          record: resource === undefined ? record : viewForResource(record, resource),
          ...(resource !== undefined && { view: { ...resource, whole: record } }),
        };
        return { stored, warning };
      },
      async () => {
        await here();
        return null;
      },
    );
  return { vault, holder };
}

function served(type: RecordType): type is "connection" | "settings" | "folder" | "plugin" {
  return type !== "client";
}

/** The agent's API: the same as `auth token` and `auth list`, and what `auth` itself asks for, from one open vault. */
import { version } from "../../../package.json";
import type * as protocol from "../../agent/protocol.ts";
import type { Service } from "../../agent/server.ts";
import { type Access, access } from "../../connections/access.ts";
import { withoutRenewal } from "../../connections/held-elsewhere.ts";
import { type LiveToken, liveToken } from "../../connections/live-token.ts";
import { CONNECTION_SECRETS, type Connection, decodeRecord, encodeRecord } from "../../connections/record.ts";
import { type ConnectionRef, display, vaultName } from "../../connections/ref.ts";
import { select } from "../../connections/select.ts";
import { requireConnection, type Stored } from "../../connections/store.ts";
import { AuthError } from "../../platform/errors.ts";
import { Secret, sameText } from "../../platform/secret.ts";
import { RecordError } from "../../vault/seal.ts";
import type { Entry } from "../../vault/types.ts";
import { acquiredFrom } from "../acquire.ts";
import type { Cli } from "../context.ts";
import { allEntries } from "../entries.ts";
import { EXIT_CODES, errorFields } from "../exit.ts";
import { type Headers, headersOf } from "../headers.ts";
import { credentialDocument } from "../token-output.ts";
import { type Follower, follower } from "./follow.ts";
import type { Keeper, Opened } from "./keeper.ts";

type Status = import("valibot").InferOutput<typeof protocol.StatusReply>;

export interface ServiceFacts {
  readonly vaultId: string;
  /** Milliseconds; null: never. */
  readonly idle: number | null;
  readonly locksWithSession: () => boolean;
  readonly socket: string | null;
  readonly tcp: () => { readonly url: string; readonly secret: string } | null;
  readonly stop: () => void;
}

export interface AgentService extends Service {
  /** Renews what is soon due. */
  readonly follower: Follower;
  /** Drops what belongs to a vault that was closed. */
  forget(): void;
}

/** A limit: more than a person has. */
const MAX_LIVE = 1_000;

export function agentService(cli: Cli, keeper: Keeper, facts: ServiceFacts): AgentService {
  const since = new Date(cli.context.now()).toISOString();
  const live = new Map<string, LiveToken>();
  /** By the record, which is the same object until it changes: headers are made, and the read logged, once. */
  let served = new WeakMap<Stored, Headers>();
  const following = follower(cli, keeper);
  const together = sharing<unknown>();

  const liveFor = ({ services, isOver }: Opened, ref: ConnectionRef, resource: string | null): LiveToken => {
    const key = `${vaultName(ref)} ${resource ?? ""}`;
    const found = live.get(key);
    if (found !== undefined) return found;
    if (live.size >= MAX_LIVE) live.clear();
    const made = liveToken(services, ref, { minTtl: 0, mustAgree: false, ...(resource !== null && { resource }) });
    if (!isOver) live.set(key, made);
    return made;
  };
  const selected = async (
    { session: { context, registry, vault } }: Opened,
    argument: string,
  ): Promise<ConnectionRef> => {
    const found = await select({ context, registry, vault }, { argument, profile: undefined, stored: true });
    if (found.source !== "vault") throw new AuthError("internal", "A token of the environment was selected.");
    return found.ref;
  };
  const document = async ({ session }: Opened, { stored, warning }: Access): Promise<unknown> => {
    const acquired = acquiredFrom(stored, warning);
    let headers = served.get(stored);
    if (headers === undefined) {
      headers = await headersOf(session, acquired);
      served.set(stored, headers);
      await cli.context.audit({ event: "token_read", status: "success", connection: acquired.connection });
    }
    const { version: format, ...rest } = credentialDocument(acquired, headers, cli.context.now());
    return { version: format, connection: acquired.connection, ...rest, warning };
  };
  const followed = async (
    opened: Opened,
    ref: ConnectionRef,
    token: LiveToken,
    asked: Promise<Access>,
  ): Promise<Access> => {
    const found = await asked;
    following.follow(opened, display(ref), token, found);
    return found;
  };
  /** The refused token is compared as text, not kept as a `Secret`: it may not be ours. */
  const afterRefusal = async (token: LiveToken, refused: string, minTtl = 0): Promise<Access> => {
    const now = await token.get(minTtl);
    const current = acquiredFrom(now.stored, null).token;
    return sameText(current.reveal(), refused) ? token.rejected(current) : now;
  };

  const status = (): Status => ({
    running: true,
    version,
    pid: process.pid,
    since,
    vault: facts.vaultId,
    locked: keeper.lockedBy() !== null,
    lockedBy: keeper.lockedBy(),
    idleSeconds: facts.idle === null ? null : facts.idle / 1000,
    locksWithSession: facts.locksWithSession(),
    socket: facts.socket,
    tcp: facts.tcp()?.url ?? null,
  });

  return {
    follower: following,
    forget() {
      live.clear();
      following.forget();
      served = new WeakMap();
    },
    status,
    hello: () => ({ status: status(), tcpSecret: facts.tcp()?.secret ?? null }),
    token: (argument, minTtl, resource) =>
      together(`${minTtl} ${resource ?? ""} ${argument}`, () =>
        keeper.use(async (opened) => {
          const ref = await selected(opened, argument);
          const token = liveFor(opened, ref, resource);
          return document(opened, await followed(opened, ref, token, token.get(minTtl)));
        }),
      ),
    rejected: ({ connection, token: refused }) =>
      keeper.use(async (opened) => {
        const ref = await selected(opened, connection);
        const token = liveFor(opened, ref, null);
        return document(opened, await followed(opened, ref, token, afterRefusal(token, refused)));
      }),
    connections: () =>
      keeper.use(async ({ session }) => ({ connections: (await allEntries(session)).shown.map(({ entry }) => entry) })),
    unlock: ({ key }) => keeper.unlock(new Secret(key)),
    lock: () => keeper.lock("request"),
    stop: facts.stop,
    read: ({ type, name }) =>
      keeper.use(async ({ services }) => {
        const entry = await services.vault.read(type, name);
        return { entry: entry && shareable(entry) };
      }),
    list: ({ type }) =>
      keeper.use(async ({ services }) => {
        const faults: object[] = [];
        const passOver = (error: AuthError): void => void faults.push(errorFields(error, EXIT_CODES[error.code]));
        const entries = await services.vault.list(type, passOver);
        return { entries: entries.flatMap((entry) => shareableIfRead(entry, passOver)), faults };
      }),
    access: (request) =>
      keeper.use(async (opened) => {
        const ref = { provider: request.provider, name: request.name };
        const found = await accessed(opened, ref, request);
        return { entry: shareable(entryOf(found.stored)), warning: found.warning };
      }),
  };

  async function accessed(
    opened: Opened,
    ref: ConnectionRef,
    { minTtl, rejected: refused, resource }: Parameters<Service["access"]>[0],
  ): Promise<Access> {
    if (resource === null) {
      const token = liveFor(opened, ref, null);
      return followed(opened, ref, token, refused === null ? token.get(minTtl) : afterRefusal(token, refused, minTtl));
    }
    const { services } = opened;
    const { record } = await requireConnection(services.vault, ref, resource);
    const current = record.tokens?.accessToken;
    const rejected = refused !== null && current && sameText(current.reveal(), refused) ? { rejected: current } : {};
    return access(services, ref, { minTtl, mustAgree: false, resource, ...rejected });
  }
}

/**
 * Equal requests that arrive before the vault is read share that read, which is a tenth of the work under load. A later one
 * reads again, so it sees everything that was committed before it.
 */
function sharing<T>(): (what: string, work: () => Promise<T>) => Promise<T> {
  const waiting = new Map<string, Promise<T>>();
  return (what, work) => {
    const shared = waiting.get(what);
    if (shared !== undefined) return shared;
    const own = new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
      waiting.delete(what);
      return work();
    });
    waiting.set(what, own);
    return own;
  };
}

/** What another process may read of a record: refresh tokens stay here. */
function shareable(entry: Entry): Entry {
  if (entry.type !== "connection") return entry;
  const record = decodeRecord<Connection>(entry.body, entry.name, CONNECTION_SECRETS);
  return { ...entry, body: encodeRecord(withoutRenewal(record)) };
}

function shareableIfRead(entry: Entry, passOver: (error: AuthError) => void): Entry[] {
  try {
    return [shareable(entry)];
  } catch (error) {
    if (!(error instanceof RecordError)) throw error;
    passOver(error);
    return [];
  }
}

function entryOf({ ref, version, record, view }: Stored): Entry {
  return { type: "connection", name: vaultName(ref), version, body: encodeRecord(view?.whole ?? record) };
}

/**
 * What is said over HTTP. `/v1/…` is for any program, and is described by docs/agent-api.json, which is made from these
 * schemas; later versions add fields and take none away. `/cli/<n>/…` is between one `auth` and another, over the socket
 * alone: a program that speaks another number is answered 404, and does without the agent. `/cli/lock` and `/cli/stop` have no
 * number: every `auth` may lock and end the agent of any other.
 */
import * as v from "valibot";

/** Of `/cli/`: another one with each change of what is sent there. */
export const CLI_PROTOCOL = 4;

const nullable = <const T extends v.GenericSchema>(schema: T) => v.nullable(schema);
const text = v.string();
const time = v.pipe(v.string(), v.description("ISO 8601, UTC"));

/** `auth token -o credential`, with whose it is. */
export const TokenReply = v.object({
  version: v.literal(1),
  connection: v.pipe(text, v.description("In full: <provider>:<name>")),
  token: text,
  token_type: text,
  expires_at: nullable(time),
  expires_in: nullable(v.pipe(v.number(), v.description("Seconds left now"))),
  scope: v.pipe(text, v.description("A list, separated by spaces")),
  headers: v.pipe(
    v.record(text, text),
    v.description("With which a request shows the token, companions of the provider included"),
  ),
  warning: nullable(v.pipe(text, v.description("What is wrong although the token works now"))),
});

/** An entry of `auth list --json`. */
const ConnectionReply = v.object({
  connection: text,
  provider: text,
  name: nullable(text),
  account: nullable(text),
  organization: nullable(text),
  host: nullable(text),
  source: text,
  status: v.picklist(["not_connected", "connected", "expired", "invalid", "misconfigured", "unreadable"]),
  reason: nullable(text),
  scopes: v.array(text),
  expiresAt: nullable(time),
  refreshable: v.boolean(),
  refreshTokenExpiresAt: nullable(time),
  authorizationExpiresAt: nullable(time),
  default: v.boolean(),
  providerDefault: v.boolean(),
  lastError: nullable(v.looseObject({ code: text, reason: text, at: time })),
});

export const ConnectionsReply = v.object({ connections: v.array(ConnectionReply) });

export const StatusReply = v.object({
  running: v.literal(true),
  version: text,
  pid: v.number(),
  since: time,
  vault: v.pipe(text, v.description("The vault's id")),
  locked: v.boolean(),
  lockedBy: nullable(v.picklist(["request", "idle", "session", "vault"])),
  idleSeconds: nullable(v.pipe(v.number(), v.description("After so long without a request it locks; null: never"))),
  locksWithSession: v.pipe(v.boolean(), v.description("Whether it locks when the desktop session locks or sleeps")),
  socket: nullable(text),
  tcp: nullable(v.pipe(text, v.description("Its address on loopback, where it listens there too"))),
});
export type Status = v.InferOutput<typeof StatusReply>;

export const RejectedRequest = v.object({
  connection: v.pipe(text, v.description("As in /v1/token/<connection>")),
  token: v.pipe(text, v.description("The token that an API refused")),
});

export const ErrorReply = v.object({
  error: v.object({
    code: v.pipe(text, v.description("One of 'auth help error-codes'")),
    message: text,
    hint: nullable(v.pipe(text, v.description("What to do; commands in it can be run as they stand"))),
    detail: v.exactOptional(v.pipe(text, v.description("The provider's own words"))),
    exitCode: v.pipe(v.number(), v.description("As 'auth token' would end: 'auth help exit-codes'")),
    connection: nullable(text),
  }),
});

/** Between one `auth` and another. */
/** The vault's key, in the form of AUTH_KEY. */
export const UnlockRequest = v.object({ key: text });
export const ReadRequest = v.object({ type: v.picklist(["connection", "settings", "folder", "plugin"]), name: text });
export const ListRequest = v.object({ type: v.picklist(["connection", "settings", "folder", "plugin"]) });
export const AccessRequest = v.object({
  provider: text,
  name: text,
  minTtl: v.pipe(v.number(), v.minValue(0)),
  rejected: v.nullable(text),
  resource: v.nullable(v.object({ resource: text, scope: v.nullable(text) })),
});

const Entry = v.object({
  type: v.picklist(["connection", "settings", "folder", "plugin"]),
  name: text,
  version: v.object({ incarnation: text, generation: v.number() }),
  body: text,
});
export const ReadReply = v.object({ entry: v.nullable(Entry) });
export const ListReply = v.object({
  entries: v.array(Entry),
  /** Of records that can't be read. */
  faults: v.array(ErrorReply.entries.error),
});
export const AccessReply = v.object({ entry: Entry, warning: v.nullable(text) });
export const HelloReply = v.object({
  status: StatusReply,
  /** The secret of its TCP address. */
  tcpSecret: v.nullable(text),
});

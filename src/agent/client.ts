/** One `auth` asking another: the agent of a vault. */
import * as v from "valibot";
import { AuthError, type ErrorCode } from "../platform/errors.ts";
import { parseJson } from "../platform/json.ts";
import { type LocalPlace, type LocalRequest, localHttp } from "../platform/local-http.ts";
import type { Secret } from "../platform/secret.ts";
import { type AgentPlace, addressAt } from "./place.ts";
import {
  AccessReply,
  type AccessRequest,
  CLI_PROTOCOL,
  ErrorReply,
  HelloReply,
  ListReply,
  ReadReply,
  type Status,
  StatusReply,
} from "./protocol.ts";

type Hello = v.InferOutput<typeof HelloReply>;
type Entry = v.InferOutput<typeof AccessReply>["entry"];

export interface AgentClient {
  /** null where nothing that speaks our protocol answers. */
  hello(): Promise<Hello | null>;
  /** Of an agent of any version; null where none answers. */
  status(): Promise<Status | null>;
  /** @param key the vault's, in the form of AUTH_KEY @throws AuthError `vault_locked` where it doesn't open the vault */
  unlock(key: Secret): Promise<void>;
  /** Of any version, as `stop`. */
  lock(): Promise<void>;
  stop(): Promise<void>;
  read(type: Entry["type"], name: string): Promise<Entry | null>;
  /** @param passOver as `Vault.list` */
  list(type: Entry["type"], passOver?: (error: AuthError) => void): Promise<readonly Entry[]>;
  access(request: v.InferOutput<typeof AccessRequest>): Promise<v.InferOutput<typeof AccessReply>>;
}

/** Nothing answered, or nothing that could be understood: the agent was ended, or is another version's. */
export class AgentGone extends AuthError {
  constructor() {
    super("busy", "The agent ended, or doesn't answer.", { hint: "Try again." });
  }
}

/** Milliseconds: it answers at once, unless it is stopped or its machine is busy. */
const HELLO_TIME = 2_000;
const CONTROL_TIME = 60_000;
/** A refresh may wait for another's lock for a minute, and take 45 s itself. */
const ACCESS_TIME = 120_000;
const REPLY_BYTES = 256 * 1024 * 1024;

export function agentClient(place: AgentPlace): AgentClient {
  const send = async <Schema extends v.GenericSchema>(
    request: Pick<LocalRequest, "method" | "path" | "body" | "timeout">,
    schema: Schema,
  ): Promise<v.InferOutput<Schema>> => {
    const at = addressAt(place);
    if (at === null) throw new AgentGone();
    const { status, text } = await reach(at, { ...request, maxBytes: REPLY_BYTES });
    const document = parseJson(text);
    if (status !== 200) throw errorFrom(document);
    const parsed = v.safeParse(schema, document);
    if (!parsed.success) throw new AgentGone();
    return parsed.output;
  };
  const ask = <Schema extends v.GenericSchema>(
    what: string,
    schema: Schema,
    body: unknown,
    timeout: number,
  ): Promise<v.InferOutput<Schema>> =>
    send({ method: "POST", path: `/cli/${CLI_PROTOCOL}/${what}`, body: JSON.stringify(body), timeout }, schema);
  const order = (what: string): Promise<unknown> =>
    send({ method: "POST", path: `/cli/${what}`, body: "{}", timeout: CONTROL_TIME }, anything);
  const anything = v.unknown();
  return {
    hello: () => orNull(ask("hello", HelloReply, {}, HELLO_TIME)),
    status: () => orNull(send({ method: "GET", path: "/v1/status", timeout: HELLO_TIME }, StatusReply)),
    unlock: async (key) => void (await ask("unlock", anything, { key: key.reveal() }, CONTROL_TIME)),
    lock: async () => void (await order("lock")),
    stop: async () => void (await order("stop")),
    read: async (type, name) => (await ask("read", ReadReply, { type, name }, ACCESS_TIME)).entry,
    list: async (type, passOver) => {
      const { entries, faults } = await ask("list", ListReply, { type }, ACCESS_TIME);
      for (const fault of faults) {
        if (passOver === undefined) throw errorOf(fault);
        passOver(errorOf(fault));
      }
      return entries;
    },
    access: (request) => ask("access", AccessReply, request, ACCESS_TIME),
  };
}

async function orNull<T>(reply: Promise<T>): Promise<T | null> {
  try {
    return await reply;
  } catch (error) {
    if (error instanceof AuthError) return null;
    throw error;
  }
}

async function reach(
  at: LocalPlace,
  request: LocalRequest,
): Promise<{ readonly status: number; readonly text: string }> {
  try {
    return await localHttp(at, request);
  } catch {
    // Refused, reset, cut off, too late: whatever it was, this process does the work itself.
    throw new AgentGone();
  }
}

function errorFrom(document: unknown): Error {
  const parsed = v.safeParse(ErrorReply, document);
  if (!parsed.success) return new AgentGone();
  return errorOf(parsed.output.error);
}

function errorOf({ code, message, hint, detail, connection }: v.InferOutput<typeof ErrorReply>["error"]): AuthError {
  return new AuthError(code as ErrorCode, message, {
    ...(hint !== null && { hint }),
    ...(connection !== null && { connection }),
    detail,
  });
}

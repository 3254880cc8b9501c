/** One connection to a server, made when it is needed and again after it broke, with a limit on how long it may take. */
import { type AuthError, type ErrorCode, errorCode } from "../../platform/errors.ts";
import { LIMITS } from "../../platform/limits.ts";
import type { SharedAddress } from "../address.ts";
import { ServerFull } from "../driver.ts";
import { connectionFailure } from "./failures.ts";

export interface ClientKind<Client> {
  /** Connects when it is asked something. */
  make(): Client;
  end(client: Client): void;
  /** What it means that the server answered with this error. */
  refusalOf(error: unknown): AuthError;
}

export interface ServerConnection<Client> {
  /** @param isExpected errors that are passed on as they are @throws AuthError */
  ask<T>(question: (client: Client) => Promise<T>, isExpected?: (error: unknown) => boolean): Promise<T>;
  close(): void;
}

/** After these the connection is of no use. A client that was refused says of its next call that there is no connection. */
const BROKEN: readonly ErrorCode[] = ["vault_unreachable", "vault_locked", "busy"];

export function serverConnection<Client>(
  address: SharedAddress,
  { make, end, refusalOf }: ClientKind<Client>,
): ServerConnection<Client> {
  let client: Client | null = null;
  let hasAnswered = false;
  let wasFull = false;

  const close = (): void => {
    if (client !== null) end(client);
    client = null;
    hasAnswered = false;
  };

  const failureOf = async (error: unknown): Promise<AuthError | null> => {
    const why = hasAnswered ? null : await (await import("./no-connection.ts")).whyNoConnection(address, error);
    return why ?? connectionFailure(address, error);
  };

  return {
    async ask(question, isExpected = () => false) {
      client ??= make();
      const used = client;
      try {
        const answer = await inTime(question(used), hasAnswered ? LIMITS.storeCall : LIMITS.storeConnect);
        hasAnswered = true;
        return answer;
      } catch (error) {
        if (isExpected(error)) throw error;
        // A server that was full a moment ago is up, and busy with the clients that it refuses.
        const isFull = wasFull && errorCode(error) === TIMEOUT;
        const failure = isFull ? new ServerFull(error) : ((await failureOf(error)) ?? refusalOf(error));
        wasFull = failure instanceof ServerFull;
        // The next call begins with a new connection; one that others are waiting on is left to them.
        if (used === client && BROKEN.includes(failure.code)) close();
        throw failure;
      }
    },
    close,
  };
}

/** For a client. Said aloud, since a variable could switch the check off. */
export function tlsOf({ certificates }: SharedAddress): { rejectUnauthorized: true; ca?: string } {
  return { rejectUnauthorized: true, ...(certificates !== null && { ca: certificates }) };
}

/** The code of a call that got no answer in time. */
const TIMEOUT = "STORE_TIMEOUT";

/** Bun's clients have no time limit for an answer: a server that stands still would never give one. */
async function inTime<T>(work: Promise<T>, milliseconds: number): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(Object.assign(new Error("no answer"), { code: TIMEOUT })), milliseconds);
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** One connection to a server, made when it is needed and again after it broke, with a limit on how long it may take. */
import type { AuthError, ErrorCode } from "../../platform/errors.ts";
import { LIMITS } from "../../platform/limits.ts";
import { ServerFull } from "../driver.ts";
import { TIMED_OUT, timedOut } from "./failures.ts";

export interface ClientKind<Client> {
  /** Connects when it is asked something. */
  make(): Client;
  end(client: Client): void;
  /** What a failure of the client, or an answer of the server, is called. */
  failureOf(error: unknown): AuthError;
}

export interface ServerConnection<Client> {
  /** @param isExpected errors that are passed on as they are @throws AuthError */
  ask<T>(question: (client: Client) => Promise<T>, isExpected?: (error: unknown) => boolean): Promise<T>;
  close(): void;
}

/** After these the connection is of no use. A client that was refused says of its next call that there is no connection. */
const BROKEN: readonly ErrorCode[] = ["vault_unreachable", "vault_locked", "busy"];

export function serverConnection<Client>({ make, end, failureOf }: ClientKind<Client>): ServerConnection<Client> {
  let client: Client | null = null;
  let hasAnswered = false;
  let wasFull = false;

  const close = (): void => {
    if (client !== null) end(client);
    client = null;
    hasAnswered = false;
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
        const isLate = (error as { code?: unknown } | null)?.code === TIMED_OUT;
        // A server that had no place a moment ago is there: its time goes into clients that it sends away.
        const failure = isLate && wasFull ? new ServerFull(error) : failureOf(error);
        wasFull = failure instanceof ServerFull;
        // The next call begins with a new connection; one that others are waiting on is left to them.
        if (used === client && BROKEN.includes(failure.code)) close();
        throw failure;
      }
    },
    close,
  };
}

/** Bun's clients have no time limit for an answer: a server that stands still would never give one. */
async function inTime<T>(work: Promise<T>, milliseconds: number): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(timedOut()), milliseconds);
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

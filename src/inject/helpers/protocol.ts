/**
 * The protocol of a client that runs a command to get a credential: how it asks, and how an answer, "none" and a failure
 * look. Each client has a file of this shape in this folder; table.ts lists them.
 */
import type { Environment } from "../../platform/context.ts";
import type { ErrorCode } from "../../platform/errors.ts";
import type { HttpRequest } from "../../platform/http.ts";
import type { Secret } from "../../platform/secret.ts";

export interface Protocol {
  /**
   * Seconds that a token must still live when it is handed out, or a refresh is due: more than the client keeps it
   * without asking again. 0: as for any refresh, five minutes or half of its life.
   */
  readonly minTtl: number;
  /** Seconds by which the expiry in the answer comes before the token's own. */
  readonly margin: number;
  /** Seconds after which the client gives up waiting; null: it waits. */
  readonly timeLimit: number | null;
  /** How many of the words, at the end of the command line, are the client's own: one before them names a connection. */
  readonly ownWords: number | ((words: readonly string[]) => number);
  /** The client doesn't say what it wants to reach: a connection has to be named in the call. */
  readonly needsConnection?: boolean;
  /** Why a login whose tokens change is of no use to the client. */
  readonly onlyPasted?: string;
  /** Finds what is wrong with words that are the same in each call. @param origins those that the call names @throws BadRequest */
  checkWords?(words: readonly string[], origins: readonly string[]): void;
  /** The client reads standard error as part of the answer: no warning is written there. */
  readonly readsErrors?: boolean;
  /** Written at once, before the first request is read; null: nothing. */
  greeting?(call: Call): string | null;
  /** Reads the request. @throws BadRequest */
  ask(call: Call): Promise<ClientRequest | null>;
  /** Whether it is called again after each answer, until it returns null. Default: once. */
  converses?(call: Call): boolean;
  /** The reply where no connection matches. */
  none(call: Call): Reply;
  /**
   * The reply where the request fails.
   * @param message one line without a secret
   * @param code undefined: the client's request is at fault
   */
  failure(message: string, call: Call, code?: ErrorCode): Reply;
}

/** The client's call. */
export interface Call {
  /** Its own arguments. */
  readonly words: readonly string[];
  readonly env: Environment;
  /** The next line of standard input, without its end; null where there is none left. @throws BadRequest */
  line(): Promise<string | null>;
  /** All that is left of standard input. @throws BadRequest */
  text(): Promise<string>;
}

export type ClientRequest =
  | {
      readonly kind: "token";
      /** What the client wants to reach; null where it doesn't say: the connection is the named one, or the default. */
      readonly place: Place | null;
      /** Arguments from the client's configuration that come in its request: a connection, and flags of auth. */
      readonly configured?: readonly string[];
      /** The connection, where the call names none. */
      readonly connection?: string;
      /** The API that the token is to be for, as in `auth token --resource`. */
      readonly resource?: string;
      readonly answer: (credential: Credential) => Reply | Promise<Reply>;
    }
  /** A server has refused this token: it is refreshed if it is still the stored one. */
  | { readonly kind: "rejected"; readonly place: Place; readonly token: Secret; readonly reply: Reply }
  /** This needs no token. */
  | { readonly kind: "reply"; readonly reply: Reply };

/** What the client wants to reach. */
export interface Place {
  /** `https://host.example:8443`, as `originAsked` makes it. */
  readonly origin: string;
  /** The user name that came with it. */
  readonly user: string | null;
}

/** What a client may be handed. */
export interface Credential {
  readonly token: Secret;
  /** The provider description's, else the one asked for, else the account's. */
  readonly userName: string;
  /** When the client has to ask again, its margin taken off. Milliseconds since the epoch; null: unknown. */
  readonly expiresAt: number | null;
  /** The current time. Milliseconds since the epoch. */
  readonly now: number;
  /** A token or key that a person pasted. */
  readonly isPasted: boolean;
  /** The connection's settings: host, tenant, region. */
  readonly settings: Readonly<Record<string, string>>;
  /** The account's organisation, where it is known. */
  readonly organization: string | null;
  /** The origins that the call names. */
  readonly origins: readonly string[];
  /** Sends a request with the token to an allowed origin. @throws AuthError `origin_mismatch` for another */
  send(request: Pick<HttpRequest, "method" | "url" | "headers" | "body">): Promise<{ status: number; text: string }>;
  /** The headers that an API wants, companions included. */
  headers(): Promise<readonly Header[]>;
}

export interface Header {
  readonly name: string;
  readonly value: Secret;
}

export interface Reply {
  /** Written unchanged: with line ends, where the protocol has any. */
  readonly stdout?: string;
  /** One line, without its end. */
  readonly stderr?: string;
  /** Default: 0. */
  readonly exitCode?: number;
}

export const NOTHING: Reply = {};

/** One line of JSON. */
export function jsonReply(value: object): Reply {
  return { stdout: `${JSON.stringify(value)}\n` };
}

/** A time (milliseconds since the epoch) in RFC 3339, without fractions of a second, which not every client reads. */
export function rfc3339(time: number): string {
  return new Date(time).toISOString().replace(/\.\d+Z$/, "Z");
}

/** A failure for most clients: a line on stderr, and exit code 1. */
export function failed(message: string): Reply {
  return { stderr: message, exitCode: 1 };
}

/** The client's request can't be read. The message is shown, and holds nothing of the request. */
export class BadRequest extends Error {}

/** The address asked for is one that no token may go to: answered as if no connection matched. */
export class OutOfReach extends BadRequest {}

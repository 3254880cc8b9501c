/**
 * What a client of "a command that prints a credential" expects: how it asks, and how an answer, "none" and a failure
 * look. One file for each client beside this one, all of this shape; the table of them is table.ts.
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
  /** The client takes what is on standard error for a part of the answer: no warning goes there. */
  readonly readsErrors?: boolean;
  /** Said at once, before anything is asked; null: nothing. */
  greeting?(call: Call): string | null;
  /** What is asked. @throws BadRequest */
  ask(call: Call): Promise<ClientRequest | null>;
  /** Whether it is called again after each answer, until it returns null. Default: once. */
  converses?(call: Call): boolean;
  /** No connection is for what was asked. */
  none(call: Call): Reply;
  /**
   * It can't be answered.
   * @param message one line without a secret
   * @param code undefined: the client's request is at fault
   */
  failure(message: string, call: Call, code?: ErrorCode): Reply;
}

/** How the client has called. */
export interface Call {
  /** Its own words. */
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
      /** For whom; null where the client doesn't say: then the token is the connection's that was named, or the default's. */
      readonly place: Place | null;
      /** What the client was configured to say besides, where it says that in its request: a connection, and flags of ours. */
      readonly configured?: readonly string[];
      /** The connection that is meant where the call names none. */
      readonly connection?: string;
      /** The API that the token is to be for, as in `auth token --resource`. */
      readonly resource?: string;
      readonly answer: (credential: Credential) => Reply | Promise<Reply>;
    }
  /** A server has refused this token: it is refreshed if it is still the stored one. */
  | { readonly kind: "rejected"; readonly place: Place; readonly token: Secret; readonly reply: Reply }
  /** For this no token is needed. */
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
  /** As the description has it for what takes a name and a password; else the one asked for, or the account's. */
  readonly userName: string;
  /** When the client has to ask again, its margin taken off. Milliseconds since the epoch; null: unknown. */
  readonly expiresAt: number | null;
  /** The time. Milliseconds since the epoch. */
  readonly now: number;
  /** A token or key that a person pasted. */
  readonly isPasted: boolean;
  /** The connection's settings: host, tenant, region. */
  readonly settings: Readonly<Record<string, string>>;
  /** The account's organisation, where it is known. */
  readonly organization: string | null;
  /** The origins that the call names. */
  readonly origins: readonly string[];
  /** Exchanges the token at an origin that it may go to. @throws AuthError `origin_mismatch` for another */
  send(request: Pick<HttpRequest, "method" | "url" | "headers" | "body">): Promise<{ status: number; text: string }>;
  /** The headers that an API wants, companions included. */
  headers(): Promise<readonly Header[]>;
}

export interface Header {
  readonly name: string;
  readonly value: Secret;
}

export interface Reply {
  /** As it stands: with its line ends, where the protocol has any. */
  readonly stdout?: string;
  /** One line, without its end. */
  readonly stderr?: string;
  /** Default: 0. */
  readonly exitCode?: number;
}

export const NOTHING: Reply = {};

/** What most clients take a failure for: a line on stderr, and an exit code other than 0. */
export function failed(message: string): Reply {
  return { stderr: message, exitCode: 1 };
}

/** The client's request can't be read. Its message is shown; nothing of the request is in it. */
export class BadRequest extends Error {}

/** What is asked for is an address that no token goes to: as if no connection were for it. */
export class OutOfReach extends BadRequest {}

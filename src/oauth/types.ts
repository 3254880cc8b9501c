/** The words of the wire, shared by the flows. Nothing here knows where tokens are stored. */
import { holdsSecret, outsideWords } from "../platform/redact.ts";
import type { Secret } from "../platform/secret.ts";
import type { Dialect } from "../providers/defaults.ts";
import type { EndpointName, ErrorClass } from "../providers/schema.ts";
import type { ProofKey } from "./dpop.ts";
import type { ClientKey } from "./key-file.ts";
import type { ReportedSettings } from "./reported-settings.ts";

export type Authentication = "none" | "body" | "basic" | "private_key_jwt" | "tls_client_auth";

/** The OAuth client as whom we speak (RFC 6749 §2). */
export interface Client {
  readonly id: string;
  readonly secret: Secret | null;
  readonly authentication: Authentication;
  /** What the provider's pages call it, where that is known. */
  readonly name?: string;
  /** Of a client that auth registered: when its secret ends (milliseconds since the epoch), null for never. */
  readonly registration?: { readonly expiresAt: number | null };
  /** For `private_key_jwt` and, with its certificate, `tls_client_auth`: instead of a secret. */
  readonly key?: ClientKey;
  /** Where its tokens are, or may have to be, bound to a key (RFC 9449). */
  readonly proof?: ProofKey;
}

/** What clients are called that auth registers (RFC 7591 §2, `client_name`). */
export const CLIENT_NAME = "auth";

/** Whom we speak to: a provider's dialect at the absolute URLs a connection is pinned to. */
export interface Server {
  readonly dialect: Dialect;
  readonly issuer: string | null;
  readonly endpoints: Readonly<Partial<Record<EndpointName, string>>>;
  /** Authorization replies carry `iss`, by the metadata (RFC 9207). */
  readonly issRequired: boolean;
  /** By which the issuer signs its id_tokens, where its metadata lists them. */
  readonly idTokenAlgorithms?: readonly string[];
  /** Where an authorization request has to be pushed before the browser is sent off (RFC 9126). */
  readonly pushed?: string;
  /** The API that the access token is to be for (RFC 8707). */
  readonly resource?: string;
  /** The redirect URI that the login sent, for refreshes that want it again. */
  readonly redirectUri?: string;
  /** Headers that go along wherever a token is shown, by their names. */
  readonly companions?: Readonly<Record<string, Secret>>;
}

/** A reply as it came, before anyone parsed it: what the kept-reply file holds. */
export interface RawReply {
  readonly status: number;
  /** Lower-case names; only those that matter later: content-type, retry-after, date, dpop-nonce. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** Who a token belongs to. */
export interface Account {
  readonly id: string | null;
  readonly label: string | null;
  readonly organization: string | null;
}

/** A token endpoint's success, in RFC 6749's words whatever the dialect. Absent is null. */
export interface TokenReply {
  readonly accessToken: Secret;
  readonly tokenType: string;
  /** Seconds from now; 0: none, or over. null: the reply doesn't say. */
  readonly expiresIn: number | null;
  /** Seconds until the access token's own end, where it is a JWT that tells; negative when it is over. */
  readonly ownExpiresIn: number | null;
  readonly refreshToken: Secret | null;
  /** Seconds until this refresh token ends. */
  readonly refreshExpiresIn: number | null;
  /** Seconds that a refresh token may lie unused. */
  readonly refreshTimeout: number | null;
  /** Seconds until the whole authorization ends, however often its tokens are refreshed. */
  readonly authorizationExpiresIn: number | null;
  /** What can't be read and counts as not there, for the log: `expires_in "3600abc"`. */
  readonly unread: readonly string[];
  /** null when the reply names none: unchanged (RFC 6749 §5.1, §6). */
  readonly scopes: readonly string[] | null;
  readonly idToken: Secret | null;
  readonly account: Account | null;
  readonly extra: Readonly<Record<string, unknown>>;
  /** What the provider says of the connection's settings, unchecked: the host of its API. */
  readonly reported: ReportedSettings;
  /** As it was sent, where a code brought the tokens. */
  readonly redirectUri?: string;
}

/** A token that no token endpoint gave: it was pasted, or signed here. */
export function bareReply(accessToken: Secret, of: Partial<TokenReply>): TokenReply {
  return {
    accessToken,
    tokenType: "bearer",
    expiresIn: null,
    ownExpiresIn: null,
    refreshToken: null,
    refreshExpiresIn: null,
    refreshTimeout: null,
    authorizationExpiresIn: null,
    unread: [],
    scopes: null,
    idToken: null,
    account: null,
    extra: {},
    reported: {},
    ...of,
  };
}

/** `refused`: a verdict whose code is in no table, neither the provider's nor the RFCs'. */
export type FailureClass = ErrorClass | "refused";

/**
 * A token request that did not bring tokens, classed by the provider's own table. The provider's words in it are redacted
 * and on one line (`outsideWords`) from the start: they are stored, logged and shown.
 */
export class OAuthFailure extends Error {
  readonly class: FailureClass = "transient";
  /** What CLI.md prints: the code as `providerError` has it, `connection timed out`, `HTTP 503`, `the reply was lost` … */
  readonly reason: string = "";
  /** The provider's code, fit to be shown (`invalid_grant`, `bad_refresh_token`), where it gave one. */
  readonly providerError: string | null = null;
  /** The provider's own words. */
  readonly description: string | null = null;
  readonly status: number | null = null;
  /** Seconds. */
  readonly retryAfter: number | null = null;
  /** Sent, and no well-formed OAuth answer came: the provider may have rotated (RULES.md 2.3). */
  readonly inDoubt: boolean = false;
  /** The reply was a success that could not be used, and may hold a refresh token (RULES.md 2.2). */
  readonly unreadable: boolean = false;
  /** What the next interactive request must carry (Entra's `claims`). */
  readonly claims: string | null = null;
  /** The names of the reply's fields, in full depth and without values: for `-v`. */
  readonly shape: string | null = null;
  readonly meaning: string | null = null;
  readonly remedy: string | null = null;
  /** It was a plugin's function that failed, not the provider. */
  readonly plugin: boolean = false;
  /** Tokens that came and must not be used: a login gives them back (RFC 7009). */
  readonly received: { readonly accessToken: Secret; readonly refreshToken: Secret | null } | null = null;

  constructor({ cause, ...facts }: FailureFacts) {
    const providerError = redactedLine(facts.providerError, LONGEST_CODE);
    // The other reasons are words of ours, in which nothing is masked.
    const reason = facts.reason ?? providerError ?? "unreadable reply";
    super(reason, { cause });
    Object.assign(this, facts, {
      reason,
      providerError,
      description: redactedLine(facts.description),
      // Sent with the next login: a secret in it would go into a browser's address.
      claims: facts.claims != null && !holdsSecret(facts.claims) ? facts.claims : null,
    });
  }
}

/** What isn't given is as the class has it; `reason`: the provider's code. */
type FailureFacts = Pick<OAuthFailure, "class"> & Partial<Omit<OAuthFailure, keyof Error>> & { cause?: unknown };

const LONGEST_CODE = 150;

function redactedLine(text: string | null | undefined, longest?: number): string | null {
  return text == null ? null : outsideWords(text, longest);
}

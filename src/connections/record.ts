/**
 * What the vault holds of one connection. All times are milliseconds since the epoch, UTC.
 *
 * Every token is read through a record, so it isn't put through a schema: it opens only if this program sealed it,
 * unchanged, and its format's number tells how it is written. Its secrets are `Secret` from then on.
 */

import type { Account, Authentication } from "../oauth/types.ts";
import type { ErrorCode } from "../platform/errors.ts";
import { plainJson, Secret } from "../platform/secret.ts";
import type { CompanionSecrets } from "../providers/companions.ts";
import type { Flow } from "../providers/schema.ts";
import { NewerVersionError } from "../vault/seal.ts";
import type { ResourceTokens } from "./resource.ts";

type Texts = Readonly<Record<string, string>>;

export interface Tokens {
  readonly accessToken: Secret;
  readonly tokenType: string;
  readonly obtainedAt: number;
  /** null: unknown. */
  readonly expiresAt: number | null;
  /** From here on a refresh is due: `expiresAt` less the margin, or as `expiryOf` has it. */
  readonly dueAt: number | null;
  readonly refreshToken: Secret | null;
  /** When the refresh token ends if it isn't used until then; null: unknown. */
  readonly refreshExpiresAt: number | null;
  /** When the whole authorization ends, however often the tokens are refreshed. Absent in older records. */
  readonly authorizationExpiresAt?: number | null;
  /** Keyed hash of the refresh token: one token, one owner (RULES.md 2.6). */
  readonly refreshFingerprint: string | null;
  readonly idToken: Secret | null;
  /** As the provider granted them. */
  readonly scopes: readonly string[];
  readonly extra: Readonly<Record<string, unknown>>;
  /** The key that they are bound to (RFC 9449), a private JWK as JSON. */
  readonly proofKey?: Secret;
}

/** Where this connection's tokens may go, fixed at login (RULES.md 3.1). */
export interface Pinned {
  readonly origins: readonly string[];
  readonly endpoints: Texts;
  readonly issuer: string | null;
  readonly jwksUri: string | null;
  readonly issRequired: boolean;
  readonly clientId: string | null;
  readonly authentication: Authentication;
  /** Of a plugin's description: a digest of the origins that it named (`pinned-origins.ts`). */
  readonly plugin?: string;
  /** The API that the tokens are for, where the login named one (RFC 8707). */
  readonly resource?: string;
  /**
   * The scopes that the login asked for, where the API says who gives its tokens: a step-up asks for them again. Empty for a
   * token that was pasted for such an API.
   */
  readonly asked?: readonly string[];
  /** Under which its client is kept, where that isn't the token endpoint's origin: the issuer. */
  readonly clientPlace?: string;
  /** The redirect URI that the login sent, where a code brought it. */
  readonly redirectUri?: string;
  /** The settings that the login was made with. Absent in a record that an older version wrote: the record's own. */
  readonly madeFrom?: LoginSettings;
}

/** What a login was made with, whatever a profile edit has changed since. */
export type LoginSettings = Pick<Connection, "settings" | "issuer" | "endpoints" | "flow">;

/** The durable mark that a refresh is being sent (DESIGN.md §6, step 3). */
export interface Note {
  readonly sentAt: number;
  /** The same by the clock of the shared vault's server. */
  readonly serverTime?: number;
  /** When the first attempt of unknown outcome was sent, if one was before this. */
  readonly doubtSince: number | null;
  /** Hash of (refresh token, client, endpoint). */
  readonly key: string;
  /** The record's generation with this note: the reply is kept under it, however the record is edited meanwhile. */
  readonly generation: number;
  /** Set with the outcome of its request, where that leaves the note. Absent: the request may be under way. */
  readonly ended?: true;
  /** The API that the token was to be for, where that is another than the login's own. */
  readonly resource?: string;
}

/** What a connection's tokens are minted with, where no refresh token brings them. */
export interface Mint {
  /** How it proves who it is: the client's secret, a key, a key with its certificate, another issuer's token. */
  readonly proof: "secret" | "key" | "certificate" | "subject-token";
  /** The private key (PKCS#8 in PEM), or another issuer's token that was given once. */
  readonly secret: Secret | null;
  /** Where another issuer's token is fetched each time: `file:<path>`, or a CI system. null: it is `secret`. */
  readonly source: string | null;
  /** What else the key's file holds, for templates: key id, e-mail, thumbprint. Nothing secret. */
  readonly values: Texts;
  /** That each token is asked for. Absent in a record that an older version wrote. */
  readonly scopes?: readonly string[];
  /** Milliseconds that the provider's clock was ahead of ours: signed claims are dated by its clock (RULES.md 2.7). */
  readonly clockOffset: number;
}

export interface Failure {
  readonly at: number;
  readonly class: "transient" | "dead" | "refused" | "client" | "interaction";
  readonly code: ErrorCode;
  /** As CLI.md prints it: `invalid_grant`, `HTTP 503`, `connection refused` … */
  readonly reason: string;
  readonly providerError: string | null;
  /** The provider's own words: on one line, without a secret. */
  readonly detail?: string | null;
  readonly hint: string | null;
  /** Sent, outcome unknown. */
  readonly inDoubt: boolean;
  /** The reply was a success that could not be used, and may hold a refresh token: it is kept (RULES.md 2.2). */
  readonly unreadable: boolean;
  readonly attempts: number;
  readonly retryAt: number | null;
  /** How far ahead `retryAt` may be; further means a clock was wrong, and it is ignored. */
  readonly retryCap: number;
  /** What the next login must carry. */
  readonly claims: string | null;
  /** Keyed hash of the client that was refused: a new secret is tried at once. */
  readonly client: string | null;
  /** Whether the provider may have ended the access token too. */
  readonly accessDoubtful?: boolean;
}

export interface Connection {
  readonly format: 1;
  readonly provider: string;
  /** As it was typed; names are compared case-folded. */
  readonly name: string;
  readonly createdAt: number;
  /** What the person chose: the provider's settings, and the flags that go above them. */
  readonly settings: Texts;
  readonly issuer: string | null;
  readonly endpoints: Texts;
  readonly scopes: readonly string[] | null;
  readonly flow: Flow | null;
  readonly clientId: string | null;
  readonly kind: "oauth" | "token" | "api-key";
  readonly pinned: Pinned | null;
  /** What was pinned before an edit that changes it: pinned again once that edit is undone, gone with a new login. */
  readonly previousPin?: Pinned;
  readonly account: Account | null;
  readonly tokens: Tokens | null;
  /** Tokens for further APIs, got by the same refresh token. */
  readonly resources?: Readonly<Record<string, ResourceTokens>>;
  /** The secrets that go with its tokens, by the companion's name. */
  readonly companions?: CompanionSecrets;
  /** Only for the flows without a person. */
  readonly mint?: Mint;
  readonly refreshedAt: number | null;
  /** Counts committed outcomes, failures included: one since my first read is mine (RULES.md 2.5). */
  readonly outcomes: number;
  readonly note: Note | null;
  readonly failure: Failure | null;
  /** Hashes of refresh tokens known to be dead: never replayed (RULES.md 2.7). */
  readonly dead: readonly string[];
}

/** Every record has the number of its format. */
interface Formatted {
  readonly format: 1;
}

/** Where a record holds secrets: its fields by name, a star for every name; `true` for one that is a `Secret`. */
export interface SecretPlaces {
  readonly [field: string]: true | SecretPlaces;
}

const TOKENS: SecretPlaces = { accessToken: true, refreshToken: true, idToken: true, proofKey: true };

/** Of a connection. By their place and not by their name: a provider may have a setting called `secret`. */
export const CONNECTION_SECRETS: SecretPlaces = {
  tokens: TOKENS,
  resources: { "*": { tokens: TOKENS } },
  companions: { "*": true },
  mint: { secret: true },
};

/** JSON text for the vault, secrets in clear: it goes nowhere but into `vault.commit`. */
export function encodeRecord(record: Formatted): string {
  return plainJson(record);
}

/**
 * A record as `encodeRecord` wrote it. A newer format is refused, never guessed.
 * @param secrets where it holds any
 * @throws AuthError `vault_corrupt`
 */
export function decodeRecord<T extends Formatted>(body: string, name: string, secrets: SecretPlaces = {}): T {
  const record = JSON.parse(body) as { format?: unknown };
  conceal(record as Record<string, unknown>, secrets);
  if (record.format === 1) return record as T;
  throw new NewerVersionError(`The vault's record ${name}`, name);
}

/** Puts the texts at these places in `Secret`. */
function conceal(fields: Record<string, unknown>, places: SecretPlaces): void {
  for (const field in places) {
    const place = places[field] as true | SecretPlaces;
    for (const name of field === "*" ? Object.keys(fields) : [field]) {
      const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
      if (place === true) {
        if (typeof value === "string") fields[name] = new Secret(value);
      } else if (typeof value === "object" && value !== null) conceal(value as Record<string, unknown>, place);
    }
  }
}

/** A connection that has settings but was never logged in. */
export function newConnection(provider: string, name: string, now: number): Connection {
  return {
    format: 1,
    provider,
    name,
    createdAt: now,
    settings: {},
    issuer: null,
    endpoints: {},
    scopes: null,
    flow: null,
    clientId: null,
    kind: "oauth",
    pinned: null,
    account: null,
    tokens: null,
    refreshedAt: null,
    outcomes: 0,
    note: null,
    failure: null,
    dead: [],
  };
}

/**
 * One refresh token, several APIs: the access tokens for each are in the connection's one record, beside the login's own
 * (RULES.md 2.6). A refresh for an API works on a view of the record with that API's tokens and failure in place of the
 * login's own; the refresh token, the note and what is known to be dead are shared.
 */
import { ownValue } from "../platform/json.ts";
import { Secret } from "../platform/secret.ts";
import type { Connection, Failure, Tokens } from "./record.ts";

/** Which API, and the scope that names it; null where it isn't named by one. */
export interface ResourceRef {
  readonly resource: string;
  readonly scope: string | null;
}

/** What a record holds for one API. */
export interface ResourceTokens {
  /** null: none was given yet. Without the refresh token, which is the login's. */
  readonly tokens: Tokens | null;
  readonly failure: Failure | null;
  readonly outcomes: number;
}

export interface View extends ResourceRef {
  /** The record that it is a view of. */
  readonly whole: Connection;
}

/** The record as it is for one API. */
export function viewForResource(whole: Connection, { resource }: ResourceRef): Connection {
  const { tokens: own } = whole;
  const slot = ownValue(whole.resources, resource);
  return {
    ...whole,
    tokens: own === null ? null : { ...(slot?.tokens ?? NO_TOKENS), ...shared(own) },
    failure: slot?.failure ?? null,
    outcomes: slot?.outcomes ?? 0,
  };
}

/** The whole record, after its view has become `record`. */
export function mergeView({ whole, resource }: View, record: Connection): Connection {
  const { tokens, failure, outcomes, note, dead, mint } = record;
  if (whole.tokens === null || tokens === null) return whole;
  const slot: ResourceTokens = {
    tokens: hasNoToken(tokens) ? null : { ...tokens, ...NOTHING_SHARED },
    failure,
    outcomes,
  };
  return {
    ...whole,
    tokens: { ...whole.tokens, ...shared(tokens) },
    note,
    dead,
    ...(mint !== undefined && { mint }),
    resources: { ...whole.resources, [resource]: slot },
  };
}

/** Whether a view has no token yet. */
export function hasNoToken({ accessToken }: Tokens): boolean {
  return accessToken.reveal() === "";
}

type Shared = Pick<Tokens, "refreshToken" | "refreshExpiresAt" | "refreshFingerprint" | "authorizationExpiresAt">;

function shared(tokens: Tokens): Shared {
  const { refreshToken, refreshExpiresAt, refreshFingerprint, authorizationExpiresAt = null, proofKey } = tokens;
  return {
    refreshToken,
    refreshExpiresAt,
    refreshFingerprint,
    authorizationExpiresAt,
    ...(proofKey !== undefined && { proofKey }),
  };
}

const NOTHING_SHARED: Shared = {
  refreshToken: null,
  refreshExpiresAt: null,
  refreshFingerprint: null,
  authorizationExpiresAt: null,
};

/** Long expired: never served, always due. */
const NO_TOKENS: Tokens = {
  accessToken: new Secret(""),
  tokenType: "bearer",
  obtainedAt: 0,
  expiresAt: 0,
  dueAt: 0,
  ...NOTHING_SHARED,
  idToken: null,
  scopes: [],
  extra: {},
};

/** The part of the schema that says how a provider speaks: its requests, its replies, its errors. */
import * as v from "valibot";
import { count, ERROR_CLASSES, errorEntry, names, path, template, templates, text, texts } from "./words.ts";

export const authorize = v.strictObject({
  /** Further parameters, templates over the settings. Those of the protocol itself can't be among them. */
  parameters: v.optional(templates),
  /** Further parameters where the request asks for `scopes.offline`: `prompt=consent` (OpenID Connect Core §11). */
  offlineParameters: v.optional(templates),
  /** `state` is looked for in the answer under the name that it was sent by. */
  names: v.optional(names),
  pkce: v.optional(v.boolean()),
  /**
   * When a nonce is sent, and demanded back in the id_token (OpenID Connect Core §3.1.3.7, 11): where the scope `openid` asks
   * for one, always, or never, for an issuer that doesn't give it back.
   */
  nonce: v.optional(v.picklist(["openid", "always", "never"])),
  /** The page takes the request behind its `#`, after this path. */
  fragment: v.optional(v.pipe(v.string(), v.regex(/^[A-Za-z0-9._~/-]+$/, "must be a path"))),
  /** The answer's parameter that holds the code. */
  codeParameter: v.optional(text),
  /** Further parameters of the answer to keep with the connection. */
  extra: v.optional(v.array(text)),
  /** The loopback redirect as this provider wants it registered (RFC 8252 §7.3). */
  redirect: v.optional(
    v.strictObject({
      host: v.optional(v.picklist(["127.0.0.1", "localhost"])),
      /** Where the provider wants the very one that is registered. */
      port: v.optional(v.pipe(count, v.minValue(1), v.maxValue(65535))),
      path: v.optional(v.pipe(v.string(), v.regex(/^\/[A-Za-z0-9._~/-]*$/))),
    }),
  ),
});

export const scopes = v.strictObject({
  default: v.optional(v.array(text)),
  separator: v.optional(v.string()),
  replySeparator: v.optional(v.string()),
  /** The scope that asks for a refresh token, asked for with the default ones. */
  offline: v.optional(text),
  /** The scope that stands for an API (`--resource`), with `{resource}` in it, where none is sent as RFC 8707 has it. */
  resource: v.optional(v.pipe(template, v.includes("{resource}", "must hold {resource}"))),
});

/** How the provider is asked for tokens. Headers and parameters are templates over the settings. */
export const request = v.strictObject({
  /** Where the parameters go: into the body as a form or as JSON, or into the address. */
  format: v.optional(v.picklist(["form", "json", "query"])),
  method: v.optional(v.picklist(["POST", "GET"])),
  headers: v.optional(templates),
  tokenParameters: v.optional(templates),
  refreshParameters: v.optional(templates),
  names: v.optional(names),
  /** RFC 6749's grant type → the provider's. */
  grantTypes: v.optional(texts),
});

const expiry = v.strictObject({
  path: v.optional(path),
  unit: v.optional(v.picklist(["seconds", "milliseconds", "epoch", "epoch-milliseconds", "iso"])),
  /** What it means when the reply has none: `never`, or a number of seconds. */
  absent: v.optional(v.union([v.literal("never"), count])),
  /** Whether the introspection endpoint is asked (RFC 7662): what it says goes before `absent`. */
  introspect: v.optional(v.boolean()),
});

export const reply = v.strictObject({
  /** A group of the reply that stands for the whole where that has no access token: `authed_user`. */
  alternate: v.optional(path),
  accessToken: v.optional(path),
  refreshToken: v.optional(path),
  tokenType: v.optional(path),
  /** Types, besides `Bearer` and `DPoP`, of tokens that are used like a bearer token here. */
  tokenTypes: v.optional(v.array(text)),
  scope: v.optional(path),
  idToken: v.optional(path),
  expiry: v.optional(expiry),
  /** Seconds until the refresh token ends. */
  refreshExpiresIn: v.optional(path),
  /** Seconds that a refresh token may lie unused (draft-ietf-oauth-refresh-token-expiration). */
  refreshTimeout: v.optional(path),
  /** Seconds until the whole authorization ends, however often its tokens are refreshed (the same). */
  authorizationExpiresIn: v.optional(path),
  error: v.optional(path),
  errorDescription: v.optional(path),
  /** Further fields to keep with the connection. */
  extra: v.optional(v.array(path)),
});

export const refresh = v.strictObject({
  /** What is sent for new tokens: a refresh token, or the access token itself, where that is what renews it. */
  credential: v.optional(v.picklist(["refresh_token", "access_token"])),
  /** How this request differs from the one that brings the first tokens: laid over `request`, field by field. */
  request: v.optional(v.omit(request, ["tokenParameters", "refreshParameters"])),
  /** `none`: an old refresh token still works. `rotating`: a refresh kills it. `family`: and its replay ends the grant. */
  rotation: v.optional(v.picklist(["none", "rotating", "family"])),
  /** For how many seconds a used refresh token still works. */
  graceSeconds: v.optional(count),
  killsAccessToken: v.optional(v.boolean()),
  /** Which scope a refresh sends: none, or those that were granted and `scopes.offline`. */
  scope: v.optional(v.picklist(["omit", "granted"])),
  /** How long a refresh token lives where the reply doesn't say: from its last use, from the login, or both. */
  lifetime: v.optional(v.strictObject({ slidingSeconds: v.optional(count), absoluteSeconds: v.optional(count) })),
  /** Refresh when less than this many seconds are left; never more than half the token's lifetime. */
  marginSeconds: v.optional(count),
});

export const errors = v.strictObject({
  /**
   * Provider's code (or sub-code) → what it means for us. Laid over the defaults of the RFCs. `HTTP 404`: an answer of that
   * status with a code in no table, or none; `HTML 403`: a page.
   */
  codes: v.optional(v.record(text, v.union([v.picklist(ERROR_CLASSES), errorEntry]))),
  /** Where sub-codes stand in an error reply; they are looked up before the code. Numbers get `subcodePrefix`. */
  subcodes: v.optional(v.array(path)),
  subcodePrefix: v.optional(text),
});

export const device = v.strictObject({
  /** RFC 8628 field → the provider's name for it. */
  fields: v.optional(
    v.record(
      v.picklist([
        "device_code",
        "user_code",
        "verification_uri",
        "verification_uri_complete",
        "expires_in",
        "interval",
      ]),
      path,
    ),
  ),
  /** Whether a client that has a secret sends it, asking for codes and polling (RFC 8628 §3.1, §3.4). */
  needsSecret: v.optional(v.boolean()),
  /** Codes that mean something else in the answer to a request for a code. */
  errors: v.optional(v.record(text, v.union([v.picklist(ERROR_CLASSES), errorEntry]))),
});

export const revocation = v.strictObject({
  /** `rfc7009` posts the token. `delete-basic`: DELETE, the client's Basic credentials, JSON `{access_token}`. */
  style: v.optional(v.picklist(["rfc7009", "delete-basic"])),
  needsSecret: v.optional(v.boolean()),
  /** Revoking one token ends the whole grant, other connections' included. */
  endsGrant: v.optional(v.boolean()),
});

/**
 * Who a token belongs to: from `endpoints.userinfo`, the token reply or the id_token. A pasted token has only the first.
 * Of several paths the first with a value wins.
 */
export const account = v.strictObject({
  from: v.optional(v.picklist(["userinfo", "reply", "id_token"])),
  id: v.optional(v.array(path)),
  label: v.optional(v.array(path)),
  organization: v.optional(v.array(path)),
  headers: v.optional(texts),
  /** A reply header that lists the granted scopes. */
  scopesHeader: v.optional(text),
});

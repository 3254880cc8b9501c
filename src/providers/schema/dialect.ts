/** The schema of a provider's dialect: its requests, replies and errors. */
import * as v from "valibot";
import { count, errorCodes, names, optional, path, required, template, templates, text, texts } from "./words.ts";

const port = v.pipe(count, v.minValue(1), v.maxValue(65535));

export const authorize = v.strictObject({
  parameters: optional(
    templates,
    "Further parameters of it, templates over the settings. Those of the protocol itself can't be among them.",
  ),
  offlineParameters: optional(
    templates,
    "Further parameters where the request asks for `scopes.offline`: `prompt=consent` (OpenID Connect Core §11).",
  ),
  names: optional(
    names,
    "The standard's parameter → the provider's name for it; false: it is not sent. `state` is looked for in the answer under the name that it was sent by.",
  ),
  pkce: optional(
    v.union([v.boolean(), v.picklist(["plain", "S256-hex"])]),
    "Whether it carries a PKCE challenge (RFC 7636, S256); or how, where that is another: `plain`, the verifier itself; `S256-hex`, its SHA-256 in hexadecimal, under the name S256.",
  ),
  nonce: optional(
    v.picklist(["openid", "always", "never"]),
    "When a nonce is sent, and demanded back in the ID token (OpenID Connect Core §3.1.3.7, 11): `openid`, with that scope; `always`; `never`, where the issuer doesn't give it back.",
  ),
  fragment: optional(
    v.pipe(v.string(), v.regex(/^[A-Za-z0-9._~/-]+$/, "must be a path")),
    "The page takes the request behind its `#`, after this path.",
  ),
  codeParameter: optional(text, "The answer's parameter that holds the code."),
  extra: optional(v.array(text), "Further parameters of the answer to keep with the connection."),
  redirect: optional(
    v.strictObject({
      host: optional(v.picklist(["127.0.0.1", "localhost"]), "Its host; the port is chosen at each login."),
      port: optional(port, "Its port, where the provider wants the very one that is registered."),
      ports: optional(v.pipe(v.array(port), v.nonEmpty()), "The first free one is taken: for issuers that compare it."),
      path: optional(
        v.pipe(v.string(), v.regex(/^(\/[A-Za-z0-9._~/-]*)?$/)),
        "Its path; empty: none, not even a slash.",
      ),
      value: optional(
        v.pipe(template, v.regex(/^\{[a-z][A-Za-z0-9]*\}$/, "must be one setting: {name}")),
        "What goes out under the name `redirect_uri` instead of the address, where a provider has a name for it: one setting, which only a person gives.",
      ),
    }),
    "The loopback redirect as this provider wants it registered (RFC 8252 §7.3).",
  ),
});

export const scopes = v.strictObject({
  default: optional(v.array(text), "The scopes of a login that names none."),
  separator: optional(v.string(), "Between two scopes of a request."),
  replySeparator: optional(v.string(), "Between two scopes of a reply, besides blanks."),
  offline: optional(
    text,
    "The scope that asks for a refresh token: asked for with `scopes.default`, unless the issuer lists its scopes and this isn't one.",
  ),
  presets: optional(
    v.record(
      v.pipe(v.string(), v.regex(/^[a-z][a-z0-9-]*$/, "must be lower-case letters, digits and dashes")),
      v.pipe(v.array(text), v.nonEmpty()),
    ),
    "Names for scopes that belong together: `--scope ads` asks for all that `ads` has.",
  ),
  resource: optional(
    v.pipe(template, v.includes("{resource}", "must hold {resource}")),
    "The scope that means an API (`--resource`), with `{resource}` in it, where none is sent as RFC 8707 has it.",
  ),
});

export const request = v.strictObject({
  format: optional(
    v.picklist(["form", "json", "query"]),
    "Where the parameters go: into the body as a form or as JSON, or into the address.",
  ),
  method: optional(v.picklist(["POST", "GET"]), "The method of a token request."),
  headers: optional(templates, "Further headers, templates over the settings."),
  tokenParameters: optional(
    templates,
    "Further parameters of the request that brings the first tokens, templates over the settings and `{redirectUri}`, the one that the login sent.",
  ),
  refreshParameters: optional(
    templates,
    "Further parameters of a refresh, templates over the settings and `{redirectUri}`, the one that the login sent.",
  ),
  names: optional(names, "RFC 6749's parameter → the provider's name for it; false: it is not sent."),
  grantTypes: optional(texts, "RFC 6749's grant type → the provider's."),
});

const unit = v.picklist(["seconds", "milliseconds", "epoch", "epoch-milliseconds", "iso", "http-date"]);

const authentication = optional(
  v.picklist(["body", "basic"]),
  "How a client with a secret proves it in this request, where that isn't as `client.authentication` has it.",
);

/** Merged into `request`. */
const otherRequest = v.strictObject({
  ...v.omit(request, ["tokenParameters", "refreshParameters"]).entries,
  authentication,
});

/** The same, of a flow without a person, which has further parameters of its own. */
export const mintRequest = v.strictObject({ ...request.entries, authentication });

const expiry = v.strictObject({
  path: optional(path, "The field that says it. `expires_in` and `expires_at` beside it are read too."),
  unit: optional(unit, "What it is counted in: from now, or as a time. `http-date` is that of RFC 9110 §5.6.7."),
  others: optional(
    v.pipe(
      v.array(
        v.strictObject({
          path: required(path, "The field."),
          unit: required(unit, "What it is counted in."),
        }),
      ),
      v.nonEmpty(),
    ),
    "Further fields that may say it, looked at in this order where `path` says nothing.",
  ),
  zero: optional(
    v.picklist(["due", "absent"]),
    "What 0 means where the token can be renewed: it is due at once, or no lifetime was told. Where it can't be renewed, none was told.",
  ),
  absent: optional(
    v.union([v.literal("never"), count]),
    "What it means when neither the reply nor the token says it: so many seconds, or `never`: never due by time.",
  ),
  introspect: optional(
    v.boolean(),
    "Whether the introspection endpoint is asked (RFC 7662): its answer wins over `absent`.",
  ),
});

export const reply = v.strictObject({
  alternate: optional(
    path,
    "A group of the reply that is read instead where the reply itself has no access token: `authed_user`.",
  ),
  accessToken: optional(path, "The access token."),
  refreshToken: optional(path, "The refresh token. Absent: the old one is kept (RFC 6749 §6)."),
  tokenType: optional(path, "The token's type."),
  tokenTypes: optional(
    v.array(text),
    "Types, besides `Bearer` and `DPoP`, of tokens that are used like a bearer token here.",
  ),
  scope: optional(path, "The granted scopes. Absent: unchanged (RFC 6749 §5.1)."),
  idToken: optional(path, "The ID token."),
  expiry: optional(expiry, "How long the access token lives."),
  refreshExpiresIn: optional(path, "Seconds until the refresh token ends."),
  refreshTimeout: optional(
    path,
    "Seconds that a refresh token may lie unused (draft-ietf-oauth-refresh-token-expiration).",
  ),
  authorizationExpiresIn: optional(
    path,
    "Seconds until the whole authorization ends, however often its tokens are refreshed (the same draft).",
  ),
  error: optional(path, "An error's code."),
  errorDescription: optional(path, "An error's words."),
  extra: optional(v.array(path), "Further fields to keep with the connection."),
});

export const longLived = v.strictObject({
  grantType: required(text, "Its grant type."),
  parameter: required(text, "Its parameter that holds the first token."),
  request: optional(
    otherRequest,
    "How it differs from the request that brings the first token: laid over `request`, name by name in its groups.",
  ),
});

export const refresh = v.strictObject({
  credential: optional(
    v.picklist(["refresh_token", "access_token"]),
    "What is sent for new tokens: a refresh token, or the access token itself, where that is what renews it.",
  ),
  request: optional(
    otherRequest,
    "How this request differs from the one that brings the first tokens: laid over `request`, name by name in its groups.",
  ),
  rotation: optional(
    v.picklist(["none", "rotating", "family"]),
    "`none`: an old refresh token still works. `rotating`: a refresh kills it. `family`: and its replay ends the grant.",
  ),
  graceSeconds: optional(count, "For how many seconds a used refresh token still works."),
  killsAccessToken: optional(v.boolean(), "Whether the old access token dies with a refresh."),
  keepsAccessToken: optional(
    v.record(path, text),
    "Field → value, of a reply without an access token that says: the old one lives on, as long as a new one would.",
  ),
  scope: optional(
    v.picklist(["omit", "granted"]),
    "Which scope a refresh sends: none, or those that were granted and `scopes.offline`.",
  ),
  lifetime: optional(
    v.strictObject({
      slidingSeconds: optional(count, "Seconds from its last use."),
      absoluteSeconds: optional(count, "Seconds from the login, however often it is used."),
    }),
    "How long a refresh token lives where the reply doesn't say: from its last use, from the login, or both.",
  ),
  marginSeconds: optional(
    count,
    "A refresh is due when less than this many seconds are left; never more than half the token's lifetime.",
  ),
});

export const errors = v.strictObject({
  codes: optional(
    errorCodes,
    "Code, or sub-code, → its class. Laid over those of the RFCs. `HTTP 404`: a reply of that status with no code, or one in no table; `HTML 403`: a page.",
  ),
  subcodes: optional(v.array(path), "Where sub-codes are in an error reply; they are looked up before the code."),
  subcodePrefix: optional(text, "The prefix of a sub-code that is a number."),
});

/** RFC 8628 §3.2. */
export const DEVICE_FIELDS = [
  "device_code",
  "user_code",
  "verification_uri",
  "verification_uri_complete",
  "expires_in",
  "interval",
] as const;

export const device = v.strictObject({
  fields: optional(
    v.record(v.picklist(DEVICE_FIELDS), path),
    "Its reply's field (RFC 8628 §3.2) → the provider's name for it.",
  ),
  needsSecret: optional(
    v.boolean(),
    "Whether a client that has a secret sends it, asking for codes and polling (RFC 8628 §3.1, §3.4).",
  ),
  parameters: optional(templates, "Further parameters of the request for a code, templates over the settings."),
  request: optional(
    otherRequest,
    "How the request for a code differs from `request`: laid over it, name by name in its groups.",
  ),
  errors: optional(errorCodes, "Codes that mean something else in the answer to a request for a code."),
  poll: optional(
    v.strictObject({
      request: optional(otherRequest, "How a poll differs from `request`: laid over it, name by name in its groups."),
      errors: optional(
        errorCodes,
        "Codes that mean something else in the answer to a poll: `HTTP 400` = `pending`, also for one without a body.",
      ),
    }),
    "What is different when a device asks for its tokens (RFC 8628 §3.4, §3.5).",
  ),
});

export const revocation = v.strictObject({
  style: optional(
    v.picklist(["rfc7009", "bearer"]),
    "`rfc7009` sends the token as a parameter, the client beside it. `bearer`: the access token in `header`, as its own bearer, and nothing else.",
  ),
  request: optional(
    v.strictObject({
      ...v.omit(request, ["method", "tokenParameters", "refreshParameters", "grantTypes"]).entries,
      method: optional(v.picklist(["POST", "GET", "DELETE"]), "The method of this request."),
      authentication,
    }),
    "How this request differs from one for tokens: laid over `request`, name by name in its groups. `names` has RFC 7009's `token` and `token_type_hint` too.",
  ),
  tokens: optional(
    v.pipe(v.array(v.picklist(["refresh_token", "access_token"])), v.nonEmpty()),
    "Which of a login's tokens are sent, the refresh token first. One that isn't has to end with the others.",
  ),
  needsSecret: optional(
    v.boolean(),
    "Only a client that proves itself can revoke, by a secret, a key or a certificate.",
  ),
  endsGrant: optional(v.boolean(), "Revoking one token ends the whole grant, other connections' included."),
});

export const account = v.strictObject({
  from: optional(
    v.picklist(["userinfo", "reply", "id_token"]),
    "What says so: `endpoints.userinfo`, the token reply, or the ID token. A pasted token has only the first.",
  ),
  id: optional(v.array(path), "What never changes."),
  label: optional(v.array(path), "What people know it by."),
  organization: optional(v.array(path), "The organization or tenant."),
  method: optional(v.picklist(["GET", "POST"]), "The method of the request to `endpoints.userinfo`."),
  body: optional(text, "What that request posts: JSON, as it is. A query of GraphQL, for example."),
  header: optional(
    template,
    "The header that carries the token there, where that isn't `header`: `Authorization: OAuth {token}`.",
  ),
  headers: optional(texts, "Further headers of that request."),
  scopesHeader: optional(text, "A header of its reply that lists the granted scopes."),
});

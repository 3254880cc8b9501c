/** The part of the schema that says how tokens are had without a person. */
import * as v from "valibot";
import { reply, request } from "./dialect.ts";
import { count, ERROR_CLASSES, errorEntry, path, template, templates, text, variable } from "./words.ts";

/** A template; or one that stands unless a setting has a value. One with a name that has no value is left out. */
const claim = v.union([template, v.strictObject({ value: template, unless: text })]);

/** A JWT signed with the connection's own key (RFC 7519). `iat` and `exp` are always in it. */
const signing = v.strictObject({
  algorithm: v.picklist(["RS256", "PS256", "ES256"]),
  header: v.optional(templates),
  claims: v.record(text, claim),
  lifetimeSeconds: v.pipe(count, v.minValue(60)),
  /** How long ago it says it was issued, for clocks that go behind ours. */
  backdateSeconds: v.optional(count),
  /** A `jti`, new each time. */
  unique: v.optional(v.boolean()),
});

/** A JSON file that holds a credential, told by its field `type`. */
const keyFile = v.strictObject({
  type: text,
  /** Where the private key stands. */
  key: v.optional(path),
  /** Name for templates → where its value stands: `email`, `keyId`. */
  values: v.optional(v.record(text, path)),
  /** Where it names the token endpoint: one of another origin is refused. */
  endpoint: v.optional(path),
  /** It is a login with a refresh token instead: that, and its client. */
  login: v.optional(v.strictObject({ refreshToken: path, clientId: path, clientSecret: path })),
});

/** How one flow gets a token without a person. */
export const minting = v.strictObject({
  /**
   * `bearer`: the signed JWT is the token. `grant`: it is exchanged for one (RFC 7523 §2.1). `request`: it is the bearer
   * of a POST to the endpoint. `assertion`: it authenticates the client (RFC 7523 §2.2). `exchange`: RFC 8693.
   */
  use: v.picklist(["bearer", "grant", "request", "assertion", "exchange"]),
  sign: v.optional(signing),
  /** Settings that this flow can't do without. */
  needs: v.optional(v.array(text)),
  /** Default: `token`. */
  endpoint: v.optional(v.picklist(["token", "mint"])),
  /** Asked for when nobody says which. */
  scopes: v.optional(v.array(text)),
  /** Further parameters of the request. */
  parameters: v.optional(v.record(text, claim)),
  request: v.optional(request),
  reply: v.optional(reply),
  /** Codes that mean something else here. `HTTP 404` is a reply without a code. */
  errors: v.optional(v.record(text, v.union([v.picklist(ERROR_CLASSES), errorEntry]))),
  /** Whom a token of another issuer (`--subject-token`) must be for: what a CI system is asked for. */
  audience: v.optional(template),
  files: v.optional(v.array(keyFile)),
  /** Variables with the path of a certificate, or of another issuer's token, that its ecosystem's tools read. */
  environment: v.optional(
    v.strictObject({ certificate: v.optional(v.array(variable)), subjectToken: v.optional(v.array(variable)) }),
  ),
  /** Whose the tokens are, said without asking. */
  account: v.optional(template),
  /** Where its key or certificate is made, or what to mind, one line each. */
  notes: v.optional(v.array(text)),
});

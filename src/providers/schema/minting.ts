/** The schema of logins without a person. */
import * as v from "valibot";
import { mintRequest, reply } from "./dialect.ts";
import { count, errorCodes, optional, path, required, template, templates, text, variable } from "./words.ts";

export const replaceable = v.strictObject({
  value: required(template, "A template."),
  unless: required(text, "The setting that replaces it, where it has a value."),
});
/** One with a name that has no value is left out. */
const claims = v.record(text, v.union([template, replaceable]));

const signing = v.strictObject({
  algorithm: required(v.picklist(["RS256", "PS256", "ES256"]), "By which it is signed."),
  header: optional(templates, "Further fields of its header, templates."),
  claims: required(claims, "Its claims. One with a name that has no value is left out."),
  lifetimeSeconds: required(v.pipe(count, v.minValue(60)), "From `iat` to `exp`."),
  backdateSeconds: optional(count, "How long ago it says it was issued, for clocks that go behind."),
  unique: optional(v.boolean(), "With a `jti`, new each time."),
});

const keyFile = v.strictObject({
  type: required(text, "The value of that field."),
  key: optional(path, "Where the private key is in it."),
  values: optional(v.record(text, path), "Name for templates → where its value is: `email`, `keyId`."),
  endpoint: optional(path, "Where it names the token endpoint: one of another origin is refused."),
  login: optional(
    v.strictObject({
      refreshToken: required(path, "Where the refresh token is."),
      clientId: required(path, "Where its client's id is."),
      clientSecret: required(path, "Where its client's secret is."),
    }),
    "It is a login with a refresh token instead.",
  ),
});

/** How one flow gets a token without a person. */
export const minting = v.strictObject({
  use: required(
    v.picklist(["bearer", "grant", "request", "assertion", "exchange"]),
    "`bearer`: the signed JWT is the token. `grant`: it is exchanged for one (RFC 7523 §2.1). `request`: it is the bearer of a POST. `assertion`: it authenticates the client (RFC 7523 §2.2). `exchange`: RFC 8693.",
  ),
  sign: optional(signing, "A JWT signed with the connection's own key (RFC 7519). `iat` and `exp` are always in it."),
  needs: optional(v.array(text), "Settings that this flow can't do without."),
  endpoint: optional(v.picklist(["token", "mint"]), "Where the request goes. Default: `token`."),
  scopes: optional(v.array(text), "Asked for where a login names none."),
  parameters: optional(claims, "Further parameters of the request, templates."),
  request: optional(mintRequest, "Laid over the description's, for this flow, name by name in its groups."),
  reply: optional(reply, "Laid over the description's, for this flow."),
  errors: optional(errorCodes, "Codes that mean something else here. `HTTP 404`: a reply without a code."),
  audience: optional(
    template,
    "Whom a token of another issuer (`--subject-token`) must be for: what a CI system is asked for.",
  ),
  files: optional(v.array(keyFile), "JSON files that hold a credential, recognised by their field `type`."),
  environment: optional(
    v.strictObject({
      certificate: optional(v.array(variable), "Of a certificate with its key."),
      subjectToken: optional(v.array(variable), "Of another issuer's token."),
    }),
    "Variables with the path of a file, that its ecosystem's tools read.",
  ),
  account: optional(template, "Whose the tokens are, said without asking. A template."),
  notes: optional(v.array(text), "Where its key or certificate is made, or what to mind, one line each."),
});

/**
 * The provider contract: what a description may say. One schema for built-in plugins, manifests and modules;
 * an unknown field is an error. Defaults of fields left out stand in `defaults.ts`, in one table.
 *
 * A template is text with `{setting}` in it; each name must be a declared setting (or `{token}`, `{clientId}` where
 * said). Where one of its settings is unset, what the template stands for is left out.
 * A path is a dotted way into a JSON reply: `authed_user.access_token`. Values are texts, also where a provider means a
 * number: everything goes out as text.
 */
import * as v from "valibot";

const text = v.pipe(v.string(), v.nonEmpty());
const template = text;
const path = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/, "must be a dotted path"));
const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const variable = v.pipe(v.string(), v.regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "must be the name of an environment variable"));
const texts = v.record(text, text);
const templates = v.record(text, template);
/** The standard's parameter → the provider's name for it; false: it is not sent. */
const names = v.record(text, v.union([text, v.literal(false)]));

export const FLOWS = ["device", "browser", "token", "client-credentials", "jwt", "exchange", "code"] as const;
export const flow = v.picklist(FLOWS);

export const ENDPOINTS = [
  "authorization",
  "device",
  "token",
  "refresh",
  "mint",
  "revocation",
  "userinfo",
  "introspection",
] as const;
const endpoints = v.partial(
  v.strictObject({
    authorization: template,
    device: template,
    token: template,
    /** Where it differs from `token`. */
    refresh: template,
    /** Where tokens are minted, for the flows of `minting` that say so. */
    mint: template,
    /** May hold `{clientId}`, filled in when it is used. */
    revocation: template,
    userinfo: template,
    introspection: template,
  }),
);

/** What a setting's value must be, besides matching its pattern (`settings.ts`). */
export const SETTING_KINDS = ["text", "host", "url", "header", "variable", "pattern"] as const;

/**
 * What a connection must or may say about itself: host, tenant, region. A flag of `login`, stored with the connection.
 * Two names are special: login's own `--issuer`, or the URL it was given, fills `issuer`; `--redirect-uri`, `redirectUri`.
 */
const setting = v.strictObject({
  /** One line for help. */
  title: text,
  /** Default: `text`. A `host` may have a port, and may be given as an https URL. */
  kind: v.optional(v.picklist(SETTING_KINDS)),
  /** Default: the setting's name, `apiVersion` as `api-version`. */
  flag: v.optional(v.pipe(v.string(), v.regex(/^[a-z][a-z0-9-]*$/))),
  /** Variables that its ecosystem's tools read for it, in order. Read at login only. */
  env: v.optional(v.array(variable)),
  default: v.optional(text),
  /** The whole value must match. */
  pattern: v.optional(text),
  /** The only values it can have. */
  choices: v.optional(v.pipe(v.array(text), v.nonEmpty())),
  required: v.optional(v.boolean()),
  /** The only flows that it means anything to: others don't ask for it. */
  flows: v.optional(v.pipe(v.array(flow), v.nonEmpty())),
});

/** Which environment variables carry a token: `read` in order of precedence; `write` what `run` and `export` set. */
const environment = v.strictObject({
  read: v.optional(v.array(variable)),
  /** Variable (may be a template) → value, a template over the settings and `{token}`. Default: `<ID>_TOKEN`. */
  write: v.optional(templates),
});

/**
 * What differs where settings match: another host, a national cloud. The first variant that matches is laid over the
 * base: its endpoints one by one, the rest as a whole.
 */
const variant = v.strictObject({
  /** Setting → pattern that its whole value must match. */
  when: v.record(text, text),
  issuer: v.optional(template),
  endpoints: v.optional(endpoints),
  origins: v.optional(v.array(template)),
  environment: v.optional(environment),
});

const client = v.strictObject({
  /** A public client that comes with the description: used where nobody names another. It has no secret. */
  id: v.optional(text),
  /** The page on which to create one. */
  create: v.optional(template),
  /** What to tick or mind there, one line each. */
  notes: v.optional(v.array(text)),
  /** `public` clients must not have a secret, `confidential` ones must, `either` may. */
  kind: v.optional(v.picklist(["public", "confidential", "either"])),
  /** How a client with a secret authenticates (RFC 6749 §2.3). */
  authentication: v.optional(v.picklist(["body", "basic"])),
  secretOnRefresh: v.optional(v.picklist(["always", "never", "unless-device"])),
  environment: v.optional(v.strictObject({ id: v.optional(v.array(variable)), secret: v.optional(v.array(variable)) })),
});

const authorize = v.strictObject({
  /** Further parameters, templates over the settings. Those of the protocol itself can't be among them. */
  parameters: v.optional(templates),
  /** `state` is looked for in the answer under the name that it was sent by. */
  names: v.optional(names),
  pkce: v.optional(v.boolean()),
  /** A nonce goes along even where no id_token is asked for (the scope `openid`). */
  nonce: v.optional(v.boolean()),
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

const scopes = v.strictObject({
  default: v.optional(v.array(text)),
  separator: v.optional(v.string()),
  replySeparator: v.optional(v.string()),
  /** The scope that asks for a refresh token, always added to a login's request. */
  offline: v.optional(text),
});

/** How the provider is asked for tokens. Headers and parameters are templates over the settings. */
const request = v.strictObject({
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
});

const reply = v.strictObject({
  /** A group of the reply that stands for the whole where that has no access token: `authed_user`. */
  alternate: v.optional(path),
  accessToken: v.optional(path),
  refreshToken: v.optional(path),
  tokenType: v.optional(path),
  scope: v.optional(path),
  idToken: v.optional(path),
  expiry: v.optional(expiry),
  /** Seconds until the refresh token dies. */
  refreshExpiresIn: v.optional(path),
  error: v.optional(path),
  errorDescription: v.optional(path),
  /** Further fields to keep with the connection. */
  extra: v.optional(v.array(path)),
});

const refresh = v.strictObject({
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
  /** How long a refresh token lives where the reply doesn't say. */
  lifetime: v.optional(v.strictObject({ kind: v.picklist(["sliding", "absolute"]), seconds: count })),
  /** Refresh when less than this many seconds are left; never more than half the token's lifetime. */
  marginSeconds: v.optional(count),
});

export const ERROR_CLASSES = [
  "transient",
  "dead",
  "client",
  "interaction",
  "pending",
  "slow_down",
  "denied",
  "expired",
] as const;
const errorEntry = v.strictObject({
  class: v.picklist(ERROR_CLASSES),
  meaning: v.optional(text),
  remedy: v.optional(text),
});

const errors = v.strictObject({
  /** Provider's code (or sub-code) → what it means for us. Laid over the defaults of the RFCs. */
  codes: v.optional(v.record(text, v.union([v.picklist(ERROR_CLASSES), errorEntry]))),
  /** Where sub-codes stand in an error reply; they are looked up before the code. Numbers get `subcodePrefix`. */
  subcodes: v.optional(v.array(path)),
  subcodePrefix: v.optional(text),
});

const device = v.strictObject({
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
});

const revocation = v.strictObject({
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
const account = v.strictObject({
  from: v.optional(v.picklist(["userinfo", "reply", "id_token"])),
  id: v.optional(v.array(path)),
  label: v.optional(v.array(path)),
  organization: v.optional(v.array(path)),
  headers: v.optional(texts),
  /** A reply header that lists the granted scopes. */
  scopesHeader: v.optional(text),
});

/** A token or key made by hand, for the flow `token`. */
const apiKey = v.strictObject({
  /** The pattern that it must match. */
  pattern: v.optional(template),
  /** The page on which to make one. */
  create: v.optional(template),
});

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
const minting = v.strictObject({
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

const flowChoice = v.union([
  flow,
  v.strictObject({
    flow,
    /** Offered by default only where the client has a secret, or where a browser can open. */
    when: v.optional(v.picklist(["secret", "browser"])),
    /** The only scopes it can ask for. */
    scopes: v.optional(v.pipe(v.array(text), v.nonEmpty())),
  }),
]);

export const ProviderSchema = v.strictObject({
  id: v.pipe(v.string(), v.regex(/^[a-z][a-z0-9-]{0,31}$/, "must be lower-case letters, digits and dashes")),
  title: text,
  docs: v.optional(text),
  /** Patterns by which its tokens are recognised in text that must not hold them. Never of a fixed length. */
  tokenPatterns: v.optional(v.array(text)),
  settings: v.optional(v.record(v.pipe(v.string(), v.regex(/^[a-z][A-Za-z0-9]*$/)), setting)),
  /** Asked for its endpoints at login (RFC 8414, OpenID Connect Discovery 1.0); what it says goes before `endpoints`. */
  issuer: v.optional(template),
  endpoints: v.optional(endpoints),
  /** Further origins that its tokens may be sent to: API hosts. */
  origins: v.optional(v.array(template)),
  variants: v.optional(v.array(variant)),
  client: v.optional(client),
  authorize: v.optional(authorize),
  scopes: v.optional(scopes),
  request: v.optional(request),
  reply: v.optional(reply),
  refresh: v.optional(refresh),
  errors: v.optional(errors),
  device: v.optional(device),
  revocation: v.optional(revocation),
  environment: v.optional(environment),
  account: v.optional(account),
  /** The line that `token -o header` prints, a template over the settings, `{token}` and `{basic}`. */
  header: v.optional(template),
  /** What `{basic}` is the Base64 of (RFC 7617 §2), a template over the settings and `{token}`: `{token}:X`. */
  basic: v.optional(template),
  apiKey: v.optional(apiKey),
  /** The flows without a person. */
  minting: v.optional(
    v.strictObject({
      "client-credentials": v.optional(minting),
      jwt: v.optional(minting),
      exchange: v.optional(minting),
    }),
  ),
  /** In order of preference. */
  flows: v.pipe(v.array(flowChoice), v.nonEmpty()),
});

export type ProviderDefinition = v.InferInput<typeof ProviderSchema>;
export type Flow = v.InferInput<typeof flow>;
export type EndpointName = (typeof ENDPOINTS)[number];
export type ErrorClass = (typeof ERROR_CLASSES)[number];

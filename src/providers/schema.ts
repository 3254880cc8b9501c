/**
 * The provider contract: what a description may say, and of each field what it means. One schema for built-in plugins,
 * manifests and modules; an unknown field is an error. Defaults of fields left out are in `defaults.ts`, in one table.
 *
 * A template is text with `{setting}` in it; each name must be a declared setting (or `{token}`, `{clientId}` where
 * noted). Where one of its settings is unset, the field counts as left out.
 * A path is a dotted way into a JSON reply: `authed_user.access_token`. Values are texts, also where a provider means a
 * number: everything goes out as text.
 */
import * as v from "valibot";
import { PROVIDER_ID } from "./names.ts";
import { companions } from "./schema/companions.ts";
import {
  account,
  authorize,
  device,
  errors,
  longLived,
  refresh,
  reply,
  request,
  revocation,
  scopes,
} from "./schema/dialect.ts";
import { environment } from "./schema/environment.ts";
import { functions } from "./schema/functions.ts";
import { mcp } from "./schema/mcp.ts";
import { minting } from "./schema/minting.ts";
import { type ERROR_CLASSES, flow, optional, path, required, template, text, variable } from "./schema/words.ts";

export { ERROR_CLASSES, FLOWS } from "./schema/words.ts";

export const ENDPOINTS = [
  "authorization",
  "device",
  "token",
  "poll",
  "refresh",
  "mint",
  "exchange",
  "revocation",
  "userinfo",
  "introspection",
] as const;
export const endpoints = v.strictObject({
  authorization: optional(template, "Where the browser is sent (RFC 6749 §3.1)."),
  device: optional(template, "Where a device code is asked for (RFC 8628 §3.1)."),
  token: optional(template, "Where tokens are asked for (RFC 6749 §3.2)."),
  poll: optional(template, "Where a device asks for its tokens (RFC 8628 §3.4), if that isn't `token`."),
  refresh: optional(template, "Where tokens are refreshed, if that isn't `token`."),
  mint: optional(template, "Where tokens are minted, for the flows of `minting` that say so."),
  exchange: optional(
    template,
    "Where a login's first token is exchanged for a long-lived one (`longLived`), if that isn't `token`.",
  ),
  revocation: optional(template, "Where tokens are revoked (RFC 7009). May hold `{clientId}`."),
  userinfo: optional(template, "What a token is asked with: whose is it?"),
  introspection: optional(template, "What tells about a token (RFC 7662)."),
});

/** What a setting's value must be, besides matching its pattern (`settings.ts`). */
export const SETTING_KINDS = ["text", "host", "url", "header", "variable", "pattern"] as const;

/** Two names are special: login's own `--issuer`, or the URL it was given, fills `issuer`; `--redirect-uri`, `redirectUri`. */
const setting = v.strictObject({
  title: required(text, "One line for help."),
  kind: optional(
    v.picklist(SETTING_KINDS),
    "What its value must be. A `host` may have a port, and may be given as an https URL. Default: `text`.",
  ),
  flag: optional(
    v.pipe(v.string(), v.regex(/^[a-z][a-z0-9-]*$/)),
    "Its flag, without dashes. Default: the setting's name, `apiVersion` as `api-version`.",
  ),
  env: optional(
    v.array(variable),
    "Variables that its ecosystem's tools read for it, in order: none whose name says that it holds a secret. Read at login only.",
  ),
  default: optional(text, "Its value where none is given."),
  pattern: optional(text, "The whole value must match."),
  choices: optional(v.pipe(v.array(text), v.nonEmpty()), "The only values it can have."),
  required: optional(v.boolean(), "A login without it is refused: beside `flows`, one by those."),
  from: optional(
    v.strictObject({
      answer: optional(text, "A parameter of the answer that the browser brings back: `accounts-server`."),
      reply: optional(path, "A field of the token reply: `instance_url`."),
    }),
    "Where the provider itself says it, at a login: a `host`, or a part of one, that `choices` or `pattern` allow. A login at which it says anything else is refused; a refresh never changes it.",
  ),
  flows: optional(
    v.pipe(v.array(flow), v.nonEmpty()),
    "The only flows that it means anything to: others don't ask for it.",
  ),
});

const variant = v.strictObject({
  when: required(v.record(text, text), "Setting → pattern that its whole value must match."),
  issuer: optional(template, "Instead of the description's."),
  endpoints: optional(endpoints, "Laid over the description's, one by one."),
  origins: optional(v.array(template), "Instead of the description's."),
  environment: optional(environment, "Instead of the description's."),
});

const CLIENT_METHODS = ["private_key_jwt", "tls_client_auth"] as const;

const client = v.strictObject({
  id: optional(
    text,
    "A public client that comes with the description: used where no other is named. It has no secret.",
  ),
  create: optional(template, "The page on which to create one."),
  notes: optional(v.array(text), "What to tick or mind there, one line each."),
  kind: optional(
    v.picklist(["public", "confidential", "either"]),
    "`public` clients must not have a secret, `confidential` ones must, `either` may.",
  ),
  authentication: optional(v.picklist(["body", "basic"]), "How a client with a secret proves it (RFC 6749 §2.3.1)."),
  basic: optional(
    v.picklist(["{clientId}:{clientSecret}", "{clientSecret}:"]),
    "What the Basic credentials of a client with a secret are the Base64 of, with nothing encoded (RFC 7617 §2): `{clientSecret}:` is the secret as the name. Default: id and secret, each form-encoded first (RFC 6749 §2.3.1).",
  ),
  withoutSecret: optional(
    v.picklist(["body", "basic"]),
    "How a client without a secret names itself: by `client_id` in the request (RFC 6749 §3.2.1), or as the name of `basic` credentials with an empty password.",
  ),
  methods: optional(
    v.pipe(v.array(v.picklist(CLIENT_METHODS)), v.nonEmpty()),
    "Further ways in which a client may prove itself, where the issuer's metadata doesn't list them (RFC 7591 §2): with a key, `private_key_jwt` (RFC 7523 §2.2), or with a TLS certificate, `tls_client_auth` (RFC 8705 §2).",
  ),
  secretOnRefresh: optional(
    v.picklist(["always", "never", "unless-device"]),
    "Whether a client that has a secret sends it when it refreshes.",
  ),
  assertion: optional(
    v.strictObject({
      audience: optional(
        v.picklist(["issuer", "endpoint"]),
        "Whom it names: the `issuer` alone, or the `endpoint` that the request goes to.",
      ),
      typ: optional(v.picklist(["client-authentication+jwt", "JWT"]), "The type in its header."),
    }),
    "What a client says that proves itself with a key (`private_key_jwt`, RFC 10070). For issuers that refuse what the standard says.",
  ),
  environment: optional(
    v.strictObject({
      id: optional(v.array(variable), "Variables with the client's id, in order."),
      secret: optional(v.array(variable), "Variables with the client's secret, in order."),
    }),
    "Variables that its ecosystem's tools read for the client.",
  ),
});

const apiKey = v.strictObject({
  pattern: optional(template, "The pattern that it must match."),
  create: optional(template, "The page on which to make one. `{scopes}` is what a login asks for."),
  command: optional(
    v.pipe(v.string(), v.regex(/^[a-z][a-z0-9-]*( [A-Za-z0-9._=:/-]+)*$/)),
    "A command by which another tool prints a token that it has; no shell runs it. Only what is part of auth has it shown, and run where a person chooses it.",
  ),
  belongsTo: optional(
    v.strictObject({
      prefix: required(text, "What such a key begins with; JSON in Base64 follows, up to the next `_`."),
      path: required(path, "Where in that JSON the URL is."),
    }),
    "Keys that say where they belong: one of another origin is refused before it is sent anywhere.",
  ),
});

const flowChoice = v.union([
  flow,
  v.strictObject({
    flow: required(flow, "The flow."),
    when: optional(
      v.picklist(["secret", "browser"]),
      "Offered by default only where the client has a secret, or where a browser can open.",
    ),
    scopes: optional(v.pipe(v.array(text), v.nonEmpty()), "The only scopes it can ask for."),
  }),
]);

const providerId = v.pipe(
  v.string(),
  v.regex(new RegExp(PROVIDER_ID), "must be lower-case letters, digits and dashes"),
);

export const ProviderSchema = v.strictObject({
  id: required(providerId, "What the provider is called on the command line: `auth login <id>`."),
  title: required(text, "What people call it."),
  aliases: optional(
    v.pipe(v.array(providerId), v.nonEmpty()),
    "Other names that people look for it by: taken wherever its id is. None may be another provider's.",
  ),
  docs: optional(text, "The provider's own documentation."),
  quirks: optional(v.array(text), "What people run into, one line each: for its page in the documentation."),
  assumed: optional(
    v.array(text),
    "What its own documentation doesn't confirm, each with what overrides it, one line each.",
  ),
  tokenPatterns: optional(
    v.array(text),
    "Patterns by which its tokens are recognised in text that must not hold them. Never of a fixed length: tokens grow.",
  ),
  settings: optional(
    v.record(v.pipe(v.string(), v.regex(/^[a-z][A-Za-z0-9]*$/)), setting),
    "What a connection must or may say about itself: host, tenant, region. Each is a flag of `auth login`.",
  ),
  issuer: optional(
    template,
    "Asked for its endpoints at login (RFC 8414, OpenID Connect Discovery 1.0). Its answer wins over `endpoints` where it stays at the origins that the description names.",
  ),
  resource: optional(
    template,
    "The API that its tokens are for, where that says itself which issuer gives them (RFC 9728), and which scopes: an MCP server's URL. Only for what is part of auth.",
  ),
  endpoints: optional(endpoints, "Where requests go: https URLs, templates over the settings."),
  origins: optional(
    v.array(template),
    "Further origins that its tokens may be sent to: those of its API, of its git server and of its registries.",
  ),
  /** Not for plugins: one could move a login to any origin. */
  movedFrom: optional(
    v.array(text),
    "Origins where its endpoints were before: a login made there goes on at the new ones. Only for what is part of auth; a plugin's logins stay where they were made.",
  ),
  environment: optional(environment, "Environment variables that carry a token."),
  variants: optional(
    v.array(variant),
    "What differs where settings match: another host, a national cloud. The first that matches is laid over the rest: its endpoints one by one, the other fields as a whole.",
  ),
  client: optional(client, "The OAuth client that someone needs to log in with."),
  authorize: optional(authorize, "The authorization request."),
  scopes: optional(scopes, "What is asked for."),
  request: optional(request, "How token requests are written."),
  reply: optional(reply, "Where a token reply has what. Paths are dotted: `authed_user.access_token`."),
  longLived: optional(
    longLived,
    "A second request of each login: the token that came is exchanged for a long-lived one, which is kept.",
  ),
  refresh: optional(
    refresh,
    "What happens when tokens are refreshed. What isn't known is left out: the defaults are the careful ones.",
  ),
  errors: optional(errors, "What the provider's errors mean."),
  device: optional(device, "The device flow (RFC 8628)."),
  revocation: optional(revocation, "How a login ends at the provider."),
  account: optional(account, "Who a token belongs to. Of several paths the first with a value counts."),
  header: optional(
    template,
    "The header that carries a token: what `auth token -o header` prints. A template over the settings, `{token}` and `{basic}`.",
  ),
  basic: optional(
    template,
    "What `{basic}` in `header` is the Base64 of (RFC 7617 §2), a template over the settings and `{token}`: `{token}:X`.",
  ),
  tokenUser: optional(
    template,
    "The user name that goes with a token where a program takes a name and a password: git over https, registries of container images. A template over the settings. Default: what `basic` has before `{token}`; else any will do.",
  ),
  companions: optional(
    companions,
    "What an API wants beside each token: a second key, the client's id, a version. They are handed over together with it. Each secret is a flag of `auth login` that takes `-`.",
  ),
  mcp: optional(mcp, "Its MCP servers whose issuer registers no clients."),
  apiKey: optional(apiKey, "A token or key made by hand, for the flow `token`."),
  minting: optional(
    v.record(v.picklist(["client-credentials", "jwt", "exchange"]), minting),
    "How tokens are had without a person, for each of the flows `client-credentials`, `jwt` and `exchange`.",
  ),
  functions: optional(
    functions,
    "What data can't say, in modules only. Each gets what would be used, and answers what is used instead: pure, at once, with a deadline.",
  ),
  flows: required(
    v.pipe(v.array(flowChoice), v.nonEmpty()),
    "How it can be logged in to, in order of preference. Where a browser can be opened, `browser` comes first.",
  ),
});

export type ProviderDefinition = v.InferInput<typeof ProviderSchema>;
export type Flow = v.InferInput<typeof flow>;
export type EndpointName = (typeof ENDPOINTS)[number];
export type ErrorClass = (typeof ERROR_CLASSES)[number];

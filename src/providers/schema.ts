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
import { PROVIDER_ID } from "./id.ts";
import { account, authorize, device, errors, refresh, reply, request, revocation, scopes } from "./schema/dialect.ts";
import { functions } from "./schema/functions.ts";
import { minting } from "./schema/minting.ts";
import { type ERROR_CLASSES, flow, path, template, templates, text, variable } from "./schema/words.ts";

export { ERROR_CLASSES, FLOWS } from "./schema/words.ts";

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
  /** What a client says that proves itself with a key (RFC 10070). For issuers that refuse what the standard says. */
  assertion: v.optional(
    v.strictObject({
      /** Whom it names: the issuer, or the endpoint that the request goes to. */
      audience: v.optional(v.picklist(["issuer", "endpoint"])),
      typ: v.optional(v.picklist(["client-authentication+jwt", "JWT"])),
    }),
  ),
  environment: v.optional(v.strictObject({ id: v.optional(v.array(variable)), secret: v.optional(v.array(variable)) })),
});

/** A token or key made by hand, for the flow `token`. */
const apiKey = v.strictObject({
  /** The pattern that it must match. */
  pattern: v.optional(template),
  /** The page on which to make one; may hold `{scopes}`, those that a login asks for. */
  create: v.optional(template),
  /** A command by which another tool prints a token that it has. No shell runs it. */
  command: v.optional(v.pipe(v.string(), v.regex(/^[a-z][a-z0-9-]*( [A-Za-z0-9._=:/-]+)*$/))),
  /**
   * Keys that say where they belong: `prefix`, JSON in base64 up to the next `_`, and in it, at `path`, a URL. One of
   * another origin is refused before it is sent anywhere.
   */
  belongsTo: v.optional(v.strictObject({ prefix: text, path })),
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

const ID_FORM = "must be lower-case letters, digits and dashes";

export const ProviderSchema = v.strictObject({
  id: v.pipe(v.string(), v.regex(new RegExp(PROVIDER_ID), ID_FORM)),
  title: text,
  /** Other names that people look for it by: taken wherever its id is. */
  aliases: v.optional(v.pipe(v.array(v.pipe(v.string(), v.regex(new RegExp(PROVIDER_ID), ID_FORM))), v.nonEmpty())),
  docs: v.optional(text),
  /** What people run into, one line each: for its page in the documentation. */
  quirks: v.optional(v.array(text)),
  /** What its own documentation doesn't confirm, each with what overrides it, one line each. */
  assumed: v.optional(v.array(text)),
  /** Patterns by which its tokens are recognised in text that must not hold them. Never of a fixed length. */
  tokenPatterns: v.optional(v.array(text)),
  settings: v.optional(v.record(v.pipe(v.string(), v.regex(/^[a-z][A-Za-z0-9]*$/)), setting)),
  /** Asked for its endpoints at login (RFC 8414, OpenID Connect Discovery 1.0); what it says goes before `endpoints`. */
  issuer: v.optional(template),
  endpoints: v.optional(endpoints),
  /** Further origins that its tokens may be sent to: API hosts. */
  origins: v.optional(v.array(template)),
  /**
   * Origins where its endpoints were before: a login made there goes on at the new ones. Only for what is part of auth:
   * a plugin could take a login along to wherever it likes.
   */
  movedFrom: v.optional(v.array(text)),
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
  functions: v.optional(functions),
  /** In order of preference. */
  flows: v.pipe(v.array(flowChoice), v.nonEmpty()),
});

export type ProviderDefinition = v.InferInput<typeof ProviderSchema>;
export type Flow = v.InferInput<typeof flow>;
export type EndpointName = (typeof ENDPOINTS)[number];
export type ErrorClass = (typeof ERROR_CLASSES)[number];

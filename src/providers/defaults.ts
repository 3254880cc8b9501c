/** The default dialect: RFC 6749 as written. One table, printed in docs/providers.md. */
import type { ErrorClass, ProviderDefinition } from "./schema.ts";

export const DEFAULTS = {
  client: {
    kind: "either",
    authentication: "body",
    withoutSecret: "body",
    secretOnRefresh: "always",
    assertion: { audience: "issuer", typ: "client-authentication+jwt" },
  },
  authorize: {
    parameters: {},
    offlineParameters: {},
    names: {},
    pkce: true,
    nonce: "openid",
    codeParameter: "code",
    extra: [],
    redirect: { host: "127.0.0.1", path: "/callback" },
  },
  scopes: { default: [], separator: " ", replySeparator: " " },
  request: {
    format: "form",
    method: "POST",
    headers: {},
    tokenParameters: {},
    refreshParameters: {},
    names: {},
    grantTypes: {},
  },
  reply: {
    accessToken: "access_token",
    refreshToken: "refresh_token",
    tokenType: "token_type",
    scope: "scope",
    idToken: "id_token",
    expiry: { path: "expires_in", unit: "seconds", others: [], zero: "due", absent: "never", introspect: false },
    refreshExpiresIn: "refresh_token_expires_in",
    refreshTimeout: "refresh_token_timeout",
    authorizationExpiresIn: "authorization_expires_in",
    error: "error",
    errorDescription: "error_description",
    extra: [],
  },
  /** The default: rotates, no grace, a replay doesn't revoke the family, the old access token may stay valid. */
  refresh: {
    credential: "refresh_token",
    rotation: "rotating",
    graceSeconds: 0,
    killsAccessToken: false,
    scope: "omit",
  },
  errors: { codes: {}, subcodes: [], subcodePrefix: "" },
  device: { fields: {}, needsSecret: true, parameters: {} },
  revocation: {
    style: "rfc7009",
    tokens: ["refresh_token", "access_token"],
    needsSecret: false,
    endsGrant: false,
  },
  account: {
    from: "userinfo",
    id: ["sub", "id"],
    label: ["email", "preferred_username", "login", "name", "sub"],
    organization: [],
    method: "GET",
    headers: {},
  },
  header: "Authorization: Bearer {token}",
  companions: {},
} satisfies Partial<ProviderDefinition>;

/** RFC 6749 §5.2, §4.1.2.1, RFC 8628 §3.5, RFC 8707 §2, RFC 9449 §5, OpenID Connect Core §3.1.2.6. */
export const ERROR_DEFAULTS: Readonly<Record<string, ErrorClass>> = {
  invalid_grant: "dead",
  invalid_client: "client",
  unauthorized_client: "client",
  unsupported_grant_type: "client",
  invalid_scope: "client",
  invalid_target: "client",
  invalid_dpop_proof: "client",
  access_denied: "denied",
  expired_token: "expired",
  authorization_pending: "pending",
  slow_down: "slow_down",
  temporarily_unavailable: "transient",
  server_error: "transient",
  use_dpop_nonce: "transient",
  interaction_required: "interaction",
  login_required: "interaction",
  consent_required: "interaction",
  account_selection_required: "interaction",
};

/** `S` with every field present that the table `D` has, groups within it likewise. */
type Filled<S, D> = Readonly<
  S & {
    [K in keyof D & keyof S]-?: NonNullable<S[K]> extends readonly unknown[] | string | number | boolean
      ? NonNullable<S[K]>
      : Filled<NonNullable<S[K]>, D[K]>;
  }
>;

/** A description with every section present: what `oauth/` speaks. */
export type Dialect = Filled<ProviderDefinition, typeof DEFAULTS> & {
  /** For one kind of request, where it differs from `client`. */
  readonly request: { readonly authentication?: "body" | "basic" | undefined };
};

/** How one kind of request differs from the others. */
type RequestLayer = Omit<{ readonly [K in keyof Dialect["request"]]?: Dialect["request"][K] | undefined }, "method"> & {
  readonly method?: "POST" | "GET" | "DELETE" | undefined;
};

/** The dialect for requests of one kind. */
export function overlaid(dialect: Dialect, layer: RequestLayer | undefined): Dialect {
  return { ...dialect, request: requestOver(dialect.request, layer) };
}

/**
 * `names`, `grantTypes` and `headers` are merged entry by entry; further parameters, like everything else, are replaced,
 * since there is no other way to remove one.
 */
export function requestOver<R extends RequestLayer>(request: R, layer: RequestLayer = {}): R {
  const { tokenParameters = request.tokenParameters, refreshParameters = request.refreshParameters } = layer;
  return { ...(deepMerge(request, layer) as R), tokenParameters, refreshParameters };
}

/** The description with `DEFAULTS`. */
export function withDefaults(definition: ProviderDefinition): Dialect {
  const known = dialects.get(definition);
  if (known !== undefined) return known;
  const dialect = deepMerge(DEFAULTS, definition) as Dialect;
  dialects.set(definition, dialect);
  return dialect;
}

const dialects = new WeakMap<ProviderDefinition, Dialect>();

/** The placeholder in a dialect's parameters, until the login's redirect URI is known. */
export const REDIRECT_URI = "{redirectUri}";

/** Where a browser is sent back to: without a port where that is chosen at each login, with the first where there are several. */
export function redirectUriOf(dialect: Dialect): string {
  return redirectUrisOf(dialect)[0];
}

/** All of them that a login may send. */
export function redirectUrisOf({ authorize: { redirect } }: Dialect): [string, ...string[]] {
  const { host, path, port, ports } = redirect;
  const at = (one: number): string => `http://${host}:${one}${path}`;
  if (port !== undefined) return [at(port)];
  const [first, ...others] = ports ?? [];
  return first === undefined ? [`http://${host}${path}`] : [at(first), ...others.map(at)];
}

/** Lays `value` over `base`, group by group. Lists and texts replace; a field that is undefined does not. */
export function deepMerge(base: object, value: object): object {
  const result: Record<string, unknown> = { ...base };
  for (const [key, given] of Object.entries(value)) {
    if (given === undefined) continue;
    const below = result[key];
    const groups =
      typeof given === "object" &&
      typeof below === "object" &&
      given !== null &&
      below !== null &&
      !Array.isArray(given);
    result[key] = groups && !Array.isArray(below) ? deepMerge(below, given) : given;
  }
  return result;
}

/**
 * Resolves a description with a connection's settings: absolute URLs, the origins that tokens may go to, variables to read
 * and write. Pure: it uses neither the network nor the environment.
 */
import { usage } from "../platform/errors.ts";
import { addressFault, originOf } from "../platform/url.ts";
import { type Dialect, REDIRECT_URI, redirectUriOf, withDefaults } from "./defaults.ts";
import type { EndpointName, ProviderDefinition } from "./schema.ts";
import { completeSettings } from "./settings.ts";
import { fill, type Values } from "./template.ts";
import { fillVariables } from "./tool-variables.ts";
import { layVariant } from "./variants.ts";

export type Endpoints = Readonly<Partial<Record<EndpointName, string>>>;

export interface ResolvedProvider {
  readonly definition: ProviderDefinition;
  readonly dialect: Dialect;
  /** With defaults, as they are to be stored. */
  readonly settings: Values;
  /** The issuer for discovery, or null where all endpoints are known. */
  readonly issuer: string | null;
  /** The API that names its issuer; null: none does. */
  readonly resource: string | null;
  readonly endpoints: Endpoints;
  /** Declared API origins, besides those of the endpoints. */
  readonly apiOrigins: readonly string[];
  /** All origins that tokens may go to. */
  readonly origins: readonly string[];
  readonly environment: {
    /** In order of precedence. */
    readonly read: readonly string[];
    /** Variable → template over `{token}`. */
    readonly write: Values;
    /** Variable for an address in the API's place → the path that follows it. */
    readonly baseUrl: Values;
  };
  readonly client: ClientHelp;
  /** For `token` logins: the pattern of a key, and the page on which to make one. */
  readonly apiKey: { readonly pattern: string | null; readonly create: string | null };
}

/** For a person who has to create a client first. */
export interface ClientHelp {
  /** The page. */
  readonly create: string | null;
  /**
   * The redirect URI to enter there; one without a port gets that at each login (RFC 8252 §7.3). null: an address of
   * the person's own, which isn't known yet (the setting `redirectUri`).
   */
  readonly redirectUri: string | null;
  readonly notes: readonly string[];
}

/** @throws AuthError `usage` when a setting is unknown, missing or malformed, or makes a URL that can't be. */
export function resolveProvider(definition: ProviderDefinition, given: Values): ResolvedProvider {
  const settings = completeSettings(definition, given);
  const described = layVariant(definition, settings);
  const dialect = fillDialect(withDefaults(described), settings);
  const issuer = described.issuer === undefined ? null : fillUrl(described.issuer, settings);
  const endpoints = fillEndpoints(described.endpoints ?? {}, settings);
  const resource = described.resource === undefined ? null : fillUrl(described.resource, settings);
  const apiOrigins = [...(described.origins ?? []).map((template) => fillUrl(template, settings)), resource]
    .filter((url) => url !== null)
    .map(originOf);
  return {
    definition,
    // The account is shown in messages, but a server's URL may hold a key in its path.
    dialect: resource === null ? dialect : { ...dialect, title: `${dialect.title} ${new URL(resource).host}` },
    settings,
    issuer,
    resource,
    endpoints,
    apiOrigins,
    origins: originsOf(endpoints, apiOrigins),
    environment: {
      read: described.environment?.read ?? [],
      write: fillVariables(described, settings),
      baseUrl: described.environment?.baseUrl ?? {},
    },
    client: {
      create: fillOptional(described.client?.create, settings),
      redirectUri: settings.redirectUri ?? (definition.settings?.redirectUri?.required ? null : redirectUriOf(dialect)),
      notes: described.client?.notes ?? [],
    },
    apiKey: {
      pattern: fillOptional(described.apiKey?.pattern, settings),
      create: keyPage(described, settings, dialect.scopes.default ?? []),
    },
  };
}

/** The page on which a token or key is made, with what a login would ask for filled in. */
export function keyPage({ apiKey }: ProviderDefinition, settings: Values, scopes: readonly string[]): string | null {
  const list = encodeURIComponent(scopes.join(",")).replaceAll("%2C", ",").replaceAll("%3A", ":");
  return fillOptional(apiKey?.create, { ...settings, scopes: list });
}

export function originsOf(endpoints: Endpoints, apiOrigins: readonly string[]): string[] {
  return [...new Set([...Object.values(endpoints).map(originOf), ...apiOrigins])];
}

function fillEndpoints(templates: NonNullable<ProviderDefinition["endpoints"]>, settings: Values): Endpoints {
  const filled: Partial<Record<EndpointName, string>> = {};
  for (const [name, template] of Object.entries(templates) as [EndpointName, string][]) {
    const url = fillUrl(template, settings);
    if (url !== null) filled[name] = url;
  }
  return filled;
}

/** Fills a URL template; a value may only be a host, or one part of the path. */
function fillUrl(template: string, settings: Values): string | null {
  const [, frame = "", path = ""] = /^([a-z]+:\/\/[^/?]*)?(.*)$/is.exec(template) ?? [];
  if (frame !== "")
    for (const [name, value] of Object.entries(settings)) {
      if (path.includes(`{${name}}`) && (!/^[A-Za-z0-9._~-]+$/.test(value) || /^\.+$/.test(value)))
        throw usage(
          `The ${name} '${value}' can't be part of an address.`,
          "Use letters, digits, '.', '_', '~' and '-'.",
        );
      if (frame.includes(`{${name}}`) && !/^([A-Za-z0-9.-]+|\[[0-9a-f:]+\])(:\d{1,5})?$/.test(value))
        throw usage(`The ${name} '${value}' can't be part of a host's name.`, "Use letters, digits, '.' and '-'.");
    }
  const url = fill(template, { ...settings, clientId: "{clientId}" });
  if (url === null) return null;
  const fault = addressFault(url);
  if (fault !== null) throw usage(`The address ${url} ${fault}.`, "Check the settings it is made of.");
  return url;
}

function fillOptional(template: string | undefined, settings: Values): string | null {
  return template === undefined ? null : fill(template, settings);
}

/**
 * What a connection's settings make of the texts that a dialect sends along; one whose setting has no value is left out.
 * `{token}` and `{basic}` are filled in when a request is made, and so is `{redirectUri}` in its parameters.
 */
export function fillDialect(dialect: Dialect, settings: Values): Dialect {
  const { authorize, request, refresh, longLived, device, revocation, account } = dialect;
  const { value, ...redirect } = authorize.redirect;
  const sentAs = value === undefined ? null : fill(value, settings);
  const companions = Object.entries(dialect.companions).flatMap(([name, companion]) => {
    const header = fill(companion.header, { ...settings, clientId: "{clientId}", secret: "{secret}" });
    return header === null ? [] : [[name, { ...companion, header }] as const];
  });
  const withRedirect = { ...settings, redirectUri: sentAs ?? settings.redirectUri ?? REDIRECT_URI };
  return {
    ...dialect,
    companions: Object.fromEntries(companions),
    header: fill(dialect.header, { ...settings, token: "{token}", basic: "{basic}" }) ?? dialect.header,
    ...(dialect.basic !== undefined && {
      basic: fill(dialect.basic, { ...settings, token: "{token}" }) ?? dialect.basic,
    }),
    authorize: {
      ...authorize,
      parameters: fillAll(authorize.parameters, settings),
      offlineParameters: fillAll(authorize.offlineParameters, settings),
      redirect: { ...redirect, ...(sentAs !== null && { value: sentAs }) },
    },
    account: {
      ...account,
      ...(account.header !== undefined && {
        header: fill(account.header, { ...settings, token: "{token}", basic: "{basic}" }) ?? account.header,
      }),
    },
    revocation: { ...revocation, ...withHeaders(revocation, settings) },
    refresh: { ...refresh, ...withHeaders(refresh, settings) },
    device: {
      ...device,
      ...withHeaders(device, settings),
      parameters: fillAll(device.parameters, settings),
      ...(device.poll && { poll: { ...device.poll, ...withHeaders(device.poll, settings) } }),
    },
    ...(longLived && { longLived: { ...longLived, ...withHeaders(longLived, settings) } }),
    request: {
      ...request,
      headers: fillAll(request.headers, settings),
      tokenParameters: fillAll(request.tokenParameters, withRedirect),
      refreshParameters: fillAll(request.refreshParameters, withRedirect),
    },
  };
}

/** A request that differs from the others, with its headers filled in; nothing where it has none. */
function withHeaders<R extends { headers?: Values | undefined }>(
  { request }: { readonly request?: R | undefined },
  settings: Values,
): { request?: R } {
  return request?.headers === undefined ? {} : { request: { ...request, headers: fillAll(request.headers, settings) } };
}

function fillAll(templates: Values, settings: Values): Record<string, string> {
  const all = Object.entries(templates).map(([name, template]) => [name, fill(template, settings)] as const);
  return Object.fromEntries(all.filter((entry): entry is [string, string] => entry[1] !== null));
}

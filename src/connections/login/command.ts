/** The command of a login, for the remedies that the login prints: what was given stays, so that it runs as printed. */
import { commandLine, type Placeholder } from "../../platform/shell-word.ts";
import type { ProviderDefinition } from "../../providers/schema.ts";
import { flagOf } from "../../providers/settings.ts";
import { clientVariables } from "../clients.ts";
import { madeFrom } from "../pin.ts";
import type { Connection } from "../record.ts";
import { typed } from "../ref.ts";
import type { LoginRequest } from "./request.ts";

/** A flag's value; true for a flag that takes none, several for one that repeats. */
type Value = string | Placeholder | true | readonly string[];
export type Flags = Readonly<Record<string, Value>>;

/**
 * The same login with more flags: `auth login github:work --host ghe.example --token -`.
 * @param added by their long names; each takes the place of what was given. With `profile` the login goes under that
 *   name; with `token` what only other flows read is left out.
 */
export function loginCommand(definition: ProviderDefinition, request: LoginRequest, added: Flags = {}): string {
  const { profile, ...others } = added;
  const given = { ...placeGiven(definition, request), ...(added.token === undefined && flowGiven(request)) };
  const connection = profile === undefined ? [typed(request.ref)] : [request.ref.provider, "-p", String(profile)];
  const command = request.command ?? ["auth", "login", ...connection];
  const { "client-secret": secret, ...called }: Flags = { ...given, ...others };
  const rest = Object.values(called).includes("-") ? called : { ...called, ...companionGiven(request) };
  const words = (flags: Flags): string => commandLine([...command, ...inWords(flags)]);
  if (secret === undefined) return words(rest);
  // Standard input holds one secret: the client's goes by its variable then.
  if (secret === "-" && Object.values(rest).includes("-"))
    return `${clientVariables(definition)}_SECRET=<secret> ${words(rest)}`;
  return words({ ...rest, "client-secret": secret });
}

/** A further login where a stored one was made, as the same client, under a name to be chosen. */
export function furtherLogin(
  definition: Pick<ProviderDefinition, "settings">,
  record: Connection,
  added: Flags,
): string {
  const { provider, clientId } = record;
  const place = placeGiven(definition, { ...madeFrom(record), scopes: null, verify: true, force: false });
  const flags = { ...place, ...(clientId !== null && { "client-id": clientId }), ...added };
  return commandLine(["auth", "login", provider, "-p", "NAME", ...inWords(flags)]);
}

function inWords(flags: Flags): (string | Placeholder)[] {
  return Object.entries(flags).flatMap(([name, value]) => {
    if (value === true) return [`--${name}`];
    return (isList(value) ? value : [value]).flatMap((one) =>
      typeof one === "string" ? flagWords(name, one) : [`--${name}`, one],
    );
  });
}

/** A flag with its value, which may look like a flag itself. */
export function flagWords(name: string, value: string): string[] {
  return value.startsWith("-") && value !== "-" ? [`--${name}=${value}`] : [`--${name}`, value];
}

/** On the command line a comma ends a scope; on standard input it is part of one (RFC 6749 §3.3). */
export function addScopeFlag(scopes: readonly string[]): [name: string, value: string] {
  return ["add-scope", scopes.some((scope) => scope.includes(",")) ? "-" : scopes.join(",")];
}

/** Both ways out where a name is taken, as commands. @param how what the login was called with besides */
export function keepOrReplace(definition: ProviderDefinition, request: LoginRequest, how: Flags = {}): string {
  const both = loginCommand(definition, request, { profile: "NAME", ...how });
  return `Keep both: ${both}\nReplace it: ${loginCommand(definition, request, { force: true, ...how })}`;
}

type Place = Pick<
  LoginRequest,
  "settings" | "issuer" | "endpoints" | "scopes" | "verify" | "force" | "resourceAsScope"
>;

/** Where the login goes, and what any flow heeds. */
function placeGiven({ settings: declared = {} }: Pick<ProviderDefinition, "settings">, request: Place): Flags {
  const settings = Object.entries(request.settings).flatMap(([name, value]) => {
    const setting = declared[name];
    return setting === undefined ? [] : [[flagOf(name, setting), value] as const];
  });
  const { issuer, endpoints, verify, force, resourceAsScope } = request;
  const scopes = resourceAsScope === undefined ? request.scopes : null;
  return {
    ...Object.fromEntries(settings),
    ...(issuer !== null && { issuer }),
    ...(Object.keys(endpoints).length > 0 && {
      endpoint: Object.entries(endpoints).map(([name, url]) => `${name}=${url}`),
    }),
    ...(scopes !== null && { scope: scopes.join(",") }),
    ...(!verify && { "no-verify": true }),
    ...(force && { force: true }),
  };
}

function flowGiven(request: LoginRequest): Flags {
  const { flow, clientId, clientSecret, redirectUri, port, timeout, asWritten = {} } = request;
  const { moreScopes = [], withoutResource, clientMetadataUrl } = request;
  const resource = request.resource ?? request.resourceAsScope;
  return {
    ...(flow !== null && { flow }),
    ...(clientId !== null && { "client-id": clientId }),
    ...(clientSecret !== null && { "client-secret": "-" }),
    ...asWritten,
    ...(resource !== undefined && { resource }),
    ...(withoutResource && { "no-resource": true }),
    ...(moreScopes.length > 0 && Object.fromEntries([addScopeFlag(moreScopes)])),
    ...(clientMetadataUrl !== undefined && { "client-metadata-url": clientMetadataUrl }),
    ...(redirectUri !== null && { "redirect-uri": redirectUri }),
    ...(port !== null && { port: String(port) }),
    ...(timeout !== null && { timeout: String(timeout / 1000) }),
  };
}

/** Standard input gave one of them at most. */
function companionGiven({ companions = {} }: LoginRequest): Flags {
  return Object.fromEntries(Object.keys(companions).map((name) => [flagOf(name), "-"]));
}

function isList(value: Exclude<Value, true>): value is readonly string[] {
  return Array.isArray(value);
}

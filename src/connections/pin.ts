/**
 * What an edit of a connection's settings does to its tokens (RULES.md 3.1). Only where they may go and whose client's they
 * are is pinned: an edit that changes neither leaves them as they are. One that does sets them aside, unused, until it is
 * undone or until a new login.
 */
import { AuthError } from "../platform/errors.ts";
import { shellWord } from "../platform/shell-word.ts";
import { comparableUrl } from "../platform/url.ts";
import { type ResolvedProvider, resolveProvider } from "../providers/resolve.ts";
import type { ProviderDefinition } from "../providers/schema.ts";
import type { Connection, LoginSettings, Pinned } from "./record.ts";
import { connectionError, display, typed } from "./ref.ts";

/** What a person may choose for a connection, and change later. */
export type ChosenSettings = LoginSettings & Pick<Connection, "scopes" | "clientId">;

/** The connection with other settings, and its login as far as that still holds. */
export function withSettings(definition: ProviderDefinition, record: Connection, chosen: ChosenSettings): Connection {
  const { previousPin: _, ...edited } = { ...record, ...chosen };
  const pin = pinOf(record);
  if (pin === null) return edited;
  return isKept(definition, pin, edited) ? { ...edited, pinned: pin } : { ...edited, pinned: null, previousPin: pin };
}

/** The settings that the stored login was made with: what its refreshes are sent with. */
export function madeFrom(record: Connection): LoginSettings {
  return record.pinned?.madeFrom ?? record;
}

/** The connection as it was logged in, without the edits that set its tokens aside: for revoking them where they belong. */
export function asLoggedIn(record: Connection): Connection {
  const { previousPin, ...rest } = record;
  return record.pinned !== null || previousPin === undefined ? record : { ...rest, pinned: previousPin };
}

/** Tokens that an edit has set aside. */
export function settingsChanged(record: Connection): AuthError {
  const message = `The settings of ${display(record)} were changed since its login: its tokens are not used.`;
  const hint = [...wayBack(record), `Log in with the new settings: ${loginAgain(record)}`].join("\n");
  return connectionError(record, "login_required", message, { hint });
}

/** The command that logs in again as this login was made: a pasted token needs its flag. */
export function loginAgain(record: Connection): string {
  return `auth login ${typed(record)}${record.kind === "oauth" ? "" : " --token -"}`;
}

/** The command that undoes the edit which set the tokens aside, in words; nothing where there is none. */
export function wayBack(record: Connection): string[] {
  const { previousPin: pin } = record;
  if (record.pinned !== null || pin?.madeFrom === undefined) return [];
  const before = assignments({ ...pin.madeFrom, clientId: record.clientId === null ? null : pin.clientId });
  const now = assignments(record);
  const flags = [
    ...[...before]
      .filter(([key, value]) => now.get(key) !== value)
      .map(([key, value]) => `--set ${shellWord(`${key}=${value}`)}`),
    ...[...now.keys()].filter((key) => !before.has(key)).map((key) => `--unset ${shellWord(key)}`),
  ];
  return flags.length === 0 ? [] : [`Use them again: auth profile edit ${display(record)} ${flags.join(" ")}`];
}

/** As `profile edit` names them: what may say where tokens go, and whose client's they are. */
function assignments({
  settings,
  issuer,
  endpoints,
  clientId,
}: Omit<ChosenSettings, "flow" | "scopes">): Map<string, string> {
  return new Map([
    ...(issuer === null ? [] : [["issuer", issuer] as const]),
    ...(clientId === null ? [] : [["clientId", clientId] as const]),
    ...Object.entries(endpoints).map(([name, url]) => [`endpoint.${name}`, url] as const),
    ...Object.entries(settings),
  ]);
}

function pinOf(record: Connection): Pinned | null {
  const { settings, issuer, endpoints, flow } = record;
  if (record.pinned !== null) return { madeFrom: { settings, issuer, endpoints, flow }, ...record.pinned };
  return record.previousPin ?? null;
}

/** Whether the settings still mean what the login was pinned to. A client that they don't name may be any. */
function isKept(definition: ProviderDefinition, pin: Pinned, now: Connection): boolean {
  if (now.clientId !== null && pin.clientId !== null && now.clientId !== pin.clientId) return false;
  return isSamePlace(definition, pin.madeFrom ?? now, now, Object.keys(pin.endpoints));
}

/**
 * Whether two sets of settings lead to the same place, by the description as it is now: the same issuer, endpoints and
 * origins, and the same host in what programs are handed beside the token (`GH_HOST`). What `--issuer` and `--endpoint`
 * say counts, and so does the place that the settings would lead to without them.
 *
 * @param names the endpoints that matter: one that the login doesn't have may be added
 */
export function isSamePlace(
  definition: ProviderDefinition,
  one: LoginSettings,
  other: LoginSettings,
  names: readonly string[],
): boolean {
  const [a, b] = [placeOf(definition, one, names), placeOf(definition, other, names)];
  // A description that no longer takes these settings can't say what they mean.
  return a === null || b === null ? isEqual(asText(one), asText(other)) : isEqual(a, b);
}

/** Where these settings lead, to be compared; null where the description doesn't take them. */
function placeOf(
  definition: ProviderDefinition,
  { settings, issuer, endpoints }: LoginSettings,
  names: readonly string[],
): unknown {
  const provider = resolveStored(definition, settings);
  if (provider === null) return null;
  const described: Readonly<Record<string, string | undefined>> = provider.endpoints;
  return {
    resource: comparable(provider.resource),
    issuers: [ownIssuer(definition, issuer) ?? provider.issuer, provider.issuer].map(comparable),
    endpoints: names.flatMap((name) => [endpoints[name] ?? described[name], described[name]]).map(comparable),
    origins: [...provider.origins].sort(),
    // What goes to programs beside the token.
    variables: Object.entries(provider.environment.write)
      .filter(([, value]) => value !== "{token}")
      .sort(),
  };
}

function comparable(url: string | null | undefined): string | null {
  return url == null ? null : (comparableUrl(url) ?? url);
}

/** What the description makes of a stored login's settings; null where it no longer takes them. */
export function resolveStored(
  definition: ProviderDefinition,
  settings: LoginSettings["settings"],
): ResolvedProvider | null {
  try {
    return resolveProvider(definition, declared(definition, settings));
  } catch (error) {
    if (error instanceof AuthError) return null;
    throw error;
  }
}

/** The settings that the description still has: a plugin may have given one up since they were stored. */
export function declared(
  definition: ProviderDefinition,
  settings: Readonly<Record<string, string>>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(settings).filter(([name]) => Object.hasOwn(definition.settings ?? {}, name)),
  );
}

/** `--issuer`, except where the provider has a setting of that name, which the flag fills. */
export function ownIssuer(definition: ProviderDefinition, issuer: string | null): string | null {
  return Object.hasOwn(definition.settings ?? {}, "issuer") ? null : issuer;
}

function asText({ settings, issuer, endpoints }: LoginSettings): unknown {
  return [Object.entries(settings).sort(), issuer, Object.entries(endpoints).sort()];
}

function isEqual(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

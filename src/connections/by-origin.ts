/**
 * Which connection a request is answered from, when all that is known is the origin that it goes to (RULES.md §5). A token
 * goes only to origins that its connection is for.
 */
import { AuthError } from "../platform/errors.ts";
import type { Secret } from "../platform/secret.ts";
import { shellWord } from "../platform/shell-word.ts";
import { originOf } from "../platform/url.ts";
import type { Vault } from "../vault/types.ts";
import { type Defaults, defaultAmong, preferredNames, readDefaults } from "./defaults.ts";
import { type DecidingFile, nameHere } from "./folder/choice.ts";
import { display, isName, parseSelector, sameName, vaultName } from "./ref.ts";
import { ambiguous, inVault, type Selected, type SelectionServices, tokenInEnvironment } from "./select.ts";
import { listReadable, notFound, readConnection, type Stored } from "./store.ts";

export interface Wanted {
  readonly origin: string;
  /** The user name in the request: a connection's name, or an account's. One that is neither means nothing. */
  readonly user: string | null;
  /** The name that the connection must have (`-p`, AUTH_PROFILE). */
  readonly profile: string | undefined;
  /** The provider that it must be at. */
  readonly provider: string | null;
  /** The call says that the tokens of what it names may go to this origin (`--origin`). */
  readonly isAdded: boolean;
}

/**
 * A provider whose description names the origin goes first, and what `auth use` chose or what is called `default` there
 * is found without reading the other connections: there may be thousands.
 *
 * @returns null where no connection is for that origin
 * @throws AuthError `ambiguous_connection` where several are, and none of them is chosen
 */
export async function connectionFor(services: SelectionServices, wanted: Wanted): Promise<Selected | null> {
  const vault = await services.vault();
  const named = await services.registry.idsAt(wanted.origin);
  const providers = wanted.provider === null ? named : [wanted.provider];
  const { profile, user } = wanted;

  if (profile !== undefined) return byProfile(services, vault, wanted, providers, profile);
  const defaults = await readDefaults(vault);
  const ofUser = user === null ? null : await byUser(services, vault, wanted, providers, user, defaults);
  if (ofUser !== null) return ofUser;
  const decidingFile = (await services.decidingFile?.()) ?? null;
  const meant = decidingFile === null ? null : await chosenHere(services, vault, wanted, providers, decidingFile);
  if (meant !== null || (decidingFile !== null && decidingFile.profile !== null)) return meant;
  for (const provider of providers) {
    const token = await environmentTokenFor(services, provider, wanted);
    if (token !== null) return token;
  }
  const preferred = await defaultsAt(services, vault, wanted, providers, defaults);
  const selected = one(wanted, preferred) ?? chosen(wanted, await everyFor(services, vault, wanted), defaults);
  return decidingFile === null ? selected : notAnother(decidingFile, selected);
}

/** The one that is called so; else the one of that account. Of several, the default. @throws AuthError `ambiguous_connection` */
async function byUser(
  services: SelectionServices,
  vault: Vault | null,
  wanted: Wanted,
  providers: readonly string[],
  user: string,
  defaults: Defaults,
): Promise<Selected | null> {
  const named = isName(user) ? await byNames(services, vault, wanted, providers, [user]) : [];
  if (named.length > 0) return chosen(wanted, named, defaults);
  const preferred = await defaultsAt(services, vault, wanted, providers, defaults);
  const [only, ...others] = preferred.filter((stored) => isAccount(stored, user));
  if (only !== undefined && others.length === 0) return inVault(only.ref);
  const all = await everyFor(services, vault, wanted);
  const calledSo = all.filter(({ ref }) => sameName(ref.name, user));
  return chosen(wanted, calledSo.length > 0 ? calledSo : all.filter((stored) => isAccount(stored, user)), defaults);
}

/** The file names another connection of that provider, which isn't there. @throws AuthError `connection_not_found` */
function notAnother(decidingFile: DecidingFile, selected: Selected | null): Selected | null {
  if (selected?.source !== "vault") return selected;
  const { provider, name } = selected.ref;
  const named = nameHere(decidingFile, provider);
  if (named !== null && !sameName(named, name)) throw notFound({ provider, name: named });
  return selected;
}

async function byProfile(
  services: SelectionServices,
  vault: Vault | null,
  wanted: Wanted,
  providers: readonly string[],
  profile: string,
): Promise<Selected | null> {
  const named = one(wanted, await byNames(services, vault, wanted, providers, [profile]));
  if (named !== null) return named;
  const all = await everyFor(services, vault, wanted);
  return one(
    wanted,
    all.filter(({ ref }) => sameName(ref.name, profile)),
  );
}

/**
 * What the folder's file names for the origin; where it says only a name, the connection of that name. Never another one in
 * the place of one that isn't there.
 *
 * @param providers those whose descriptions name the origin
 * @returns null where it says nothing about this origin
 * @throws AuthError `connection_not_found`
 */
async function chosenHere(
  services: SelectionServices,
  vault: Vault | null,
  wanted: Wanted,
  providers: readonly string[],
  decidingFile: DecidingFile,
): Promise<Selected | null> {
  const { provider: only } = wanted;
  const found: Stored[] = [];
  for (const { provider, name } of decidingFile.connections)
    if (name !== null && (only === null || provider === only))
      found.push(...(await byNames(services, vault, wanted, [provider], [name])));
  const named = one(wanted, found);
  if (named !== null) return named;
  for (const provider of providers) {
    const own = decidingFile.connections.find((one) => one.provider === provider);
    if (own?.name != null) throw notFound({ provider, name: own.name });
  }
  return decidingFile.profile === null ? null : byProfile(services, vault, wanted, providers, decidingFile.profile);
}

function one({ origin }: Wanted, found: readonly Stored[]): Selected | null {
  const [only, ...others] = found;
  if (only === undefined) return null;
  if (others.length > 0) throw severalFor(origin, found);
  return inVault(only.ref);
}

function severalFor(origin: string, found: readonly Stored[]): AuthError {
  return ambiguous(
    `There are several for ${origin}.`,
    found.map(({ ref }) => display(ref)),
    true,
  );
}

/** The connections of these names, at each of the providers. */
async function byNames(
  services: SelectionServices,
  vault: Vault | null,
  wanted: Wanted,
  providers: readonly string[],
  names: readonly string[],
): Promise<Stored[]> {
  const found: Stored[] = [];
  for (const provider of providers)
    for (const name of names) {
      const stored = vault === null ? null : await readConnection(vault, { provider, name });
      if (stored === null || !(await isForWanted(services, stored, wanted))) continue;
      found.push(stored);
      break;
    }
  return found;
}

/** The overall default where it is for this origin, else each provider's: those that are found by their names. */
async function defaultsAt(
  services: SelectionServices,
  vault: Vault | null,
  wanted: Wanted,
  providers: readonly string[],
  defaults: Defaults,
): Promise<Stored[]> {
  if (vault === null) return [];
  if (defaults.overall !== null) {
    const { provider, name } = parseSelector(defaults.overall);
    if (providers.includes(provider) && name !== null) {
      const stored = await byNames(services, vault, wanted, [provider], [name]);
      if (stored.length > 0) return stored;
    }
  }
  const found: Stored[] = [];
  for (const provider of providers)
    found.push(...(await byNames(services, vault, wanted, [provider], preferredNames(defaults, provider))));
  return found;
}

function isAccount({ record: { account } }: Stored, user: string): boolean {
  return [account?.label, account?.id].some((known) => known != null && sameName(known, user));
}

/** Of these the overall default, else their provider's. @throws AuthError `ambiguous_connection` where none is */
function chosen(wanted: Wanted, found: readonly Stored[], defaults: Defaults): Selected | null {
  const overall = found.find(({ ref }) => vaultName(ref) === defaults.overall);
  if (overall !== undefined) return inVault(overall.ref);
  const refs = found.map(({ ref }) => ref);
  const [only, ...others] = new Set(refs.map(({ provider }) => provider));
  const meant = only === undefined || others.length > 0 ? null : defaultAmong(refs, defaults, only);
  return meant === null ? one(wanted, found) : inVault(meant);
}

/** Every connection for that origin. Reads the whole vault. */
async function everyFor(services: SelectionServices, vault: Vault | null, wanted: Wanted): Promise<Stored[]> {
  if (vault === null) return [];
  const found: Stored[] = [];
  for (const stored of await listReadable(vault))
    if (wanted.provider === null || stored.ref.provider === wanted.provider)
      if (await isForWanted(services, stored, wanted)) found.push(stored);
  return found;
}

async function isForWanted(services: SelectionServices, stored: Stored, wanted: Wanted): Promise<boolean> {
  if (wanted.isAdded) return stored.record.pinned !== null;
  return isFor(services, stored, wanted.origin);
}

/**
 * Whether a connection's tokens may go to an origin: one that was pinned at its login, or that its provider's description
 * names by now. A plugin's may not name new ones; and where a login was told its own issuer or endpoints, what the
 * description names is another place.
 */
export async function isFor(services: SelectionServices, { record }: Stored, origin: string): Promise<boolean> {
  const { pinned } = record;
  if (pinned === null) return false;
  if (pinned.origins.includes(origin)) return true;
  const { resource } = pinned;
  if (resource !== undefined && URL.canParse(resource) && originOf(resource) === origin) return true;
  if (pinned.plugin !== undefined || !(await services.registry.idsAt(origin)).includes(record.provider)) return false;
  if (await services.registry.isPlugin(record.provider)) return false;
  const { madeFrom, ownIssuer, resolveStored } = await import("./pin.ts");
  const definition = await services.registry.get(record.provider);
  const { settings, endpoints, issuer } = madeFrom(record);
  if (Object.keys(endpoints).length > 0 || ownIssuer(definition, issuer) !== null) return false;
  return resolveStored(definition, settings)?.origins.includes(origin) ?? false;
}

/** The connections that hold this very access token, and whose tokens may go to the origin. Reads the whole vault. */
export async function connectionsHolding(
  services: SelectionServices,
  vault: Vault,
  token: Secret,
  origin: string,
  origins: readonly string[],
): Promise<Stored[]> {
  const found: Stored[] = [];
  for (const stored of await listReadable(vault))
    if (stored.record.tokens?.accessToken.equals(token))
      if (origins.includes(origin) || (await isFor(services, stored, origin))) found.push(stored);
  return found;
}

/**
 * A token of the environment belongs to the host that the environment names (CLI.md §1); one that we put there, to its
 * connection's.
 */
async function environmentTokenFor(
  services: SelectionServices,
  provider: string,
  wanted: Wanted,
): Promise<Selected | null> {
  const selected = await tokenInEnvironment(services, provider);
  if (selected?.source !== "vault")
    return selected && (wanted.isAdded || (await isTokenFor(services, selected, wanted.origin))) ? selected : null;
  const vault = await services.vault();
  const stored = vault === null ? null : await readConnection(vault, selected.ref);
  return stored !== null && (await isForWanted(services, stored, wanted)) ? selected : null;
}

/** @throws AuthError `origin_mismatch`, naming what adds the origin */
export async function requireFor(services: SelectionServices, selected: Selected, origin: string): Promise<void> {
  if (selected.source === "environment") {
    if (await isTokenFor(services, selected, origin)) return;
  } else {
    const vault = await services.vault();
    const stored = vault === null ? null : await readConnection(vault, selected.ref);
    // That it isn't there, or isn't logged in, is found out where its token is asked for.
    if (stored === null || stored.record.pinned === null || (await isFor(services, stored, origin))) return;
  }
  const name = selected.source === "vault" ? display(selected.ref) : `The token in ${selected.token.variable}`;
  throw new AuthError("origin_mismatch", `${name} isn't for ${origin}.`, {
    hint: `If its tokens may go there, say so in the call: --origin ${shellWord(origin)}`,
  });
}

async function isTokenFor(
  { registry }: SelectionServices,
  { provider, token }: Extract<Selected, { source: "environment" }>,
  origin: string,
): Promise<boolean> {
  const { resolveProvider } = await import("../providers/resolve.ts");
  return resolveProvider(await registry.get(provider), token.settings).origins.includes(origin);
}

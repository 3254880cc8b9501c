/** Which connection `auth login` is for: a provider, a connection, an issuer's URL, or what a menu offers. */
import { chosenAtIssuer, connectionAtApi, nameForIssuer } from "../../connections/by-issuer.ts";
import { defaultAmong, readDefaults } from "../../connections/defaults.ts";
import { nameHere } from "../../connections/folder/choice.ts";
import { type ConnectionRef, checkName, DEFAULT_NAME, display, isAddress, parseNamed } from "../../connections/ref.ts";
import { connectionsNamed, profileOf } from "../../connections/select.ts";
import type { ProtectedResource } from "../../oauth/protected-resource.ts";
import { AuthError, usage } from "../../platform/errors.ts";
import { shellWord } from "../../platform/shell-word.ts";
import { isLoopback } from "../../platform/url.ts";
import type { Registry } from "../../providers/registry.ts";
import type { ProviderDefinition } from "../../providers/schema.ts";
import type { Cli } from "../context.ts";
import type { Session } from "../session.ts";
import { connectionsOf } from "../stored.ts";

export interface Target {
  readonly ref: ConnectionRef;
  /** Settings that the argument implies. */
  readonly settings: Readonly<Record<string, string>>;
  /** Where the argument is an API's URL: what that says about itself. */
  readonly api?: ProtectedResource;
}

type ApiName = Pick<ProtectedResource, "url" | "resource">;

/** @param pastes whether a token is given, rather than got by a flow */
export async function targetOf(
  cli: Cli,
  session: Session,
  argument: string | undefined,
  profile: string | undefined,
  pastes = false,
): Promise<Target> {
  const wanted = profileOf(cli.context.env, argument, profile);
  if (argument === undefined) {
    const ref = await storedUnder(session, wanted);
    return ref === null ? chosenTarget(cli, session, wanted) : { ref, settings: {} };
  }
  if (isAddress(argument))
    return atAddress(session, argument, wanted ?? (await session.decidingFile())?.profile ?? undefined, pastes);
  if (looksLikeHost(argument)) throw await hostGiven(session, argument);
  const { provider: called, name } = parseNamed(argument, wanted);
  const provider = await session.registry.require(called);
  await session.registry.get(provider);
  return { ref: name === null ? await defaultFor(session, provider) : { provider, name }, settings: {} };
}

/** A URL is an API's or an issuer's: a request tells which. */
async function atAddress(session: Session, url: string, name: string | undefined, pastes: boolean): Promise<Target> {
  // A URL that can't be an issuer's can't be an API's either.
  nameForIssuer(url);
  const { findProtectedResource } = await import("../../oauth/protected-resource.ts");
  try {
    const api = await findProtectedResource(session.context.http, url);
    return api === null ? atIssuer(session, url, name) : { ...(await targetAtApi(session, api, name)), api };
  } catch (error) {
    // An existing connection needs no discovery.
    const isApi = error instanceof AuthError && error.code === "provider_unavailable";
    if (pastes && isApi) return targetAtApi(session, { url, resource: url }, name);
    throw error;
  }
}

/**
 * At the provider whose API has to be given: the connection of that API, else one that is named after it.
 * @param name the connection's
 */
async function targetAtApi(session: Session, api: ApiName, name: string | undefined): Promise<Target> {
  const stored = await connectionAtApi(await session.vault(), api.resource, name);
  for (const definition of await session.registry.offered()) {
    const setting = wholeSetting(definition.resource, definition);
    if (setting === null) continue;
    const own = name === undefined ? nameForIssuer(api.resource) : checkName(name);
    const kept = stored?.ref.provider === definition.id ? stored : null;
    const ref = kept?.ref ?? { provider: definition.id, name: own };
    return { ref, settings: { [setting]: kept?.record.settings[setting] ?? api.url } };
  }
  throw new AuthError("provider_not_found", "No provider takes an MCP server's URL.");
}

/** At an issuer: the connection there that `auth use` chose; else the one that is named after it. */
async function atIssuer(session: Session, url: string, name: string | undefined): Promise<Target> {
  const target = await targetAtIssuer(session.registry, url, name);
  const chosen = name === undefined ? await chosenAtIssuer(await session.vault(), url) : null;
  return chosen?.provider === target.ref.provider ? { ...target, ref: chosen } : target;
}

/**
 * At the provider whose issuer has to be given.
 * @param name the connection's; undefined: host, port and path of the issuer
 */
export async function targetAtIssuer(registry: Registry, url: string, name: string | undefined): Promise<Target> {
  const own = nameForIssuer(url);
  for (const definition of await registry.offered()) {
    const setting = issuerSetting(definition);
    if (setting === null) continue;
    const ref = { provider: definition.id, name: name === undefined ? own : checkName(name) };
    return { ref, settings: { [setting]: url } };
  }
  throw new AuthError("provider_not_found", "No provider takes an issuer's URL.");
}

/** The setting that is the whole issuer: `issuer: "{issuer}"`. */
export function issuerSetting(definition: ProviderDefinition): string | null {
  return wholeSetting(definition.issuer, definition);
}

function wholeSetting(template: string | undefined, { settings = {} }: ProviderDefinition): string | null {
  const name = /^\{(\w+)\}$/.exec(template ?? "")?.[1];
  return name !== undefined && settings[name]?.required === true ? name : null;
}

/** `-p work` alone: the existing connection of that name, as for every other command. */
async function storedUnder(session: Session, name: string | undefined): Promise<ConnectionRef | null> {
  if (name === undefined) return null;
  const [only, ...others] = await connectionsNamed(session, checkName(name));
  if (only === undefined || others.length === 0) return only ?? null;
  throw new AuthError("ambiguous_connection", `Which connection? Several are named ${name}.`, {
    hint: `Name one of: ${[only, ...others].map(display).join(", ")}`,
  });
}

/**
 * What the folder's file says; else the provider's default where `auth use` chose one; else `default`, which this login
 * makes. The only connection there is isn't taken for it: a person who names the provider alone may want a second one.
 */
async function defaultFor(session: Session, provider: string): Promise<ConnectionRef> {
  const nameFromFolder = nameHere(await session.decidingFile(), provider);
  if (nameFromFolder !== null) return { provider, name: nameFromFolder };
  const made = { provider, name: DEFAULT_NAME };
  const vault = await session.vault();
  const defaults = await readDefaults(vault);
  if (!Object.hasOwn(defaults.providers, provider)) return made;
  const stored = (await connectionsOf(session)).map(({ ref }) => ref);
  return defaultAmong([...stored, made], defaults, provider) ?? made;
}

/** `auth login` alone: a menu on a terminal. */
async function chosenTarget(cli: Cli, session: Session, name: string | undefined): Promise<Target> {
  if (cli.output.isJson || !(await cli.interactive()))
    throw usage("Which provider?", `auth login <provider>   (providers: ${(await session.registry.ids()).join(", ")})`);
  const { chooseTarget } = await import("./menu.ts");
  return chooseTarget(cli, session, name, (provider) => defaultFor(session, provider));
}

/** `issuer.example`, `localhost:8080/realms/x`: not the form of a provider or a connection. */
function looksLikeHost(text: string): boolean {
  return /^([a-z0-9-]+(\.[a-z0-9-]+)+|localhost)(:\d+)?(\/\S*)?$/i.test(text);
}

/** A host that a provider is at, or an issuer whose scheme is missing. */
async function hostGiven({ registry }: Session, text: string): Promise<AuthError> {
  const { providersAt } = await import("../../providers/at-host.ts");
  const [host = ""] = text.toLowerCase().split(/[:/]/, 1);
  const [known] = providersAt(await usableDefinitions(registry, await registry.everyId()), host);
  const scheme = isLoopback(host) ? "http" : "https";
  return usage(
    `'${text}' is a host, not a provider.`,
    known === undefined
      ? `If it is an issuer (OpenID Connect): auth login ${shellWord(`${scheme}://${text}`)}`
      : `Did you mean: auth login ${known}`,
  );
}

/** Without unusable plugins, which are neither suggested nor offered. */
export async function usableDefinitions(registry: Registry, ids: readonly string[]): Promise<ProviderDefinition[]> {
  const found = ids.map((id) =>
    registry.get(id).catch((error: unknown) => {
      if (error instanceof AuthError) return null;
      throw error;
    }),
  );
  return (await Promise.all(found)).filter((definition) => definition !== null);
}

/**
 * Which connection a command means (CLI.md §1). A provider, or nothing, may mean a token in the environment, which then
 * takes precedence over the vault; a connection's full name, `-p`, AUTH_PROFILE, a name from the folder's file, `--stored`
 * and AUTH_IGNORE_ENV mean the vault.
 */
import type { Environment } from "../platform/context.ts";
import { AuthError, type ErrorCode, usage } from "../platform/errors.ts";
import type { EnvironmentToken } from "../providers/environment.ts";
import { readVariables } from "../providers/names.ts";
import type { ProviderDefinition } from "../providers/schema.ts";
import { findDefault, hasNoDefault, readDefaults } from "./defaults.ts";
import type { DecidingFile } from "./folder/choice.ts";
import {
  type ConnectionRef,
  checkName,
  DEFAULT_NAME,
  display,
  isAddress,
  isName,
  nameFault,
  parseNamed,
  parseSelector,
  sameName,
} from "./ref.ts";
import type { Services } from "./services.ts";
import { connectionRefs, readConnection } from "./store.ts";

export interface Selector {
  /** `github`, `github:work`, an issuer's URL, or nothing. */
  readonly argument: string | undefined;
  readonly profile: string | undefined;
  /** Leave the environment out of it. */
  readonly stored: boolean;
}

export type Selected =
  | {
      readonly source: "vault";
      readonly ref: ConnectionRef;
      /** Named by its provider alone, or not at all. */
      readonly implicit: boolean;
      /**
       * Whether the host variables of the environment, such as GH_HOST, must match the login (RULES.md 3.1): where `implicit`,
       * without --stored and AUTH_IGNORE_ENV.
       */
      readonly mustAgree: boolean;
    }
  | { readonly source: "environment"; readonly provider: string; readonly token: EnvironmentToken };

/** The vault is opened only when it has to be asked. */
export interface SelectionServices {
  readonly context: Services["context"];
  readonly registry: Services["registry"];
  readonly vault: () => Promise<Services["vault"] | null>;
  /**
   * What the folder's `.auth.toml` says; null where none decides. Asked only where no connection is named in full. Absent: no
   * file does. @throws AuthError `file_untrusted` where it was changed since it was allowed
   */
  readonly decidingFile?: () => Promise<DecidingFile | null>;
}

/**
 * A provider's connection that doesn't exist is returned as its `default`; reading it is the error.
 *
 * @throws AuthError `provider_not_found`, `connection_not_found`, `ambiguous_connection`, `usage`
 */
export async function select(services: SelectionServices, selector: Selector): Promise<Selected> {
  const { argument } = selector;
  const profile = profileOf(services.context.env, argument, selector.profile);
  if (argument === "" || profile === "") throw usage("A connection's name can't be empty.");
  if (argument === undefined && profile !== undefined) return named(services, profile);
  if (argument === undefined) {
    const decidingFile = (await services.decidingFile?.()) ?? null;
    const meant = decidingFile === null ? null : (await import("./folder/choice.ts")).meantHere(decidingFile);
    if (meant?.argument !== undefined) return select(services, { ...selector, argument: meant.argument });
    return meant?.profile === undefined ? unnamed(services, selector) : named(services, meant.profile, decidingFile);
  }

  if (isAddress(argument)) {
    const [{ connectionByIssuer }, { nameSource }] = await Promise.all([
      import("./by-issuer.ts"),
      import("./name-source.ts"),
    ]);
    const decidingFile = profile === undefined ? ((await services.decidingFile?.()) ?? null) : null;
    const name = profile ?? decidingFile?.profile ?? undefined;
    const source = nameSource(services.context.env, name, decidingFile);
    return inVault(await connectionByIssuer(await services.vault(), argument, name, source));
  }
  const { provider: called, name } = parseNamed(argument, profile);
  const provider = services.registry.isBuiltIn(called) ? called : await requireKnown(services, called);
  if (name !== null) return inVault({ provider, name });
  const decidingFile = (await services.decidingFile?.()) ?? null;
  const nameFromFolder =
    decidingFile === null ? null : (await import("./folder/choice.ts")).nameHere(decidingFile, provider);
  if (nameFromFolder !== null) return inVault({ provider, name: nameFromFolder });
  return providerDefault(services, provider, selector);
}

/**
 * The name of the connection: `-p`, else AUTH_PROFILE; but `github:home` has a name of its own, which takes
 * precedence over AUTH_PROFILE.
 *
 * @throws AuthError `usage` where AUTH_PROFILE can't be a name
 */
export function profileOf(
  env: Environment,
  argument: string | undefined,
  profile: string | undefined,
): string | undefined {
  if (profile !== undefined || (argument?.includes(":") && !isAddress(argument))) return profile;
  const set = env.AUTH_PROFILE?.trim() || undefined;
  if (set !== undefined && !isName(set))
    throw usage(`AUTH_PROFILE: ${nameFault(set)}`, "Set it to the name of a connection, or unset it.");
  return set;
}

async function providerDefault(services: SelectionServices, provider: string, selector: Selector): Promise<Selected> {
  const token = await injectedOrSet(services, provider, selector);
  if (token !== null) return token;
  const { ref, several } = await findDefault(await services.vault(), provider);
  if (several.length > 0) throw await severalAt(services, provider, several);
  return implied(services, selector, ref ?? { provider, name: DEFAULT_NAME });
}

/** A connection that was named in full. */
export function inVault(ref: ConnectionRef): Selected {
  return { source: "vault", ref, implicit: false, mustAgree: false };
}

/** A connection that wasn't. */
function implied({ context }: SelectionServices, { stored }: Selector, ref: ConnectionRef): Selected {
  return { source: "vault", ref, implicit: true, mustAgree: !stored && !ignoresEnvironment(context.env) };
}

/** What the environment holds for a provider: a token, or one that we put there and that is a connection's. */
export function tokenInEnvironment(services: SelectionServices, provider: string): Promise<Selected | null> {
  return injectedOrSet(services, provider, { argument: provider, profile: undefined, stored: false });
}

/** The token that the environment holds for a provider, unless the environment is left out. */
async function injectedOrSet(
  services: SelectionServices,
  provider: string,
  selector: Selector,
): Promise<Selected | null> {
  const { env } = services.context;
  if (selector.stored || ignoresEnvironment(env)) return null;
  const definition = await usable(services, provider);
  const set = definition === null ? null : await tokenIn(env, definition);
  if (set === null) return null;
  if (set.injected !== null) return implied(services, selector, set.injected);
  return { source: "environment", provider, token: set.token };
}

/**
 * A provider whose plugin was removed is known as long as there is a login at it, so that it can be ended.
 * @param provider its id, or an alias @returns its id
 */
async function requireKnown(services: SelectionServices, provider: string): Promise<string> {
  try {
    return await services.registry.require(provider);
  } catch (error) {
    if (!(error instanceof AuthError) || error.code !== "provider_not_found") throw error;
    const vault = await services.vault();
    const stored = await connectionRefs(vault);
    if (!stored.some((ref) => ref.provider === provider))
      throw await (await import("./missing.ts")).withLikeness(vault, error, provider);
    return provider;
  }
}

/** null for a plugin that can't be used: its logins in the vault may still be good, and say so when they are read. */
async function usable(services: SelectionServices, provider: string): Promise<ProviderDefinition | null> {
  try {
    return await services.registry.get(provider);
  } catch (error) {
    if (error instanceof AuthError && UNUSABLE.includes(error.code)) return null;
    throw error;
  }
}

const UNUSABLE: readonly ErrorCode[] = ["plugin_invalid", "plugin_untrusted", "provider_not_found"];

/**
 * A provider's token in the environment, and the connection that it is of where we put it there ourselves: then it is no
 * token of the environment (CLI.md §1). What reads it is loaded late: a connection's full name needs none of it.
 */
async function tokenIn(
  env: Environment,
  definition: ProviderDefinition,
): Promise<{ readonly token: EnvironmentToken; readonly injected: ConnectionRef | null } | null> {
  if (!readVariables(definition).some((variable) => env[variable]?.trim())) return null;
  const { environmentToken } = await import("../providers/environment.ts");
  const token = environmentToken(definition, env);
  if (token === null || !env.AUTH_INJECTED) return token && { token, injected: null };
  const { injectedConnection } = await import("../providers/injected.ts");
  const { variable } = token;
  return { token, injected: injectedConnection(env.AUTH_INJECTED, definition.id, variable, token.token.reveal()) };
}

export function ignoresEnvironment(env: Environment): boolean {
  const value = env.AUTH_IGNORE_ENV?.trim();
  return value !== undefined && value !== "" && value !== "0" && value !== "false";
}

/** `-p work` alone: the one connection of that name. */
async function named(
  services: SelectionServices,
  profile: string,
  decidingFile: DecidingFile | null = null,
): Promise<Selected> {
  checkName(profile);
  const matches = await connectionsNamed(services, profile);
  const [only, ...others] = matches;
  if (only === undefined) {
    const { nameSource } = await import("./name-source.ts");
    throw noneNamed(profile, nameSource(services.context.env, profile, decidingFile));
  }
  if (others.length > 0) throw ambiguous(`Several are named ${profile}.`, matches.map(display), false);
  return inVault(only);
}

/** @param source where the name came from, as a sentence after a space */
export function noneNamed(profile: string, source: string): AuthError {
  return new AuthError("connection_not_found", `There is no connection named ${profile}.${source}`, {
    hint: "See what there is: auth list",
  });
}

/** Connections in the vault that have a name, at any provider. */
export async function connectionsNamed(services: SelectionServices, name: string): Promise<ConnectionRef[]> {
  const all = await connectionRefs(await services.vault());
  return all.filter((ref) => sameName(ref.name, name));
}

/** Nothing given: the overall default, else the default of the only provider there is. */
async function unnamed(services: SelectionServices, selector: Selector): Promise<Selected> {
  const vault = await services.vault();
  const { overall } = await readDefaults(vault);
  if (vault !== null && overall !== null) {
    const { provider, name } = parseSelector(overall);
    const stored = await readConnection(vault, { provider, name: name ?? DEFAULT_NAME }, undefined, "cached");
    if (stored !== null) {
      const token = await injectedOrSet(services, provider, selector);
      return token ?? implied(services, selector, stored.ref);
    }
  }
  const stored = await connectionRefs(vault);
  const providers = new Set(stored.map(({ provider }) => provider));
  if (!selector.stored) for (const { provider } of await environmentTokens(services)) providers.add(provider);
  const [only, ...others] = [...providers];
  if (only === undefined) throw await loggedInNowhere(services);
  if (others.length > 0) {
    const names = stored.map(display);
    const inEnvironment = [...providers].filter((id) => !stored.some(({ provider }) => provider === id));
    throw ambiguous("There are several.", [...names, ...inEnvironment], true);
  }
  return providerDefault(services, only, selector);
}

export async function loggedInNowhere({ registry }: Pick<SelectionServices, "registry">): Promise<AuthError> {
  return new AuthError("connection_not_found", "You are not logged in anywhere.", {
    hint: `Log in: auth login <provider>   (providers: ${(await registry.ids()).join(", ")})`,
  });
}

/** Every provider that has a token in the environment; none with AUTH_IGNORE_ENV, and none that we put there. */
export async function environmentTokens(
  services: Pick<SelectionServices, "context" | "registry">,
): Promise<{ provider: string; token: EnvironmentToken }[]> {
  const { env } = services.context;
  if (ignoresEnvironment(env)) return [];
  const tokens = [];
  for (const definition of await services.registry.readers(env)) {
    const read = await tokenIn(env, definition);
    if (read?.injected === null) tokens.push({ provider: definition.id, token: read.token });
  }
  return tokens;
}

async function severalAt(
  services: SelectionServices,
  provider: string,
  refs: readonly ConnectionRef[],
): Promise<AuthError> {
  const hasDefault = !(await hasNoDefault(services.registry, provider));
  return ambiguous(`There are several at ${provider}.`, refs.map(display), hasDefault);
}

/** @param names the connections, as they are shown @param hasDefault whether one of them may be chosen with `auth use` */
export function ambiguous(what: string, names: readonly string[], hasDefault: boolean): AuthError {
  const listed = `${names.slice(0, 20).join(", ")}${names.length > 20 ? ", …" : ""}`;
  const storedOne = hasDefault ? names.find((name) => name.includes(":")) : undefined;
  const choice = storedOne === undefined ? "" : `\nOr choose a default: auth use ${storedOne}`;
  return new AuthError("ambiguous_connection", `Which connection? ${what}`, {
    hint: `Name one of: ${listed}${choice}`,
  });
}

/**
 * Every provider that can be named: built in, of the catalogue, or installed as a plugin. A description is read only
 * when someone asks for it.
 */
import type { Environment } from "../platform/context.ts";
import { AuthError } from "../platform/errors.ts";
import { ownValue } from "../platform/json.ts";
import { isThere } from "../platform/small-file.ts";
import { isProviderId, plainName } from "./id.ts";
import type { CalledOtherwise } from "./not-found.ts";
import type { FindBase } from "./plugins/load.ts";
import type { ReadPin } from "./plugins/trust.ts";
import type { ProviderDefinition } from "./schema.ts";

/** Where descriptions come from: id → how to read it. The ids are known without reading any. */
export type Source = Readonly<Record<string, () => Promise<{ default: ProviderDefinition }>>>;

export interface Sources {
  readonly builtIn: Source;
  /** Origin → the bundled ids whose descriptions name it. */
  readonly origins?: () => Promise<{ readonly bundledOrigins: Readonly<Record<string, readonly string[]>> }>;
  /** Bundled, too, but not offered before anyone asks. Long, so that not even its names are read before. */
  readonly catalog?: () => Promise<Catalog>;
  /** Read for a name that no provider has. */
  readonly otherwise?: () => Promise<CalledOtherwise>;
  readonly plugins?: Plugins;
}

type Bundled = Source[string] | undefined;

export interface Catalog {
  readonly catalog: Source;
  /** Variable → the ids in the catalogue that read a token from it. */
  readonly catalogVariables: Readonly<Record<string, readonly string[]>>;
  readonly claims: () => Promise<{
    /** Variable or origin → the ids in the catalogue that claim it. */
    readonly catalogClaims: Readonly<Record<string, readonly string[]>>;
    /** Alias → the id in the catalogue. */
    readonly catalogAliases: Readonly<Record<string, string>>;
  }>;
}

export interface Plugins {
  /** null where there is no home. */
  folder(): string | null;
  readonly pin: ReadPin;
  /** A plugin that was passed over since it can't be used. */
  passedOver(error: AuthError): void;
}

/** URLs that an issuer names. */
export interface IssuerAddresses {
  readonly issuer: string;
  /** Those by which a login is made. */
  readonly login: readonly string[];
  readonly all: readonly string[];
}

export type ProviderKind = "built-in" | "catalogue" | "installed";

export interface Registry {
  /** Certainly part of auth, with no plugin in its place. False where that can't be known without waiting. */
  isBuiltIn(id: string): boolean;
  /**
   * That there is such a provider, without reading its description.
   * @param name its id, or an alias; in capitals, too
   * @returns its id. @throws AuthError `provider_not_found`; `plugin_invalid` for an alias of several
   */
  require(name: string): Promise<string>;
  /** As `require`; null where no provider is called so. */
  idOf(name: string): Promise<string | null>;
  /** @throws AuthError `provider_not_found`, saying which there are; `plugin_invalid`, `plugin_untrusted` */
  get(id: string): Promise<ProviderDefinition>;
  /** Bundled providers whose descriptions name an origin, as it is where no setting says otherwise. */
  idsAt(origin: string): Promise<readonly string[]>;
  /** In the order people are offered them: those of the catalogue are not among them. */
  ids(): Promise<string[]>;
  everyId(): Promise<string[]>;
  /** Where the description comes from that `get` gives. @throws AuthError `provider_not_found` */
  kindOf(id: string): Promise<ProviderKind>;
  /** Whether its description is a plugin's, or was: none is bundled under this id. */
  isPlugin(id: string): Promise<boolean>;
  /**
   * Refuses what a plugin's issuer says of itself where that is another provider's.
   * @throws AuthError `plugin_invalid`
   */
  refuseForeign(id: string, addresses: IssuerAddresses): Promise<void>;
  /** Those that people are offered and that can be used. */
  offered(): Promise<ProviderDefinition[]>;
  /** Those that may find a token in this environment. */
  readers(env: Environment): Promise<ProviderDefinition[]>;
}

/** Bundled descriptions are taken as they are: a test has checked them, and the schema library costs start-up. */
export function createRegistry({ builtIn, origins, catalog = noCatalog, otherwise, plugins }: Sources): Registry {
  const read = new Map<string, Promise<ProviderDefinition>>();
  const reported = new Set<string>();

  function bundled(id: string): Bundled | Promise<Bundled> {
    return Object.hasOwn(builtIn, id) ? builtIn[id] : inCatalog(id);
  }

  async function inCatalog(id: string): Promise<Bundled> {
    const { catalog: rest } = await catalog();
    return Object.hasOwn(rest, id) ? rest[id] : undefined;
  }

  /** The file that describes the provider, where one does: in place of a bundled one only if it was added with --replace. */
  async function file(id: string): Promise<string | null> {
    const folder = plugins?.folder() ?? null;
    // A name from outside becomes part of a path only if it is one that a plugin may have.
    if (plugins === undefined || folder === null || !isProviderId(id) || !(await isThere(folder))) return null;
    const { installedFile } = await import("./plugins/place.ts");
    const path = await installedFile(folder, id);
    if (path === null || (await bundled(id)) === undefined) return path;
    return (await plugins.pin(id))?.replaces ? path : null;
  }

  /** @param chain the plugins that lead here by `extends` */
  async function load(id: string, chain: readonly string[]): Promise<ProviderDefinition> {
    const path = await file(id);
    if (path === null || plugins === undefined) {
      const bring = await bundled(id);
      if (bring === undefined) throw await notFound(id);
      return (await bring()).default;
    }
    const { loadInstalled } = await import("./plugins/installed.ts");
    const { definition, base, reviewed } = await loadInstalled(path, id, plugins.pin, findBase(id, chain));
    if (!reviewed) {
      const { refuseClash } = await import("./plugins/claims.ts");
      await refuseClash(definition, base, builtIn, await catalog(), get);
    }
    return definition;
  }

  async function refuseForeign(id: string, addresses: IssuerAddresses): Promise<void> {
    const path = await file(id);
    if (path === null || plugins === undefined || (await plugins.pin(id))?.replaces === true) return;
    const { loadInstalled } = await import("./plugins/installed.ts");
    const { base } = await loadInstalled(path, id, plugins.pin, findBase(id, []));
    const { refuseForeignIssuer } = await import("./plugins/claims.ts");
    await refuseForeignIssuer(id, addresses, base, builtIn, await catalog(), get);
  }

  /** A manifest that replaces a provider may start from that one. */
  function findBase(id: string, chain: readonly string[]): FindBase {
    return async (base) => {
      const bring = await bundled(base);
      if (base === id && bring !== undefined) return (await bring()).default;
      const longer = [...chain, id];
      if (!longer.includes(base)) return load(base, longer);
      throw new AuthError("plugin_invalid", `${[...longer, base].join(" extends ")}: that is a circle.`, {
        hint: "Name another provider in 'extends'.",
      });
    };
  }

  function get(id: string): Promise<ProviderDefinition> {
    const known = read.get(id);
    if (known !== undefined) return known;
    const definition = load(id, []);
    read.set(id, definition);
    return definition;
  }

  function isBuiltIn(id: string): boolean {
    const folder = plugins?.folder() ?? null;
    return Object.hasOwn(builtIn, id) && (folder === null || isThere(folder) === false);
  }

  async function require(name: string): Promise<string> {
    const id = await idOf(name);
    if (id === null) throw await notFound(name);
    return id;
  }

  async function idOf(name: string): Promise<string | null> {
    const plain = plainName(name);
    for (const one of new Set([name, plain]))
      if ((await bundled(one)) !== undefined || (await file(one)) !== null) return one;
    return byAlias(plain);
  }

  /** Only for a name that is no id: the descriptions that are offered are read for it. */
  async function byAlias(name: string): Promise<string | null> {
    const inCatalogue = ownValue((await (await catalog()).claims()).catalogAliases, name);
    const found = (await offered()).filter(({ aliases }) => aliases?.includes(name)).map(({ id }) => id);
    const plugins = found.filter((id) => !Object.hasOwn(builtIn, id));
    // One that was added with --replace wins over what is part of auth.
    const [id, other] = plugins.length > 0 ? plugins : [...found, ...(inCatalogue === undefined ? [] : [inCatalogue])];
    if (other === undefined) return id ?? null;
    throw new AuthError("plugin_invalid", `Several providers are called ${name}: ${id} and ${other}.`, {
      hint: "Name the one that you mean by its id; or remove one: auth provider remove <id>",
    });
  }

  async function idsAt(origin: string): Promise<readonly string[]> {
    return origins === undefined ? [] : (ownValue((await origins()).bundledOrigins, origin) ?? []);
  }

  async function installedIds(): Promise<string[]> {
    const folder = plugins?.folder() ?? null;
    return folder === null ? [] : (await import("./plugins/place.ts")).installedIds(folder);
  }

  async function ids(): Promise<string[]> {
    const own = (await installedIds()).filter((id) => !Object.hasOwn(builtIn, id));
    return [...Object.keys(builtIn), ...own];
  }

  async function everyId(): Promise<string[]> {
    return [...new Set([...(await ids()), ...Object.keys((await catalog()).catalog)])];
  }

  async function kindOf(id: string): Promise<ProviderKind> {
    if ((await file(id)) !== null) return "installed";
    if ((await bundled(id)) === undefined) throw await notFound(id);
    return Object.hasOwn(builtIn, id) ? "built-in" : "catalogue";
  }

  async function isPlugin(id: string): Promise<boolean> {
    return (await bundled(id)) === undefined || (await file(id)) !== null;
  }

  async function offered(): Promise<ProviderDefinition[]> {
    return usable(await ids());
  }

  async function readers(env: Environment): Promise<ProviderDefinition[]> {
    const isSet = (variable: string): boolean => Boolean(env[variable]?.trim());
    const variables = await variablesOfInstalled();
    const read = (id: string): boolean => variables.get(id)?.some(isSet) ?? true;
    const { catalogVariables } = await catalog();
    const named = Object.keys(catalogVariables).filter(isSet);
    return usable([...(await ids()).filter(read), ...named.flatMap((variable) => catalogVariables[variable] ?? [])]);
  }

  async function variablesOfInstalled(): Promise<ReadonlyMap<string, readonly string[]>> {
    const folder = plugins?.folder() ?? null;
    const installed = await installedIds();
    if (folder === null || installed.length === 0) return new Map();
    const { variablesOfPlugins } = await import("./plugins/stamps.ts");
    return variablesOfPlugins(folder, installed, passingOver);
  }

  async function usable(wanted: readonly string[]): Promise<ProviderDefinition[]> {
    const found = await Promise.all([...new Set(wanted)].map(passingOver));
    return found.filter((definition) => definition != null);
  }

  /**
   * One plugin that can't be used doesn't keep people from the others. null: a module that isn't trusted yet, of which
   * nothing is known (`provider list` and `doctor` show it); undefined: what is wrong was reported.
   */
  async function passingOver(id: string): Promise<ProviderDefinition | null | undefined> {
    try {
      return await get(id);
    } catch (error) {
      if (!isPluginFault(error)) throw error;
      if (error.code === "plugin_untrusted") return null;
      if (!reported.has(id)) plugins?.passedOver(error);
      reported.add(id);
      return undefined;
    }
  }

  /** Not those of plugins: to read one may be what led here. */
  async function bundledAliases(): Promise<string[]> {
    const own = await Promise.all(Object.values(builtIn).map(async (bring) => (await bring()).default.aliases ?? []));
    return [...own.flat(), ...Object.keys((await (await catalog()).claims()).catalogAliases)];
  }

  async function notFound(name: string): Promise<AuthError> {
    const { notFoundHint } = await import("./not-found.ts");
    const { escapeText } = await import("../platform/escape.ts");
    const every = await everyId();
    return new AuthError("provider_not_found", `There is no provider '${escapeText(name.slice(0, 60))}'.`, {
      hint: notFoundHint(plainName(name), every, await bundledAliases(), (await otherwise?.()) ?? {}),
    });
  }

  return { isBuiltIn, require, idOf, get, idsAt, ids, everyId, kindOf, isPlugin, refuseForeign, offered, readers };
}

async function noCatalog(): Promise<Catalog> {
  return { catalog: {}, catalogVariables: {}, claims: async () => ({ catalogClaims: {}, catalogAliases: {} }) };
}

function isPluginFault(error: unknown): error is AuthError {
  return error instanceof AuthError && (error.code === "plugin_invalid" || error.code === "plugin_untrusted");
}

/**
 * Every provider that can be named: built in, of the catalogue, or installed as a plugin. A description is read only
 * when someone asks for it.
 */
import type { Environment } from "../platform/context.ts";
import type { AuthError } from "../platform/errors.ts";
import { ownValue } from "../platform/json.ts";
import { isThere } from "../platform/small-file.ts";
import { isProviderId, plainName } from "./names.ts";
import type { CalledOtherwise } from "./not-found.ts";
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
  /** Part of auth, and no plugin can be in its place: there is no folder of plugins. */
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

/** What providers are found by, for the parts of the registry that are loaded only when they are used. */
export interface Lookup extends Sources {
  readonly catalog: () => Promise<Catalog>;
  /** How to read a bundled description; undefined where none is of that id. */
  bundled(id: string): Bundled | Promise<Bundled>;
  /** The file that describes the provider, where one does: in place of a bundled one only if it was added with --replace. */
  pluginFile(id: string): Promise<string | null>;
  /** @param chain the plugins that lead here by `extends` */
  load(id: string, chain: readonly string[]): Promise<ProviderDefinition>;
  get(id: string): Promise<ProviderDefinition>;
  /** Ids of plugins that `passedOver` was told of. */
  readonly reported: Set<string>;
}

/** Bundled descriptions are taken as they are: a test has checked them, and the schema library costs start-up. */
export function createRegistry({ catalog = noCatalog, ...sources }: Sources): Registry {
  const { builtIn, origins, plugins } = sources;
  const read = new Map<string, Promise<ProviderDefinition>>();
  const lookup: Lookup = { ...sources, catalog, bundled, pluginFile, load, get, reported: new Set() };
  const offered = () => import("./offered.ts");

  function bundled(id: string): Bundled | Promise<Bundled> {
    return Object.hasOwn(builtIn, id) ? builtIn[id] : inCatalog(id);
  }

  async function inCatalog(id: string): Promise<Bundled> {
    const { catalog: rest } = await catalog();
    return Object.hasOwn(rest, id) ? rest[id] : undefined;
  }

  async function pluginFile(id: string): Promise<string | null> {
    const folder = plugins?.folder() ?? null;
    // A name from outside becomes part of a path only if it is one that a plugin may have.
    if (plugins === undefined || folder === null || !isProviderId(id) || !isThere(folder)) return null;
    const { installedFile } = await import("./plugins/place.ts");
    const path = await installedFile(folder, id);
    if (path === null || (await bundled(id)) === undefined) return path;
    return (await plugins.pin(id))?.replaces ? path : null;
  }

  async function load(id: string, chain: readonly string[]): Promise<ProviderDefinition> {
    const path = await pluginFile(id);
    if (path !== null) return (await import("./plugins/installed.ts")).installedDefinition(lookup, path, id, chain);
    const readDescription = await bundled(id);
    if (readDescription === undefined) throw await (await offered()).notFound(lookup, id);
    return (await readDescription()).default;
  }

  function get(id: string): Promise<ProviderDefinition> {
    const known = read.get(id);
    if (known !== undefined) return known;
    const definition = load(id, []);
    read.set(id, definition);
    return definition;
  }

  async function idOf(name: string): Promise<string | null> {
    const plain = plainName(name);
    for (const id of new Set([name, plain]))
      if ((await bundled(id)) !== undefined || (await pluginFile(id)) !== null) return id;
    return (await offered()).byAlias(lookup, plain);
  }

  return {
    isBuiltIn(id) {
      const folder = plugins?.folder() ?? null;
      return Object.hasOwn(builtIn, id) && (folder === null || !isThere(folder));
    },
    async require(name) {
      const id = await idOf(name);
      if (id === null) throw await (await offered()).notFound(lookup, name);
      return id;
    },
    idOf,
    get,
    idsAt: async (origin) => (origins === undefined ? [] : (ownValue((await origins()).bundledOrigins, origin) ?? [])),
    ids: async () => (await offered()).ids(lookup),
    everyId: async () => (await offered()).everyId(lookup),
    async kindOf(id) {
      if ((await pluginFile(id)) !== null) return "installed";
      if ((await bundled(id)) === undefined) throw await (await offered()).notFound(lookup, id);
      return Object.hasOwn(builtIn, id) ? "built-in" : "catalogue";
    },
    isPlugin: async (id) => (await bundled(id)) === undefined || (await pluginFile(id)) !== null,
    refuseForeign: async (...what) => (await import("./plugins/installed.ts")).refuseForeign(lookup, ...what),
    offered: async () => (await offered()).offered(lookup),
    readers: async (env) => (await offered()).readers(lookup, env),
  };
}

async function noCatalog(): Promise<Catalog> {
  return { catalog: {}, catalogVariables: {}, claims: async () => ({ catalogClaims: {}, catalogAliases: {} }) };
}

/** Loads the description from a plugin's file. */
import { AuthError } from "../../platform/errors.ts";
import { deepMerge } from "../defaults.ts";
import { parseDefinition } from "../parse.ts";
import type { ProviderDefinition } from "../schema.ts";
import { headerFault } from "../written.ts";
import type { PluginFile } from "./file.ts";
import { readManifest } from "./manifest.ts";
import { compileModule, describeModule, functionsOf, type ModuleKind } from "./module.ts";
import type { Trusted } from "./trust.ts";

/** A description by its id, for `extends`. */
export type FindBase = (id: string) => Promise<ProviderDefinition>;

export interface Loaded {
  readonly definition: ProviderDefinition;
  /** The provider that it starts from. */
  readonly base: string | null;
}

/** @throws AuthError `plugin_invalid` */
export async function loadManifest(file: PluginFile, find: FindBase): Promise<Loaded> {
  const value = await readManifest(file.text, file.name);
  const base = baseOf(value, file.name);
  if (base === null) return { definition: parsePlugin(value, file.name), base };
  const definition = await find(base);
  if (definition.functions !== undefined)
    throw new AuthError("plugin_invalid", `${file.name}: ${base} is a module, which a manifest can't extend.`, {
      hint: "Extend a provider that is data, or write a module.",
    });
  return { definition: parsePlugin(layOver(definition, value as object), file.name), base };
}

/** Evaluates the module: only after a person agreed. @throws AuthError `plugin_invalid` */
export async function evaluateModule(
  file: PluginFile & { kind: ModuleKind },
): Promise<Omit<Trusted, "at"> & { definition: ProviderDefinition }> {
  const { data, functions } = await describeModule(compileModule(file.text, file.kind, file.name), file.name);
  if (typeof data === "object" && data !== null && "extends" in data)
    throw new AuthError("plugin_invalid", `${file.name}: a module can't have 'extends'.`, {
      hint: "Only a manifest starts from another provider.",
    });
  const definition = moduleDefinition(file, { data, functions });
  return { source: file.text, data, functions, definition };
}

/** The description of a module that was evaluated before: its code runs only when a function is called. */
export function moduleDefinition(
  file: PluginFile,
  { data, functions }: Pick<Trusted, "data" | "functions">,
): ProviderDefinition {
  if (functions.length === 0) return parsePlugin(data, file.name);
  const code = compileModule(file.text, file.kind as ModuleKind, file.name);
  return parsePlugin({ ...(data as object), functions: functionsOf(code, file.name, functions) }, file.name);
}

/** @throws AuthError `plugin_invalid` also for what only a description that is part of auth may say */
function parsePlugin(value: unknown, file: string): ProviderDefinition {
  const definition = parseDefinition(value, file);
  if (definition.movedFrom !== undefined)
    throw new AuthError("plugin_invalid", `${file}: movedFrom is only for what is part of auth.`, {
      hint: "Leave it out: after a move, people log in again.",
    });
  if (definition.resource !== undefined)
    throw new AuthError("plugin_invalid", `${file}: resource is only for what is part of auth.`, {
      hint: "An MCP server needs no description: auth login https://<its URL>",
    });
  const { header, settings = {} } = definition;
  const problem = header === undefined ? null : headerFault(header, settings);
  if (problem === null) return definition;
  throw new AuthError("plugin_invalid", `${file}: header ${problem}.`, {
    hint: "Write the header that its API takes, with {token} in it.",
  });
}

/** The provider that a manifest starts from, or null. @throws AuthError `plugin_invalid` */
function baseOf(value: unknown, file: string): string | null {
  if (typeof value !== "object" || value === null || !("extends" in value)) return null;
  const base = value.extends;
  if (typeof base === "string" && base !== "") return base;
  throw new AuthError("plugin_invalid", `${file}: extends must be the id of a provider.`, {
    hint: "See which there are: auth provider list",
  });
}

/**
 * The manifest laid over its base: groups field by field, lists and texts as a whole. What the base reads from the
 * environment is its own and isn't inherited: its tokens and settings are not this provider's.
 */
export function layOver(base: ProviderDefinition, manifest: object): object {
  const { extends: _, ...own } = manifest as { extends?: unknown };
  return deepMerge(ofFlows(withoutItsEnvironment(base), (own as { flows?: unknown }).flows), own);
}

/** Of a manifest with flows of its own, what the base says of other flows alone isn't inherited. */
function ofFlows(base: Inherited, own: unknown): Inherited {
  if (!Array.isArray(own)) return base;
  const flows = own.map((choice) => (typeof choice === "string" ? choice : choice?.flow));
  const { settings = {}, minting = {}, device, apiKey, authorize, ...rest } = base;
  const kept = Object.entries(settings).flatMap(([name, setting]) => {
    const left = setting.flows?.filter((flow) => flows.includes(flow));
    return left?.length === 0 ? [] : [[name, left === undefined ? setting : { ...setting, flows: left }]];
  });
  return {
    ...rest,
    settings: Object.fromEntries(kept),
    minting: Object.fromEntries(Object.entries(minting).filter(([flow]) => flows.includes(flow))),
    ...(device !== undefined && flows.includes("device") && { device }),
    ...(apiKey !== undefined && flows.includes("token") && { apiKey }),
    ...(authorize !== undefined && (flows.includes("browser") || flows.includes("code")) && { authorize }),
  };
}

type Inherited = Omit<ProviderDefinition, "movedFrom" | "aliases">;

function withoutItsEnvironment(base: ProviderDefinition): Inherited {
  const { movedFrom: _, aliases: __, ...own } = structuredClone(base);
  for (const setting of Object.values(own.settings ?? {})) delete setting.env;
  for (const layer of [own, ...(own.variants ?? [])]) {
    delete layer.environment?.read;
    if (layer.environment?.write === undefined) delete layer.environment;
  }
  for (const companion of Object.values(own.companions ?? {})) delete companion.variable;
  delete own.client?.environment;
  for (const minting of Object.values(own.minting ?? {})) delete minting?.environment;
  return own;
}

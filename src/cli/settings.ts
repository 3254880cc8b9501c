/** Flags that say where and how to log in: those of `login` and `profile create`, and the settings that providers declare. */
import type { Environment } from "../platform/context.ts";
import { usage } from "../platform/errors.ts";
import { addressFault } from "../platform/url.ts";
import { secretCompanions } from "../providers/companions.ts";
import { parseEndpoints } from "../providers/overrides.ts";
import type { Registry } from "../providers/registry.ts";
import { FLOWS, type Flow, type ProviderDefinition } from "../providers/schema.ts";
import { acceptSetting, flagOf } from "../providers/settings.ts";
import { type Args, list, SCOPE } from "./command.ts";
import { createCli, DEFAULT_GLOBALS } from "./context.ts";
import { scopes } from "./scopes.ts";
import { inSession } from "./session.ts";
import { oneOf } from "./suggest.ts";

export const LOGIN_SETTINGS = {
  flow: {
    type: "string",
    alias: "f",
    valueHint: FLOWS.join("|"),
    completes: "flow",
    description: "How to log in (default: by browser where one opens here, else the provider's own order)",
  },
  ...SCOPE,
  "client-id": { type: "string", valueHint: "id", description: "The OAuth client to log in with" },
  issuer: { type: "string", valueHint: "url", description: "Take the endpoints from this issuer's discovery" },
  endpoint: {
    type: "string",
    valueHint: "name=url",
    repeatable: true,
    description: "Override one endpoint; may be repeated",
  },
} as const satisfies Args;

type Given = Readonly<Record<string, unknown>> & {
  readonly [name in keyof typeof LOGIN_SETTINGS]?: string | undefined;
};

/** What LOGIN_SETTINGS and the provider's own flags say. @throws AuthError `usage` */
export function loginSettingsFrom(definition: ProviderDefinition, args: Given) {
  return {
    settings: settingsFrom(definition, args),
    issuer: address(args.issuer, "--issuer"),
    endpoints: parseEndpoints(list(args.endpoint)),
    scopes: scopes(args.scope),
    flow: flowOf(args.flow),
    clientId: nonEmpty(args["client-id"], "--client-id"),
  };
}

export function flowOf(wanted: string | undefined): Flow | null {
  if (wanted === undefined) return null;
  return oneOf("flow", wanted === "interactive" ? "browser" : wanted, FLOWS);
}

/** A URL that a login may lead to. @throws AuthError `usage` */
export function address(value: string | undefined, flag: string): string | null {
  const url = nonEmpty(value, flag);
  const fault = url === null ? null : addressFault(url);
  if (fault !== null) throw usage(`${flag} ${fault}.`, "Give an https URL, or http on 127.0.0.1.");
  return url;
}

export function nonEmpty(value: string | undefined, flag: string): string | null {
  if (value === undefined) return null;
  if (value.trim() === "") throw usage(`${flag} can't be empty.`);
  return value.trim();
}

/**
 * The settings of the provider that is named, as flags.
 * @param words the command's arguments; the first names the connection
 */
export function settingFlags(words: readonly string[], env: Environment): Promise<Args> {
  return inSession(createCli(env, DEFAULT_GLOBALS, []), ({ registry }) => flagsOf(registry, words, settingArgs));
}

/** The same for a login, which is given the secrets that go with its tokens too. */
export function loginFlags(words: readonly string[], env: Environment): Promise<Args> {
  return inSession(createCli(env, DEFAULT_GLOBALS, []), ({ registry }) => flagsOf(registry, words, loginArgs));
}

export function loginArgs(definition: ProviderDefinition): Args {
  return { ...settingArgs(definition), ...companionArgs(definition) };
}

async function flagsOf(
  registry: Registry,
  words: readonly string[],
  argsOf: (definition: ProviderDefinition) => Args,
): Promise<Args> {
  const known = await registry.everyId();
  for (const word of words) {
    const called = word.split(":", 1)[0]?.toLowerCase() ?? "";
    const id = known.includes(called) ? called : await registry.idOf(called);
    if (id === null) continue;
    return argsOf(await registry.get(id));
  }
  return {};
}

function settingArgs({ settings = {} }: ProviderDefinition): Args {
  return Object.fromEntries(
    Object.entries(settings).map(([name, setting]) => [
      flagOf(name, setting),
      { type: "string", valueHint: name, description: setting.title },
    ]),
  );
}

function companionArgs(definition: ProviderDefinition): Args {
  return Object.fromEntries(
    secretCompanions(definition).map(([name, { title }]) => [
      flagOf(name),
      { type: "string", valueHint: "-", description: `${title}; '-' reads it from standard input` },
    ]),
  );
}

/** What those flags say, by the setting's own name. @throws AuthError `usage` */
export function settingsFrom(
  { settings = {} }: ProviderDefinition,
  args: Readonly<Record<string, unknown>>,
): Record<string, string> {
  const given: Record<string, string> = {};
  for (const [name, setting] of Object.entries(settings)) {
    const value = args[flagOf(name, setting)];
    if (typeof value === "string") given[name] = acceptSetting(setting, value, `--${flagOf(name, setting)}`);
  }
  return given;
}

/** A provider as `list` and `show` print it: its description, where it comes from and whether it is used. */
import { readPin } from "../../connections/plugins.ts";
import { AuthError } from "../../platform/errors.ts";
import { asksForSecret, handedOver, variableOf } from "../../providers/companions.ts";
import { flowsOf } from "../../providers/flows.ts";
import { claimsOf } from "../../providers/plugins/claims.ts";
import type { ProviderDefinition } from "../../providers/schema.ts";
import { flagOf } from "../../providers/settings.ts";
import type { Session } from "../session.ts";

export interface ProviderView {
  readonly id: string;
  readonly title: string;
  /** Where the description comes from. */
  readonly origin: "built-in" | "catalogue" | "file" | "npm" | "url";
  /** Of a plugin that was added: the package with its version, or the URL. */
  readonly source: string | null;
  /** Whether it replaces a provider that is built in, or may use what is another's. */
  readonly replaces: boolean;
  /** Other names for its id. */
  readonly aliases: readonly string[];
  /** Names for scopes that belong together: `auth login google --scope youtube`. */
  readonly presets: readonly string[];
  readonly docs: string | null;
  /** In order of preference. */
  readonly flows: readonly string[];
  readonly settings: readonly SettingView[];
  readonly variables: { readonly read: readonly string[]; readonly write: readonly string[] };
  /** Variables with a client's id or secret, or with the path of a credential's file. */
  readonly alsoReads: readonly string[];
  /** What `auth run` sets: variable → value, a template over the settings and `{token}`. */
  readonly writes: readonly { readonly variable: string; readonly value: string }[];
  /** Variables by which its libraries find another address of the API, and the path behind that. `auth proxy` has values for them. */
  readonly baseUrls: readonly { readonly variable: string; readonly path: string }[];
  /** Companions of each token, in their own headers. */
  readonly companions: readonly CompanionView[];
  /** Where its tokens may go with default settings. One that depends on a setting is `https://{host}`. */
  readonly origins: readonly string[];
  /** Where else they may go, as settings say. */
  readonly otherOrigins: readonly string[];
  /** `not needed`: a manifest, of which no code runs. */
  readonly trust: "trusted" | "not needed" | "untrusted" | "changed" | "unusable";
  /** Why it can't be used. */
  readonly fault: string | null;
}

interface SettingView {
  readonly name: string;
  readonly title: string;
  readonly flag: string;
  readonly env: readonly string[];
  readonly default: string | null;
  /** The only values; null: any that is well-formed. */
  readonly choices: readonly string[] | null;
  readonly required: boolean;
  /** What its whole value must match; null: anything. */
  readonly pattern: string | null;
  /** Where the provider reports it: a parameter of the browser's answer, a field of the token reply. null: a person gives it. */
  readonly from: { readonly answer?: string | undefined; readonly reply?: string | undefined } | null;
}

interface CompanionView {
  readonly name: string;
  readonly title: string;
  /** A template over the settings, `{clientId}` and `{secret}`. */
  readonly header: string;
  /** By which a login takes its secret; null: it has none. */
  readonly flag: string | null;
  readonly variable: string | null;
  readonly required: boolean;
}

/** @throws AuthError `provider_not_found` */
export async function viewOf(session: Session, id: string): Promise<ProviderView> {
  const { registry } = session;
  const kind = await registry.kindOf(id);
  const vault = kind === "installed" ? await session.vault() : null;
  const pin = vault === null ? null : await readPin(vault, id);
  const origin = kind === "installed" ? sourceOf(pin?.origin ?? "file") : { origin: kind, source: null };
  const common = { id, ...origin, replaces: pin?.replaces ?? false };
  try {
    return {
      ...common,
      ...described(await registry.get(id)),
      trust: kind === "installed" && pin?.trusted == null ? "not needed" : "trusted",
      fault: null,
    };
  } catch (error) {
    if (!(error instanceof AuthError) || !error.code.startsWith("plugin_")) throw error;
    const trust = error.code === "plugin_invalid" ? "unusable" : pin?.trusted == null ? "untrusted" : "changed";
    return { ...common, ...NOTHING_SAID, title: id, trust, fault: error.message };
  }
}

const NOTHING_SAID = {
  aliases: [],
  presets: [],
  docs: null,
  flows: [],
  settings: [],
  variables: { read: [], write: [] },
  writes: [],
  baseUrls: [],
  companions: [],
  alsoReads: [],
  origins: [],
  otherOrigins: [],
} as const;

/** @param origin of a plugin that was added: `file`, the package with its version, or the URL */
export function sourceOf(origin: string): Pick<ProviderView, "origin" | "source"> {
  if (origin === "file") return { origin, source: null };
  return { origin: origin.startsWith("npm:") ? "npm" : "url", source: origin };
}

/** What the description itself holds. */
export function described(
  definition: ProviderDefinition,
): Omit<ProviderView, "id" | "origin" | "source" | "replaces" | "trust" | "fault"> {
  const { title, aliases = [], docs = null, settings = {}, environment, variants = [] } = definition;
  // Which variant applies depends on the connection's settings: all are named.
  const environments = [environment, ...variants.map((variant) => variant.environment)];
  const { reads, writes, origins, destinations } = claimsOf(definition);
  const tokens = environments.flatMap((one) => one?.read ?? []);
  const ofSettings = Object.values(settings).flatMap(({ env }) => env ?? []);
  const companions = Object.entries(definition.companions ?? {}).map(([name, companion]) => ({
    name,
    title: companion.title,
    header: companion.header,
    flag: asksForSecret(companion) ? `--${flagOf(name)}` : null,
    variable: variableOf(definition.id, name, companion),
    required: companion.required ?? false,
  }));
  const beside = companions.flatMap(({ variable, header }) =>
    variable === null ? [] : [[variable, handedOver({ header })] as const],
  );
  const values = [...environments.flatMap((one) => Object.entries(one?.write ?? {})), ...beside];
  const known = [...tokens, ...ofSettings, ...beside.map(([variable]) => variable)];
  return {
    title,
    aliases,
    presets: Object.keys(definition.scopes?.presets ?? {}),
    docs,
    flows: flowsOf(definition).map(({ flow }) => flow),
    settings: Object.entries(settings).map(([name, setting]) => ({
      name,
      title: setting.title,
      flag: `--${flagOf(name, setting)}`,
      env: setting.env ?? [],
      default: setting.default ?? null,
      choices: setting.choices ?? null,
      required: setting.required ?? false,
      pattern: setting.pattern ?? null,
      from: setting.from ?? null,
    })),
    variables: { read: [...new Set(tokens)], write: writes },
    alsoReads: reads.filter((name) => !known.includes(name)),
    writes: writes.flatMap((variable) => {
      const own = new Set(values.filter(([name]) => name === variable).map(([, value]) => value));
      return (own.size === 0 ? ["{token}"] : [...own]).map((value) => ({ variable, value }));
    }),
    baseUrls: environments
      .flatMap((one) => Object.entries(one?.baseUrl ?? {}))
      .map(([variable, path]) => ({ variable, path })),
    companions,
    origins: destinations,
    otherOrigins: origins.filter((origin) => !destinations.includes(origin)),
  };
}

/** The summary of `show`, and what is shown before a plugin is added. */
export function inWords(view: Omit<ProviderView, "fault" | "trust"> & Partial<ProviderView>): string[] {
  const {
    id,
    title,
    origin,
    source,
    replaces,
    aliases,
    presets,
    docs,
    flows,
    settings,
    variables,
    alsoReads,
    writes,
    baseUrls,
    companions,
    origins,
    otherOrigins,
    trust,
  } = view;
  const facts: [string, string][] = [
    ["Origin", `${source ?? origin}${replaces ? " (replaces, or uses what belongs to, another provider)" : ""}`],
    ["Also called", aliases.join(", ")],
    ["Sets of scopes (--scope)", presets.join(", ")],
    ["Documentation", docs ?? ""],
    ["Flows", flows.join(", ")],
    ["Sends tokens to", origins.map((one) => inWhole(one, settings)).join(", ")],
    ["With other settings, sends them to", otherOrigins.map((one) => inWhole(one, settings)).join(", ")],
    ["Reads", variables.read.join(", ")],
    ["Reads for its client or a key file", alsoReads.join(", ")],
    ["Writes", writes.map(({ variable, value }) => `${variable}=${value}`).join(", ")],
    [
      "Address of the API, for its libraries",
      baseUrls.map(({ variable, path }) => `${variable}=<address>${path}`).join(", "),
    ],
    ["Trust", trust ?? ""],
  ];
  return [
    `${title} (${id})`,
    ...facts.filter(([, value]) => value !== "").map(([name, value]) => `  ${name}: ${value}`),
    ...settings.map((setting) => {
      const how = `${setting.flag}${setting.env.length === 0 ? "" : `, or read from ${setting.env.join(", ")}`}`;
      const whenLeftOut = setting.required ? "required" : (setting.default ?? "optional");
      const choices = setting.choices === null ? "" : `; one of ${setting.choices.join(", ")}`;
      const { answer, reply } = setting.from ?? {};
      const places = [answer && `the browser's answer (${answer})`, reply && `the token reply (${reply})`];
      const said = setting.from === null ? "" : `; the provider says it in ${places.filter(Boolean).join(" and in ")}`;
      return `  Setting ${setting.name}: ${setting.title} (${how}; ${whenLeftOut}${choices}${said})`;
    }),
    ...companions.map(({ title, header, flag, variable, required }) => {
      const from = variable === null ? flag : `${flag}, or read from ${variable}`;
      const how = flag === null ? "" : ` (${from}; ${required ? "required" : "optional"})`;
      return `  With each token, in a header: ${header}: ${title}${how}`;
    }),
  ];
}

/** An origin from a setting can be any, unless the setting limits it; the provider may report a part of it. */
function inWhole(origin: string, settings: readonly SettingView[]): string {
  const said = settings.filter((one) => one.from !== null && origin.includes(`{${one.name}}`));
  if (said.length > 0) {
    const values = said.map(({ name, choices, pattern }) => `${name}: ${choices?.join(", ") ?? pattern ?? "anything"}`);
    return `${origin} (as the provider says; ${values.join("; ")})`;
  }
  const [, , name] = /^(https?:\/\/)?\{(\w+)\}$/.exec(origin) ?? [];
  return name === undefined ? origin : `${origin} (any host)`;
}

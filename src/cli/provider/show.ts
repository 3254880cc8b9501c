import { version } from "../../../package.json";
import { usage } from "../../platform/errors.ts";
import { escapeText } from "../../platform/escape.ts";
import { redirectUriOf, withDefaults } from "../../providers/defaults.ts";
import { flowsOf } from "../../providers/flows.ts";
import type { ProviderDefinition } from "../../providers/schema.ts";
import { fill, type Values } from "../../providers/template.ts";
import { defineCommand } from "../command.ts";
import type { Cli } from "../context.ts";
import { inSession } from "../session.ts";
import { inWords, viewOf } from "./view.ts";

export default defineCommand({
  name: "show",
  description: "Show all that is known of a provider: flows, client, addresses, scopes, variables, errors",
  args: {
    id: { type: "positional", required: true, completes: "provider", description: "The provider" },
    toml: { type: "boolean", description: "As a manifest, to copy and to change" },
  },
  examples: [
    ["auth provider show {a}", "in words"],
    ["auth provider show {b} --json", "for a program"],
    ["auth provider show {b} --toml > mine.toml", "a manifest to start from"],
  ],
  run: (cli, args) =>
    inSession(cli, async (session) => {
      const id = await session.registry.require(args.id);
      if (args.toml) return showManifest(cli, await session.registry.get(id));
      const view = await viewOf(session, id);
      const definition = view.fault === null ? await session.registry.get(id) : null;
      if (cli.output.isJson) return cli.output.json({ ...view, ...(definition && detailsOf(definition)) });
      const lines = [...inWords(view), ...(definition === null ? [] : detailLines(definition))];
      await cli.output.lines(lines.map(escapeText));
      if (view.fault !== null) cli.output.warn(view.fault);
    }),
});

async function showManifest(cli: Cli, definition: ProviderDefinition): Promise<void> {
  if (cli.output.isJson) throw usage("--toml is no JSON.", "Leave one of the two out.");
  const { writeManifest } = await import("../../providers/plugins/manifest.ts");
  if (definition.resource !== undefined)
    throw usage(
      `${definition.title} can't be written as a manifest: whom its server names is for what is part of auth.`,
      "A provider of your own at an issuer can: auth provider show oidc --toml",
    );
  const { movedFrom, functions, ...data } = definition;
  const left = [
    ...(functions === undefined
      ? []
      : [`Left out: its functions (${Object.keys(functions).join(", ")}), which a module alone can have.`]),
    ...(movedFrom === undefined ? [] : ["Left out: movedFrom, which only what is part of auth can have."]),
  ];
  for (const line of left) cli.output.warn(line);
  const { id, title } = definition;
  const head = [
    `${title}, as auth ${version} describes it.`,
    "Check it: auth provider check <file>",
    `Under this id it takes the place of ${id}: auth provider add <file> --replace`,
    `To have both, begin another file with extends = "${id}" and an id of its own, and say there what differs.`,
    ...left,
  ];
  await cli.output.text((await writeManifest(data, head.join("\n"))).trimEnd());
}

interface ProviderDetails {
  /** null: it has none. */
  readonly issuer: string | null;
  /** With the defaults of settings filled in; a setting without one stays `{setting}`. */
  readonly endpoints: Readonly<Record<string, string>>;
  /** What a login asks for that names none. */
  readonly scopes: readonly string[];
  readonly client: {
    /** The page on which to create one. */
    readonly create: string | null;
    /** The redirect URI to enter there; without a port, any works. null: the person's own address, or none is needed. */
    readonly redirectUri: string | null;
    readonly notes: readonly string[];
  };
  /** The description itself, in the words of docs/provider-contract.md, with what it leaves out. */
  readonly description: Readonly<Record<string, unknown>>;
}

function detailsOf(definition: ProviderDefinition): ProviderDetails {
  const { issuer, endpoints = {}, client, settings = {} } = definition;
  const values = defaultsOf(definition);
  const dialect = withDefaults(definition);
  return {
    issuer: issuer === undefined ? null : filled(issuer, values),
    endpoints: Object.fromEntries(
      Object.entries(endpoints).map(([name, template]) => [name, filled(template ?? "", values)]),
    ),
    scopes: dialect.scopes.default,
    client: {
      create: client?.create === undefined ? null : filled(client.create, values),
      redirectUri: isByBrowser(definition) && !settings.redirectUri?.required ? redirectUriOf(dialect) : null,
      notes: client?.notes ?? [],
    },
    description: JSON.parse(JSON.stringify({ ...dialect, functions: functionNames(definition) })),
  };
}

function defaultsOf({ settings = {} }: ProviderDefinition): Values {
  return Object.fromEntries(
    Object.entries(settings).flatMap(([name, { default: value }]) => (value === undefined ? [] : [[name, value]])),
  );
}

function functionNames({ functions }: ProviderDefinition): string[] | undefined {
  return functions && Object.keys(functions);
}

function isByBrowser(definition: ProviderDefinition): boolean {
  return flowsOf(definition).some(({ flow }) => flow === "browser");
}

function filled(template: string, values: Values): string {
  return fill(template, values) ?? template.replace(/\{(\w+)\}/g, (whole, name) => fill(whole, values) ?? `{${name}}`);
}

/** Fields that are shown in the summary, or separately below. */
const ELSEWHERE = ["id", "title", "docs", "aliases", "environment", "issuer", "endpoints"];

/** What the summary's line for a setting shows. */
const IN_SUMMARY = /^settings\.\w+\.(title|flag|env|default|choices|required)\b/;

const DAY = 24 * 3600;

/** Defaults that are shown where the description leaves the field out. */
const DEFAULTS_SHOWN = [
  "authorize.pkce",
  "refresh.rotation",
  "refresh.graceSeconds",
  "refresh.killsAccessToken",
  "refresh.scope",
  "client.kind",
  "client.authentication",
  "reply.expiry.absent",
];

/** A section for each part of the description, its fields by their names. */
export function detailLines(definition: ProviderDefinition): string[] {
  const { issuer, endpoints, client, description } = detailsOf(definition);
  const isOAuth = flowsOf(definition).some(({ flow }) => flow !== "token");
  const own = new Set(leaves({ ...definition, functions: functionNames(definition) }).map(([path]) => path));
  const shown = leaves(description).filter(
    ([path]) =>
      !IN_SUMMARY.test(path) &&
      (own.has(path) || (isOAuth && DEFAULTS_SHOWN.includes(path) && isPartOf(definition, path))),
  );
  const addresses = Object.entries({ ...(issuer !== null && { issuer }), ...endpoints });
  const lines = section("endpoints", addresses);
  const isPlain = definition.flows.every((flow) => typeof flow === "string");
  const parts = Object.keys(description).filter((part) => !ELSEWHERE.includes(part) && !(part === "flows" && isPlain));
  for (const part of parts) {
    const fields = shown
      .filter(([path]) => path === part || path.startsWith(`${part}.`))
      .map(([path, value]): [string, string] => {
        const text = path.endsWith(".create") ? filled(value, defaultsOf(definition)) : value;
        return [path.slice(part.length + 1), own.has(path) ? text : `${text} (default)`];
      });
    // Otherwise nothing says that a login may end unexpectedly.
    if (part === "refresh" && fields.length > 0 && definition.refresh?.lifetime === undefined)
      fields.push(["lifetime", "as the reply says, else unknown (default)"]);
    if (part === "client" && client.redirectUri !== null)
      fields.push(["redirect URI", `${client.redirectUri}${/:\d+\//.test(client.redirectUri) ? "" : " (any port)"}`]);
    lines.push(...section(part, fields));
  }
  return lines;
}

/** Whether the field applies: no refresh policy without refresh tokens, no PKCE without a browser. */
function isPartOf(definition: ProviderDefinition, path: string): boolean {
  const flows = flowsOf(definition).map(({ flow }) => flow);
  if (path === "authorize.pkce") return isByBrowser(definition);
  return !path.startsWith("refresh.") || flows.some((flow) => ["device", "browser", "code"].includes(flow));
}

function section(name: string, fields: readonly (readonly [string, string])[]): string[] {
  if (fields.length === 0) return [];
  return ["", name, ...fields.map(([field, value]) => (field === "" ? `  ${value}` : `  ${field}: ${value}`))];
}

/** Every text, number and list of words with the dotted path to it; sentences one by one. */
function leaves(value: unknown, path = ""): [string, string][] {
  const below = (name: string): string => (path === "" ? name : `${path}.${name}`);
  if (Array.isArray(value)) {
    if (value.some((item) => typeof item === "object"))
      return value.flatMap((item, i) => leaves(item, typeof item === "object" ? below(String(i)) : path));
    return value.some((item) => /[.:!?]( |$)/.test(String(item)))
      ? value.map((item) => [path, String(item)])
      : [[path, value.join(", ")]];
  }
  if (typeof value === "number" && /seconds$/i.test(path) && value >= DAY)
    return [[path, `${value} (${Math.round(value / DAY)} days)`]];
  if (typeof value !== "object" || value === null) return value === undefined ? [] : [[path, String(value)]];
  // What a code means, on one line.
  if ("class" in value) return [[path, Object.values(value).join(". ").replaceAll("..", ".")]];
  return Object.entries(value).flatMap(([name, part]) => leaves(part, below(name)));
}

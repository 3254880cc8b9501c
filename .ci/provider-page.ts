/** One provider's page of the documentation, made from its description and from nothing else. */
import { redirectUriOf, withDefaults } from "../src/providers/defaults.ts";
import { flowsOf } from "../src/providers/flows.ts";
import { MINTING_FLOWS, type Minting } from "../src/providers/minting.ts";
import type { ErrorClass, Flow, ProviderDefinition } from "../src/providers/schema.ts";
import { flagOf } from "../src/providers/settings.ts";

/** @param source the file of the description, as it is named in the repository */
export function providerPage(definition: ProviderDefinition, source: string): string {
  const { id, title, aliases = [], docs } = definition;
  const sections: (readonly [heading: string, body: string])[] = [
    ["Log in", examples(definition)],
    ["The client", client(definition)],
    ["Flows", flows(definition)],
    ["Scopes", scopes(definition)],
    ["How long it lasts", lifetimes(definition)],
    ["Good to know", list(definition.quirks ?? [])],
    ["Settings", settings(definition)],
    ["Environment variables", variables(definition)],
    ["Addresses", addresses(definition)],
    ["Errors", errors(definition)],
    ["Taken as given", assumed(definition)],
  ];
  return [
    `# ${title}`,
    `<!-- Made from ${source} by \`npm run docs\`: change that, not this. -->`,
    `The provider \`${id}\`${aliases.length === 0 ? "" : `, also called ${aliases.map(code).join(", ")}`}.${docs === undefined ? "" : ` What it is built on: ${docs}`}`,
    ...sections.filter(([, body]) => body !== "").map(([heading, body]) => `## ${heading}\n\n${body}`),
  ]
    .join("\n\n")
    .concat("\n");
}

/** What has to be brought along, by flow. */
const BRINGS: Readonly<Record<Flow, string>> = {
  device: "",
  browser: "",
  token: " --token -",
  "client-credentials": " --client-secret -",
  jwt: " --key <file>",
  exchange: " --subject-token github-actions",
  code: " --code -",
};

/** Every flow once, with what it can't do without, then what the login is for. */
function examples(definition: ProviderDefinition): string {
  const { id } = definition;
  const isKey = flowsOf(definition).every(({ flow }) => flow === "token");
  const name = isKey ? `${id}:<name>` : id;
  const logins = flowsOf(definition).map(({ flow }, i) => {
    const chosen =
      i === 0 || BRINGS[flow] !== ""
        ? flow === "client-credentials"
          ? " --flow client-credentials"
          : ""
        : ` --flow ${flow}`;
    return `auth login ${name}${chosen}${BRINGS[flow]}${required(definition, flow)}`;
  });
  return fence([...logins, `auth token ${name}`, `auth run ${name} -- <command>`]);
}

function required(definition: ProviderDefinition, flow: Flow): string {
  const needs = mintingOf(definition, flow)?.needs ?? [];
  return Object.entries(definition.settings ?? {})
    .filter(([name, setting]) => needs.includes(name) || (setting.required && (setting.flows?.includes(flow) ?? true)))
    .map(([name, setting]) => ` --${flagOf(name, setting)} <${setting.kind === "url" ? "url" : flagOf(name, setting)}>`)
    .join("");
}

function client(definition: ProviderDefinition): string {
  if (definition.client === undefined) return "";
  const { id } = definition;
  const { create, notes = [], kind, environment } = definition.client;
  const dialect = withDefaults(definition);
  const byBrowser = flowsOf(definition).some(({ flow }) => flow === "browser");
  const redirect =
    definition.settings?.redirectUri !== undefined
      ? "Its redirect URI is the one that you give as `--redirect-uri`."
      : byBrowser
        ? `Enter the redirect URI \`${redirectUriOf(dialect)}\`${dialect.authorize.redirect.port === undefined ? ": the port is chosen at each login" : ""}.`
        : null;
  const prefix = `AUTH_${id.toUpperCase().replaceAll("-", "_")}_CLIENT`;
  const also = [...(environment?.id ?? []), ...(environment?.secret ?? [])].map(code);
  const secret = kind === "public" ? "" : ", `--client-secret -`";
  return [
    list([
      ...(create === undefined ? [] : [`Create one: ${filled(definition, create)}`]),
      ...(redirect === null ? [] : [redirect]),
      ...notes,
    ]),
    `Then: \`auth login ${id} --client-id <id>\`${secret}; or \`auth client set ${id}\`; or the variables \`${prefix}_ID\`${
      kind === "public" ? "" : ` and \`${prefix}_SECRET\``
    }${also.length === 0 ? "" : `, else ${also.join(", ")}`}. ${KINDS[kind ?? "either"]} What a login used is kept for the next.`,
  ].join("\n\n");
}

const KINDS = {
  public: "It must not have a secret.",
  confidential: "It must have a secret.",
  either: "It may have a secret.",
} as const;

const FLOW_TEXT: Readonly<Record<Flow, string>> = {
  device: "a person, on any machine: a code is shown here and typed in there",
  browser: "a person, on this machine, or by pasting the final address",
  token: "a person or program that has a token: nothing renews it",
  "client-credentials": "a program, as an app",
  jwt: "a program, with a key",
  exchange: "a program, with another issuer's token",
  code: "a person or program that was sent a code",
};

const WHEN = { secret: "only if the client has a secret", browser: "only if a browser can open here" } as const;

function flows(definition: ProviderDefinition): string {
  const rows = flowsOf(definition).map(({ flow, when, scopes }) => {
    const notes = [
      when === undefined ? "" : `by default ${WHEN[when]}`,
      scopes === undefined ? "" : `gives only ${scopes.map(code).join(", ")}`,
      ...(mintingOf(definition, flow)?.notes ?? []),
    ].filter((note) => note !== "");
    return [code(flow), FLOW_TEXT[flow], notes.join("; ")];
  });
  return table(["flow", "who logs in", "mind"], rows);
}

function scopes(definition: ProviderDefinition): string {
  const { default: usual, separator, offline, presets = {} } = withDefaults(definition).scopes;
  const lines = [
    usual.length === 0 ? "" : `Asked for: ${usual.map(code).join(", ")}. \`--scope\` replaces them.`,
    offline === undefined ? "" : `${code(offline)} is always added: it is what brings a refresh token.`,
    ...Object.entries(presets).map(([name, own]) => `\`--scope ${name}\` asks for ${own.map(code).join(", ")}.`),
    separator === " " ? "" : `They are parted by \`${separator}\` in requests.`,
    ...MINTING_FLOWS.map((flow) => {
      const own = definition.minting?.[flow]?.scopes ?? [];
      return own.length === 0 ? "" : `By ${code(flow)}: ${own.map(code).join(", ")}.`;
    }),
  ];
  return lines.filter((line) => line !== "").join("\n");
}

const ROTATION = {
  none: "A refresh token works again and again.",
  rotating: "Each refresh replaces the refresh token: the old one works no more.",
  family: "Each refresh replaces the refresh token; an old one that is shown again ends the whole login.",
} as const;

function lifetimeOf({
  slidingSeconds,
  absoluteSeconds,
}: NonNullable<NonNullable<ProviderDefinition["refresh"]>["lifetime"]>): string {
  const spans = [
    ...(slidingSeconds === undefined ? [] : [`${span(slidingSeconds)} after its last use`]),
    ...(absoluteSeconds === undefined ? [] : [`${span(absoluteSeconds)} after the login`]),
  ];
  return `A refresh token lives for ${spans.join(", at most ")}.`;
}

function lifetimes(definition: ProviderDefinition): string {
  const refreshable = flowsOf(definition).some(({ flow }) => ["device", "browser", "code"].includes(flow));
  const { refresh, reply, revocation } = withDefaults(definition);
  const { absent } = reply.expiry;
  const lines = refreshable
    ? [
        `An access token lives as long as the reply says; where it doesn't, ${absent === "never" ? "nor the token itself, it is never due by time" : `${span(absent)}`}.`,
        ROTATION[refresh.rotation],
        refresh.rotation !== "none" && refresh.graceSeconds > 0
          ? `For ${span(refresh.graceSeconds)} it still does.`
          : "",
        refresh.killsAccessToken ? "The old access token stops working with it." : "",
        refresh.lifetime === undefined ? "" : lifetimeOf(refresh.lifetime),
        refresh.marginSeconds === undefined ? "" : `A refresh is due ${span(refresh.marginSeconds)} before the end.`,
        revoking(definition, revocation),
      ]
    : [];
  const minted = MINTING_FLOWS.flatMap((flow) => {
    const minting = definition.minting?.[flow];
    if (minting === undefined) return [];
    const { absent: known } = { ...reply.expiry, ...minting.reply?.expiry };
    const life =
      minting.use === "bearer" && minting.sign !== undefined
        ? `, for ${span(minting.sign.lifetimeSeconds - (minting.sign.backdateSeconds ?? 0))}`
        : typeof known === "number"
          ? `, for ${span(known)} where the reply doesn't say`
          : "";
    return [`By ${code(flow)}: minted when it is due${life}; there is no refresh token.`];
  });
  return list([...lines.filter((line) => line !== ""), ...minted]);
}

function revoking(
  definition: ProviderDefinition,
  { endsGrant, needsSecret }: { endsGrant: boolean; needsSecret: boolean },
): string {
  const can = [definition.endpoints, ...(definition.variants ?? []).map((one) => one.endpoints)].some(
    (one) => one?.revocation,
  );
  if (definition.issuer !== undefined && !can) return "`auth logout` ends it at the issuer, if that can be asked to.";
  if (!can) return "`auth logout` erases it here; it can't be ended at the provider.";
  return `\`auth logout\` ends it at the provider${needsSecret ? ", where the client has a secret" : ""}${
    endsGrant ? ", and with it every login of the same account and client" : ""
  }.`;
}

function settings(definition: ProviderDefinition): string {
  const rows = Object.entries(definition.settings ?? {}).map(([name, setting]) => [
    code(name === "redirectUri" ? "--redirect-uri" : `--${flagOf(name, setting)}`),
    setting.title,
    (setting.env ?? []).map(code).join(", "),
    setting.required ? "required" : setting.default === undefined ? "" : code(setting.default),
    setting.flows === undefined ? "" : setting.flows.map(code).join(", "),
  ]);
  return rows.length === 0 ? "" : table(["flag", "what it is", "read from", "default", "only for"], rows);
}

function variables(definition: ProviderDefinition): string {
  const groups = [
    { when: "", environment: definition.environment },
    ...(definition.variants ?? []).map(({ when, environment }) => ({ when: condition(when), environment })),
  ];
  const rows = groups.flatMap(({ when, environment }) => {
    if (environment === undefined) return [];
    return [[when, (environment.read ?? []).map(code).join(", "), writes(definition, environment.write)]];
  });
  const minting = MINTING_FLOWS.flatMap((flow) => {
    const read = definition.minting?.[flow]?.environment;
    return [
      ...(read?.certificate ?? []).map((name) => `${code(name)}: a certificate's file, for ${code(flow)}.`),
      ...(read?.subjectToken ?? []).map(
        (name) => `${code(name)}: the file of another issuer's token, for ${code(flow)}.`,
      ),
    ];
  });
  const plain = `\`auth run\` sets ${code(`${definition.id.toUpperCase().replaceAll("-", "_")}_TOKEN`)}.`;
  const isPlain = rows.every(([, , write]) => write === "");
  const heads = rows.some(([when]) => when !== "")
    ? ["where", "read as a token, in this order", "set by `auth run`"]
    : null;
  const body =
    rows.length === 0
      ? ""
      : heads === null
        ? table(
            ["read as a token, in this order", "set by `auth run`"],
            rows.map(([, ...rest]) => rest),
          )
        : table(heads, rows);
  return [body, isPlain ? plain : "", list(minting)].filter((part) => part !== "").join("\n\n");
}

function writes(definition: ProviderDefinition, write: Readonly<Record<string, string>> | undefined): string {
  return Object.entries(write ?? {})
    .map(([name, value]) =>
      value === "{token}" ? code(shown(definition, name)) : `${code(name)} (${code(shown(definition, value))})`,
    )
    .join(", ");
}

function addresses(definition: ProviderDefinition): string {
  const groups = [
    { when: "", ...definition },
    ...(definition.variants ?? []).map(({ when, ...rest }) => ({ ...rest, when: condition(when) })),
  ];
  const rows = groups.flatMap(({ when, endpoints, origins, issuer }) => [
    ...(issuer === undefined ? [] : [["issuer", code(shown(definition, issuer)), when]]),
    ...Object.entries(endpoints ?? {}).map(([name, url]) => [name, code(shown(definition, url ?? "")), when]),
    ...(origins ?? []).map((url) => ["API", code(shown(definition, url)), when]),
  ]);
  if (rows.length === 0) return "";
  const conditional = rows.some(([, , when]) => when !== "");
  const body = conditional
    ? table(["what", "address", "where"], rows)
    : table(
        ["what", "address"],
        rows.map((row) => row.slice(0, 2)),
      );
  return `${body}\n\nTokens go to these origins and to no other. \`--endpoint <what>=<url>\` at login replaces an address.`;
}

interface Told {
  readonly class: ErrorClass;
  readonly meaning?: string | undefined;
  readonly remedy?: string | undefined;
}

const CLASS_TEXT: Readonly<
  Record<ErrorClass, { readonly meaning: string; readonly remedy: string; readonly exit: string }>
> = {
  transient: { meaning: "Trouble that passes.", remedy: "Try again: it is done by itself.", exit: "5" },
  dead: { meaning: "The login is over.", remedy: "Log in again.", exit: "4" },
  client: {
    meaning: "The client, or what it asks for, is refused.",
    remedy: "Check it on the client's page.",
    exit: "6",
  },
  interaction: { meaning: "Someone has to do something.", remedy: "Log in again.", exit: "4" },
  pending: { meaning: "Nobody has decided yet.", remedy: "It is asked again by itself.", exit: "" },
  slow_down: { meaning: "It was asked too often.", remedy: "It is asked less often by itself.", exit: "" },
  denied: { meaning: "The login was refused.", remedy: "Log in again to retry.", exit: "7" },
  expired: { meaning: "The code ran out before it was approved.", remedy: "Log in again.", exit: "7" },
};

function errors(definition: ProviderDefinition): string {
  const groups = [
    { where: "", codes: definition.errors?.codes },
    { where: "asking for a device code", codes: definition.device?.errors },
    ...MINTING_FLOWS.map((flow) => ({ where: `by ${code(flow)}`, codes: definition.minting?.[flow]?.errors })),
  ];
  const rows = new Map<string, { codes: string[]; rest: string[] }>();
  for (const { where, codes } of groups)
    for (const [name, entry] of Object.entries(codes ?? {})) {
      const told = typeof entry === "string" ? ({ class: entry } as Told) : entry;
      const { exit, ...usual } = CLASS_TEXT[told.class];
      const rest = [told.meaning ?? usual.meaning, withRedirect(definition, told.remedy ?? usual.remedy), exit];
      // Codes that mean the same stand in one row.
      const row = rows.get(`${where} ${rest.join(" ")}`) ?? { codes: [], rest };
      row.codes.push(`${code(name)}${where === "" ? "" : ` ${where}`}`);
      rows.set(`${where} ${rest.join(" ")}`, row);
    }
  const common = "Codes of the standards: [Describing a provider](../providers.md#error-codes).";
  const heads = ["code", "what it means", "what to do", "exit"];
  const body = [...rows.values()].map((row) => [row.codes.join(", "), ...row.rest]);
  return body.length === 0 ? "" : `${table(heads, body)}\n\n${common}`;
}

function assumed(definition: ProviderDefinition): string {
  const lines = definition.assumed ?? [];
  return lines.length === 0 ? "" : `The provider's own documentation doesn't settle these.\n\n${list(lines)}`;
}

function mintingOf(definition: ProviderDefinition, flow: Flow): Minting | undefined {
  return MINTING_FLOWS.some((one) => one === flow)
    ? definition.minting?.[flow as (typeof MINTING_FLOWS)[number]]
    : undefined;
}

function withRedirect(definition: ProviderDefinition, text: string): string {
  return text
    .replaceAll("{redirectUri}", redirectUriOf(withDefaults(definition)))
    .replaceAll("{setClient}", `auth client set ${definition.id} --client-id <id> --client-secret -`);
}

function filled(definition: ProviderDefinition, template: string): string {
  return template.replace(/\{(\w+)\}/g, (_, name: string) => definition.settings?.[name]?.default ?? `<${name}>`);
}

/** A template with the defaults of its settings filled in, and the others named; so are those that addresses vary by. */
function shown(definition: ProviderDefinition, template: string): string {
  return template.replace(/\{(\w+)\}/g, (_, name: string) => {
    if (name === "token") return "<token>";
    if (name === "clientId") return "<client id>";
    const setting = definition.settings?.[name];
    const varies = definition.variants?.some(({ when }) => when[name] !== undefined);
    return setting?.default !== undefined && !varies ? setting.default : `<${name}>`;
  });
}

function condition(when: Readonly<Record<string, string>>): string {
  return Object.entries(when)
    .map(([name, pattern]) => (pattern === ".+" ? "elsewhere" : `${name} ${code(pattern.replaceAll("\\", ""))}`))
    .join(", ");
}

/** `8 hours`, as a person says it. */
function span(seconds: number): string {
  const [count, unit] =
    seconds % 86_400 === 0
      ? [seconds / 86_400, "day"]
      : seconds % 3600 === 0
        ? [seconds / 3600, "hour"]
        : [Math.floor(seconds / 60), "minute"];
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}

function list(lines: readonly string[]): string {
  return lines.map((line) => `- ${cell(line)}`).join("\n");
}

function fence(lines: readonly string[]): string {
  return ["```sh", ...lines, "```"].join("\n");
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((one) => one.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(heads), line(heads.map(() => "---")), ...rows.map((row) => line(row.map(cell)))].join("\n");
}

/** Placeholders aren't tags. */
function cell(text: string): string {
  return text
    .split(/(`[^`]*`)/)
    .map((part) => (part.startsWith("`") ? part : part.replaceAll("<", "&lt;")))
    .join("");
}

function code(text: string): string {
  return `\`${text}\``;
}

/** The errors of a login that lacks its client, or what proves it: how to create one, and the ways without one. */
import { AuthError } from "../../platform/errors.ts";
import { placeholder, shellWord } from "../../platform/shell-word.ts";
import type { Dialect } from "../../providers/defaults.ts";
import { flowsOf } from "../../providers/flows.ts";
import type { ServerHelp } from "../../providers/mcp-servers.ts";
import type { Minting, MintingFlow } from "../../providers/minting.ts";
import { keyPage, type ResolvedProvider } from "../../providers/resolve.ts";
import type { ProviderDefinition } from "../../providers/schema.ts";
import { layVariant } from "../../providers/variants.ts";
import { clientFromEnvironment, clientSecretFromEnvironment, clientVariables } from "../clients.ts";
import type { Services } from "../services.ts";
import { SUBJECT_TOKEN_FORMS } from "../subject-token.ts";
import { type Flags, loginCommand } from "./command.ts";
import type { LoginPlan } from "./plan.ts";
import type { LoginRequest } from "./request.ts";
import { isByCode } from "./settings.ts";

/** What a login lacks; the cause of its `client_missing`, from which a form or prompt is made. */
export interface MissingClient {
  /** The provider's. */
  readonly title: string;
  readonly lacks: readonly ("id" | "secret" | "key")[];
  /** The client's id, where that is known. */
  readonly id: string | null;
  /** Whether a secret means anything, where none is needed. */
  readonly mayHaveSecret: boolean;
  /** How to come by what is missing, one line each. */
  readonly steps: readonly string[];
  /** Without a client at all. */
  readonly ways?: Ways;
}

/** Where to create a client, what to enter there, and the way without one. @param id the client's, where that is known */
export async function clientMissing(
  services: Services,
  provider: ResolvedProvider,
  request: LoginRequest,
  id: string | null,
  required: boolean,
): Promise<AuthError> {
  const { definition, client, dialect } = provider;
  const known = provider.resource === null ? null : await helpOf(services, provider.resource);
  const { create, notes } = known ?? client;
  const needsSecret = required || known?.secret === true;
  const prefix = clientVariables(definition);
  const redirectUri = request.redirectUri ?? client.redirectUri;
  const command = loginCommand(definition, request, {
    ...(redirectUri === null && { "redirect-uri": placeholder("url") }),
    "client-id": id ?? placeholder("id"),
    ...(needsSecret && { "client-secret": "-" }),
    ...(isByCode(definition, request) && { code: "-" }),
  });
  const steps = [
    ...(create === null ? [] : [`Create one: ${create}`]),
    `Redirect URI to enter there: ${redirectUri ?? "an address of your own, to be given as --redirect-uri"}`,
    ...notes,
  ];
  const described = id === null ? waysWithoutClient(provider, request) : { command: null, token: null };
  // Another tool's command that a plugin names is neither shown nor run.
  const ways: Ways = (await services.registry.isPlugin(definition.id)) ? { ...described, command: null } : described;
  // One variable can't name the clients of many issuers.
  const variables =
    definition.resource === undefined ? `   (or set ${prefix}_ID${needsSecret ? ` and ${prefix}_SECRET` : ""})` : "";
  const app = [...steps, `Then: ${command}${variables}`];
  const lines = [
    unusedSecret(services, definition, id),
    ...waysInWords(ways, loginCommand(definition, request, { token: "-" }), app),
  ];
  const missing: MissingClient = {
    title: dialect.title,
    lacks: [...(id === null ? (["id"] as const) : []), ...(needsSecret ? (["secret"] as const) : [])],
    id,
    mayHaveSecret: definition.client?.kind !== "public",
    steps,
    ways,
  };
  return new AuthError(
    "client_missing",
    `${dialect.title} needs an OAuth client${needsSecret ? " with a secret" : ""}.`,
    // Without its redirect URI a client is of no use yet, so no prompt asks for one.
    { hint: lines.filter((line) => line !== null).join("\n"), ...(redirectUri !== null && { cause: missing }) },
  );
}

/** Of an MCP server's own provider: its page, and what to mind there. */
async function helpOf({ registry }: Services, url: string): Promise<ServerHelp | null> {
  const { serverHelp } = await import("../../providers/mcp-servers.ts");
  return serverHelp(registry, url);
}

export function secretRefused(dialect: Dialect, request: LoginRequest, id: string): AuthError {
  const missing: MissingClient = { title: dialect.title, lacks: ["secret"], id, mayHaveSecret: true, steps: [] };
  return new AuthError("client_missing", `${dialect.title} has refused the secret that is kept for client ${id}.`, {
    hint: `Give the right one: ${loginCommand(dialect, request, { "client-id": id, "client-secret": "-" })}`,
    cause: missing,
  });
}

export interface Ways {
  /** By which another tool prints a token that it has: `gh auth token`. */
  readonly command: string | null;
  /** A token made by hand, and the page for it. null: the provider takes none. */
  readonly token: { readonly page: string | null } | null;
}

function waysWithoutClient({ definition, settings }: ResolvedProvider, request: LoginRequest): Ways {
  if (!flowsOf(definition).some(({ flow }) => flow === "token")) return { command: null, token: null };
  const described = layVariant(definition, settings);
  const scopes = request.scopes ?? definition.scopes?.default ?? [];
  // Another tool's command speaks of the host that it takes for the default.
  const elsewhere = Object.entries(definition.settings ?? {}).some(
    ([name, setting]) => setting.kind === "host" && settings[name] !== setting.default,
  );
  return {
    command: elsewhere ? null : (described.apiKey?.command ?? null),
    token: { page: keyPage(described, settings, scopes) },
  };
}

/** Lines of a hint. @param paste the command that takes a token @param app how to use an app of one's own, its command last */
function waysInWords({ command, token }: Ways, paste: string, app: readonly string[]): string[] {
  if (token === null) return [...app];
  // Without a page that makes tokens, this is only for those who have one already: it comes last.
  const ways: (readonly string[])[] = [
    ...(command === null ? [] : [["The login that another tool has:", `${command} | ${paste}`]]),
    ...(token.page === null ? [] : [[`A token, made at ${token.page}`, paste]]),
    ["An app of your own:", ...app],
    ...(token.page === null ? [["A token that you have already:", paste]] : []),
  ];
  return ways.flatMap(([title, ...lines], i) => [`${i + 1}. ${title}`, ...lines.map((line) => `   ${line}`)]);
}

/** Why a secret in the environment was not used, for the error of a login that lacks one; null where there is none. */
function unusedSecret({ context }: Services, definition: ProviderDefinition, id: string | null): string | null {
  const found = clientSecretFromEnvironment(definition, context.env);
  if (found === null) return null;
  const named = clientFromEnvironment(definition, context.env);
  const { variable } = found;
  const idVariable = `${clientVariables(definition)}_ID`;
  if (named !== null && named.id !== id) return `${variable} was not used: ${named.idVariable} names another client.`;
  return `${variable} was not used: it doesn't say for which client it is. Set ${idVariable}=${id === null ? "<id>" : shellWord(id)} beside it.`;
}

/** What has to be brought along, and where it is made. */
export function proofMissing(
  services: Services,
  { request, provider }: Pick<LoginPlan, "request" | "provider">,
  flow: MintingFlow,
  minting: Minting,
): AuthError {
  const unused = flow === "client-credentials" ? unusedSecret(services, provider.definition, request.clientId) : null;
  const { definition } = provider;
  const client = namesClient(definition, flow);
  const methods = definition.client?.methods ?? [];
  const login = (proof: Flags): string =>
    loginCommand(definition, request, {
      flow,
      ...(client && { "client-id": request.clientId ?? placeholder("id") }),
      ...proof,
    });
  const vouched = { "subject-token": placeholder("from") };
  const command = (proof: Flags): string =>
    proof === vouched ? `${login(proof)}   (from: ${SUBJECT_TOKEN_FORMS.replaceAll("|", ", ")})` : login(proof);
  const ways: Readonly<Record<MintingFlow, readonly Flags[]>> = {
    "client-credentials": [
      { "client-secret": "-" },
      ...(methods.includes("private_key_jwt") ? [{ key: placeholder("file") }] : []),
      ...(minting.sign === undefined && !methods.includes("tls_client_auth")
        ? []
        : [{ certificate: placeholder("file") }]),
      ...(minting.audience === undefined ? [] : [vouched]),
    ],
    jwt: [{ key: placeholder("file") }],
    // Where it is there, the client is what lacks; assertions are for clients with a secret.
    exchange: [request.credential?.subjectToken === undefined ? vouched : { "client-secret": "-" }],
  };
  const { create } = provider.client;
  const steps = [...(!client || create === null ? [] : [`Create a client: ${create}`]), ...(minting.notes ?? [])];
  const missing: MissingClient = {
    title: provider.definition.title,
    lacks: [
      ...(!client || request.clientId !== null ? [] : (["id"] as const)),
      ...(flow === "client-credentials" ? (["secret"] as const) : flow === "jwt" ? (["key"] as const) : []),
    ],
    id: request.clientId,
    mayHaveSecret: flow === "client-credentials",
    steps,
  };
  return new AuthError("client_missing", `${provider.definition.title} needs something that proves who asks.`, {
    hint: [...(unused === null ? [] : [unused]), ...steps, ...ways[flow].map(command)].join("\n"),
    // Another issuer's token is nothing that a person could type in.
    ...(flow !== "exchange" && { cause: missing }),
  });
}

/** Whether the client authenticates itself, or is named by what is signed. */
export function namesClient(definition: ProviderDefinition, flow: MintingFlow): boolean {
  const { sign, parameters, account, audience } = definition.minting?.[flow] ?? {};
  return flow === "client-credentials" || JSON.stringify([sign, parameters, account, audience]).includes("{clientId}");
}

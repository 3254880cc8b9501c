/** Logins without a person: what proves them is read, checked and kept; then they are planned like any other. */

import type { IssuerDocument } from "../../oauth/discovery.ts";
import { readCertificate, readPrivateKey } from "../../oauth/key-file.ts";
import { loginError } from "../../oauth/login-error.ts";
import { type Client, OAuthFailure, type TokenReply } from "../../oauth/types.ts";
import { AuthError, usage } from "../../platform/errors.ts";
import type { Secret } from "../../platform/secret.ts";
import { placeholder } from "../../platform/shell-word.ts";
import { originOf } from "../../platform/url.ts";
import { flowsOf } from "../../providers/flows.ts";
import { dialectOf, isMintingFlow, type Minting, type MintingFlow, mintingOf } from "../../providers/minting.ts";
import { fillDialect, layVariant, type ResolvedProvider } from "../../providers/resolve.ts";
import type { Flow, ProviderDefinition } from "../../providers/schema.ts";
import { fill } from "../../providers/template.ts";
import { type MintOrder, mintToken, valuesOf } from "../mint.ts";
import type { Connection, Mint } from "../record.ts";
import type { Services } from "../services.ts";
import { SUBJECT_TOKEN_FORMS } from "../subject-token.ts";
import { loginClient, type MissingClient, unusedSecret } from "./client.ts";
import { type Flags, loginCommand } from "./command.ts";
import { type KeyFile, keyFile } from "./key-file.ts";
import { requireNeededSettings } from "./needed-settings.ts";
import type { LoginPlan } from "./plan.ts";
import type { Credential, LoginRequest } from "./request.ts";

/** What is settled before the flow matters. */
type Common = Omit<LoginPlan, "flow" | "client" | "scopes">;

/** What each flow reads; anything else that was given would be ignored. */
const READS: Readonly<Record<keyof Credential, readonly (Flow | null)[]>> = {
  key: ["jwt"],
  certificate: ["client-credentials"],
  subjectToken: ["client-credentials", "exchange"],
  code: ["code"],
};

const FLAGS: Readonly<Record<keyof Credential, string>> = {
  key: "--key",
  certificate: "--certificate",
  subjectToken: "--subject-token",
  code: "--code",
};

/**
 * The flow that was asked for, or the one for what was brought along.
 * @throws AuthError `usage` where the two contradict each other
 */
export function flowOfRequest(definition: ProviderDefinition, request: LoginRequest): Flow | null {
  const flows = flowsOf(definition).map(({ flow }) => flow);
  let wanted = request.flow;
  for (const [name, given] of Object.entries(request.credential ?? {}) as [keyof Credential, unknown][]) {
    if (given === undefined || (name === "key" && provesClient(flows))) continue;
    const reading = READS[name];
    wanted ??= flows.find((flow) => reading.includes(flow)) ?? null;
    if (wanted === null || !reading.includes(wanted))
      throw usage(
        `${FLAGS[name]} does nothing for ${definition.title}${wanted === null ? "" : ` by the ${wanted} flow`}.`,
        `It has: ${flows.join(", ")}.`,
      );
  }
  return wanted;
}

/** Where no flow is made with a key, it is the client's own (RFC 7523 §2.2). */
function provesClient(flows: readonly Flow[]): boolean {
  return !flows.includes("jwt") && (flows.includes("browser") || flows.includes("device"));
}

/** null: a person is needed. */
export async function planWithoutPerson(
  services: Services,
  common: Common,
  flow: Flow | null,
  document: Pick<IssuerDocument, "authenticationMethods" | "authenticationAlgorithms"> | null,
): Promise<LoginPlan | null> {
  if (!isMintingFlow(flow)) return null;
  const { request, existing } = common;
  const { definition } = common.provider;
  const described = layVariant(definition, common.provider.settings);
  const minting = mintingOf(described, flow);
  if (minting === null) throw usage(`${definition.title} has no ${flow} flow.`, "Choose another with --flow.");
  requireNeededSettings(described, common.provider.settings, request, flow);
  const file = flow === "jwt" ? keyFile(minting, request, common) : null;
  if (file?.login) return planImported(common, file.login);

  const dialect = fillDialect(dialectOf(described, flow), common.provider.settings);
  const { token, mint: mintUrl, revocation } = common.server.endpoints;
  // The endpoints of people's logins have no use for these tokens.
  const endpoints = { ...(token !== undefined && { token }), ...(mintUrl !== undefined && { mint: mintUrl }) };
  const provider: ResolvedProvider = { ...common.provider, dialect, endpoints };
  const server = { ...common.server, dialect, endpoints };
  const profile = existing?.record ?? null;
  const methods = document?.authenticationMethods ?? null;
  // Where the description signs something with a key, a key is for that.
  const algorithms = minting.sign === undefined ? (document?.authenticationAlgorithms ?? null) : undefined;
  const known =
    token === undefined
      ? null
      : await loginClient(services, dialect, request, profile, originOf(token), methods, algorithms);
  const mint = await mintOf(services, { ...common, provider }, flow, minting, known, file);
  const client = clientFor(definition, flow, mint, known);
  if (client === null) throw somethingMissing(services, { ...common, provider }, flow, minting);
  const scopes = request.scopes ?? profile?.scopes ?? minting.scopes ?? [];
  return {
    ...common,
    provider,
    server,
    flow,
    client: client.id === "" ? null : client,
    scopes,
    mint,
    // A token that is signed here was given by nobody.
    ...(revocation !== undefined && minting.use !== "bearer" && { mintRevocation: { revocation } }),
  };
}

/** Runs the flow for the first time. */
export async function mintFirst(services: Services, plan: LoginPlan, mint: Mint): Promise<TokenReply> {
  const order = orderOf(plan, mint);
  try {
    const { reply } = await mintToken(services, order);
    const account = fill(order.minting.account ?? "{}", valuesOf(order));
    return { ...reply, account: account === null ? null : { id: account, label: account, organization: null } };
  } catch (error) {
    throw error instanceof OAuthFailure ? loginError(plan.server, error) : error;
  }
}

function orderOf({ provider, server, client, flow, scopes }: LoginPlan, mint: Mint): MintOrder {
  const minting = mintingOf(provider.definition, flow);
  if (minting === null) throw usage(`${provider.definition.title} has no ${flow} flow.`);
  const nobody: Client = { id: "", secret: null, authentication: "none" };
  return { minting, mint, server, client: client ?? nobody, settings: provider.settings, scopes };
}

function namesClient(definition: ProviderDefinition, flow: MintingFlow): boolean {
  const { sign, parameters, account, audience } = definition.minting?.[flow] ?? {};
  return flow === "client-credentials" || JSON.stringify([sign, parameters, account, audience]).includes("{clientId}");
}

/** A client is needed where it authenticates itself, or where something signed names it. */
function clientFor(
  definition: ProviderDefinition,
  flow: MintingFlow,
  { proof }: Mint,
  known: Client | null,
): Client | null {
  if (!namesClient(definition, flow)) return { id: "", secret: null, authentication: "none" };
  if (known === null || (proof === "secret" && !canProve(known))) return null;
  return proof === "secret" ? known : { ...known, secret: null, authentication: "none" };
}

/** By a secret, or by a key (RFC 7523 §2.2). */
function canProve({ secret, key }: Client): boolean {
  return secret !== null || key !== undefined;
}

async function mintOf(
  services: Services,
  common: Common,
  flow: MintingFlow,
  minting: Minting,
  client: Client | null,
  file: KeyFile | null,
): Promise<Mint> {
  const blank: Mint = { proof: "secret", secret: null, source: null, values: {}, clockOffset: 0 };
  const { request } = common;
  const { subjectToken } = request.credential ?? {};
  if (subjectToken !== undefined) return { ...blank, proof: "subject-token", ...subjectToken };
  const { sign } = minting;
  if (file !== null && sign !== undefined)
    return { ...blank, proof: "key", secret: await readPrivateKey(file.key, sign.algorithm), values: file.values };
  const certificate =
    request.credential?.certificate ?? (client?.secret ? null : await fromVariable(services, minting, "certificate"));
  if (certificate !== null && sign !== undefined) {
    const { key, thumbprint } = await readCertificate(certificate.reveal(), sign.algorithm);
    return { ...blank, proof: "certificate", secret: key, values: { thumbprint } };
  }
  if (flow === "client-credentials" && client !== null && canProve(client)) return blank;
  const path = variableOf(services, minting, "subjectToken");
  if (path !== null) {
    const { absolutePath } = await import("../../platform/credential-file.ts");
    return { ...blank, proof: "subject-token", source: `file:${await absolutePath(path)}` };
  }
  if (flow === "client-credentials" && client === null) return blank;
  throw somethingMissing(services, common, flow, minting);
}

function variableOf({ context }: Services, minting: Minting, kind: "certificate" | "subjectToken"): string | null {
  const names = minting.environment?.[kind] ?? [];
  return names.map((name) => context.env[name]?.trim()).find((value) => value) ?? null;
}

async function fromVariable(services: Services, minting: Minting, kind: "certificate"): Promise<Secret | null> {
  const path = variableOf(services, minting, kind);
  if (path === null) return null;
  const { readCredentialFile } = await import("../../platform/credential-file.ts");
  const { text, exposed } = await readCredentialFile(path);
  if (exposed) services.context.warn(`Other users of this machine can read ${path}: chmod 600 it.`);
  return text;
}

/** What has to be brought along, and where it is made. */
function somethingMissing(
  services: Services,
  { request, provider }: Common,
  flow: MintingFlow,
  minting: Minting,
): AuthError {
  const unused = flow === "client-credentials" ? unusedSecret(services, provider.definition, request.clientId) : null;
  const { definition } = provider;
  const client = namesClient(definition, flow);
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
      ...(minting.sign === undefined ? [] : [{ certificate: placeholder("file") }]),
      ...(minting.audience === undefined ? [] : [vouched]),
    ],
    jwt: [{ key: placeholder("file") }],
    exchange: [vouched],
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

/** A login that another program made, taken over: its refresh token is used from here on. */
function planImported(common: Common, { refreshToken, client }: NonNullable<KeyFile["login"]>): LoginPlan {
  const { request, existing } = common;
  return {
    ...common,
    flow: "browser",
    client,
    scopes: request.scopes ?? (existing?.record satisfies Connection | undefined)?.scopes ?? [],
    refreshToken,
  };
}

/** Redeems a refresh token that was brought along, which shows that it works. */
export async function redeem(
  { context }: Services,
  { server, client }: LoginPlan,
  refreshToken: Secret,
): Promise<TokenReply> {
  const { sendRefresh } = await import("../../oauth/refresh.ts");
  const { readTokenReply } = await import("../../oauth/reply.ts");
  if (client === null) throw new AuthError("client_missing", "The file names no client.");
  try {
    const request = { refreshToken, scopes: null, flow: "browser", timeout: 30_000 };
    const raw = await sendRefresh(context.http, server, client, request);
    const reply = await readTokenReply(server, client, raw, { subject: null, now: context.now() });
    return { ...reply, refreshToken: reply.refreshToken ?? refreshToken };
  } catch (error) {
    throw error instanceof OAuthFailure ? loginError(server, error) : error;
  }
}

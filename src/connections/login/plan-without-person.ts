/** Logins without a person: what proves them is read, checked and kept; then they are planned like any other. */

import type { IssuerDocument } from "../../oauth/discovery.ts";
import { readCertificate, readPrivateKey } from "../../oauth/key-file.ts";
import type { Client } from "../../oauth/types.ts";
import { usage } from "../../platform/errors.ts";
import type { Secret } from "../../platform/secret.ts";
import { originOf } from "../../platform/url.ts";
import { flowsOf } from "../../providers/flows.ts";
import { dialectOf, isMintingFlow, type Minting, type MintingFlow, mintingOf } from "../../providers/minting.ts";
import type { ResolvedProvider } from "../../providers/resolve.ts";
import type { Flow, ProviderDefinition } from "../../providers/schema.ts";
import type { Mint } from "../record.ts";
import type { Services } from "../services.ts";
import { vouchingConnection } from "../subject-token.ts";
import { byMetadataUrl, loginClient } from "./client.ts";
import { type KeyFile, keyFile } from "./key-file.ts";
import { namesClient, proofMissing } from "./missing-client.ts";
import type { LoginPlan } from "./plan.ts";
import type { Credential, LoginRequest } from "./request.ts";
import { requireNeededSettings } from "./settings.ts";

/** What is settled before the flow matters. */
type Common = Omit<LoginPlan, "flow" | "client" | "scopes">;

/** The flag of each credential, and the flows that read it; for others it would be ignored. */
const CREDENTIALS: Readonly<Record<keyof Credential, { readonly flag: string; readonly flows: readonly Flow[] }>> = {
  key: { flag: "--key", flows: ["jwt"] },
  certificate: { flag: "--certificate", flows: ["client-credentials"] },
  subjectToken: { flag: "--subject-token", flows: ["client-credentials", "exchange"] },
  code: { flag: "--code", flows: ["code"] },
};

/**
 * The flow that `--flow` names, else the one that reads the credential that was given.
 * @throws AuthError `usage` where the two contradict each other
 */
export function flowOfRequest(definition: ProviderDefinition, request: LoginRequest): Flow | null {
  const flows = flowsOf(definition).map(({ flow }) => flow);
  let wanted = request.flow;
  for (const [name, given] of Object.entries(request.credential ?? {}) as [keyof Credential, unknown][]) {
    if (given === undefined || provesClient(name, definition, flows)) continue;
    const { flag, flows: reading } = CREDENTIALS[name];
    wanted ??= flows.find((flow) => reading.includes(flow)) ?? null;
    if (wanted === null || !reading.includes(wanted))
      throw usage(
        `${flag} does nothing for ${definition.title}${wanted === null ? "" : ` by the ${wanted} flow`}.`,
        `It has: ${flows.join(", ")}.`,
      );
  }
  return wanted;
}

/** Where no flow is made with a key or a certificate, it is the client's own (RFC 7523 §2.2, RFC 8705 §2). */
function provesClient(
  name: keyof Credential,
  { client, issuer, resource, minting }: ProviderDefinition,
  flows: readonly Flow[],
): boolean {
  const ofPersons = flows.includes("browser") || flows.includes("device");
  const methods = client?.methods ?? [];
  if (name === "certificate")
    return (
      methods.includes("tls_client_auth") ||
      ((issuer ?? resource) !== undefined && ofPersons && minting?.["client-credentials"]?.sign === undefined)
    );
  return name === "key" && (methods.includes("private_key_jwt") || (ofPersons && !flows.includes("jwt")));
}

/** null: a person is needed. */
export async function planWithoutPerson(
  services: Services,
  common: Common,
  flow: Flow | null,
  document: IssuerDocument | null,
): Promise<LoginPlan | null> {
  if (!isMintingFlow(flow)) return null;
  const { request, existing } = common;
  const { definition } = common.provider;
  const minting = mintingOf(definition, flow);
  if (minting === null) throw usage(`${definition.title} has no ${flow} flow.`, "Choose another with --flow.");
  requireNeededSettings(definition, common.provider.settings, request, flow);
  const file = flow === "jwt" ? keyFile(minting, request, common) : null;
  if (file?.login) return planImported(common, file.login);

  const dialect = dialectOf(definition, flow, common.provider.settings);
  const { token, mint: mintUrl, revocation } = common.server.endpoints;
  // The endpoints of people's logins have no use for these tokens.
  const endpoints = { ...(token !== undefined && { token }), ...(mintUrl !== undefined && { mint: mintUrl }) };
  const provider: ResolvedProvider = { ...common.provider, dialect, endpoints };
  const server = { ...common.server, dialect, endpoints };
  const profile = existing?.record ?? null;
  // Where the description signs something with a key, a key is for that.
  const withKey = minting.sign === undefined;
  const known =
    token === undefined ? null : await loginClient(services, dialect, common, originOf(token), document, { withKey });
  const mint = await mintOf(services, { ...common, provider }, flow, minting, known, file);
  const client = clientFor(definition, flow, mint, byMetadataUrl(known, request, document) ?? known);
  if (client === null) throw proofMissing(services, { ...common, provider }, flow, minting);
  const scopes = request.scopes ?? profile?.scopes ?? common.api?.scopes ?? minting.scopes ?? [];
  return {
    ...common,
    provider,
    server,
    flow,
    client: client.id === "" ? null : client,
    scopes,
    mint,
    // No provider gave a token that is signed here: there is nothing to revoke.
    ...(revocation !== undefined && minting.use !== "bearer" && { mintRevocation: { revocation } }),
  };
}

/** A client is needed where it authenticates itself, or where something signed names it. */
function clientFor(
  definition: ProviderDefinition,
  flow: MintingFlow,
  { proof, source }: Mint,
  known: Client | null,
): Client | null {
  const anonymous: Client = { id: "", secret: null, authentication: "none" };
  if (!namesClient(definition, flow)) return anonymous;
  // The token is the grant, and the client proves itself as it does elsewhere (RFC 7521 §4.1). An identity assertion names
  // the client: there has to be one.
  if (flow === "exchange" && mintingOf(definition, flow)?.use === "grant")
    return known ?? (vouchingConnection({ source }) === null ? anonymous : null);
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
  const subjectToken = request.credential?.subjectToken ?? keptSource(common, flow);
  if (subjectToken !== undefined) return { ...blank, proof: "subject-token", ...subjectToken };
  const { sign } = minting;
  if (file !== null && sign !== undefined)
    return { ...blank, proof: "key", secret: await readPrivateKey(file.key, sign.algorithm), values: file.values };
  const certificate =
    request.credential?.certificate ?? (client?.secret ? null : await certificateFromVariable(services, minting));
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
  throw proofMissing(services, common, flow, minting);
}

/** Where the login before took another issuer's token from: it is there again for the next. */
function keptSource({ existing }: Common, flow: MintingFlow): Credential["subjectToken"] {
  const { flow: before, mint } = existing?.record ?? {};
  return before === flow && mint?.source ? { secret: null, source: mint.source } : undefined;
}

function variableOf({ context }: Services, minting: Minting, kind: "certificate" | "subjectToken"): string | null {
  const names = minting.environment?.[kind] ?? [];
  return names.map((name) => context.env[name]?.trim()).find((value) => value) ?? null;
}

async function certificateFromVariable(services: Services, minting: Minting): Promise<Secret | null> {
  const path = variableOf(services, minting, "certificate");
  if (path === null) return null;
  const { readCredentialFile } = await import("../../platform/credential-file.ts");
  const { text, exposed } = await readCredentialFile(path);
  if (exposed) services.context.warn(`Other users of this machine can read ${path}: chmod 600 it.`);
  return text;
}

/** A login that another program made, taken over: its refresh token is used from here on. */
function planImported(common: Common, { refreshToken, client }: NonNullable<KeyFile["login"]>): LoginPlan {
  const scopes = common.request.scopes ?? common.existing?.record.scopes ?? [];
  return { ...common, flow: "browser", client, scopes, refreshToken };
}

/** Everything about a login that is settled before anything is sent to the provider, but discovery. */

import type { IssuerDocument } from "../../oauth/discovery.ts";
import type { Client, Server } from "../../oauth/types.ts";
import { AuthError, usage } from "../../platform/errors.ts";
import type { Secret } from "../../platform/secret.ts";
import { placeholder } from "../../platform/shell-word.ts";
import { originOf } from "../../platform/url.ts";
import type { CompanionSecrets } from "../../providers/companions.ts";
import { chooseFlow, defaultScopes, flowsOf, scopesBeyond, withoutPresets } from "../../providers/flows.ts";
import { isMintingFlow } from "../../providers/minting.ts";
import { applyOverrides, type Overrides } from "../../providers/overrides.ts";
import type { IssuerAddresses } from "../../providers/registry.ts";
import { type ResolvedProvider, resolveProvider } from "../../providers/resolve.ts";
import type { Flow, ProviderDefinition } from "../../providers/schema.ts";
import { fill } from "../../providers/template.ts";
import type { ClientEntry } from "../clients.ts";
import { asLoggedIn, ownIssuer } from "../pin.ts";
import type { Connection, Mint } from "../record.ts";
import type { Services } from "../services.ts";
import { readReplaceable, type Stored } from "../store.ts";
import { type ApiLogin, apiLogin, clientPlaceOf, movedNotice, resourceForApi, scopesForApi } from "./api.ts";
import { byMetadataUrl, loginClient } from "./client.ts";
import { loginCommand } from "./command.ts";
import { atKnownOrigins, withMetadata } from "./metadata.ts";
import { clientMissing } from "./missing-client.ts";
import { atMutualTls } from "./mutual-tls.ts";
import { flowOfRequest, planWithoutPerson } from "./plan-without-person.ts";
import { registeredClient } from "./registration.ts";
import type { LoginRequest } from "./request.ts";
import { loginSettings, requireNeededSettings, type Settings } from "./settings.ts";

export interface LoginPlan {
  readonly request: LoginRequest;
  /** What is stored under this name already: a login, or a profile without one. */
  readonly existing: Stored | null;
  readonly provider: ResolvedProvider;
  readonly settings: Settings;
  readonly server: Server;
  readonly jwksUri: string | null;
  /** What discovery and flags say of the endpoints, above the description. */
  readonly overrides: Overrides;
  /** Under which its client is kept, where that isn't the token endpoint's origin. */
  readonly clientPlace?: string;
  /** Where the API said who gives its tokens. */
  readonly api?: ApiLogin["api"];
  /** Where the next login begins, and looks for its client, when the provider names another token endpoint to this one. */
  readonly startOrigin?: string;
  readonly flow: Flow;
  /** null for a pasted token. */
  readonly client: Client | null;
  readonly scopes: readonly string[];
  /** What is to be stored of the client, where this login registered it. */
  readonly registered?: ClientEntry;
  /** What a person has to know of that. */
  readonly notice?: string;
  /** Of a login without a person: what its tokens are minted with. */
  readonly mint?: Mint;
  /** Of such a login: where its tokens are revoked if it can't be kept. Nothing of it is stored. */
  readonly mintRevocation?: { readonly revocation: string };
  /** Secrets that go with its tokens. */
  readonly companions?: CompanionSecrets;
  /** Of a login that another program made. */
  readonly refreshToken?: Secret;
}

export async function planLogin(services: Services, asking: LoginRequest): Promise<LoginPlan> {
  const definition = await services.registry.get(asking.ref.provider);
  const request = withResourceScope(definition, withScopesOfPresets(definition, asking));
  const { stored: existing } = await readReplaceable(services.vault, request.ref, request.force);
  const profile = existing?.record ?? null;
  const settings = loginSettings(definition, request.settings, services.context, profile);
  const asked = flowOfRequest(definition, request);
  checkFlow(definition, request);
  const pastes = request.token !== null || (asked ?? chooseFlow(definition, NOTHING_KNOWN)) === "token";
  const alone = asked ?? profile?.flow ?? chooseFlow(definition, NOTHING_KNOWN);
  requireNeededSettings(definition, settings.values, request, pastes ? "token" : isMintingFlow(alone) ? alone : null);
  const resolved = resolveProvider(definition, settings.values);
  const atApi = pastes ? null : await apiLogin(services, resolved, request, profile);
  const document = atApi?.document ?? (await issuerDocument(services, resolved, request, profile, pastes));
  const overrides: Overrides = {
    ...(document === null ? {} : { issuerDocument: document }),
    endpoints: { ...profile?.endpoints, ...request.endpoints },
  };
  const overridden = applyOverrides(resolved, overrides);
  const dialect = withMetadata(overridden.dialect, document);
  const provider = { ...overridden, dialect };
  const pasted = pastes ? (request.api?.resource ?? resolved.resource) : null;
  const resource = atApi === null ? (pasted ?? resourceOf(request, profile)) : resourceForApi(atApi, request, profile);
  const server: Server = {
    dialect,
    issuer: document?.issuer ?? null,
    endpoints: provider.endpoints,
    issRequired: document?.issRequired ?? false,
    ...(document?.idTokenAlgorithms && { idTokenAlgorithms: document.idTokenAlgorithms }),
    ...(document?.pushed && { pushed: document.pushed }),
    ...(resource !== undefined && { resource }),
  };
  const jwksUri = document?.jwksUri ?? null;
  const place = { ...clientPlaceOf(atApi), ...(atApi !== null && { api: atApi.api }) };
  const common = { request, existing, provider, settings, server, jwksUri, overrides, ...place };
  if (pastes) return { ...common, flow: "token", client: null, scopes: [] };

  const withoutPerson = await planWithoutPerson(services, common, alone, document);
  if (withoutPerson !== null) {
    const { client, mint } = withoutPerson;
    // Another issuer's token isn't shown a second time, to find out whether a proof was wanted with it.
    const isReady = client !== null && (mint?.proof !== "subject-token" || atApi?.api.bound === true);
    return atMutualTls(
      isReady ? { ...withoutPerson, client: await ready(client, document, atApi) } : withoutPerson,
      document,
    );
  }

  const { token } = server.endpoints;
  if (token === undefined)
    throw usage(
      `${dialect.title} needs to know its issuer.`,
      `Name it: ${loginCommand(definition, request, { issuer: placeholder("url") })}`,
    );
  const origin = originOf(token);
  // A secret without an id is meant for the client that the description brings.
  const own = request.clientSecret !== null;
  const known = await loginClient(services, dialect, common, origin, document, { own });
  const ofUrl = byMetadataUrl(known, request, document);
  const at = common.clientPlace ?? origin;
  const registration =
    known === null && ofUrl === null ? await registeredClient(services, provider, request, document, at) : null;
  const client =
    ofUrl ?? known ?? registration?.client ?? (await loginClient(services, dialect, common, origin, document));
  const scopes =
    atApi === null
      ? wantedScopes(provider, request, profile, document?.scopesSupported ?? null)
      : scopesForApi(atApi, request, profile, dialect.scopes.offline);
  const flow = asked ?? feasibleFlow(provider, profile, client, scopes, request);
  const needsSecret =
    dialect.client.kind === "confidential" ||
    flowsOf(definition).some((one) => one.flow === flow && one.when === "secret");
  if (client === null || (needsSecret && client.secret === null && client.key === undefined))
    throw await clientMissing(services, provider, request, client?.id ?? null, needsSecret);
  checkEndpoint(definition, request, server, flow);
  requireNeededSettings(definition, provider.settings, request, flow);
  const beyond = scopesBeyond(definition, flow, scopes);
  if (beyond.length > 0 && !request.force)
    throw new AuthError("scope_rejected", `${dialect.title} doesn't give ${beyond.join(", ")} by the ${flow} flow.`, {
      hint: "Choose another flow with --flow, or leave those scopes out; --force asks for them all the same.",
    });
  const registered = registration === null ? {} : { registered: registration.entry };
  const said = registration?.notice ?? movedNotice(atApi, profile);
  const notice = said === null ? {} : { notice: said };
  const plan = { ...common, flow, client: await ready(client, document, atApi), scopes, ...registered, ...notice };
  return atMutualTls(plan, document);
}

/** The API that the person names, else that of the login before. */
function resourceOf({ resource, withoutResource }: LoginRequest, profile: Connection | null): string | undefined {
  if (resource !== undefined || withoutResource || profile === null) return resource;
  return asLoggedIn(profile).pinned?.resource;
}

/** What is kept and shown are the scopes: a description that changes its presets changes no login. */
function withScopesOfPresets(definition: ProviderDefinition, request: LoginRequest): LoginRequest {
  const { scopes, moreScopes } = request;
  return {
    ...request,
    scopes: scopes === null ? null : withoutPresets(definition, scopes),
    ...(moreScopes !== undefined && { moreScopes: withoutPresets(definition, moreScopes) }),
  };
}

/** Where an API is named by a scope, `--resource` becomes that scope; OpenID Connect's own scopes go along. */
function withResourceScope(definition: ProviderDefinition, request: LoginRequest): LoginRequest {
  const template = definition.scopes?.resource;
  const { resource, ...rest } = request;
  if (template === undefined || resource === undefined) return request;
  if (request.scopes !== null)
    throw usage(`${definition.title} names a resource by its scopes: --resource and --scope contradict each other.`);
  const scope = fill(template, { resource });
  const flow = flowOfRequest(definition, request);
  const person = flow === null || flow === "browser" || flow === "device";
  const standard = [...OPENID, definition.scopes?.offline];
  const identity = person ? defaultScopes(definition).filter((one) => standard.includes(one)) : [];
  return { ...rest, scopes: scope === null ? identity : [...identity, scope], resourceAsScope: resource };
}

/** OpenID Connect Core §5.4: of no resource. */
const OPENID = ["openid", "profile", "email"];

/** With a key to prove, should the issuer bind its tokens to one, or the API take no others. */
async function ready(client: Client, document: IssuerDocument | null, login: ApiLogin | null): Promise<Client> {
  if (!document?.dpop) return client;
  const { ProofKey } = await import("../../oauth/dpop.ts");
  return { ...client, proof: await ProofKey.generate(login?.api.bound ?? false) };
}

const NOTHING_KNOWN = { secret: false, browser: false, scopes: [] };

/** Discovery, where the endpoints are an issuer's to tell and the flow needs any. */
async function issuerDocument(
  services: Services,
  resolved: ResolvedProvider,
  request: LoginRequest,
  profile: Connection | null,
  pastes: boolean,
): Promise<IssuerDocument | null> {
  const own = ownIssuer(resolved.definition, request.issuer ?? profile?.issuer ?? null);
  const issuer = own ?? resolved.issuer;
  if (issuer === null || (pastes && request.issuer === null)) return null;
  const { discover } = await import("../../oauth/discovery.ts");
  const document = await discover(services.context.http, issuer);
  // An issuer that the person named is theirs to trust.
  if (own !== null) return document;
  await services.registry.refuseForeign(resolved.definition.id, addressesOf(issuer, document));
  return atKnownOrigins(document, resolved, (name, url) =>
    services.context.debug(
      `${issuer} names ${url} as its ${name} endpoint, at an origin that the description of ${resolved.definition.id} doesn't name: its own is used`,
    ),
  );
}

function addressesOf(issuer: string, document: IssuerDocument): IssuerAddresses {
  const { endpoints, mutualTls, pushed, registration } = document;
  const { authorization, device, token } = endpoints;
  const given = (urls: readonly (string | null | undefined)[]): string[] => urls.filter((url) => url != null);
  return {
    issuer,
    login: given([authorization, device, token, pushed, mutualTls.device, mutualTls.token, mutualTls.pushed]),
    all: given([issuer, ...Object.values(endpoints), ...Object.values(mutualTls), pushed, registration]),
  };
}

function checkFlow(definition: ProviderDefinition, request: LoginRequest): void {
  if (request.token !== null && request.flow !== null && request.flow !== "token")
    throw usage(`--token and --flow ${request.flow} contradict each other.`, "Leave one out.");
  const flows = flowsOf(definition).map(({ flow }) => flow);
  const wanted = request.token !== null ? "token" : request.flow;
  if (wanted === null || flows.includes(wanted)) return;
  throw usage(`${definition.title} has no ${wanted} flow.`, `It has: ${flows.join(", ")}.`);
}

/** The profile's flow, else the first of the provider's own order that can be gone here. */
function feasibleFlow(
  provider: ResolvedProvider,
  profile: Connection | null,
  client: Client | null,
  scopes: readonly string[],
  request: LoginRequest,
): Flow {
  if (profile?.flow != null && profile.flow !== "token") return profile.flow;
  const flows = provider.definition.flows.filter((choice) =>
    hasEndpoint(provider, typeof choice === "string" ? choice : choice.flow),
  );
  const definition = flows.length === 0 ? provider.definition : { ...provider.definition, flows };
  return chooseFlow(definition, {
    secret: client?.secret != null || client?.key !== undefined,
    browser: request.canOpenBrowser,
    scopes,
  });
}

function hasEndpoint({ endpoints }: Pick<Server, "endpoints">, flow: Flow): boolean {
  if (flow === "device") return endpoints.device !== undefined;
  if (flow === "browser") return endpoints.authorization !== undefined;
  return true;
}

function checkEndpoint(definition: ProviderDefinition, request: LoginRequest, server: Server, flow: Flow): void {
  if (hasEndpoint(server, flow)) return;
  const others = flowsOf(definition).map((choice) => choice.flow);
  const other = others.find((one) => (one === "device" || one === "browser") && hasEndpoint(server, one)) ?? null;
  const name = flow === "device" ? "device" : "authorization";
  const lines = [
    ...(other === null ? [] : [`Log in the other way: ${loginCommand(definition, request, { flow: other })}`]),
    `Or name the endpoint: ${loginCommand(definition, request)} --endpoint ${name}=<url>`,
  ];
  throw new AuthError("provider_unavailable", `${server.dialect.title} offers no ${flow} login here.`, {
    hint: lines.join("\n").replace(/^Or n/, "N"),
  });
}

/**
 * What `--scope` or the profile names, wholly; else the description's. Of OpenID Connect's own scopes among those, an issuer
 * that lists its scopes (RFC 8414 §2) is asked only for the ones it lists: some refuse the login for one they don't know.
 */
function wantedScopes(
  { definition }: ResolvedProvider,
  request: LoginRequest,
  profile: Connection | null,
  supported: readonly string[] | null,
): readonly string[] {
  const named = request.scopes ?? profile?.scopes;
  const standard = [...OPENID, definition.scopes?.offline];
  const wanted =
    named ??
    defaultScopes(definition).filter(
      (scope) => supported === null || !standard.includes(scope) || supported.includes(scope),
    );
  return [...new Set([...wanted, ...(request.moreScopes ?? [])])];
}

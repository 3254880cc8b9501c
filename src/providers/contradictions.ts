/** Parts of a description that contradict each other, or have no effect. */
import type { Rule } from "./check.ts";
import { authenticationOfRequests, clientIsWhole } from "./client-rules.ts";
import { flowsOf, REFRESHING } from "./flows.ts";
import { MINTING_FLOWS, type MintingFlow, mintingOf } from "./minting.ts";
import { ownParametersAreSent, redirectIsThePersons } from "./own-parameters.ts";
import { REPLY_RULES } from "./reply-rules.ts";
import { REPORTED_SETTING_RULES } from "./reported-setting-rules.ts";
import { requestLayers } from "./request-layers.ts";
import type { EndpointName, Flow, ProviderDefinition } from "./schema.ts";
import { namesIn } from "./template.ts";

const ENDPOINTS_OF_FLOWS: Readonly<Record<Flow, readonly EndpointName[]>> = {
  device: ["device", "token"],
  browser: ["authorization", "token"],
  code: ["token"],
  // `mintingIsWhole` checks what these need.
  "client-credentials": [],
  jwt: [],
  exchange: [],
  token: [],
};

const flowsAreComplete: Rule = (definition, report) => {
  const seen = new Set<Flow>();
  for (const [i, { flow }] of flowsOf(definition).entries()) {
    if (seen.has(flow)) report(`flows.${i}`, `names ${flow} twice`);
    seen.add(flow);
    if (definition.issuer !== undefined || definition.resource !== undefined) continue;
    for (const endpoint of ENDPOINTS_OF_FLOWS[flow])
      if (definition.endpoints?.[endpoint] === undefined)
        report(`flows.${i}`, `has ${flow}, which needs endpoints.${endpoint}`, "Give it, or an issuer to ask.");
  }
};

const secretsAreConsistent: Rule = ({ client, device, revocation, flows }, report) => {
  const isPublic = client?.kind === "public";
  const because = "says something about a secret, but client.kind is public";
  const ofSecrets = {
    "client.authentication": client?.authentication !== undefined,
    "client.basic": client?.basic !== undefined,
    "client.secretOnRefresh": client?.secretOnRefresh !== undefined,
    "client.environment.secret": client?.environment?.secret !== undefined,
    "device.needsSecret": device?.needsSecret === true,
    "revocation.needsSecret": revocation?.needsSecret === true,
  };
  for (const [path, isGiven] of Object.entries(ofSecrets)) if (isPublic && isGiven) report(path, because);
  if (isPublic && client.assertion !== undefined)
    report("client.assertion", "is for a client with a key, but client.kind is public");
  for (const [i, choice] of flows.entries()) {
    if (typeof choice === "string" || choice.when !== "secret") continue;
    if (isPublic) report(`flows.${i}.when`, because);
    if (client?.kind === "confidential") report(`flows.${i}.when`, "always holds: client.kind is confidential");
  }
};

/** A preset's name is replaced by its scopes: a scope of the same name could not be requested any more. */
const presetsAreNoScopes: Rule = (definition, report) => {
  const { presets = {}, offline, default: usual = [] } = definition.scopes ?? {};
  const scopes = [...usual, offline, ...flowsOf(definition).flatMap((choice) => choice.scopes ?? [])];
  for (const [name, own] of Object.entries(presets)) {
    if (scopes.includes(name)) report(`scopes.presets.${name}`, "is the name of a scope, too");
    const other = own.find((scope) => Object.hasOwn(presets, scope));
    if (other !== undefined) report(`scopes.presets.${name}`, `has the preset ${other}, where only scopes can be`);
  }
};

/** Sections that have no effect. */
const sectionsAreUsed: Rule = (definition, report) => {
  const flows = flowsOf(definition).map(({ flow }) => flow);
  const oauth = flows.some((flow) => flow !== "token");
  const anOAuthFlow = "a flow of OAuth";
  const refreshes = flows.some((flow) => REFRESHING.includes(flow));
  const uses: [section: keyof ProviderDefinition, isUsed: boolean, need: string][] = [
    ["device", flows.includes("device"), "the flow 'device'"],
    ["authorize", flows.includes("browser") || flows.includes("code"), "the flow 'browser'"],
    ["apiKey", flows.includes("token"), "the flow 'token'"],
    ["refresh", refreshes, "a flow that gives refresh tokens"],
    ["client", oauth, anOAuthFlow],
    ["scopes", oauth, anOAuthFlow],
    ["request", oauth, anOAuthFlow],
    ["reply", oauth, anOAuthFlow],
    ["errors", oauth, anOAuthFlow],
    ["revocation", isReachable(definition, "revocation"), "endpoints.revocation"],
    ["account", oauth || isReachable(definition, "userinfo"), "endpoints.userinfo"],
  ];
  for (const [section, isUsed, need] of uses)
    if (definition[section] !== undefined && !isUsed) report(section, `does nothing without ${need}`);
  const layers = [definition, ...(definition.variants ?? [])];
  if (!flows.includes("device") && layers.some(({ endpoints }) => endpoints?.poll !== undefined))
    report("endpoints.poll", "does nothing without the flow 'device'");
};

/** Fields without effect or sense beside another one. */
const fieldsAgree: Rule = (definition, report) => {
  const { account, refresh, errors, reply, header, basic } = definition;
  const showsBasic = [header, account?.header].some((one) => namesIn(one ?? "").includes("basic"));
  const { path, unit, introspect } = reply?.expiry ?? {};
  if (introspect === true && !isReachable(definition, "introspection"))
    report("reply.expiry.introspect", "does nothing without endpoints.introspection");
  if ((unit === "iso" || unit === "http-date") && path === undefined)
    report(
      "reply.expiry.unit",
      "is a date, but expires_in is a number",
      "Say which field holds the date: reply.expiry.path.",
    );
  if (refresh?.rotation === "none" && refresh.graceSeconds !== undefined)
    report("refresh.graceSeconds", "makes no sense: the refresh token stays (rotation is none)");
  if (refresh?.credential === "access_token" && reply?.refreshToken !== undefined)
    report("reply.refreshToken", "makes no sense: the access token renews itself (refresh.credential)");
  if (basic !== undefined && !showsBasic) report("basic", "does nothing: header has no {basic}");
  if (basic === undefined && showsBasic) report("header", "has {basic}, but nothing says what it is the Base64 of");
  if (errors?.subcodePrefix !== undefined && errors.subcodes === undefined)
    report("errors.subcodePrefix", "does nothing without errors.subcodes");
  for (const field of ["method", "body", "header", "headers", "scopesHeader"] as const)
    if (account?.[field] !== undefined && !isReachable(definition, "userinfo"))
      report(`account.${field}`, "does nothing without endpoints.userinfo");
};

/** RFC 6749 §4.1.1, RFC 7636 §4.3, OpenID Connect Core §3.1.2.1, RFC 8707 §2. */
const AUTHORIZE_PARAMETERS: readonly string[] = [
  ...["response_type", "client_id", "redirect_uri", "state", "scope", "nonce"],
  ...["resource", "code_challenge", "code_challenge_method"],
];

/** Parameters that the protocol itself sends, and where the answer is read. */
const authorizeIsPlain: Rule = ({ authorize = {}, issuer, scopes }, report) => {
  const { parameters = {}, offlineParameters = {}, names = {}, nonce, pkce, fragment } = authorize;
  // A resource is sent only where one is named (`--resource`).
  const sent = AUTHORIZE_PARAMETERS.filter((name) => name !== "resource").map((name) => names[name] ?? name);
  for (const [group, given] of Object.entries({ parameters, offlineParameters }))
    for (const name of Object.keys(given))
      if (sent.includes(name))
        report(
          `authorize.${group}.${name}`,
          "does nothing: the request's own takes its place",
          name === "scope"
            ? "Say it in scopes.default."
            : `Leave the request's own out: authorize.names.${name} = false.`,
        );
  if (authorize.offlineParameters !== undefined && scopes?.offline === undefined)
    report("authorize.offlineParameters", "does nothing without scopes.offline");
  for (const name of Object.keys(names))
    if (!AUTHORIZE_PARAMETERS.includes(name))
      report(
        `authorize.names.${name}`,
        "does nothing: no such parameter is sent",
        `It may be: ${AUTHORIZE_PARAMETERS.join(", ")}.`,
      );
  // It would have the code sent to an address that isn't this program's.
  for (const [group, given] of Object.entries({ parameters, offlineParameters }))
    if (names.redirect_uri !== undefined && Object.hasOwn(given, "redirect_uri"))
      report(
        `authorize.${group}.redirect_uri`,
        "can't be given: a login says where its answer goes",
        "Where the provider has a name for the address, name the setting for it in authorize.redirect.value.",
      );
  if (names.state === false)
    report("authorize.names.state", "can't be left out: without it anyone's answer would be taken");
  if (names.nonce === false)
    report(
      "authorize.names.nonce",
      "leaves the nonce out of the request, but it is still demanded back",
      'Say authorize.nonce = "never".',
    );
  if (typeof names.nonce === "string" && nonce === "never")
    report("authorize.names.nonce", "names a nonce, but authorize.nonce is never");
  // Without a method it is plain (RFC 7636 §4.3).
  if (names.code_challenge === false || (names.code_challenge_method === false && pkce !== "plain"))
    report("authorize.names", "leaves out half of PKCE", "Say authorize.pkce = false.");
  if (pkce === false && Object.keys(names).some((name) => name.startsWith("code_challenge")))
    report("authorize.names", "names a part of PKCE, but authorize.pkce is false");
  if (!["query", undefined].includes(parameters.response_mode))
    report("authorize.parameters.response_mode", "must be query: the answer comes in the address");
  if (fragment !== undefined && issuer !== undefined)
    report("authorize.fragment", "makes no sense beside an issuer, which says where its page is");
};

const refreshParametersAreSent: Rule = (definition, report) => {
  if (flowsOf(definition).some(({ flow }) => REFRESHING.includes(flow))) return;
  for (const { path, given } of requestLayers(definition))
    if (given.refreshParameters !== undefined)
      report(`${path}.refreshParameters`, "does nothing without a flow that gives refresh tokens");
};

const USES: Readonly<Record<MintingFlow, readonly string[]>> = {
  "client-credentials": ["assertion"],
  jwt: ["bearer", "grant", "request"],
  exchange: ["exchange", "grant"],
};

/** What each use of a signed JWT, or of another issuer's token, requires. */
const mintingIsWhole: Rule = (definition, report) => {
  const flows = flowsOf(definition).map(({ flow }) => flow);
  for (const flow of MINTING_FLOWS) {
    const path = `minting.${flow}`;
    const minting = mintingOf(definition, flow);
    if (minting === null) {
      if (flows.includes(flow)) report(path, `is missing, but flows has ${flow}`);
      continue;
    }
    const { use, sign, endpoint = "token", files, audience } = minting;
    if (!flows.includes(flow)) report(path, `does nothing: flows has no ${flow}`);
    if (!USES[flow].includes(use)) report(`${path}.use`, `can't be ${use}: this flow has ${USES[flow].join(", ")}`);
    if (sign === undefined && flow === "jwt") report(`${path}.sign`, `is missing: ${use} needs a signed JWT`);
    if (sign !== undefined && flow === "exchange") report(`${path}.sign`, "does nothing: the token is another's");
    if (use !== "bearer" && !isReachable(definition, endpoint)) report(path, `needs endpoints.${endpoint}`);
    if (use === "bearer" && endpoint !== "token") report(`${path}.endpoint`, "does nothing: nothing is sent");
    if (files !== undefined && flow !== "jwt") report(`${path}.files`, "does nothing: only --flow jwt reads a key");
    if (audience !== undefined && flow === "jwt") report(`${path}.audience`, "does nothing: no other issuer is asked");
  }
};

/** Whether the endpoint is declared, in some variant at least, or may come from discovery. */
function isReachable({ issuer, resource, endpoints, variants = [] }: ProviderDefinition, name: EndpointName): boolean {
  const isDeclared = [{ endpoints }, ...variants].some((layer) => layer.endpoints?.[name] !== undefined);
  return isDeclared || issuer !== undefined || resource !== undefined;
}

export const CONTRADICTIONS: readonly Rule[] = [
  flowsAreComplete,
  secretsAreConsistent,
  clientIsWhole,
  authenticationOfRequests,
  presetsAreNoScopes,
  sectionsAreUsed,
  fieldsAgree,
  authorizeIsPlain,
  refreshParametersAreSent,
  ...REPLY_RULES,
  ...REPORTED_SETTING_RULES,
  ownParametersAreSent,
  redirectIsThePersons,
  mintingIsWhole,
];

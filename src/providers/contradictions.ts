/** Parts of a description that can't both be meant, or that nothing would ever read. */
import { type Fault, faultIf, type Rule } from "./fault.ts";
import { flowsOf, REFRESHING } from "./flows.ts";
import { MINTING_FLOWS, type MintingFlow, mintingOf } from "./minting.ts";
import { authorizeIsPlain, requestsAreWhole } from "./requests.ts";
import type { EndpointName, Flow, ProviderDefinition } from "./schema.ts";
import { namesIn } from "./template.ts";

const ENDPOINTS_OF_FLOWS: Readonly<Record<Flow, readonly EndpointName[]>> = {
  device: ["device", "token"],
  browser: ["authorization", "token"],
  code: ["token"],
  // `mintingIsWhole` says which these need.
  "client-credentials": [],
  jwt: [],
  exchange: [],
  token: [],
};

function flowsAreComplete(definition: ProviderDefinition): Fault[] {
  const faults: Fault[] = [];
  const seen = new Set<Flow>();
  for (const [i, { flow }] of flowsOf(definition).entries()) {
    if (seen.has(flow)) faults.push({ path: `flows.${i}`, problem: `names ${flow} twice` });
    seen.add(flow);
    if (definition.issuer !== undefined) continue;
    for (const endpoint of ENDPOINTS_OF_FLOWS[flow])
      if (definition.endpoints?.[endpoint] === undefined)
        faults.push({
          path: `flows.${i}`,
          problem: `has ${flow}, which needs endpoints.${endpoint}`,
          hint: "Give it, or an issuer to ask.",
        });
  }
  return faults;
}

function secretsAreConsistent(definition: ProviderDefinition): Fault[] {
  const { client } = definition;
  const isPublic = client?.kind === "public";
  const because = "says something about a secret, but client.kind is public";
  return [
    ...faultIf(isPublic && client?.authentication !== undefined, "client.authentication", because),
    ...faultIf(isPublic && client?.secretOnRefresh !== undefined, "client.secretOnRefresh", because),
    ...faultIf(
      isPublic && client?.assertion !== undefined,
      "client.assertion",
      "is for a client with a key, but client.kind is public",
    ),
    ...faultIf(isPublic && client?.environment?.secret !== undefined, "client.environment.secret", because),
    ...faultIf(isPublic && definition.device?.needsSecret === true, "device.needsSecret", because),
    ...faultIf(isPublic && definition.revocation?.needsSecret === true, "revocation.needsSecret", because),
    ...flowsOf(definition).flatMap(({ when }, i) =>
      when !== "secret"
        ? []
        : [
            ...faultIf(isPublic, `flows.${i}.when`, because),
            ...faultIf(client?.kind === "confidential", `flows.${i}.when`, "always holds: client.kind is confidential"),
          ],
    ),
  ];
}

/** A section that nothing reads would be a promise that isn't kept. */
function sectionsAreUsed(definition: ProviderDefinition): Fault[] {
  const flows = flowsOf(definition).map(({ flow }) => flow);
  const oauth = flows.some((flow) => flow !== "token");
  const asks = (name: EndpointName) =>
    definition.issuer !== undefined ||
    definition.endpoints?.[name] !== undefined ||
    (definition.variants ?? []).some(({ endpoints }) => endpoints?.[name] !== undefined);
  const unless = (used: boolean, section: keyof ProviderDefinition, need: string) =>
    faultIf(definition[section] !== undefined && !used, section, `does nothing without ${need}`);
  const { account, refresh, errors, reply, header, basic } = definition;
  const showsBasic = header !== undefined && namesIn(header).includes("basic");
  return [
    ...unless(flows.includes("device"), "device", "the flow 'device'"),
    ...unless(flows.includes("browser") || flows.includes("code"), "authorize", "the flow 'browser'"),
    ...unless(flows.includes("token"), "apiKey", "the flow 'token'"),
    ...unless(
      flows.some((flow) => REFRESHING.includes(flow)),
      "refresh",
      "a flow that gives refresh tokens",
    ),
    ...(["client", "scopes", "request", "reply", "errors"] as const).flatMap((section) =>
      unless(oauth, section, "a flow of OAuth"),
    ),
    ...unless(asks("revocation"), "revocation", "endpoints.revocation"),
    ...faultIf(
      reply?.expiry?.introspect === true && !asks("introspection"),
      "reply.expiry.introspect",
      "does nothing without endpoints.introspection",
    ),
    ...unless(oauth || asks("userinfo"), "account", "endpoints.userinfo"),
    ...faultIf(
      refresh?.rotation === "none" && refresh.graceSeconds !== undefined,
      "refresh.graceSeconds",
      "makes no sense: the refresh token stays (rotation is none)",
    ),
    ...faultIf(basic !== undefined && !showsBasic, "basic", "does nothing: header has no {basic}"),
    ...faultIf(basic === undefined && showsBasic, "header", "has {basic}, but nothing says what it is the Base64 of"),
    ...faultIf(
      refresh?.credential === "access_token" && reply?.refreshToken !== undefined,
      "reply.refreshToken",
      "makes no sense: the access token renews itself (refresh.credential)",
    ),
    ...faultIf(
      errors?.subcodePrefix !== undefined && errors.subcodes === undefined,
      "errors.subcodePrefix",
      "does nothing without errors.subcodes",
    ),
    ...faultIf(
      reply?.expiry?.unit !== undefined && reply.expiry.path === undefined && reply.expiry.unit === "iso",
      "reply.expiry.unit",
      "is a date, but expires_in is a number",
      "Say which field holds the date: reply.expiry.path.",
    ),
    ...(["headers", "scopesHeader"] as const).flatMap((field) =>
      faultIf(
        account?.[field] !== undefined && !asks("userinfo"),
        `account.${field}`,
        "does nothing without endpoints.userinfo",
      ),
    ),
  ];
}

/** What each use of a signed JWT, or of another issuer's token, can't do without. */
function mintingIsWhole(definition: ProviderDefinition): Fault[] {
  const flows = flowsOf(definition).map(({ flow }) => flow);
  return MINTING_FLOWS.flatMap((flow) => {
    const path = `minting.${flow}`;
    const minting = mintingOf(definition, flow);
    const offered = flows.includes(flow);
    if (minting === null) return faultIf(offered, path, `is missing, but flows has ${flow}`);
    const { use, sign, endpoint = "token", files, audience } = minting;
    const reachable =
      definition.issuer !== undefined ||
      definition.endpoints?.[endpoint] !== undefined ||
      (definition.variants ?? []).some(({ endpoints }) => endpoints?.[endpoint] !== undefined);
    return [
      ...faultIf(!offered, path, `does nothing: flows has no ${flow}`),
      ...faultIf(!USES[flow].includes(use), `${path}.use`, `can't be ${use}: this flow has ${USES[flow].join(", ")}`),
      ...faultIf(sign === undefined && SIGNS.includes(use), `${path}.sign`, `is missing: ${use} needs a signed JWT`),
      ...faultIf(sign !== undefined && use === "exchange", `${path}.sign`, "does nothing: the token is another's"),
      ...faultIf(use !== "bearer" && !reachable, path, `needs endpoints.${endpoint}`),
      ...faultIf(use === "bearer" && endpoint !== "token", `${path}.endpoint`, "does nothing: nothing is sent"),
      ...faultIf(files !== undefined && flow !== "jwt", `${path}.files`, "does nothing: only --flow jwt reads a key"),
      ...faultIf(
        audience !== undefined && flow === "jwt",
        `${path}.audience`,
        "does nothing: no other issuer is asked",
      ),
    ];
  });
}

const USES: Readonly<Record<MintingFlow, readonly string[]>> = {
  "client-credentials": ["assertion"],
  jwt: ["bearer", "grant", "request"],
  exchange: ["exchange"],
};

const SIGNS: readonly string[] = ["bearer", "grant", "request"];

export const CONTRADICTIONS: readonly Rule[] = [
  flowsAreComplete,
  secretsAreConsistent,
  sectionsAreUsed,
  authorizeIsPlain,
  requestsAreWhole,
  mintingIsWhole,
];

/** What a description says of the browser's request and of token requests, as far as it can't be meant. */
import { type Fault, faultIf } from "./fault.ts";
import { flowsOf, REFRESHING } from "./flows.ts";
import { MINTING_FLOWS } from "./minting.ts";
import type { ProviderDefinition } from "./schema.ts";

/** What the protocol itself sends, and where the answer to it is looked for. */
export function authorizeIsPlain({ authorize, issuer, scopes }: ProviderDefinition): Fault[] {
  const { parameters = {}, offlineParameters = {}, names = {}, nonce, pkce, fragment } = authorize ?? {};
  // A resource goes along only where somebody names one (`--resource`).
  const sent = AUTHORIZE_PARAMETERS.filter((name) => name !== "resource" && names[name] !== false).map(
    (name) => names[name] ?? name,
  );
  return [
    ...Object.entries({ parameters, offlineParameters }).flatMap(([group, given]) =>
      Object.keys(given).flatMap((name) =>
        faultIf(
          sent.includes(name),
          `authorize.${group}.${name}`,
          "does nothing: the request's own goes before it",
          name === "scope" ? "Say it in scopes.default." : `Leave the own one out: authorize.names.${name} = false.`,
        ),
      ),
    ),
    ...faultIf(
      authorize?.offlineParameters !== undefined && scopes?.offline === undefined,
      "authorize.offlineParameters",
      "does nothing without scopes.offline",
    ),
    ...Object.keys(names).flatMap((name) =>
      faultIf(
        !(AUTHORIZE_PARAMETERS as readonly string[]).includes(name),
        `authorize.names.${name}`,
        "does nothing: no such parameter is sent",
        `It may be: ${AUTHORIZE_PARAMETERS.join(", ")}.`,
      ),
    ),
    ...faultIf(
      names.state === false,
      "authorize.names.state",
      "can't be left out: without it anybody's answer would be taken",
    ),
    ...faultIf(
      names.nonce === false,
      "authorize.names.nonce",
      "leaves the nonce out of the request, but it is still demanded back",
      'Say authorize.nonce = "never".',
    ),
    ...faultIf(
      typeof names.nonce === "string" && nonce === "never",
      "authorize.names.nonce",
      "names a nonce, but authorize.nonce is never",
    ),
    ...faultIf(
      names.code_challenge === false || names.code_challenge_method === false,
      "authorize.names",
      "leaves out half of PKCE",
      "Say authorize.pkce = false.",
    ),
    ...faultIf(
      pkce === false && Object.keys(names).some((name) => name.startsWith("code_challenge")),
      "authorize.names",
      "names a part of PKCE, but authorize.pkce is false",
    ),
    ...faultIf(
      !["query", undefined].includes(parameters.response_mode),
      "authorize.parameters.response_mode",
      "must be query: the answer comes in the address",
    ),
    ...faultIf(
      fragment !== undefined && issuer !== undefined,
      "authorize.fragment",
      "makes no sense beside an issuer, which says where its page is",
    ),
  ];
}

/** RFC 6749 §4.1.1, RFC 7636 §4.3, OpenID Connect Core §3.1.2.1, RFC 8707 §2. */
const AUTHORIZE_PARAMETERS = [
  "response_type",
  "client_id",
  "redirect_uri",
  "state",
  "scope",
  "nonce",
  "resource",
  "code_challenge",
  "code_challenge_method",
] as const;

export function requestsAreWhole(definition: ProviderDefinition): Fault[] {
  const { request = {} } = definition;
  const refreshes = flowsOf(definition).some(({ flow }) => REFRESHING.includes(flow));
  const all = [
    ["request", request] as const,
    ["refresh.request", { ...request, ...definition.refresh?.request, refreshParameters: undefined }] as const,
    ...MINTING_FLOWS.flatMap((flow) => {
      const own = definition.minting?.[flow]?.request;
      return own === undefined ? [] : [[`minting.${flow}.request`, { ...request, ...own }] as const];
    }),
  ];
  return all.flatMap(([path, { method, format, refreshParameters }]) => [
    ...faultIf(
      method === "GET" && format !== "query",
      `${path}.method`,
      "can't be GET: nothing is sent in its body",
      `Put the parameters into the address: ${path}.format = "query".`,
    ),
    ...faultIf(
      refreshParameters !== undefined && !refreshes,
      `${path}.refreshParameters`,
      "does nothing without a flow that gives refresh tokens",
    ),
  ]);
}

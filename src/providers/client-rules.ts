/** Rules about client authentication: contradictions, and fields that would never be used. */
import type { Rule } from "./check.ts";
import { flowsOf } from "./flows.ts";
import { MINTING_FLOWS } from "./minting.ts";
import type { ProviderDefinition } from "./schema.ts";

export const clientIsWhole: Rule = (definition, report) => {
  const { client = {}, minting, issuer } = definition;
  const { kind, authentication, basic, withoutSecret, methods = [], assertion } = client;
  const flows = flowsOf(definition).map(({ flow }) => flow);
  const isBasic = [authentication, ...ownAuthentications(definition).map(([, own]) => own)].includes("basic");
  if (basic !== undefined && kind !== "public" && !isBasic)
    report(
      "client.basic",
      "does nothing: the secret goes into the request's body",
      'Say client.authentication = "basic".',
    );
  if (withoutSecret !== undefined && kind === "confidential")
    report("client.withoutSecret", "does nothing: client.kind is confidential");
  if (methods.length > 0 && kind === "public")
    report("client.methods", "is for a client that proves itself, but client.kind is public");
  if (assertion !== undefined && issuer === undefined && !methods.includes("private_key_jwt"))
    report("client.assertion", "does nothing: no client has a key", 'Say client.methods = ["private_key_jwt"].');
  if (methods.includes("private_key_jwt") && flows.includes("jwt"))
    report("client.methods", "can't have private_key_jwt: --key is what the flow 'jwt' reads");
  if (methods.includes("tls_client_auth") && minting?.["client-credentials"]?.sign !== undefined)
    report("client.methods", "can't have tls_client_auth: --certificate is what minting.client-credentials signs with");
};

/** Requests with their own client authentication. */
function ownAuthentications({ refresh, longLived, device, revocation, minting }: ProviderDefinition) {
  const requests = [
    ["refresh.request", refresh?.request],
    ["longLived.request", longLived?.request],
    ["device.request", device?.request],
    ["device.poll.request", device?.poll?.request],
    ["revocation.request", revocation?.request],
    ...MINTING_FLOWS.map((flow) => [`minting.${flow}.request`, minting?.[flow]?.request] as const),
  ] as const;
  return requests.flatMap(([path, request]) =>
    request?.authentication === undefined ? [] : [[path, request.authentication] as const],
  );
}

export const authenticationOfRequests: Rule = (definition, report) => {
  const { client = {}, device, issuer } = definition;
  for (const [path, own] of ownAuthentications(definition)) {
    const isSilent = path.startsWith("device.")
      ? device?.needsSecret === false
      : path.startsWith("refresh.") && client.secretOnRefresh === "never";
    if (client.kind === "public")
      report(`${path}.authentication`, "says something about a secret, but client.kind is public");
    else if (isSilent) report(`${path}.authentication`, "does nothing: no secret is sent in this request");
    else if (issuer === undefined && own === (client.authentication ?? "body"))
      report(`${path}.authentication`, "does nothing: it is so anyway (client.authentication)");
  }
};

/** How a client proves itself: what of it contradicts the rest, or would never be used. */
import type { Rule } from "./check.ts";
import { flowsOf } from "./flows.ts";

export const clientIsWhole: Rule = (definition, report) => {
  const { client = {}, issuer, minting } = definition;
  const { kind, authentication, basic, withoutSecret, methods = [], assertion } = client;
  const flows = flowsOf(definition).map(({ flow }) => flow);
  if (basic !== undefined && kind !== "public" && authentication !== "basic")
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

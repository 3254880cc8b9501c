/** Declared parameters that would never be sent, because the protocol's own replace them. */
import type { Rule } from "./check.ts";
import { requestOver } from "./defaults.ts";
import { flowsOf, REFRESHING } from "./flows.ts";
import { isMintingFlow } from "./minting.ts";
import type { Flow, ProviderDefinition } from "./schema.ts";
import { namesIn } from "./template.ts";

/** RFC 6749 §4.1.3, §4.4.2; RFC 7636 §4.5; RFC 8628 §3.4. */
function sentBy(flow: Flow, { authorize }: ProviderDefinition): string[] {
  const verifier = authorize?.pkce === false ? [] : ["code_verifier"];
  if (flow === "browser") return ["grant_type", "code", "redirect_uri", ...verifier];
  if (flow === "code") return ["grant_type", "code"];
  return flow === "device" ? ["grant_type", "device_code"] : ["grant_type"];
}

/** Parameters of client authentication, in any request's body. */
function sentByClient({ client }: ProviderDefinition): string[] {
  if (client?.authentication === "basic" || client?.withoutSecret === "basic") return [];
  return client?.kind === "confidential" ? ["client_id", "client_secret"] : ["client_id"];
}

export const ownParametersAreSent: Rule = (definition, report) => {
  const { request = {}, refresh, device } = definition;
  const flows = flowsOf(definition).map(({ flow }) => flow);
  const byFlow = flows
    .filter((flow) => REFRESHING.includes(flow) || isMintingFlow(flow))
    .map((flow) => sentBy(flow, definition));
  const always = byFlow[0]?.filter((name) => byFlow.every((sent) => sent.includes(name))) ?? [];
  const ofClient = sentByClient(definition);
  const ofRefresh = ["grant_type", "refresh_token", ...(refresh?.scope === "granted" ? ["scope"] : [])];
  const groups = [
    ["request.tokenParameters", request, request.tokenParameters, [...always, ...ofClient]],
    [
      "request.refreshParameters",
      requestOver(request, refresh?.request),
      request.refreshParameters,
      [...ofRefresh, ...ofClient],
    ],
    ["device.parameters", requestOver(request, device?.request), device?.parameters, ["client_id", "scope"]],
  ] as const;
  for (const [path, { names = {} }, own = {}, protocol] of groups) {
    const taken = protocol.filter((name) => names[name] !== false);
    const wire = taken.map((name) => names[name] || name);
    for (const name of Object.keys(own))
      if (taken.includes(name) || wire.includes(name))
        report(
          `${path}.${name}`,
          "does nothing: the request's own takes its place",
          `Leave the request's own out: request.names.${taken.includes(name) ? name : (taken[wire.indexOf(name)] ?? name)} = false.`,
        );
    const isRedirected = flows.includes("browser") || flows.includes("code");
    for (const [name, template] of Object.entries(own))
      if (!isRedirected && namesIn(template).includes("redirectUri") && definition.settings?.redirectUri === undefined)
        report(`${path}.${name}`, "does nothing: no flow has a redirect");
  }
};

/** `redirect_uri` decides where a code is sent: only a person may set it. */
export const redirectIsThePersons: Rule = ({ authorize, settings = {} }, report) => {
  const [name] = namesIn(authorize?.redirect?.value ?? "");
  const setting = name === undefined ? undefined : settings[name];
  if (setting?.default !== undefined || setting?.choices !== undefined)
    report(
      "authorize.redirect.value",
      `is the setting ${name}, which has values of its own`,
      "Only a person gives it.",
    );
};

/** Rules about companions: their headers, flags and variables must not be used by something else. */
import type { Rule } from "./check.ts";
import { asksForSecret, handedOver, variableOf } from "./companions.ts";
import { flowsOf } from "./flows.ts";
import { RESERVED_FLAGS } from "./reserved.ts";
import { flagOf } from "./settings.ts";
import { namesIn } from "./template.ts";
import { requestHeaderFault, writeFault } from "./written.ts";

const headersAreTheirOwn: Rule = (definition, report) => {
  const { companions = {}, header = "Authorization: Bearer {token}", account, revocation } = definition;
  const taken = new Map<string, string>([["authorization", "what says who asks"]]);
  for (const [line, whose] of [[header, "header"] as const, [account?.header, "account.header"] as const])
    if (line !== undefined) taken.set(nameIn(line), `that of ${whose}`);
  for (const name of Object.keys(account?.headers ?? {})) taken.set(name.toLowerCase(), "among account.headers");
  for (const name of Object.keys(revocation?.request?.headers ?? {}))
    taken.set(name.toLowerCase(), "among revocation.request.headers");
  for (const [name, companion] of Object.entries(companions)) {
    const path = `companions.${name}.header`;
    const [, own, value] = /^([A-Za-z0-9!#$%&'*+.^_`|~-]+): ([\x20-\x7e]+)$/.exec(companion.header) ?? [];
    if (own === undefined || value === undefined) {
      report(path, "is not one line like 'X-Api-Key: {secret}'");
      continue;
    }
    const fault = requestHeaderFault(own);
    const other = taken.get(own.toLowerCase());
    if (fault !== null || /^(content-type|cookie|dpop)$/i.test(own))
      report(path, `can't be ${own}: it says how a request is sent, or who sends it`);
    else if (other !== undefined) report(path, `can't be ${own}: it is ${other}`);
    taken.set(own.toLowerCase(), `that of companions.${name}`);
  }
};

function nameIn(line: string): string {
  return line.split(":", 1)[0]?.trim().toLowerCase() ?? "";
}

const companionsAreUsed: Rule = (definition, report) => {
  const { id, companions = {}, settings = {}, variants = [], environment } = definition;
  const flags = new Map(Object.entries(settings).map(([name, setting]) => [flagOf(name, setting), `settings.${name}`]));
  const written = new Map<string, string>();
  for (const layer of [{ environment }, ...variants])
    for (const name of Object.keys(layer.environment?.write ?? {}))
      written.set(name.toUpperCase(), "environment.write");
  const hasClient = flowsOf(definition).some(({ flow }) => flow !== "token");
  for (const [name, companion] of Object.entries(companions)) {
    const path = `companions.${name}`;
    const names = namesIn(companion.header);
    for (const own of ["secret", "clientId"] as const)
      if (names.includes(own) && Object.hasOwn(settings, own))
        report(`settings.${own}`, `has a name that ${path}.header uses for something else`);
    if (names.includes("clientId") && !hasClient) report(`${path}.header`, "has {clientId}, but no flow has a client");
    const variable = variableOf(id, name, companion);
    if (variable !== null) {
      const problem = writeFault(variable, "{token}", {});
      const field = companion.variable === undefined ? path : `${path}.variable`;
      const value = handedOver(companion);
      const fact = settings[/^\{(\w+)\}$/.exec(value)?.[1] ?? ""];
      const isPersons = fact !== undefined && (fact.from ?? fact.default ?? fact.choices) === undefined;
      if (!asksForSecret(companion) && value !== "{clientId}" && !isPersons)
        report(
          field,
          `can't be ${variable}: programs get {secret}, {clientId}, or one setting that only a person gives`,
          "Leave it out: the header goes along all the same.",
        );
      if (problem !== null)
        report(field, `is handed over in ${variable}, which ${problem}`, `Name another: ${path}.variable`);
      const other = written.get(variable.toUpperCase());
      if (other !== undefined) report(field, `is handed over in ${variable}, which is in ${other} too`);
      written.set(variable.toUpperCase(), path);
    }
    if (!asksForSecret(companion)) {
      if (companion.required !== undefined) report(`${path}.required`, "does nothing: its header has no {secret}");
      continue;
    }
    const flag = flagOf(name);
    if ((RESERVED_FLAGS as readonly string[]).includes(flag)) report(path, `'--${flag}' is a flag of auth itself`);
    if (flags.has(flag)) report(path, `'--${flag}' is that of ${flags.get(flag)} too`);
    flags.set(flag, path);
  }
};

export const COMPANION_RULES: readonly Rule[] = [headersAreTheirOwn, companionsAreUsed];

/** Rules about settings that the provider reports (`from`): they must stay at hosts that the description names. */
import type { Rule } from "./check.ts";
import { domainOf } from "./domain.ts";
import { flowsOf } from "./flows.ts";
import { startOf, startsOf } from "./origins.ts";
import { endingOf, literalOf, patternFault } from "./pattern.ts";
import type { ProviderDefinition } from "./schema.ts";
import { namesIn } from "./template.ts";

const reportedSettingsAreSound: Rule = (definition, report) => {
  const flows = flowsOf(definition).map(({ flow }) => flow);
  for (const [name, { from, kind = "text", choices, pattern, required, flows: only }] of settingsOf(definition)) {
    if (from === undefined) continue;
    const path = `settings.${name}.from`;
    if (from.answer === undefined && from.reply === undefined)
      report(path, "says nowhere", "Name a parameter of the answer (answer) or a field of the reply (reply).");
    if (name === "issuer" || name === "redirectUri") report(path, `can't fill ${name}: that is for a person to say`);
    if (kind !== "text" && kind !== "host")
      report(path, `can't fill a setting of kind ${kind}: a provider says a host, or a part of one`);
    if (choices === undefined && pattern === undefined)
      report(
        path,
        "needs a pattern or choices: anything would be taken",
        String.raw`Say which hosts are the provider's: pattern = "[a-z0-9-]+\\.acme\\.example".`,
      );
    if (required === true && only === undefined)
      report(`settings.${name}.required`, "makes no sense: the provider says it (from)");
    if (from.answer !== undefined && !flows.includes("browser"))
      report(`${path}.answer`, "does nothing without the flow 'browser'");
    if (from.reply !== undefined && flows.every((flow) => flow === "token"))
      report(`${path}.reply`, "does nothing without a flow of OAuth");
  }
};

/** Addresses that a login uses before the provider has reported anything. */
const BEGINNINGS = /(^|\.)endpoints\.(authorization|device|token|mint|exchange)$/;

/** Addresses that are used only before a reply. */
const BEFORE_REPLY = /(^|\.)(issuer|endpoints\.exchange)$/;

/** Addresses that are used only without a browser, and before a reply. */
const BEFORE_ALL = /(^|\.)(issuer|endpoints\.poll)$/;

const reportedHostsHaveOneOwner: Rule = (definition, report) => {
  const { settings = {} } = definition;
  for (const [path, address] of addressesOf(definition)) {
    const start = startOf(address);
    const reported = namesIn(start).filter((name) => settings[name]?.from !== undefined);
    for (const name of reported) {
      const isByAnswer = settings[name]?.from?.answer !== undefined;
      if (BEFORE_ALL.test(path) || (BEFORE_REPLY.test(path) && !isByAnswer))
        report(path, `is asked before the provider says {${name}}`);
      else if (BEGINNINGS.test(path) && settings[name]?.default === undefined)
        report(
          path,
          `has {${name}}, which nothing fills before the provider says it`,
          `Give settings.${name} a default: where a login begins.`,
        );
    }
    const last = reported.at(-1);
    if (last === undefined) continue;
    const { choices, pattern } = settings[last] ?? {};
    if (choices !== undefined || pattern === undefined || patternFault(pattern) !== null) continue;
    const rest = start.slice(start.lastIndexOf(`{${last}}`) + last.length + 2);
    const isOneHost = rest === "" && endingOf(pattern) === literalOf(pattern);
    if (!isOneHost && !hostsEndingIn(endingOf(pattern) + rest, definition).every(isOneOwners))
      report(
        `settings.${last}.pattern`,
        `takes hosts of any domain, and ${path} would be there`,
        String.raw`Let it end with the provider's own domain: "[a-z0-9-]+\\.acme\\.example". Or list the hosts: choices.`,
      );
  }
};

/** Whether a host is of one owner, whatever takes the place of `x`: `x.acme.example`. */
function isOneOwners(host: string): boolean {
  const domain = domainOf(host);
  return domain !== null && host.endsWith(`.${domain}`);
}

/**
 * Hosts that end so, with each value that the description gives its settings. A person's own host may be any; a word that
 * isn't a host says nothing of whose it is.
 */
function hostsEndingIn(rest: string, definition: ProviderDefinition): string[] {
  const { settings = {} } = definition;
  const starts = startsOf(`https://x${rest}`, definition);
  return (starts ?? [""]).map((start) =>
    start
      .replace(/\{(\w+)\}/g, (_, name: string) => (settings[name]?.kind === "host" ? "x.example" : "x"))
      .replace(/^https:\/\//, "")
      .replace(/:\d+$/, ""),
  );
}

function* addressesOf(definition: ProviderDefinition): Generator<[path: string, address: string]> {
  const layers = [
    ["", definition] as const,
    ...(definition.variants ?? []).map((variant, i) => [`variants.${i}.`, variant] as const),
  ];
  for (const [prefix, { issuer, endpoints = {}, origins = [] }] of layers) {
    if (issuer !== undefined) yield [`${prefix}issuer`, issuer];
    for (const [name, address = ""] of Object.entries(endpoints)) yield [`${prefix}endpoints.${name}`, address];
    for (const [i, address] of origins.entries()) yield [`${prefix}origins.${i}`, address];
  }
}

function settingsOf({ settings = {} }: ProviderDefinition) {
  return Object.entries(settings);
}

export const REPORTED_SETTING_RULES: readonly Rule[] = [reportedSettingsAreSound, reportedHostsHaveOneOwner];

/**
 * What the schema can't say of a description: that its parts fit together. Every fault is found, each with the path
 * to it, so that its author reads one list instead of one line at a time.
 */
import { addressFault, originOf, pageFault } from "../platform/url.ts";
import { COMPANION_RULES } from "./companion-rules.ts";
import { CONTRADICTIONS } from "./contradictions.ts";
import { flowsOf } from "./flows.ts";
import { MINTING_NAMES } from "./minting.ts";
import { startsOf } from "./origins.ts";
import { patternFault } from "./pattern.ts";
import { REQUEST_RULES } from "./request-rules.ts";
import { OWN_VARIABLES, RESERVED_FLAGS, readNameFault, reservedBy } from "./reserved.ts";
import { textsOf } from "./schema/parts.ts";
import { template } from "./schema/words.ts";
import { type ProviderDefinition, ProviderSchema } from "./schema.ts";
import { checkSetting, flagOf, type Setting } from "./settings.ts";
import { suggestionHint } from "./suggest.ts";
import { fill, namesIn } from "./template.ts";
import { defaultVariable } from "./tool-variables.ts";
import { writeFault } from "./written.ts";

export interface Fault {
  /** `variants.0.endpoints.token` */
  readonly path: string;
  /** The sentence after the path: `refresh.rotation` `must be …`. */
  readonly problem: string;
  readonly hint?: string | undefined;
}

/** Reports each fault that it finds. */
export type Rule = (definition: ProviderDefinition, report: Report) => void;
type Report = (path: string, problem: string, hint?: string) => void;

/** @returns no faults, or all of them. The value must have passed the schema. */
export function checkDefinition(definition: ProviderDefinition): Fault[] {
  const faults: Fault[] = [];
  for (const rule of [...RULES, ...CONTRADICTIONS])
    rule(definition, (path, problem, hint) => void faults.push({ path, problem, hint }));
  return faults;
}

const RULES: readonly Rule[] = [
  namesAreFree,
  settingsAreSound,
  templatesAreFilled,
  settingsAreUsed,
  addressesAreSafe,
  patternsAreLinear,
  variablesAreHarmless,
  ...REQUEST_RULES,
  ...COMPANION_RULES,
];

function namesAreFree({ id, aliases = [] }: ProviderDefinition, report: Report): void {
  const variable = `AUTH_${id.toUpperCase().replaceAll("-", "_")}`;
  if ((OWN_VARIABLES as readonly string[]).includes(variable))
    report("id", `makes ${variable}, a variable of ours`, "Choose another id.");
  for (const [i, alias] of aliases.entries())
    if (alias === id || aliases.indexOf(alias) < i) report(`aliases.${i}`, `says '${alias}' again`);
}

function settingsAreSound(definition: ProviderDefinition, report: Report): void {
  const flags = new Map<string, string>();
  const variables = new Map<string, string>();
  for (const [name, setting] of settingsOf(definition)) {
    const path = `settings.${name}`;
    if (["token", "basic", "clientId"].includes(name)) report(path, "has a name that templates use for something else");
    const flag = flagOf(name, setting);
    // Login's own --issuer and --redirect-uri fill the settings of these names.
    if ((RESERVED_FLAGS as readonly string[]).includes(flag) && name !== "issuer" && name !== "redirectUri")
      report(`${path}.flag`, `'--${flag}' is a flag of auth itself`, "Choose another.");
    if (flags.has(flag)) report(`${path}.flag`, `'--${flag}' is that of ${flags.get(flag)} too`);
    flags.set(flag, name);
    for (const variable of setting.env ?? []) {
      const problem = readNameFault(variable, setting.kind);
      if (problem !== null) report(`${path}.env`, problem, "Leave it out: the person gives it by its flag.");
      const other = variables.get(variable);
      if (other !== undefined) report(`${path}.env`, `has ${variable}, which ${other} reads too`);
      variables.set(variable, name);
    }
    for (const [i, flow] of (setting.flows ?? []).entries())
      if (!flowsOf(definition).some((choice) => choice.flow === flow))
        report(`${path}.flows.${i}`, `names ${flow}, which isn't one of its flows`);
    valueIsSound(path, setting, report);
  }
}

function valueIsSound(path: string, setting: Setting, report: Report): void {
  const { required, default: value, choices, pattern } = setting;
  if (required && value !== undefined) report(`${path}.required`, "makes no sense beside a default");
  if (choices !== undefined && pattern !== undefined) report(`${path}.pattern`, "does nothing beside choices");
  // The pattern must be valid before a value can be matched.
  if (value === undefined || (pattern !== undefined && patternFault(pattern) !== null)) return;
  const checked = checkSetting(setting, value);
  if ("fault" in checked) report(`${path}.default`, checked.fault);
  else if (checked.value !== value) report(`${path}.default`, `must be written '${checked.value}'`);
}

/** Names that a template may use besides the settings, by its path. */
const OTHER_NAMES: readonly (readonly [RegExp, readonly string[]])[] = [
  [/(^|\.)endpoints\.revocation$/, ["clientId"]],
  [/(^|\.)environment\.write\./, ["token"]],
  [/^(account\.)?header$/, ["token", "basic"]],
  [/^basic$/, ["token"]],
  [/^companions\.[^.]+\.header$/, ["clientId", "secret"]],
  [/^apiKey\.create$/, ["scopes"]],
  [/^scopes\.resource$/, ["resource"]],
  [/^request\.(token|refresh)Parameters\./, ["redirectUri"]],
  [/^minting\.[a-z-]+\.(sign|parameters|account|audience)(\.|$)/, MINTING_NAMES],
];

/** Every name in a template, and every setting named elsewhere. `others`: names that may be there without a setting. */
function* namesUsed(
  definition: ProviderDefinition,
): Generator<{ path: string; name: string; others: readonly string[] }> {
  for (const { path, text } of textsOf(template, ProviderSchema, definition)) {
    const others = OTHER_NAMES.flatMap(([pattern, names]) => (pattern.test(path) ? names : []));
    for (const name of namesIn(text)) yield { path, name, others };
  }
  for (const [prefix, { environment }] of layersOf(definition))
    for (const variable of Object.keys(environment?.write ?? {}))
      for (const name of namesIn(variable)) yield { path: `${prefix}environment.write.${variable}`, name, others: [] };
  for (const [flow, minting] of Object.entries(definition.minting ?? {})) {
    for (const name of minting?.needs ?? []) yield { path: `minting.${flow}.needs`, name, others: MINTING_NAMES };
    const claims = { "sign.claims": minting?.sign?.claims, parameters: minting?.parameters };
    for (const [part, all] of Object.entries(claims))
      for (const [claim, value] of Object.entries(all ?? {}))
        if (typeof value !== "string")
          yield { path: `minting.${flow}.${part}.${claim}.unless`, name: value.unless, others: MINTING_NAMES };
  }
}

function templatesAreFilled(definition: ProviderDefinition, report: Report): void {
  const declared = Object.keys(definition.settings ?? {});
  for (const { path, name, others } of namesUsed(definition))
    if (!others.includes(name) && !declared.includes(name))
      report(path, `uses {${name}}, which is no setting`, suggestionHint(name, declared));
  for (const [i, { when }] of (definition.variants ?? []).entries())
    for (const name of Object.keys(when))
      if (!declared.includes(name))
        report(`variants.${i}.when.${name}`, "is no setting", suggestionHint(name, declared));
}

function settingsAreUsed(definition: ProviderDefinition, report: Report): void {
  const used = new Set([...namesUsed(definition)].map(({ name }) => name));
  for (const { when } of definition.variants ?? []) for (const name of Object.keys(when)) used.add(name);
  // The browser's answer is sent there.
  if (flowsOf(definition).some(({ flow }) => flow === "browser" || flow === "code")) used.add("redirectUri");
  for (const [name] of settingsOf(definition))
    if (!used.has(name)) report(`settings.${name}`, "is used by nothing", "Put it into a template, or leave it out.");
}

/** With any host in place of the settings, an address must be https, or http to this machine. */
function addressesAreSafe(definition: ProviderDefinition, report: Report): void {
  const samples: Record<string, string> = { clientId: "x", scopes: "x" };
  for (const [name, { kind }] of settingsOf(definition))
    samples[name] = kind === "url" ? "https://x.example" : kind === "host" ? "x.example" : "x";
  for (const { path, text } of textsOf(template, ProviderSchema, definition)) {
    if (!/(^|\.)(issuer|resource|endpoints\.[a-z]+|origins\.\d+|create)$/.test(path)) continue;
    const url = fill(text, samples);
    if (url === null) continue;
    const problem = path.endsWith("create") ? pageFault(url) : addressFault(url);
    if (problem !== null) report(path, problem);
    else startIsSafe(path, text, definition, report);
    if (problem === null && path.includes("origins.") && originOf(url) !== url)
      report(path, "has more than scheme, host and port", `Write '${originOf(url)}'.`);
  }
  for (const [i, origin] of (definition.movedFrom ?? []).entries())
    if (addressFault(origin) !== null || originOf(origin) !== origin)
      report(`movedFrom.${i}`, "is not an origin", "Write https://<host>, and nothing more.");
  const problem = definition.docs === undefined ? null : pageFault(definition.docs);
  if (problem !== null) report("docs", problem);
}

/** With the values that the description itself gives, it must be one that a login could use. */
function startIsSafe(path: string, address: string, definition: ProviderDefinition, report: Report): void {
  const starts = startsOf(address, definition);
  if (starts === null)
    report(path, "can have more than 256 hosts", "Let the person give the host: leave out the choices.");
  for (const start of starts ?? []) {
    const problem = namesIn(start).length > 0 ? null : addressFault(start);
    if (problem !== null) report(path, `${problem}: ${start}`);
  }
}

function patternsAreLinear(definition: ProviderDefinition, report: Report): void {
  const { tokenPatterns = [], variants = [], apiKey } = definition;
  const patterns: Record<string, string | undefined> = {
    // A pattern that is a setting is checked when it is given.
    "apiKey.pattern": namesIn(apiKey?.pattern ?? "").length > 0 ? undefined : apiKey?.pattern,
  };
  for (const [i, pattern] of tokenPatterns.entries()) patterns[`tokenPatterns.${i}`] = pattern;
  for (const [name, { pattern }] of settingsOf(definition)) patterns[`settings.${name}.pattern`] = pattern;
  for (const [i, { when }] of variants.entries())
    for (const [name, pattern] of Object.entries(when)) patterns[`variants.${i}.when.${name}`] = pattern;
  for (const [path, pattern] of Object.entries(patterns)) {
    const problem = pattern === undefined ? null : patternFault(pattern);
    if (problem !== null) report(path, problem);
  }
}

/** Only names of libraries' settings: `PIP_INDEX_URL` would make pip use a plugin's packages. */
const BASE_URL = /_(API_BASE|(API|BASE)_UR[LI])$/;

function variablesAreHarmless(definition: ProviderDefinition, report: Report): void {
  for (const [prefix, { environment }] of layersOf(definition)) {
    const { write = {}, read = [] } = environment ?? {};
    if (environment !== undefined || prefix === "") defaultVariableIsHarmless(definition, write, report);
    const seen = new Map<string, string>();
    for (const [variable, value] of Object.entries(write)) {
      const path = `${prefix}environment.write.${variable}`;
      const problem = writeFault(variable, value, definition.settings ?? {});
      if (problem !== null) report(path, problem);
      // On Windows both are the same variable.
      const twin = seen.get(variable.toUpperCase());
      if (twin !== undefined) report(path, `is ${twin} in another case`);
      seen.set(variable.toUpperCase(), variable);
    }
    for (const variable of Object.keys(environment?.baseUrl ?? {}))
      if (reservedBy(variable) !== null || !BASE_URL.test(variable))
        report(
          `${prefix}environment.baseUrl`,
          `has ${variable}, which is no library's: a name such as ACME_BASE_URL is`,
        );
    for (const variable of read)
      if (reservedBy(variable) !== null) report(`${prefix}environment.read`, `has ${variable}, which holds no token`);
  }
  const { id = [], secret = [] } = definition.client?.environment ?? {};
  for (const variable of id) {
    const problem = readNameFault(variable);
    if (problem !== null) report("client.environment.id", problem);
  }
  const files = Object.entries(definition.minting ?? {}).flatMap(([flow, one]) =>
    Object.entries(one?.environment ?? {}).map(([name, all]) => [`minting.${flow}.environment.${name}`, all] as const),
  );
  for (const [path, all = []] of [["client.environment.secret", secret] as const, ...files])
    for (const variable of all)
      if (reservedBy(variable) !== null) report(path, `has ${variable}, which holds no secret of a client`);
}

/** `<ID>_TOKEN` where no variable is declared. */
function defaultVariableIsHarmless(
  { id }: ProviderDefinition,
  write: Readonly<Record<string, string>>,
  report: Report,
): void {
  const always = Object.entries(write).some(([name, value]) => value === "{token}" && namesIn(name).length === 0);
  const problem = always ? null : writeFault(defaultVariable(id), "{token}", {});
  if (problem !== null)
    report(
      "id",
      `makes ${defaultVariable(id)}, which ${problem}`,
      "Choose another, or name a variable in environment.write.",
    );
}

function settingsOf(definition: ProviderDefinition): [string, Setting][] {
  return Object.entries(definition.settings ?? {});
}

type Layer = Pick<ProviderDefinition, "issuer" | "endpoints" | "origins" | "environment">;

/** The description and each of its variants, with the start of their paths. */
function layersOf(definition: ProviderDefinition): [prefix: string, Layer][] {
  const variants = (definition.variants ?? []).map((layer, i): [string, Layer] => [`variants.${i}.`, layer]);
  return [["", definition], ...variants];
}

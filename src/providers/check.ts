/**
 * What the schema can't say of a description: that its parts fit together. Every fault is found, each with the path
 * to it, so that its author reads one list instead of one line at a time.
 */
import { addressFault, originOf, pageFault } from "../platform/url.ts";
import { CONTRADICTIONS } from "./contradictions.ts";
import { type Fault, fault, faultIf, type Rule } from "./fault.ts";
import { flowsOf } from "./flows.ts";
import { MINTING_FLOWS, MINTING_NAMES, mintingTemplates } from "./minting.ts";
import { patternFault } from "./pattern.ts";
import { OWN_VARIABLES, RESERVED_FLAGS, reservedBy } from "./reserved.ts";
import { defaultVariable } from "./resolve.ts";
import type { ProviderDefinition } from "./schema.ts";
import { faultOf, flagOf, type Setting } from "./settings.ts";
import { suggestion } from "./suggest.ts";
import { fill, namesIn } from "./template.ts";
import { writeFault } from "./written.ts";

/** @returns no faults, or all of them. The value must have passed the schema. */
export function checkDefinition(definition: ProviderDefinition): Fault[] {
  return RULES.flatMap((rule) => rule(definition));
}

const RULES: readonly Rule[] = [
  idIsFree,
  aliasesAreOthers,
  settingsAreSound,
  templatesAreFilled,
  settingsAreUsed,
  addressesAreSafe,
  patternsAreLinear,
  variablesAreHarmless,
  ...CONTRADICTIONS,
];

function idIsFree({ id }: ProviderDefinition): Fault[] {
  const variable = `AUTH_${id.toUpperCase().replaceAll("-", "_")}`;
  return faultIf(
    (OWN_VARIABLES as readonly string[]).includes(variable),
    "id",
    `makes ${variable}, a variable of ours`,
  );
}

function aliasesAreOthers({ id, aliases = [] }: ProviderDefinition): Fault[] {
  return aliases.flatMap((alias, i) =>
    faultIf(alias === id || aliases.indexOf(alias) < i, `aliases.${i}`, `says '${alias}' again`),
  );
}

function settingsAreSound(definition: ProviderDefinition): Fault[] {
  const faults: Fault[] = [];
  const flags = new Map<string, string>();
  const variables = new Map<string, string>();
  for (const [name, setting] of settingsOf(definition)) {
    const path = `settings.${name}`;
    if (["token", "basic", "clientId"].includes(name))
      faults.push({ path, problem: "has a name that templates use for something else" });
    const flag = flagOf(name, setting);
    // Login's own --issuer and --redirect-uri fill the settings of these names.
    if ((RESERVED_FLAGS as readonly string[]).includes(flag) && name !== "issuer" && name !== "redirectUri")
      faults.push({ path: `${path}.flag`, problem: `'--${flag}' is a flag of auth itself`, hint: "Choose another." });
    const sharer = flags.get(flag);
    if (sharer !== undefined) faults.push({ path: `${path}.flag`, problem: `'--${flag}' is that of ${sharer} too` });
    flags.set(flag, name);
    for (const variable of setting.env ?? []) {
      const other = variables.get(variable);
      if (other !== undefined)
        faults.push({ path: `${path}.env`, problem: `has ${variable}, which ${other} reads too` });
      variables.set(variable, name);
    }
    for (const [i, flow] of (setting.flows ?? []).entries())
      if (!flowsOf(definition).some((choice) => choice.flow === flow))
        faults.push({ path: `${path}.flows.${i}`, problem: `names ${flow}, which isn't one of its flows` });
    if (setting.required && setting.default !== undefined)
      faults.push({ path: `${path}.required`, problem: "makes no sense beside a default" });
    // What the value is matched against must be sound before the value can be.
    if (setting.choices !== undefined && setting.pattern !== undefined)
      faults.push({ path: `${path}.pattern`, problem: "does nothing beside choices" });
    if (setting.default === undefined || (setting.pattern !== undefined && patternFault(setting.pattern))) continue;
    const checked = faultOf(setting, setting.default);
    if ("fault" in checked) faults.push({ path: `${path}.default`, problem: checked.fault });
    else if (checked.value !== setting.default)
      faults.push({ path: `${path}.default`, problem: `must be written '${checked.value}'` });
  }
  return faults;
}

/** Every template, with its path and the names it may use besides the settings. */
function* templatesOf(
  definition: ProviderDefinition,
): Generator<{ path: string; template: string; extra?: readonly string[] }> {
  const layers: {
    prefix: string;
    layer: Pick<ProviderDefinition, "issuer" | "endpoints" | "origins" | "environment">;
  }[] = [
    { prefix: "", layer: definition },
    ...(definition.variants ?? []).map((layer, i) => ({ prefix: `variants.${i}.`, layer })),
  ];
  for (const { prefix, layer } of layers) {
    if (layer.issuer !== undefined) yield { path: `${prefix}issuer`, template: layer.issuer };
    for (const [name, template] of Object.entries(layer.endpoints ?? {}))
      if (template !== undefined)
        yield {
          path: `${prefix}endpoints.${name}`,
          template,
          ...(name === "revocation" ? { extra: ["clientId"] } : {}),
        };
    for (const [i, template] of (layer.origins ?? []).entries()) yield { path: `${prefix}origins.${i}`, template };
    for (const [variable, template] of Object.entries(layer.environment?.write ?? {})) {
      yield { path: `${prefix}environment.write.${variable}`, template: variable };
      yield { path: `${prefix}environment.write.${variable}`, template, extra: ["token"] };
    }
  }
  if (definition.client?.create !== undefined) yield { path: "client.create", template: definition.client.create };
  if (definition.header !== undefined) yield { path: "header", template: definition.header, extra: ["token", "basic"] };
  if (definition.basic !== undefined) yield { path: "basic", template: definition.basic, extra: ["token"] };
  if (definition.apiKey?.create !== undefined)
    yield { path: "apiKey.create", template: definition.apiKey.create, extra: ["scopes"] };
  if (definition.apiKey?.pattern !== undefined) yield { path: "apiKey.pattern", template: definition.apiKey.pattern };
  for (const group of ["parameters", "offlineParameters"] as const)
    for (const [name, template] of Object.entries(definition.authorize?.[group] ?? {}))
      yield { path: `authorize.${group}.${name}`, template };
  yield* requestTemplates("request", definition.request);
  yield* requestTemplates("refresh.request", definition.refresh?.request);
  for (const flow of MINTING_FLOWS)
    yield* requestTemplates(`minting.${flow}.request`, definition.minting?.[flow]?.request);
  for (const { path, template } of mintingTemplates(definition)) yield { path, template, extra: MINTING_NAMES };
}

function* requestTemplates(path: string, request: ProviderDefinition["request"]) {
  for (const part of ["headers", "tokenParameters", "refreshParameters"] as const)
    for (const [name, template] of Object.entries(request?.[part] ?? {}))
      yield { path: `${path}.${part}.${name}`, template };
}

function templatesAreFilled(definition: ProviderDefinition): Fault[] {
  const declared = Object.keys(definition.settings ?? {});
  const faults: Fault[] = [];
  for (const { path, template, extra } of templatesOf(definition))
    for (const name of namesIn(template))
      if (!extra?.includes(name) && !declared.includes(name))
        faults.push(fault(path, `uses {${name}}, which is no setting`, suggestion(name, declared)));
  for (const [i, { when }] of (definition.variants ?? []).entries())
    for (const name of Object.keys(when))
      if (!declared.includes(name))
        faults.push(fault(`variants.${i}.when.${name}`, "is no setting", suggestion(name, declared)));
  return faults;
}

function settingsAreUsed(definition: ProviderDefinition): Fault[] {
  const used = new Set([...templatesOf(definition)].flatMap(({ template }) => namesIn(template)));
  for (const { when } of definition.variants ?? []) for (const name of Object.keys(when)) used.add(name);
  // A login in the browser sends its answer there.
  if (flowsOf(definition).some(({ flow }) => flow === "browser" || flow === "code")) used.add("redirectUri");
  return settingsOf(definition).flatMap(([name]) =>
    faultIf(!used.has(name), `settings.${name}`, "is used by nothing", "Put it into a template, or leave it out."),
  );
}

/** With any host in place of the settings, an address must be https, or http to this machine. */
function addressesAreSafe(definition: ProviderDefinition): Fault[] {
  const faults: Fault[] = [];
  const samples: Record<string, string> = { clientId: "x", scopes: "x" };
  for (const [name, setting] of settingsOf(definition))
    samples[name] = setting.kind === "url" ? "https://x.example" : setting.kind === "host" ? "x.example" : "x";
  for (const { path, template } of templatesOf(definition)) {
    if (!/(^|\.)(issuer|endpoints\.[a-z]+|origins\.\d+|create)$/.test(path)) continue;
    const url = fill(template, samples);
    const problem = url === null ? null : path.endsWith("create") ? pageFault(url) : addressFault(url);
    if (problem !== null) faults.push({ path, problem });
    else if (url !== null && path.includes("origins.") && originOf(url) !== url)
      faults.push({ path, problem: "has more than scheme, host and port", hint: `Write '${originOf(url)}'.` });
  }
  for (const [i, origin] of (definition.movedFrom ?? []).entries())
    if (addressFault(origin) !== null || originOf(origin) !== origin)
      faults.push({
        path: `movedFrom.${i}`,
        problem: "is not an origin",
        hint: "Write https://<host>, and nothing more.",
      });
  if (definition.docs !== undefined) {
    const problem = pageFault(definition.docs);
    if (problem !== null) faults.push({ path: "docs", problem });
  }
  return faults;
}

function patternsAreLinear(definition: ProviderDefinition): Fault[] {
  const patterns = [
    ...(definition.tokenPatterns ?? []).map((pattern, i) => [`tokenPatterns.${i}`, pattern] as const),
    ...settingsOf(definition).map(([name, { pattern }]) => [`settings.${name}.pattern`, pattern] as const),
    ...(definition.variants ?? []).flatMap(({ when }, i) =>
      Object.entries(when).map(([name, pattern]) => [`variants.${i}.when.${name}`, pattern] as const),
    ),
    // A pattern that is a setting is checked when it is given.
    ["apiKey.pattern", namesIn(definition.apiKey?.pattern ?? "").length > 0 ? undefined : definition.apiKey?.pattern],
  ] as const;
  return patterns.flatMap(([path, pattern]) => {
    const problem = pattern === undefined ? null : patternFault(pattern);
    return problem === null ? [] : [{ path, problem }];
  });
}

function variablesAreHarmless(definition: ProviderDefinition): Fault[] {
  const faults: Fault[] = [];
  const groups = [
    ["environment", definition.environment] as const,
    ...(definition.variants ?? []).map(({ environment }, i) => [`variants.${i}.environment`, environment] as const),
  ];
  for (const [path, group] of groups) {
    if (group !== undefined || path === "environment")
      faults.push(...defaultVariableFault(definition, group?.write ?? {}));
    const seen = new Map<string, string>();
    for (const [variable, value] of Object.entries(group?.write ?? {})) {
      const problem = writeFault(variable, value, definition.settings ?? {});
      if (problem !== null) faults.push({ path: `${path}.write.${variable}`, problem });
      // Windows knows one variable of the two.
      const twin = seen.get(variable.toUpperCase());
      if (twin !== undefined) faults.push({ path: `${path}.write.${variable}`, problem: `is ${twin} in another case` });
      seen.set(variable.toUpperCase(), variable);
    }
    for (const variable of group?.read ?? [])
      if (reservedBy(variable) !== null)
        faults.push({ path: `${path}.read`, problem: `has ${variable}, which holds no token` });
  }
  return faults;
}

/** Where nothing is written, `<ID>_TOKEN` is. */
function defaultVariableFault({ id }: ProviderDefinition, write: Readonly<Record<string, string>>): Fault[] {
  const always = Object.entries(write).some(([name, value]) => value === "{token}" && namesIn(name).length === 0);
  const problem = always ? null : writeFault(defaultVariable(id), "{token}", {});
  return faultIf(
    problem !== null,
    "id",
    `makes ${defaultVariable(id)}, which ${problem}`,
    "Choose another, or name a variable in environment.write.",
  );
}

function settingsOf(definition: ProviderDefinition): [string, Setting][] {
  return Object.entries(definition.settings ?? {});
}

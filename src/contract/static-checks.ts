/** Checks without an issuer: addresses, fields without effect, patterns. */
import { originOf } from "../platform/url.ts";
import { ERROR_DEFAULTS } from "../providers/defaults.ts";
import { matches } from "../providers/pattern.ts";
import { requestLayers } from "../providers/request-layers.ts";
import { resolveProvider } from "../providers/resolve.ts";
import { suggestionHint } from "../providers/suggest.ts";
import { type CheckCase, insist, Mismatch, Skip, type Subject } from "./check.ts";
import { sampleReports, sampleVariant } from "./sample.ts";

export const STATIC_CHECKS: readonly CheckCase[] = [
  { name: "addresses", run: addresses },
  { name: "unused knobs", run: knobs },
  { name: "token patterns", run: patterns },
];

/** Every variant can apply, and has allowed addresses (`resolveProvider` refuses others). */
function addresses({ definition, settings }: Subject): string {
  const places = [settings, { ...settings, ...sampleReports(definition, settings) }];
  for (const [i, { when }] of (definition.variants ?? []).entries()) {
    const values = sampleVariant(definition, when, settings);
    if (values === null) throw new Mismatch(`no settings could be made up for which variants.${i} counts`);
    places.push(values);
  }
  const origins = new Set<string>();
  for (const place of places) {
    const resolved = resolveProvider(definition, place);
    for (const origin of resolved.origins) origins.add(origin);
    if (resolved.issuer !== null) origins.add(originOf(resolved.issuer));
  }
  if (origins.size === 0) throw new Skip("it names none");
  return `at ${[...origins].join(", ")}`;
}

function knobs({ definition }: Subject): string {
  const { request, errors } = definition;
  for (const { path, given, parameters, grantTypes } of requestLayers(definition))
    for (const [field, known, words] of [
      ["names", parameters, given.names ?? {}],
      ["grantTypes", grantTypes, given.grantTypes ?? {}],
    ] as const)
      for (const [name, word] of Object.entries(words)) {
        const hint = suggestionHint(name, known) ?? "";
        const nothing = `${path}.${field}.${name} does nothing`;
        insist(known.includes(name), `${nothing}: nothing of that name is sent. ${hint}`.trim());
        // In a request of its own form, it may reset what `request` has.
        const usual = path === "request" ? name : (request?.[field]?.[name] ?? name);
        insist(usual !== word, `${nothing}: it is called so anyway`);
      }
  for (const [code, entry] of Object.entries(errors?.codes ?? {})) {
    const repeats = typeof entry === "string" && Object.hasOwn(ERROR_DEFAULTS, code) && ERROR_DEFAULTS[code] === entry;
    insist(!repeats, `errors.codes.${code} does nothing: it means '${entry}' anyway`);
  }
  return "none";
}

/** Texts that aren't tokens of any provider. */
const ORDINARY = ["hello", "hello world", "github_pat", "1//", "token", "https://example.com/path", "0", "true"];

function patterns({ definition: { tokenPatterns = [] } }: Subject): string {
  if (tokenPatterns.length === 0) throw new Skip("none: its tokens are known by value only");
  for (const [i, pattern] of tokenPatterns.entries()) {
    const ordinary = ORDINARY.find((word) => matches(pattern, word));
    insist(ordinary === undefined, `tokenPatterns.${i} matches '${ordinary}': what isn't a token would be hidden too`);
  }
  return tokenPatterns.join("  ");
}

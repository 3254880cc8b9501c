/** What a description shows without an issuer: addresses, fields that do nothing, patterns. */
import { originOf } from "../platform/url.ts";
import { ERROR_DEFAULTS } from "../providers/defaults.ts";
import { matches } from "../providers/pattern.ts";
import { resolveProvider } from "../providers/resolve.ts";
import { suggestionHint } from "../providers/suggest.ts";
import { type CheckCase, insist, Mismatch, Skip, type Subject } from "./check.ts";
import { sampleReports, sampleVariant } from "./sample.ts";

export const STATIC_CHECKS: readonly CheckCase[] = [
  { name: "addresses", run: addresses },
  { name: "unused knobs", run: knobs },
  { name: "token patterns", run: patterns },
];

/** Every variant can count, and has addresses that a token may be sent to (`resolveProvider` refuses others). */
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

/** Parameters of the requests that are made here, by the names of the RFCs. */
const PARAMETERS = [
  ...["grant_type", "client_id", "client_secret", "code", "redirect_uri", "code_verifier", "refresh_token", "scope"],
  ...["device_code", "assertion", "client_assertion", "client_assertion_type", "subject_token", "subject_token_type"],
  ...["token", "token_type_hint", "resource", "audience", "requested_token_type"],
];

const REFRESH_GRANT: readonly string[] = ["refresh_token"];

const OF_REFRESHES = [
  ...["grant_type", "client_id", "client_secret", "refresh_token", "scope", "resource"],
  ...["client_assertion", "client_assertion_type"],
];

const GRANT_TYPES: readonly string[] = [
  "authorization_code",
  "refresh_token",
  "client_credentials",
  "urn:ietf:params:oauth:grant-type:device_code",
  "urn:ietf:params:oauth:grant-type:jwt-bearer",
  "urn:ietf:params:oauth:grant-type:token-exchange",
];

function knobs({ definition }: Subject): string {
  const { request, refresh, errors, revocation } = definition;
  for (const [field, known, given] of [
    ["request.names", PARAMETERS, request?.names ?? {}],
    ["revocation.request.names", PARAMETERS, revocation?.request?.names ?? {}],
    ["request.grantTypes", GRANT_TYPES, request?.grantTypes ?? {}],
    ["refresh.request.names", OF_REFRESHES, refresh?.request?.names ?? {}],
    ["refresh.request.grantTypes", REFRESH_GRANT, refresh?.request?.grantTypes ?? {}],
  ] as const)
    for (const name of Object.keys(given)) {
      const hint = suggestionHint(name, known) ?? "";
      insist(known.includes(name), `${field}.${name} does nothing: nothing of that name is sent. ${hint}`.trim());
      // In a request that differs from the others, it may undo what `request` has.
      const { [name]: usual = name } =
        field === "refresh.request.names" || field === "revocation.request.names" ? (request?.names ?? {}) : {};
      insist(
        usual !== (given as Readonly<Record<string, unknown>>)[name],
        `${field}.${name} does nothing: it is called so anyway`,
      );
    }
  for (const [code, entry] of Object.entries(errors?.codes ?? {})) {
    const repeats = typeof entry === "string" && Object.hasOwn(ERROR_DEFAULTS, code) && ERROR_DEFAULTS[code] === entry;
    insist(!repeats, `errors.codes.${code} does nothing: it means '${entry}' anyway`);
  }
  return "none";
}

/** Texts that are no token of any provider. */
const ORDINARY = ["hello", "hello world", "github_pat", "1//", "token", "https://example.com/path", "0", "true"];

function patterns({ definition: { tokenPatterns = [] } }: Subject): string {
  if (tokenPatterns.length === 0) throw new Skip("none: its tokens are known by value only");
  for (const [i, pattern] of tokenPatterns.entries()) {
    const ordinary = ORDINARY.find((word) => matches(pattern, word));
    insist(ordinary === undefined, `tokenPatterns.${i} matches '${ordinary}': what isn't a token would be hidden too`);
  }
  return tokenPatterns.join("  ");
}

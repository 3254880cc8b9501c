/**
 * Companions: values that an API wants beside each token, in their own headers: a second key, the client's id, a version.
 * They are handed out together with the token, and sent nowhere else.
 */
import type { Environment } from "../platform/context.ts";
import { usage } from "../platform/errors.ts";
import { ownValue } from "../platform/json.ts";
import { Secret } from "../platform/secret.ts";
import { syntaxFault, wrappingOf } from "../platform/syntax.ts";
import type { Dialect } from "./defaults.ts";
import type { ProviderDefinition } from "./schema.ts";
import { flagOf } from "./settings.ts";
import { fill, namesIn } from "./template.ts";

type Companion = NonNullable<ProviderDefinition["companions"]>[string];

/** Companion → the secret in it. */
export type CompanionSecrets = Readonly<Record<string, Secret>>;

export interface CompanionHeader {
  /** As the description writes it: `X-Api-Key`. */
  readonly name: string;
  readonly value: Secret;
  /** The variable for programs, and its content; null: none. */
  readonly variable: { readonly name: string; readonly value: Secret } | null;
}

/**
 * The companion headers of a connection's token. One with an unknown value is left out.
 * @param dialect with settings filled in
 * @param clientId null for a token that no client got
 */
export function companionHeaders(
  { id, companions }: Pick<Dialect, "id" | "companions">,
  clientId: string | null,
  secrets: CompanionSecrets,
): CompanionHeader[] {
  return Object.entries(companions).flatMap(([name, companion]) => {
    const secret = ownValue(secrets, name)?.reveal();
    const values = { ...(clientId !== null && { clientId }), ...(secret !== undefined && { secret }) };
    const line = fill(companion.header, values);
    const [, header, value] = (line === null ? null : /^([^:]+): ?(.*)$/s.exec(line)) ?? [];
    // A setting may have any letter in it; a header may not.
    if (header === undefined || value === undefined || /[^\x20-\x7e]/.test(value)) return [];
    const variable = variableOf(id, name, companion);
    const held = fill(handedOver(companion), values);
    const given = variable === null || held === null ? null : { name: variable, value: new Secret(held) };
    return [{ name: header, value: new Secret(value), variable: given }];
  });
}

/** By their names, for requests. */
export function byName(headers: readonly CompanionHeader[]): Record<string, Secret> {
  return Object.fromEntries(headers.map(({ name, value }) => [name, value]));
}

/** Whether a person has to give its secret. */
export function asksForSecret({ header }: Pick<Companion, "header">): boolean {
  return namesIn(header).includes("secret");
}

/** Those that a person gives something for, by their names. */
export function secretCompanions({ companions = {} }: Pick<ProviderDefinition, "companions">): [string, Companion][] {
  return Object.entries(companions).filter(([, companion]) => asksForSecret(companion));
}

/**
 * The variable's content, as a template: the header's value, unless it contains text of the description's author, which a
 * program could run as code; else the secret alone.
 */
export function handedOver(companion: Pick<Companion, "header">): string {
  const value = companion.header.replace(/^[^:]+: ?/, "");
  const isBare = /^(\{secret\}|\{clientId\}|:)+$/.test(value) || /^\{\w+\}$/.test(value);
  return isBare || !asksForSecret(companion) ? value : "{secret}";
}

/** `etsy`, `apiKey` → `ETSY_API_KEY`. */
export function variableOf(id: string, name: string, companion: Companion): string | null {
  if (companion.variable !== undefined || !asksForSecret(companion)) return companion.variable ?? null;
  return `${id}_${flagOf(name)}`.toUpperCase().replaceAll("-", "_");
}

/** Companion → the secret that the environment has for it, and the variable. @throws AuthError `usage` for one that is none */
export function companionsFromEnvironment(
  definition: Pick<ProviderDefinition, "id" | "companions">,
  env: Environment,
): Record<string, { readonly secret: Secret; readonly variable: string }> {
  const found: Record<string, { secret: Secret; variable: string }> = {};
  for (const [name, companion] of secretCompanions(definition)) {
    const variable = variableOf(definition.id, name, companion);
    const value = variable === null ? undefined : env[variable]?.trim();
    if (variable === null || !value) continue;
    found[name] = { secret: acceptCompanion(new Secret(value), variable), variable };
  }
  return found;
}

/**
 * @param source what the person knows it by: `--api-key`, `ETSY_API_KEY`
 * @throws AuthError `usage` for what no header can carry, and for more than the secret
 */
export function acceptCompanion(secret: Secret, source: string): Secret {
  const text = secret.reveal();
  const wrapping = text === "" ? "it is empty" : wrappingOf(text);
  const fault = wrapping ?? (syntaxFault("client secret", text) === null ? null : "no header can carry it");
  if (fault !== null) throw usage(`${source} is not a secret alone: ${fault}.`, "Give it alone. Nothing was stored.");
  return secret;
}

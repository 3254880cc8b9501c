/** Parses `WWW-Authenticate` of a refused request (RFC 9110 §11.6.1, RFC 6750 §3, RFC 9728 §5.1). */
import { holdsSecret } from "../platform/redact.ts";
import { syntaxFault } from "../platform/syntax.ts";

export interface Challenge {
  /** In lower case. */
  readonly scheme: string;
  /** By their names in lower case. The first of duplicates counts. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** What an API requires of a token. */
export interface BearerChallenge {
  /** `invalid_token`, `insufficient_scope` … */
  readonly error: string | null;
  readonly scopes: readonly string[];
  /** The URL of the API's metadata (RFC 9728 §5.1); null also for an invalid one, since there is a well-known place. */
  readonly resourceMetadata: string | null;
  /** It takes only tokens that are bound to a key (RFC 9449 §7.1). */
  readonly bound: boolean;
}

/** A limit: a longer text is not read. */
const LONGEST = 64 * 1024;
const MOST_SCOPES = 200;

const SEPARATORS = /[\s,]*/y;
const TOKEN = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;
const EQUALS = /[ \t]*=[ \t]*/y;
const QUOTED = /"((?:[\t !#-[\]-~\u0080-\uffff]|\\[\t -~])*)"/y;
/** Values without their required quotes, as some servers write URLs. */
const UNQUOTED = /[^\s,"]+/y;
/** Credentials without parameters: `Negotiate YII=`. */
const TOKEN68 = /[ \t]+[A-Za-z0-9._~+/-]+=*(?=[ \t]*(?:,|$))/y;

/** All challenges, in order, up to the first syntax error. */
export function parseChallenges(header: string): Challenge[] {
  const found: { scheme: string; parameters: Map<string, string> }[] = [];
  if (header.length > LONGEST) return found;
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const match = pattern.exec(header);
    if (match !== null) at += match[0].length;
    return match;
  };
  for (;;) {
    take(SEPARATORS);
    const name = take(TOKEN)?.[0].toLowerCase();
    if (name === undefined) return found;
    const current = found.at(-1);
    if (take(EQUALS) === null) {
      found.push({ scheme: name, parameters: new Map() });
      take(TOKEN68);
      continue;
    }
    const quoted = take(QUOTED)?.[1]?.replaceAll(/\\(.)/g, "$1");
    const value = quoted ?? take(UNQUOTED)?.[0];
    if (value === undefined || current === undefined) return found;
    if (!current.parameters.has(name)) current.parameters.set(name, value);
  }
}

/** The challenge for a bearer token (or one that is bound to a key, RFC 9449 §7.1); null where there is none. */
export function bearerChallenge(header: string | null): BearerChallenge | null {
  const all = parseChallenges(header ?? "").filter(({ scheme }) => scheme === "bearer" || scheme === "dpop");
  const says = ({ parameters }: Challenge): boolean =>
    ["error", "scope", "resource_metadata"].some((name) => parameters.has(name));
  const challenge = all.find(says) ?? all[0];
  if (challenge === undefined) return null;
  const { parameters } = challenge;
  return {
    error: parameters.get("error") ?? null,
    scopes: scopesIn(parameters.get("scope") ?? ""),
    resourceMetadata: urlIn(parameters.get("resource_metadata")),
    bound: all.every(({ scheme }) => scheme === "dpop"),
  };
}

function urlIn(text = ""): string | null {
  return URL.canParse(text) ? text : null;
}

function scopesIn(text: string): string[] {
  const all = text.split(" ").filter((scope) => scope !== "" && syntaxFault("scope", scope) === null);
  return withoutSecrets([...new Set(all)]).slice(0, MOST_SCOPES);
}

/** Without scopes that contain a secret, which the API knows: a scope goes into a URL. */
export function withoutSecrets(scopes: readonly string[]): string[] {
  return scopes.filter((scope) => !holdsSecret(scope));
}

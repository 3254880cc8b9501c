/** Which requests may have a token: `--allow`, `--deny`, `--read-only`, and the paths that give out tokens. */
import { usage } from "../platform/errors.ts";
import { escapeText } from "../platform/escape.ts";
import { addressFault, isSameOrigin, originOf } from "../platform/url.ts";
import type { Api } from "./api.ts";
import { namesMethod, namesPath } from "./overrides.ts";
import { decodedPath, readingsOf, ruleFault } from "./path.ts";

export interface Rules {
  readonly allow: readonly Rule[];
  readonly deny: readonly Rule[];
  readonly readOnly: boolean;
}

interface Rule {
  readonly method: string | null;
  /** An origin; null: any. */
  readonly place: string | null;
  readonly parts: readonly string[];
}

/** @throws AuthError `usage` */
export function parseRules(given: {
  readonly allow: readonly string[];
  readonly deny: readonly string[];
  readonly readOnly: boolean;
}): Rules {
  const { allow, deny, readOnly } = given;
  return {
    allow: allow.map((one) => parseRule(one, "--allow")),
    deny: deny.map((one) => parseRule(one, "--deny")),
    readOnly,
  };
}

/** `GET /repos/*`, `/user`, `* https://api.example/admin/*` */
function parseRule(text: string, flag: string): Rule {
  const words = text.trim().split(/\s+/);
  const [method, where] = words.length === 1 ? ["*", words[0] ?? ""] : [words[0] ?? "", words[1] ?? ""];
  const wrong = (why: string) =>
    usage(`${flag} '${escapeText(text.slice(0, 200))}' ${why}.`, `For example: ${flag} 'GET /repos/*'`);
  if (words.length > 2) throw wrong("has more than a method and a path");
  if (!/^([A-Za-z]+|\*)$/.test(method)) throw wrong("has no method in front");
  const isWhole = /^https?:\/\//i.test(where);
  if (isWhole && addressFault(where) !== null) throw wrong(addressFault(where) ?? "");
  const path = isWhole ? where.replace(/^https?:\/\/[^/]*/i, "") || "/*" : where;
  if (!path.startsWith("/")) throw wrong("has no path: it begins with a slash");
  if (path.includes("?")) throw wrong("has a query, which no rule looks at");
  const fault = ruleFault(path);
  if (fault !== null) throw wrong(fault);
  const place = isWhole ? originOf(where.replace(/\*.*/s, "")) : null;
  return { method: method === "*" ? null : method.toUpperCase(), place, parts: decodedPath(path).split("/") };
}

/** Without effect (RFC 9110 §9.2.1). */
const SAFE = ["GET", "HEAD", "OPTIONS"];

interface Asked {
  readonly method: string;
  readonly origin: string;
  readonly target: string;
  /** By their names in lower case. */
  readonly headers: Readonly<Record<string, unknown>>;
}

interface Here {
  readonly method: string;
  readonly origin: string;
  readonly parts: readonly string[];
}

/** Why a request gets no token, as a sentence; null: it does. */
export function refusal(rules: Rules, api: Api, asked: Asked): string | null {
  const { method, origin, target, headers } = asked;
  const { allow, deny, readOnly } = rules;
  const isRuled = allow.length > 0 || deny.length > 0;
  if (namesPath(asked)) return "It says that it is for another path than its own.";
  const isOther = namesMethod(asked);
  if (isOther && (isRuled || readOnly))
    return "It says that it is another method than its own, and there are rules for methods.";
  // A POST that only reads.
  const isFetch = isGitFetch(asked);
  if (readOnly && !SAFE.includes(method) && !isFetch) return `${method} isn't read-only.`;
  if (readOnly && headers.upgrade !== undefined) return "A connection for both ways (Upgrade) isn't read-only.";
  const fault = isRuled ? ruleFault(target) : null;
  if (fault !== null) return `The path ${fault}, and there are rules for paths.`;
  const here = { method, origin, parts: decodedPath(target).split("/") };
  const asAnyFormat = { ...here, parts: withoutFormat(here.parts) };
  if (deny.some((rule) => fits(rule, here, true) || fits(rule, asAnyFormat, true))) return "A --deny names it.";
  const asRead = isFetch ? { ...here, method: "GET" } : here;
  if (allow.some((rule) => fits(rule, here, false) || fits(rule, asRead, false))) return null;
  if (allow.length > 0) return "No --allow names it.";
  const readings = readingsOf(target);
  if (readings === null) return "Its path is escaped again and again.";
  const making = isOther ? "POST" : method;
  if (readings.some((path) => givesTokens(api, { method: making, origin, parts: path.split(/[/\\]/) })))
    return "It gives out tokens or keys: --allow must name it.";
  return null;
}

/**
 * The request by which git clones and fetches: a POST whose body says what git has already, and which changes nothing (Git's
 * HTTP protocol, "Smart Service git-upload-pack"). A push is `git-receive-pack`.
 */
function isGitFetch({ method, target, headers }: Asked): boolean {
  return (
    method === "POST" &&
    /^[^?#]*\/git-upload-pack$/.test(target) &&
    headers["content-type"] === "application/x-git-upload-pack-request"
  );
}

/** @param loosely compares as an API that ignores case and a slash at the end */
function fits(rule: Rule, here: Here, loosely: boolean): boolean {
  if (rule.method !== null && rule.method !== here.method && !(rule.method === "GET" && here.method === "HEAD"))
    return false;
  if (rule.place !== null && !isSameOrigin(rule.place, here.origin)) return false;
  const plain = (parts: readonly string[]): readonly string[] =>
    loosely
      ? parts.map((part) => part.toLowerCase()).filter((part, i, all) => part !== "" || i < all.length - 1)
      : parts;
  const [wanted, found] = [plain(rule.parts), plain(here.parts)];
  const last = wanted.length - 1;
  if (wanted[last] === "*" && found.length >= (loosely ? last : wanted.length))
    return wanted.slice(0, last).every((part, i) => isPart(part, found[i] ?? ""));
  return wanted.length === found.length && wanted.every((part, i) => isPart(part, found[i] ?? ""));
}

/** One part of a path; `*` in the pattern matches any characters. */
function isPart(pattern: string, part: string): boolean {
  const [first = "", ...others] = pattern.split("*");
  if (others.length === 0) return pattern === part;
  if (!part.startsWith(first)) return false;
  let at = first.length;
  const end = others.pop() ?? "";
  for (const piece of others) {
    const found = part.indexOf(piece, at);
    if (found < 0) return false;
    at = found + piece.length;
  }
  return part.length - end.length >= at && part.endsWith(end);
}

const MAKING = ["POST", "PUT", "PATCH"];

/** Names of tokens and keys, anywhere in a path. */
const CREDENTIALS =
  /^(?:[a-z]+[-_])*(?:access|api|auth|deploy|impersonation)[-_]?(?:tokens?|keys?)$|^(?:ssh|gpg)[-_]?(?:signing[-_]?)?keys?$|^(?:registration|remove)-token$/;
/** The same at the end of a path: any kind of token. Counting the tokens of a text (`count-tokens`) makes none. */
const MADE = /^(?!count[-_])(?:[a-z\d]+[-_])*tokens?$|^(?!public[-_])(?:[a-z\d]+[-_])*keys$/;
/** `/user/tokens/<id>/value`: replaces a token by a new one. */
const RENEWING = /^(?:value|roll|rotate|regenerate|reset|renew|refresh)$/;

/** Whether it is one of the connection's own endpoints, or makes something whose name says that it is a token or a key. */
function givesTokens({ endpoints }: Api, { method, origin, parts }: Here): boolean {
  const found = essential(parts);
  const anyFormat = withoutFormat(found);
  const isEndpoint = (endpoint: string): boolean => {
    const { pathname } = new URL(endpoint);
    const path = withoutFormat(essential(decodedPath(pathname).split("/")));
    return isSameOrigin(endpoint, origin) && path.join("/") === anyFormat.join("/");
  };
  if (endpoints.some(isEndpoint)) return true;
  if (!MAKING.includes(method)) return false;
  // A PUT may write a file: `/contents/src/token.ts`.
  const named = method === "POST" ? anyFormat : found;
  const [owner = "", , last = ""] = named.slice(-3);
  return (
    named.some((part) => CREDENTIALS.test(part)) ||
    MADE.test(named.at(-1) ?? "") ||
    (RENEWING.test(last) && MADE.test(owner))
  );
}

/** A path's parts without what some APIs ignore: case, empty parts, parameters (RFC 3986 §3.3). */
function essential(parts: readonly string[]): string[] {
  return parts.map((part) => (part.split(";")[0] ?? "").toLowerCase()).filter((part) => part !== "");
}

/** `/user/keys.json` is `/user/keys` in a chosen format. */
function withoutFormat(parts: readonly string[]): string[] {
  const last = (parts.at(-1) ?? "").replace(/(?<=.)\.[a-z][a-z\d]{1,7}$/i, "");
  return [...parts.slice(0, -1), last];
}

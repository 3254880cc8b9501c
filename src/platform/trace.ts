/**
 * What `-v` and the debug log show of an HTTP exchange (RULES 3.5): where to, the names of the fields sent, the
 * status; of a reply only its kind, length and names, and of a failure its codes. The reply is not understood yet: any of
 * its texts may be a token under a name that only the provider's description knows.
 */
import { feature } from "bun:bundle";
import { escapeText } from "./escape.ts";
import { mutated } from "./faults.ts";
import type { Http, HttpReply, HttpRequest } from "./http.ts";
import { HttpError } from "./http-failure.ts";
import { learnSecrets } from "./learn-secrets.ts";
import { looksRandom } from "./redact.ts";

/** Fields of a request that are no secret and tell what was asked. */
const SENT = ["grant_type", "scope", "client_id", "response_type", "redirect_uri", "resource", "token_type_hint"];
/** Fields of an error reply that name what went wrong (RFC 6749 §5.2, and what providers add). */
const CODES = ["error", "error_codes", "error_subtype", "suberror", "interval", "trace_id", "correlation_id"];

/** `http`, telling `debug` of each exchange. */
export function traced(http: Http, debug: (line: string) => void): Http {
  return async (request) => {
    debug(`→ ${request.method} ${withoutQuery(request.url)}${fieldsOf(request)}`);
    const started = performance.now();
    try {
      const reply = await http(request);
      debug(`← ${describe(reply)} in ${Math.round(performance.now() - started)} ms`);
      return reply;
    } catch (error) {
      if (error instanceof HttpError) debug(`← ${error.reason}${error.sent ? "" : " (nothing was sent)"}`);
      throw error;
    }
  };
}

function withoutQuery(url: string): string {
  const { origin, pathname } = new URL(url);
  return escapeText(`${origin}${pathname}`);
}

function fieldsOf({ body, headers }: HttpRequest): string {
  if (body === undefined) return "";
  const isJson = Object.entries(headers ?? {}).some(
    ([name, value]) => name.toLowerCase() === "content-type" && /json/.test(value),
  );
  const fields = isJson ? Object.entries(parsed(body) ?? {}) : [...new URLSearchParams(body)];
  const shown = fields.map(([name, value]) => `${name}=${SENT.includes(name) ? String(value) : "[redacted]"}`);
  return ` ${escapeText(shown.join(" "))}`;
}

function describe({ status, headers, body }: HttpReply): string {
  const facts = `${status} ${kindOf(headers.get("content-type"))} ${body.length} bytes`;
  const text = new TextDecoder().decode(body);
  learnSecrets(text);
  const fields = parsed(text);
  if (fields === null) return facts;
  if (feature("AUTH_TEST") && mutated("redaction-off")) return `${facts} ${escapeText(JSON.stringify(fields))}`;
  const isError = status >= 300 || fields.error !== undefined;
  const texts = [...textsIn(fields)];
  const shown = Object.entries(fields).map(([name, value]) => {
    if (!NAME.test(name) || looksRandom(name) || occurrences(name, texts) > 0) return "…";
    const codes = isError && CODES.includes(name) ? [value].flat().filter((code) => isCode(code, texts)) : [];
    return codes.length === 0 ? name : `${name}=${codes.join(",")}`;
  });
  return `${facts} {${shown.slice(0, MOST_FIELDS).join(", ")}}`;
}

const MOST_FIELDS = 40;

function kindOf(type: string | null): string {
  const kind = type?.split(";", 1)[0]?.trim().toLowerCase() ?? "no type";
  return KINDS.includes(kind) ? kind : "another type";
}

const KINDS = [
  ...["no type", "application/json", "application/problem+json", "application/jwk-set+json", "application/jwt"],
  ...["application/x-www-form-urlencoded", "text/html", "text/plain", "text/javascript", "application/javascript"],
];

const NAME = /^[A-Za-z][\w.:-]{0,39}$/;
/** As specifications write them: `invalid_grant`, `InvalidClient`. */
const CODE = /^[A-Za-z]+([_.:-][A-Za-z]+){0,6}$/;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** A number, or a word that no other text of the reply has in it or is in: a copy of its token is none. */
function isCode(value: unknown, texts: readonly string[]): boolean {
  if (typeof value === "number") return true;
  if (typeof value !== "string" || value.length > 60 || !(CODE.test(value) || UUID.test(value))) return false;
  return occurrences(value, texts) === 1;
}

function occurrences(word: string, texts: readonly string[]): number {
  return texts.filter((text) => text.includes(word) || (text.length >= 4 && word.includes(text))).length;
}

/** Every text of a reply, at any depth. */
function* textsIn(whole: unknown): Generator<string> {
  const left = [whole];
  while (left.length > 0) {
    const value = left.pop();
    if (typeof value === "string") yield value;
    else if (typeof value === "object" && value !== null) for (const inner of Object.values(value)) left.push(inner);
  }
}

function parsed(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    // Not JSON: only its kind and length are shown.
    return null;
  }
}

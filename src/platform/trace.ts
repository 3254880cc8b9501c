/**
 * What is told of an HTTP exchange for `-v` and the debug log (RULES.md 3.5): where to, the names of the fields sent,
 * the status; of a success only its kind, length and names; of a failure only fields that explain it.
 */
import { escapeText } from "./escape.ts";
import type { Http, HttpReply, HttpRequest } from "./http.ts";
import { HttpError } from "./http-failure.ts";
import { learnSecrets } from "./learn-secrets.ts";
import { outsideWords } from "./outside.ts";

/** Fields of a request that are no secret and tell what was asked. */
const SENT = ["grant_type", "scope", "client_id", "response_type", "redirect_uri", "resource", "token_type_hint"];
/** Fields of an error reply that explain it (RFC 6749 §5.2, and what providers add). */
const EXPLAINING = [
  "error",
  "error_description",
  "error_codes",
  "error_subtype",
  "suberror",
  "interval",
  "trace_id",
  "correlation_id",
  "message",
];

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
  const type = (headers.get("content-type") ?? "no type").split(";", 1)[0];
  const facts = `${status} ${type} ${body.length} bytes`;
  const text = new TextDecoder().decode(body);
  learnSecrets(text);
  const fields = parsed(text);
  if (fields === null) return escapeText(facts);
  if (status >= 200 && status < 300 && fields.error === undefined)
    return escapeText(`${facts} {${Object.keys(fields).slice(0, 40).join(", ")}}`);
  const told = Object.entries(fields).filter(([name]) => EXPLAINING.includes(name));
  return `${escapeText(facts)} ${outsideWords(JSON.stringify(Object.fromEntries(told)), 2000)}`;
}

function parsed(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    // Not JSON: only its kind and length are told.
    return null;
  }
}

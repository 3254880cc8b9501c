/**
 * What `-v` and the debug log show of an HTTP exchange (RULES.md 3.5): where to, the names of the fields sent, the
 * status; of a reply only its kind and length. Its bytes are not looked at here: a refresh's reply is on the disk before
 * anything reads it (RULES.md 2.1), and any of its texts may be a token.
 */
import { feature } from "bun:bundle";
import { escapeText } from "./escape.ts";
import { mutated } from "./faults.ts";
import type { Http, HttpReply, HttpRequest } from "./http.ts";
import { HttpError } from "./http-failure.ts";

/** Fields of a request that are no secret and tell what was asked. */
const SENT = ["grant_type", "scope", "client_id", "response_type", "redirect_uri", "resource", "token_type_hint"];

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
  const fields = isJson ? jsonFields(body) : [...new URLSearchParams(body)];
  const shown = fields.map(([name, value]) => `${name}=${SENT.includes(name) ? String(value) : "[redacted]"}`);
  return ` ${escapeText(shown.join(" "))}`;
}

/** None where a description's text isn't what its header says, or no object. */
function jsonFields(body: string): [string, unknown][] {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
  } catch {
    return [];
  }
}

function describe({ status, headers, body }: HttpReply): string {
  const facts = `${status} ${kindOf(headers.get("content-type"))} ${body.length} bytes`;
  if (feature("AUTH_TEST") && mutated("redaction-off")) return `${facts} ${escapeText(new TextDecoder().decode(body))}`;
  return facts;
}

/** What a content type says: one that is known by name, since a stranger wrote it. */
export function kindOf(type: string | null): string {
  const kind = type?.split(";", 1)[0]?.trim().toLowerCase() ?? "no type";
  return KINDS.includes(kind) ? kind : "another type";
}

const KINDS = [
  ...["no type", "application/json", "application/problem+json", "application/jwk-set+json", "application/jwt"],
  ...["application/x-www-form-urlencoded", "text/html", "text/plain", "text/javascript", "application/javascript"],
];

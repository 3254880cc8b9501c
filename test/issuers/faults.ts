/** The ways in which a token endpoint goes wrong, by name. */
import { headOf, JSON_TYPE, reply, type TokenReply, type Wire } from "./faulty.ts";

export interface Fault {
  readonly name: string;
  /** What the issuer does behind the fault: nothing, a rotation, or only a new access token. */
  readonly works: "nothing" | "rotate" | "renew";
  /** @param tokens what a sound reply would say; empty where nothing was done */
  answer(wire: Wire, tokens: TokenReply): void | Promise<void>;
}

type Answer = Fault["answer"];

function plain(status: number, body: string, headers: Readonly<Record<string, string>> = JSON_TYPE): Answer {
  return (wire) => finish(wire, reply(status, headers, body));
}

/** A sound reply with some fields changed; undefined leaves one out. */
function changed(fields: Readonly<Record<string, unknown>>, status = 200): Answer {
  return (wire, tokens) => finish(wire, reply(status, JSON_TYPE, JSON.stringify({ ...tokens, ...fields })));
}

function encoded(type: string, encode: (text: string) => Uint8Array): Answer {
  return (wire, tokens) => finish(wire, reply(200, { "content-type": type }, encode(JSON.stringify(tokens))));
}

function finish(wire: Wire, bytes: Uint8Array): void {
  wire.write(bytes);
  // The bytes first: closing at once may overtake a large reply.
  setTimeout(() => wire.close(), 20);
}

const HTML = "<!doctype html><title>Bad gateway</title><p>Try again.";
const HTML_TYPE = { "content-type": "text/html" };

const ANSWERS = {
  "dropped before it was processed": ["nothing", (wire) => wire.close()],
  "dropped after it was processed": ["rotate", (wire) => wire.close()],
  "reset before it was processed": ["nothing", (wire) => wire.reset()],
  "reset in the middle of the body": [
    "rotate",
    async (wire, tokens) => {
      const body = JSON.stringify(tokens);
      wire.write(headOf(200, { ...JSON_TYPE, "content-length": String(body.length) }) + body.slice(0, 60));
      await Bun.sleep(30);
      wire.reset();
    },
  ],
  "no answer at all": ["rotate", () => {}],
  "a body that stalls": [
    "rotate",
    (wire) => wire.write(`${headOf(200, { ...JSON_TYPE, "content-length": "500" })}{"access_`),
  ],
  "a slow body": [
    "rotate",
    async (wire, tokens) => {
      const body = JSON.stringify(tokens);
      wire.write(headOf(200, { ...JSON_TYPE, "content-length": String(body.length) }));
      for (let at = 0; at < body.length; at += 20) {
        wire.write(body.slice(at, at + 20));
        await Bun.sleep(5);
      }
      wire.close();
    },
  ],
  "500": ["nothing", plain(500, "oops", { "content-type": "text/plain" })],
  "500 after it was processed": ["rotate", plain(500, "oops", { "content-type": "text/plain" })],
  "502 with HTML": ["rotate", plain(502, HTML, HTML_TYPE)],
  "503": ["nothing", plain(503, HTML, HTML_TYPE)],
  "503 with Retry-After": ["nothing", plain(503, HTML, { ...HTML_TYPE, "retry-after": "7" })],
  "504": ["rotate", plain(504, HTML, HTML_TYPE)],
  "429": ["nothing", plain(429, "slow down", { "content-type": "text/plain" })],
  "429 with Retry-After": ["nothing", plain(429, '{"error":"slow_down"}', { ...JSON_TYPE, "retry-after": "7" })],
  "HTML with 200": ["nothing", plain(200, HTML, HTML_TYPE)],
  "an empty 200": ["nothing", plain(200, "")],
  "a 204": ["nothing", (wire) => finish(wire, new TextEncoder().encode(headOf(204, {})))],
  "an error with 200": ["nothing", plain(200, '{"error":"temporarily_unavailable"}')],
  "invalid_grant with 200": ["nothing", plain(200, '{"error":"invalid_grant"}')],
  invalid_grant: ["nothing", plain(400, '{"error":"invalid_grant"}')],
  invalid_client: ["nothing", plain(401, '{"error":"invalid_client"}', { ...JSON_TYPE, "www-authenticate": "Basic" })],
  unauthorized_client: ["nothing", plain(400, '{"error":"unauthorized_client"}')],
  invalid_scope: ["nothing", plain(400, '{"error":"invalid_scope"}')],
  interaction_required: ["nothing", plain(400, '{"error":"interaction_required","claims":"{}"}')],
  temporarily_unavailable: ["nothing", plain(400, '{"error":"temporarily_unavailable"}')],
  "201": ["rotate", changed({}, 201)],
  "no expires_in": ["rotate", changed({ expires_in: undefined })],
  "an empty expires_in": ["rotate", changed({ expires_in: "" })],
  "a null expires_in": ["rotate", changed({ expires_in: null })],
  "expires_in as a string": ["rotate", changed({ expires_in: "3600" })],
  "a huge expires_in": ["rotate", changed({ expires_in: 1e15 })],
  "a negative expires_in": ["rotate", changed({ expires_in: -5 })],
  "no refresh_token": ["renew", changed({ refresh_token: undefined })],
  "an empty refresh_token": ["renew", changed({ refresh_token: "" })],
  "a null refresh_token": ["renew", changed({ refresh_token: null })],
  "a narrowed scope": ["rotate", changed({ scope: "a" })],
  "no access_token": ["rotate", changed({ access_token: undefined })],
  "an access_token that is a number": ["rotate", changed({ access_token: 12345 })],
  "JSON cut short": [
    "rotate",
    (wire, tokens) => finish(wire, reply(200, JSON_TYPE, JSON.stringify(tokens).slice(0, -10))),
  ],
  "a redirect to another host": ["nothing", plain(307, "", { location: "http://127.0.0.2:9/token" })],
  "a gzip bomb": [
    "rotate",
    (wire) =>
      finish(wire, reply(200, { ...JSON_TYPE, "content-encoding": "gzip" }, Bun.gzipSync(new Uint8Array(50e6)))),
  ],
  "a reply of 100 KB": ["rotate", changed({ padding: "x".repeat(100_000) })],
  "a reply of 2 MB": ["rotate", changed({ padding: "x".repeat(2_000_000) })],
  "gzip that isn't": ["rotate", plain(200, "not gzip", { ...JSON_TYPE, "content-encoding": "gzip" })],
  "UTF-8 with a byte order mark": ["rotate", encoded("application/json", (text) => Buffer.from(`\ufeff${text}`))],
  "UTF-16": ["rotate", encoded("application/json; charset=utf-16", (text) => Buffer.from(`\ufeff${text}`, "utf16le"))],
  "UTF-8 that says latin-1": ["rotate", encoded("application/json; charset=iso-8859-1", (text) => Buffer.from(text))],
  "JSON that says it is HTML": ["rotate", encoded("text/html", (text) => Buffer.from(text))],
} as const satisfies Readonly<Record<string, readonly [Fault["works"], Answer]>>;

export type FaultName = keyof typeof ANSWERS;

export const FAULTS = Object.fromEntries(
  Object.entries(ANSWERS).map(([name, [works, answer]]) => [name, { name, works, answer }]),
) as Readonly<Record<FaultName, Fault>>;

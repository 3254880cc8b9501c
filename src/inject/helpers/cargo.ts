/**
 * cargo's credential providers, 1.74 and later: https://doc.rust-lang.org/cargo/reference/credential-provider-protocol.html
 * Both forms: as a provider (`--cargo-plugin`: messages in JSON, one a line, which include the configured arguments), and by
 * `cargo:token-from-stdout`, which runs a command that prints a token.
 */
import { asObject, at, type Json, parseJson } from "../../platform/json.ts";
import { originOfUrl } from "./origin.ts";
import {
  BadRequest,
  type Call,
  type ClientRequest,
  type Credential,
  failed,
  jsonReply,
  type Place,
  type Protocol,
  type Reply,
} from "./protocol.ts";

export default {
  minTtl: 0,
  margin: 60,
  timeLimit: null,
  ownWords: (words) => (words.includes(PROVIDER) ? words.length - words.indexOf(PROVIDER) : 0),
  greeting: (call) => (isProvider(call) ? '{"v":[1]}\n' : null),
  converses: isProvider,
  ask: (call) => (isProvider(call) ? message(call) : simple(call)),
  none: (call) =>
    isProvider(call) ? refusal("url-not-supported") : failed("auth: There is no connection for this registry."),
  failure: (message, call) => (isProvider(call) ? refusal("other", message) : failed(message)),
} satisfies Protocol as Protocol;

const PROVIDER = "--cargo-plugin";

function isProvider({ words }: Call): boolean {
  return words[0] === PROVIDER;
}

/** `cargo:token-from-stdout`. @throws BadRequest */
async function simple({ env }: Call): Promise<ClientRequest> {
  const index = env.CARGO_REGISTRY_INDEX_URL;
  if (!index) throw new BadRequest("CARGO_REGISTRY_INDEX_URL isn't set: cargo sets it.");
  const place = placeOf(index, env.CARGO_REGISTRY_NAME_OPT);
  if (place === null) throw new BadRequest("This registry's index isn't an https address.");
  return { kind: "token", place, answer: async (credential) => ({ stdout: `${await authorization(credential)}\n` }) };
}

/** One message of a conversation. @throws BadRequest */
async function message(call: Call): Promise<ClientRequest | null> {
  const line = await call.line();
  if (line === null || line.trim() === "") return null;
  const request = objectIn(line);
  if (request.kind !== "get") return { kind: "reply", reply: refusal("operation-not-supported") };
  const index = at(request, "registry.index-url");
  if (typeof index !== "string") throw new BadRequest("The request names no registry.");
  const place = placeOf(index, at(request, "registry.name"));
  if (place === null) return { kind: "reply", reply: refusal("url-not-supported") };
  const configured = Array.isArray(request.args) ? request.args.filter((word) => typeof word === "string") : [];
  return { kind: "token", place, answer, configured };
}

async function answer(credential: Credential): Promise<Reply> {
  const { expiresAt } = credential;
  const cache = expiresAt === null ? "session" : "expires";
  const expiration = expiresAt === null ? undefined : Math.floor(expiresAt / 1000);
  const token = await authorization(credential);
  return jsonReply({ Ok: { kind: "get", token, cache, expiration, operation_independent: true } });
}

/** cargo's token is the whole value of the header. @throws BadRequest */
async function authorization(credential: Credential): Promise<string> {
  const header = (await credential.headers()).find(({ name }) => name.toLowerCase() === "authorization");
  if (header === undefined) throw new BadRequest("This provider's tokens go in another header than cargo's.");
  return header.value.reveal();
}

const CRATES_IO = ["https://github.com/rust-lang/crates.io-index", "sparse+https://index.crates.io/"];

/** crates.io is named by its old index, whichever is used. null: not over http or https. @throws BadRequest */
function placeOf(index: string, name: unknown): Place | null {
  if (name === "crates-io" && CRATES_IO.includes(index)) return { origin: "https://crates.io", user: null };
  const url = index.replace(/^(sparse|registry)\+/, "");
  return /^https?:/i.test(url) ? { origin: originOfUrl(url), user: null } : null;
}

function refusal(kind: string, message?: string): Reply {
  return jsonReply({ Err: { kind, message } });
}

function objectIn(line: string): Json {
  const value = parseJson(line);
  if (value === undefined) throw new BadRequest("The request isn't JSON.");
  const object = asObject(value);
  if (object === null) throw new BadRequest("The request is no object.");
  return object;
}

/**
 * git's credential helpers: https://git-scm.com/docs/git-credential and https://git-scm.com/docs/gitcredentials.
 *
 * git itself keeps nothing between two commands. It passes what worked to the other configured helpers, which may store it:
 * `ephemeral` and `password_expiry_utc` tell them not to, or for how long.
 */
import { Secret } from "../../platform/secret.ts";
import { originAsked } from "./origin.ts";
import {
  BadRequest,
  type Call,
  type ClientRequest,
  type Credential,
  failed,
  NOTHING,
  type Protocol,
  type Reply,
} from "./protocol.ts";

export default {
  minTtl: 0,
  margin: 30,
  timeLimit: null,
  ownWords: 1,
  ask,
  // No output: git goes on to the next helper, or asks.
  none: () => NOTHING,
  failure: failed,
} satisfies Protocol as Protocol;

async function ask(call: Call): Promise<ClientRequest> {
  switch (call.words[0]) {
    case "get":
      return get(await attributes(call));
    case "erase":
      return erase(await attributes(call));
    case "capability":
      return { kind: "reply", reply: { stdout: "version 0\ncapability authtype\n" } };
    default:
      // `store`: the vault has the login already. Operations of later versions are to be ignored.
      return { kind: "reply", reply: NOTHING };
  }
}

/** Name → values. Names that end in `[]` may have several values; an empty one clears those before it. */
type Attributes = ReadonlyMap<string, readonly string[]>;

const LONGEST_LINE = 65_535;

/** @throws BadRequest */
async function attributes(call: Call): Promise<Attributes> {
  const found = new Map<string, string[]>();
  for (let line = await call.line(); line !== null && line !== ""; line = await call.line()) {
    if (line.length > LONGEST_LINE) throw new BadRequest("A line of the request is too long.");
    if (/[\0\r]/.test(line)) throw new BadRequest("The request holds a carriage return or a NUL.");
    const equals = line.indexOf("=");
    if (equals <= 0) throw new BadRequest("A line of the request has no name and value.");
    const name = line.slice(0, equals);
    const value = line.slice(equals + 1);
    if (!name.endsWith("[]")) {
      // Which of two values counts can't be known.
      if (found.has(name)) throw new BadRequest("The request says something twice.");
      found.set(name, [value]);
    } else if (value === "") found.delete(name);
    else found.set(name, [...(found.get(name) ?? []), value]);
  }
  return found;
}

function get(asked: Attributes): ClientRequest {
  const place = placeOf(asked);
  if (place === null) return { kind: "reply", reply: NOTHING };
  return { kind: "token", place, answer: (credential) => answer(asked, credential) };
}

function placeOf(asked: Attributes): Extract<ClientRequest, { kind: "rejected" }>["place"] | null {
  const [scheme = ""] = asked.get("protocol") ?? [];
  const [host = ""] = asked.get("host") ?? [];
  // Another protocol, such as a certificate's password: for another helper.
  if (!/^https?$/.test(scheme) || host === "") return null;
  return { origin: originAsked(scheme, host), user: asked.get("username")?.[0] || null };
}

function answer(asked: Attributes, credential: Credential): Reply {
  const token = credential.token.reveal();
  const offered = asked.get("capability[]")?.includes("authtype") ?? false;
  const lines = offered ? ["capability[]=authtype"] : [];
  if (offered && !credential.isPasted && wantsBearer(asked)) lines.push("authtype=Bearer", `credential=${token}`);
  else lines.push(`username=${credential.userName}`, `password=${token}`);
  if (credential.expiresAt !== null) lines.push(`password_expiry_utc=${Math.floor(credential.expiresAt / 1000)}`);
  lines.push("ephemeral=1");
  return { stdout: `${lines.join("\n")}\n` };
}

/** Whether the server takes bearer tokens (RFC 6750 §3). Most take a token as a password only. */
function wantsBearer(asked: Attributes): boolean {
  return asked.get("wwwauth[]")?.some((challenge) => /^bearer\b/i.test(challenge)) ?? false;
}

/** git erases what a server has answered with 401. Nothing is deleted: the token is refreshed if it is still the stored one. */
function erase(asked: Attributes): ClientRequest {
  const place = placeOf(asked);
  const token = asked.get("password")?.[0] ?? asked.get("credential")?.[0];
  if (place === null || !token) return { kind: "reply", reply: NOTHING };
  return { kind: "rejected", place, token: new Secret(token), reply: NOTHING };
}

/**
 * The two ways from a token to a role's credentials.
 * https://docs.aws.amazon.com/singlesignon/latest/PortalAPIReference/API_GetRoleCredentials.html
 * https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
 */
import { asObject, at, type Json, parseJson } from "../../platform/json.ts";
import { redact } from "../../platform/redact.ts";
import { BadRequest, type Credential, jsonReply, type Reply, rfc3339 } from "./protocol.ts";

/** @throws BadRequest with what the portal says */
export async function roleCredentials(
  credential: Credential,
  portal: string,
  wanted: { readonly account: string; readonly role: string },
): Promise<Reply> {
  const query = new URLSearchParams({ account_id: wanted.account, role_name: wanted.role });
  const headers: Record<string, string> = {};
  for (const { name, value } of await credential.headers()) headers[name] = value.reveal();
  const { status, text } = await credential.send({
    method: "GET",
    url: `${portal}/federation/credentials?${query}`,
    headers,
  });
  const reply = asObject(parseJson(text));
  if (status !== 200) throw refused("The access portal", status, at(reply, "__type"));
  return document(credential, {
    AccessKeyId: at(reply, "roleCredentials.accessKeyId"),
    SecretAccessKey: at(reply, "roleCredentials.secretAccessKey"),
    SessionToken: at(reply, "roleCredentials.sessionToken"),
    Expiration: at(reply, "roleCredentials.expiration"),
  });
}

/** @throws BadRequest with what the service says */
export async function webIdentity(credential: Credential, service: string, arn: string): Promise<Reply> {
  const body = new URLSearchParams({
    Action: "AssumeRoleWithWebIdentity",
    Version: "2011-06-15",
    RoleArn: arn,
    RoleSessionName: credential.userName
      .replace(/[^\w+=,.@-]/g, "-")
      .slice(0, 64)
      .padEnd(2, "-"),
    WebIdentityToken: credential.token.reveal(),
  }).toString();
  const headers = { "content-type": "application/x-www-form-urlencoded", accept: "text/xml" };
  const { status, text } = await credential.send({ method: "POST", url: `${service}/`, headers, body });
  if (status !== 200) throw refused("The token service", status, element(text, "Code"));
  const [, within = ""] = text.split(/<\/?Credentials>/, 2);
  return document(credential, {
    AccessKeyId: element(within, "AccessKeyId"),
    SecretAccessKey: element(within, "SecretAccessKey"),
    SessionToken: element(within, "SessionToken"),
    Expiration: element(within, "Expiration"),
  });
}

/** The text of an XML element that holds nothing else: none of these values needs an entity. */
function element(xml: string, name: string): string | undefined {
  return new RegExp(`<${name}>([^<>&]*)</${name}>`).exec(xml)?.[1];
}

/** @param type an error's name, with or without a namespace */
function refused(who: string, status: number, type: unknown): BadRequest {
  const [, name] = /^(?:[\w.]+#)?([A-Za-z.]{1,64})$/.exec(typeof type === "string" ? type : "") ?? [];
  const said = name === undefined ? `HTTP ${status}` : `HTTP ${status}, ${redact(name)}`;
  return new BadRequest(`${who} gave no credentials (${said}).`);
}

/** Requires an end in the future: clients would keep credentials without one for ever, and ask again at once for expired ones. */
function document({ now }: Credential, found: Json): Reply {
  const { Expiration, ...texts } = found;
  const end = new Date(Expiration as string | number);
  const isWhole = Object.values(texts).every((text) => typeof text === "string" && /^[\x21-\x7e]{1,8192}$/.test(text));
  if (!isWhole || Expiration === undefined || Expiration === null || Number.isNaN(end.getTime()))
    throw new BadRequest("The reply holds no credentials of a role.");
  if (end.getTime() <= now)
    throw new BadRequest("The reply's credentials are over already: look whether this machine's clock is right.");
  return jsonReply({ Version: 1, ...texts, Expiration: rfc3339(end.getTime()) });
}

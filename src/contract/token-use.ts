/** What a contract test's issuer does with its tokens besides giving them out: accounts, introspection, revocation. */
import { type Body, putAccount } from "./bodies.ts";
import { insist, Mismatch } from "./check.ts";
import type { Issuer } from "./issuer.ts";
import { type Call, ReceivedRequest } from "./request.ts";

/** RFC 6750, with the header that the description declares. */
export function userinfo({ provider: { dialect }, grants }: Issuer, call: Call): Response {
  const [, name = "", line = ""] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):\s*(.*)$/s.exec(dialect.header) ?? [];
  insist(/\{(token|basic)\}/.test(line), `header is '${dialect.header}', which isn't 'Name: … {token} …'`);
  const isBasic = line.includes("{basic}");
  const shown = between(line, isBasic ? "{basic}" : "{token}", call.headers.get(name) ?? "");
  const token = isBasic && shown !== null ? between(dialect.basic ?? "", "{token}", atob(shown)) : shown;
  if (token === null) throw new Mismatch(`header isn't how ${call.address} was asked`);
  for (const [name, wanted] of Object.entries(dialect.account.headers))
    insist(call.headers.get(name) === wanted, `account.headers.${name} doesn't arrive`);
  if (!grants.isLive(token)) return Response.json({}, { status: 401 });
  const body: Body = {};
  putAccount(body, dialect);
  return Response.json(body);
}

/** RFC 7662. It says nothing of a lifetime: then what the description assumes counts. */
export function introspect({ provider, client, grants }: Issuer, call: Call): Response {
  const received = new ReceivedRequest(call, provider.dialect);
  received.authenticate(client, true, "an introspection");
  return Response.json({ active: grants.isLive(received.get("token") ?? "") });
}

/** RFC 7009, or the provider's own way. */
export function revoke({ provider: { dialect }, client, grants }: Issuer, call: Call): Response {
  const { style, endsGrant } = dialect.revocation;
  if (style === "delete-basic") {
    insist(call.method === "DELETE", `revocation.style is ${style}, but ${call.method} was sent`);
    if (!call.headers.get("authorization")?.startsWith("Basic ")) return Response.json({}, { status: 401 });
    const { access_token: token = "" } = JSON.parse(call.body) as { access_token?: string };
    return new Response(null, { status: grants.revoke(token, endsGrant) ? 204 : 404 });
  }
  const received = new ReceivedRequest(call, dialect);
  received.authenticate(client, true, "a revocation");
  grants.revoke(received.get("token") ?? "", endsGrant);
  return new Response(null, { status: 200 });
}

/** What a text has in the place of `mark`; null where the rest differs. */
function between(template: string, mark: string, text: string): string | null {
  const [before = "", after = ""] = template.split(mark);
  const fits = text.startsWith(before) && text.endsWith(after) && text.length >= before.length + after.length;
  return fits ? text.slice(before.length, text.length - after.length) : null;
}

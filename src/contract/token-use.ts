/** Accounts, introspection and revocation at a contract test's issuer. */
import { type Dialect, overlaid } from "../providers/defaults.ts";
import { type Body, putAccount } from "./bodies.ts";
import { insist, Mismatch } from "./check.ts";
import type { Issuer } from "./issuer.ts";
import { type Call, ReceivedRequest } from "./request.ts";
import { sampleCompanions } from "./sample.ts";

/** RFC 6750, with the header that the description declares. */
export function userinfo({ provider: { dialect }, client, grants }: Issuer, call: Call): Response {
  const { account } = dialect;
  insist(call.method === account.method, `account.method is ${account.method}, but ${call.method} was sent`);
  insist(call.body === (account.body ?? ""), "account.body doesn't arrive as it is written");
  const token = tokenIn(call, dialect, account.header ?? dialect.header);
  expectCompanions(call, dialect, client.id);
  for (const [name, wanted] of Object.entries(account.headers))
    insist(call.headers.get(name) === wanted, `account.headers.${name} doesn't arrive`);
  if (!grants.isLive(token)) return Response.json({}, { status: 401 });
  const body: Body = {};
  putAccount(body, dialect);
  return Response.json(body);
}

/**
 * Companions are computed here from the description, not by the program's own code, so that its faults show. A pasted token
 * has no client. @throws Mismatch where one is missing
 */
function expectCompanions(call: Call, dialect: Dialect, clientId: string): void {
  const secrets = sampleCompanions(dialect);
  for (const [name, { header }] of Object.entries(dialect.companions)) {
    const [, field = "", template = ""] = /^([^:]+): ?(.*)$/s.exec(header) ?? [];
    const value = template
      .replaceAll("{clientId}", () => clientId)
      .replaceAll("{secret}", (mark) => secrets[name]?.reveal() ?? mark);
    const came = call.headers.get(field);
    // A setting may have any letter in it; a header may not.
    const wanted = /[^\x20-\x7e]/.test(value) ? null : value;
    insist(
      came === wanted || (came === null && header.includes("{clientId}")),
      `companions.${name} doesn't come along with the token`,
    );
  }
}

/** @throws Mismatch where the request doesn't carry it as the description says */
function tokenIn(call: Call, { basic = "" }: Dialect, header: string): string {
  const [, name = "", line = ""] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):\s*(.*)$/s.exec(header) ?? [];
  insist(/\{(token|basic)\}/.test(line), `header is '${header}', which isn't 'Name: … {token} …'`);
  const isBasic = line.includes("{basic}");
  const shown = between(line, isBasic ? "{basic}" : "{token}", call.headers.get(name) ?? "");
  const token = isBasic && shown !== null ? between(basic, "{token}", atob(shown)) : shown;
  if (token === null) throw new Mismatch(`header isn't how ${call.address} was asked`);
  return token;
}

/** RFC 7662, without a lifetime: the one that the description assumes counts. */
export function introspect({ provider, client, grants }: Issuer, call: Call): Response {
  const received = new ReceivedRequest(call, provider.dialect);
  received.authenticate(client, true, "an introspection");
  return Response.json({ active: grants.isLive(received.get("token") ?? "") });
}

/** RFC 7009, or the provider's own way. */
export function revoke({ provider: { dialect }, client, grants }: Issuer, call: Call): Response {
  const { style, tokens, endsGrant } = dialect.revocation;
  const spoken = overlaid(dialect, dialect.revocation.request);
  const { request } = spoken;
  if (style === "bearer") {
    insist(
      call.method === request.method,
      `revocation.request.method is ${request.method}, but ${call.method} was sent`,
    );
    insist(call.body === "", "revocation.style is bearer, but a body was sent");
    expectCompanions(call, dialect, client.id);
    const known = grants.revoke(tokenIn(call, dialect, dialect.header), true);
    return Response.json({}, { status: known ? 200 : 401 });
  }
  const received = new ReceivedRequest(call, spoken);
  received.authenticate(client, true, "a revocation");
  const token = received.get("token") ?? "";
  insist(
    tokens.includes(grants.kindOf(token) ?? "access_token"),
    "a token is sent that revocation.tokens doesn't name",
  );
  // Where no refresh token can be sent, revoking the access token ends the grant.
  grants.revoke(token, endsGrant || !tokens.includes("refresh_token"));
  return new Response(null, { status: 200 });
}

/** The part of a text at the place of `mark`; null where the rest differs. */
function between(template: string, mark: string, text: string): string | null {
  const [before = "", after = ""] = template.split(mark);
  const fits = text.startsWith(before) && text.endsWith(after) && text.length >= before.length + after.length;
  return fits ? text.slice(before.length, text.length - after.length) : null;
}

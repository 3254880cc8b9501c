/** The online parts of `inspect`: `--verify` (by the issuer's keys) and `--introspect` (asks the issuer). */
import { knownClient } from "../connections/clients.ts";
import { clientSetCommand } from "../connections/failure.ts";
import type { Connection } from "../connections/record.ts";
import { display } from "../connections/ref.ts";
import type { Stored } from "../connections/store.ts";
import { tokenEndpointOf } from "../connections/token-endpoint.ts";
import { decodeJwt } from "../oauth/idtoken.ts";
import type { Verification } from "../oauth/verify.ts";
import { AuthError, usage } from "../platform/errors.ts";
import { escapeText } from "../platform/escape.ts";
import type { Secret } from "../platform/secret.ts";
import type { Session } from "./session.ts";

export const ONLINE = {
  verify: { type: "boolean", description: "Check the signature with the keys that the issuer publishes" },
  introspect: { type: "boolean", description: "Ask the issuer about the token" },
} as const;

export interface Answers {
  readonly verification?: Verification;
  readonly introspection?: Readonly<Record<string, unknown>> & { readonly active: boolean };
}

/** @param stored the login whose token it is: it was made at the issuer that is asked */
export async function askIssuer(
  session: Session,
  stored: Stored | null,
  token: Secret,
  wanted: { readonly verify: boolean; readonly introspect: boolean },
): Promise<Answers> {
  if (!wanted.verify && !wanted.introspect) return {};
  if (stored === null)
    throw usage(
      "--verify and --introspect need a login: the issuer that a token names can't be trusted.",
      "Name one: auth inspect <connection> --verify",
    );
  return {
    ...(wanted.verify && { verification: await verify(session, stored, token) }),
    ...(wanted.introspect && { introspection: await introspected(session, stored, token) }),
  };
}

async function verify(session: Session, { ref, record }: Stored, token: Secret): Promise<Verification> {
  const connection = display(ref);
  if (decodeJwt(token.reveal()) === null)
    throw new AuthError("check_failed", `The token of ${connection} is opaque: it has no signature to check.`, {
      hint:
        record.pinned?.endpoints.introspection === undefined
          ? `Ask its provider whether it takes the token: auth status ${connection} --check`
          : `Ask its issuer: auth inspect ${connection} --introspect`,
      connection,
    });
  const { issuer = null, jwksUri = null, clientId = null } = record.pinned ?? {};
  if (issuer === null || jwksUri === null)
    throw new AuthError("check_failed", `The provider of ${connection} publishes no keys to check with.`, {
      hint: `Ask it whether it takes the token: auth status ${connection} --check`,
      connection,
    });
  const { verifyJwt } = await import("../oauth/verify.ts");
  const { http, now } = session.context;
  return verifyJwt(http, token.reveal(), { issuer, jwksUri, clientId, now: now() });
}

async function introspected(
  session: Session,
  { record }: Stored,
  token: Secret,
): Promise<NonNullable<Answers["introspection"]>> {
  const { introspect } = await import("../oauth/introspect.ts");
  const services = await session.services();
  const { server, client } = await tokenEndpointOf(services, record);
  // RFC 7662 §2.1: an issuer answers only clients it knows, and a pasted token's login has none of its own.
  const asking = client.id === "" ? await knownClient(services, record) : client;
  if (asking === null && server.endpoints.introspection !== undefined) throw needsClient(server.dialect.title, record);
  return introspect(session.context.http, server, asking ?? client, token);
}

function needsClient(title: string, record: Connection): AuthError {
  const { provider, name, pinned } = record;
  // A pasted token's login is pinned without a secret; the client that asks has one as a rule.
  const withSecret = { ...record, pinned: pinned && { ...pinned, authentication: "body" as const } };
  return new AuthError("client_missing", `${title} tells about tokens only to a client, and none is known here.`, {
    hint: `Give one: ${clientSetCommand(withSecret)}`,
    connection: `${provider}:${name}`,
  });
}

export function describeAnswers({ verification, introspection }: Answers): string[] {
  const lines: string[] = [];
  if (verification !== undefined)
    lines.push(
      verification.verified
        ? `Verified: signed by its issuer (${escapeText(verification.algorithm ?? "?")}).`
        : `Not verified: ${escapeText(verification.fault ?? "")}.`,
    );
  if (introspection !== undefined) {
    lines.push(introspection.active ? "The issuer says that it is active:" : "The issuer says that it is not active.");
    for (const [name, value] of Object.entries(introspection))
      if (name !== "active") lines.push(`  ${escapeText(name)}: ${escapeText(JSON.stringify(value))}`);
  }
  return lines;
}

/** After everything was printed. @throws AuthError `check_failed`, `token_refused` */
export function requireGood({ verification, introspection }: Answers, connection: string | null): void {
  const named = connection === null ? {} : { connection };
  if (verification?.verified === false && (!verification.signature || !verification.issuer))
    throw new AuthError("check_failed", `This token can't be trusted: ${verification.fault}.`, {
      hint: connection === null ? "Don't use it." : `Don't use it. Log in again: auth login ${connection} --force`,
      ...named,
    });
  if (introspection?.active === false)
    throw new AuthError("token_refused", "The issuer no longer accepts this token.", {
      hint: connection === null ? "Get a new one." : `Get a new one: auth refresh ${connection} --force`,
      ...named,
    });
}

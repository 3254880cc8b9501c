/**
 * Identity assertions (ID-JAG, draft-ietf-oauth-identity-assertion-authz-grant): an ID token is changed at its issuer, by a
 * token exchange (RFC 8693), into a JWT that another issuer takes as a grant (RFC 7523).
 */
import * as v from "valibot";
import type { Http } from "../platform/http.ts";
import { textAt } from "../platform/json.ts";
import { LIMITS } from "../platform/limits.ts";
import { outsideWords } from "../platform/redact.ts";
import type { Secret } from "../platform/secret.ts";
import { isSameUrl } from "../platform/url.ts";
import { readBody } from "./body.ts";
import { decodeJwt, isIssuer } from "./idtoken.ts";
import { readTokenReply } from "./reply.ts";
import { scopeOf, sendGrant } from "./send.ts";
import { type Client, OAuthFailure, type Server } from "./types.ts";

const ID_JAG = "urn:ietf:params:oauth:token-type:id-jag";
const ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token";
const TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";

/** The target of an assertion. */
export interface AssertionTarget {
  /** The API's issuer. */
  readonly issuer: string;
  /** The API's own identifier. null: the login leaves it out. */
  readonly resource: string | null;
  /** The client at the API's issuer. */
  readonly clientId: string;
  readonly scopes: readonly string[];
}

/**
 * @param server the identity provider's, @param client ours there
 * @param now milliseconds since the epoch
 * @returns a grant that works once
 * @throws OAuthFailure also where the result isn't an assertion for that target: it is not sent
 */
export async function exchangeForAssertion(
  http: Http,
  server: Server,
  client: Client,
  idToken: Secret,
  target: AssertionTarget,
  now: () => number,
): Promise<Secret> {
  const { issuer, resource, scopes } = target;
  // Where the identity provider's own tokens are for is no part of this.
  const { resource: _, ...provider } = server;
  const raw = await sendGrant(
    { http, server: provider, client, withSecret: true, timeout: LIMITS.exchange / 3 },
    {
      type: TOKEN_EXCHANGE,
      parameters: {
        requested_token_type: ID_JAG,
        audience: issuer,
        ...(resource !== null && { resource }),
        ...scopeOf(server, scopes),
        subject_token: idToken.reveal(),
        subject_token_type: ID_TOKEN,
      },
    },
  );
  const { accessToken } = await readTokenReply(server, client, raw, { subject: null, now: now() });
  const type = textAt(readBody(raw), "issued_token_type");
  const fault =
    type === ID_JAG ? assertionFault(accessToken.reveal(), server.issuer, target, now()) : "is no identity assertion";
  if (fault === null) return accessToken;
  throw new OAuthFailure({
    class: "refused",
    reason: `what it gave ${fault}`,
    status: raw.status,
    remedy: "It was sent nowhere. Whoever runs the identity provider has to mend this.",
  });
}

const Claims = v.object({
  iss: v.string(),
  sub: v.pipe(v.string(), v.nonEmpty()),
  aud: v.union([v.string(), v.pipe(v.array(v.string()), v.length(1))]),
  exp: v.number(),
  client_id: v.optional(v.string()),
  resource: v.optional(v.union([v.string(), v.array(v.string())])),
});

/** Seconds that a clock may be wrong. */
const SKEW = 300;

/**
 * Why an assertion isn't sent on: one for another issuer or API would let its receiver speak for the person there. Its
 * signature is for the issuer to check.
 *
 * @param by the identity provider's issuer
 */
function assertionFault(jwt: string, by: string | null, target: AssertionTarget, now: number): string | null {
  const decoded = decodeJwt(jwt);
  const parsed = v.safeParse(Claims, decoded?.claims);
  if (decoded === null || !parsed.success) return "is no identity assertion";
  const { iss, aud, exp, client_id: clientId, resource = [] } = parsed.output;
  if (!/^(application\/)?oauth-id-jag\+jwt$/i.test(String(decoded.header.typ)))
    return "isn't typed as an identity assertion";
  if (by === null || !isIssuer(by, iss)) return `is another issuer's: ${outsideWords(iss)}`;
  const audience = typeof aud === "string" ? aud : String(aud[0]);
  if (!isSameUrl(audience, target.issuer)) return `is for another issuer: ${outsideWords(audience)}`;
  const other = [resource].flat().find((one) => target.resource !== null && !isSameUrl(one, target.resource));
  if (other !== undefined) return `is for another API: ${outsideWords(other)}`;
  if (clientId !== undefined && clientId !== target.clientId) return `is for another client: ${outsideWords(clientId)}`;
  return exp + SKEW <= now / 1000 ? "has expired" : null;
}

/**
 * Microsoft Entra ID for apps without a person: client credentials by secret, by certificate and by a token of an issuer
 * that the app trusts, as documented at
 * https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow and
 * https://learn.microsoft.com/entra/identity-platform/certificate-credentials
 */
import { type Assertion, dated, Seen, verified } from "./assertions.ts";
import { random } from "./grants.ts";
import { type Call, json, type Server, serve } from "./server.ts";

export interface EntraAppOptions {
  /** The app's certificate, as far as it matters: its public key (SPKI in PEM) and the SHA-256 of its DER. */
  readonly publicKey: string;
  readonly thumbprint: string;
  /** Seconds. */
  readonly accessLifetime?: number;
}

const TENANT = "8eaef023-2b34-4da1-9baa-8bc8c9d6a490";
const CLIENT = { id: "535fb089-9ff3-47b6-9bfb-4f1264799865", secret: "qWg8Q~sampleCredentials/+&=%" };
const JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

export function startEntraApp({ publicKey, thumbprint, accessLifetime = 3599 }: EntraAppOptions) {
  const live = new Map<string, { scope: string; until: number }>();
  const seen = new Seen();
  const state = { secret: CLIENT.secret, trusted: new Set<string>() };
  let now!: () => number;

  const server: Server = serve((url, clock) => {
    now = clock.now;

    async function token({ form, basic }: Call): Promise<Response> {
      if ((basic?.id ?? form.get("client_id")) !== CLIENT.id)
        return refuse("unauthorized_client", 700016, "Application with identifier was not found in the directory.");
      if (form.get("grant_type") !== "client_credentials")
        return refuse("unsupported_grant_type", 70003, "The app requested an unsupported grant type.");
      const fault = await credentialFault(form, basic?.secret ?? form.get("client_secret"));
      if (fault !== null) return fault;
      const scope = form.get("scope") ?? "";
      if (!scope.endsWith("/.default"))
        return refuse(
          "invalid_scope",
          1002012,
          "The provided value for scope is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier.",
        );
      const made = `eyJ0eXAi.${random("base62", 200)}.${random("base62", 80)}`;
      live.set(made, { scope, until: now() + accessLifetime * 1000 });
      const reply = { token_type: "Bearer", expires_in: accessLifetime, ext_expires_in: accessLifetime };
      return json({ ...reply, access_token: made }, 200, dated(now()));
    }

    async function credentialFault(form: URLSearchParams, secret: string | null): Promise<Response | null> {
      const assertion = form.get("client_assertion");
      if (assertion !== null && secret !== null)
        return refuse("invalid_request", 90014, "Only one client authentication may be used.");
      if (assertion === null)
        return secret === null
          ? refuse(
              "invalid_client",
              7000218,
              "The request body must contain: 'client_assertion' or 'client_secret'.",
              401,
            )
          : secret === state.secret
            ? null
            : refuse("invalid_client", 7000215, "Invalid client secret provided.", 401);
      if (form.get("client_assertion_type") !== JWT_BEARER)
        return refuse("invalid_request", 900144, "The request body must contain: 'client_assertion_type'.");
      if (state.trusted.has(assertion)) return null;
      const found = await verified(assertion, publicKey, "PS256");
      return found === null ? untrusted() : claimsFault(found);
    }

    function claimsFault({ header, claims }: Assertion): Response | null {
      if (header["x5t#S256"] !== thumbprint) return untrusted();
      const { iss, sub, aud, iat, exp, jti } = claims as Record<string, unknown> & { iat: number; exp: number };
      if (iss !== CLIENT.id || sub !== CLIENT.id) return untrusted();
      if (aud !== `${url}/${TENANT}/oauth2/v2.0/token`)
        return refuse("invalid_client", 700023, "Client assertion audience claim does not match Realm issuer.", 401);
      const seconds = now() / 1000;
      if (exp < seconds - 300 || iat > seconds + 300 || exp - iat > 600)
        return refuse("invalid_client", 700024, "Client assertion is not within its valid time range.", 401);
      return seen.isNew(jti) ? null : refuse("invalid_client", 700027, "Client assertion was used before.", 401);
    }

    function untrusted(): Response {
      return refuse("invalid_client", 700027, "Client assertion contains an invalid signature.", 401);
    }

    function refuse(error: string, code: number, description: string, status = 400): Response {
      const timestamp = new Date(now()).toISOString();
      const body = { error, error_description: `AADSTS${code}: ${description}`, error_codes: [code], timestamp };
      return json(body, status, dated(now()));
    }

    return { [`POST /${TENANT}/oauth2/v2.0/token`]: token };
  });

  return {
    server,
    tenant: TENANT,
    client: CLIENT,
    endpoints: { token: `${server.url}/${TENANT}/oauth2/v2.0/token` },
    state,
    isLive: (token: string): boolean => now() < (live.get(token)?.until ?? 0),
    scopeOf: (token: string): string | undefined => live.get(token)?.scope,
  };
}

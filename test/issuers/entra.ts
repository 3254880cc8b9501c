/**
 * Microsoft Entra ID, version 2.0, as its documentation describes it: tenants, one resource per request, its own names
 * in the device flow, AADSTS numbers in every error, refresh tokens that are replaced but live on, no revocation.
 */
import { REFUSALS, refusal } from "./entra-refusals.ts";
import { Codes, Devices, keySet, random, signed, verifierFits, words } from "./grants.ts";
import { type Call, html, json, redirect, type Server, serve } from "./server.ts";

export interface EntraOptions {
  /** Seconds, as all lifetimes here. */
  readonly accessLifetime?: number;
  readonly refreshLifetime?: number;
  readonly deviceLifetime?: number;
  readonly interval?: number;
  readonly approve?: boolean;
}

interface Refresh {
  readonly token: string;
  readonly clientId: string;
  readonly scope: string;
  readonly expiresAt: number;
  readonly person: Person;
}

interface Client {
  readonly id: string;
  readonly secret: string | null;
}

/** What prevents a refresh until the next login. */
export interface Challenge {
  readonly error: string;
  readonly code: number;
  readonly description: string;
  readonly suberror?: string;
  readonly claims?: string;
}

const TENANT = "8eaef023-2b34-4da1-9baa-8bc8c9d6a490";

/** Who logs in where: a refresh token belongs to its person, and to no other tenant's. */
interface Person {
  readonly oid: string;
  readonly tid: string;
  readonly username: string;
}

const ALAN: Person = { oid: "00000000-0000-0000-66f3-3332eca7ea81", tid: TENANT, username: "alan@contoso.example" };
const MARY: Person = {
  oid: "00000000-0000-0000-1111-2222eca7ea81",
  tid: "5c4b3a29-1807-4f6e-9d5c-4b3a29180716",
  username: "mary@fabrikam.example",
};
/** Personal accounts are all of one tenant. */
const HOME: Person = {
  oid: "00000000-0000-0000-3333-4444eca7ea81",
  tid: "9188040d-6c67-4c5b-b112-36a304b66dad",
  username: "alan@outlook.example",
};

const TENANTS: Readonly<Record<string, Person>> = {
  common: ALAN,
  organizations: ALAN,
  [TENANT]: ALAN,
  "contoso.example": ALAN,
  "fabrikam.example": MARY,
  consumers: HOME,
};
const PUBLIC: Client = { id: "6731de76-14a6-49ae-97bc-6eba6914391e", secret: null };
const CONFIDENTIAL: Client = { id: "11112222-bbbb-3333-cccc-4444dddd5555", secret: "abc8Q~entra-client-secret" };
const OPENID = ["openid", "profile", "email", "offline_access"];

export function startEntra(options: EntraOptions = {}) {
  const { accessLifetime = 4500, refreshLifetime = 7_776_000, deviceLifetime = 900, interval = 5 } = options;
  const codes = new Codes();
  const refreshes: Refresh[] = [];
  const access = new Map<string, number>();
  const decisions = {
    authorize: "approve" as "approve" | "deny",
    challenge: null as Challenge | null,
    /** The app may not have refresh tokens. */
    withholdsOffline: false,
  };
  let devices!: Devices;
  let now!: () => number;

  const server: Server = serve((url, clock) => {
    now = clock.now;
    devices = new Devices(clock);
    if (options.approve) devices.decision = "approved";

    function refuse(code: keyof typeof REFUSALS, more: object = {}): Response {
      return refusal(now(), REFUSALS[code], code, more);
    }

    function authorize({ query }: Call): Response {
      const to = query.get("redirect_uri") ?? "";
      if (clientOf(query.get("client_id")) === null) return html("AADSTS700016: Application not found", 400);
      if (URL.parse(to)?.hostname !== "localhost") return html("AADSTS50011: The redirect URI does not match", 400);
      const state = query.get("state");
      if (decisions.authorize === "deny")
        return redirect(to, {
          error: "access_denied",
          error_description: "AADSTS65004: User declined to consent to access the app.",
          state,
        });
      // Only a login that carries what was asked for satisfies it.
      const wanted = decisions.challenge?.claims;
      if (wanted === undefined || query.get("claims") === wanted) decisions.challenge = null;
      return redirect(to, {
        code: codes.addFor(query, `0.A${random("base62", 120)}`),
        state,
        session_state: crypto.randomUUID(),
      });
    }

    function device({ form }: Call): Response {
      const client = clientOf(form.get("client_id"));
      if (client === null) return refuse(700016);
      const scope = form.get("scope") ?? "";
      const bad = scopeFault(scope);
      if (bad !== null) return bad;
      const issued = devices.add(
        {
          deviceCode: `DAQ${random("base62", 120)}`,
          userCode: random("base36", 9),
          clientId: client.id,
          scope,
          interval,
        },
        deviceLifetime,
      );
      return json({
        user_code: issued.userCode,
        device_code: issued.deviceCode,
        verification_uri: `${url}/devicelogin`,
        expires_in: deviceLifetime,
        interval,
        message: `To sign in, use a web browser to open the page ${url}/devicelogin and enter the code ${issued.userCode} to authenticate.`,
      });
    }

    async function token({ form, basic }: Call, person: Person): Promise<Response> {
      const client = clientOf(basic?.id ?? form.get("client_id"));
      if (client === null) return refuse(700016);
      const secret = basic?.secret ?? form.get("client_secret");
      if (client.secret === null && secret !== null) return refuse(700025);
      if (client.secret !== null && secret === null) return refuse(7000218);
      if (client.secret !== secret) return refuse(7000215);
      switch (form.get("grant_type")) {
        case "authorization_code":
          return byCode(form, client, person);
        case "urn:ietf:params:oauth:grant-type:device_code":
        case "device_code":
          return byDevice(form, client, person);
        case "refresh_token":
          return refresh(form, client, person);
        default:
          return refuse(70003);
      }
    }

    async function byCode(form: URLSearchParams, client: Client, person: Person): Promise<Response> {
      const code = codes.take(form.get("code"));
      if (code === null || code.clientId !== client.id) return refuse(54005);
      if (form.get("redirect_uri") !== code.redirectUri) return refuse(50011);
      if (!verifierFits(code, form.get("code_verifier"))) return refuse(501481);
      return issue(client, code.scope, code.scope, code.nonce, person);
    }

    async function byDevice(form: URLSearchParams, client: Client, person: Person): Promise<Response> {
      const found = devices.find(form.get("device_code"));
      if (found === null || found.clientId !== client.id) return refuse(70018);
      if (devices.expired(found)) return refuse(70020);
      if (devices.tooFast(found)) return refuse(70019);
      if (found.state === "pending") return refuse(70016);
      devices.drop(found);
      if (found.state === "denied") return refuse(70017);
      return issue(client, found.scope, found.scope, null, person);
    }

    async function refresh(form: URLSearchParams, client: Client, person: Person): Promise<Response> {
      const held = refreshes.find(({ token: value }) => value === form.get("refresh_token"));
      if (held === undefined || held.clientId !== client.id)
        return refuse(70000, {
          suberror: "bad_token",
        });
      if (held.person !== person) return refuse(50020);
      if (now() >= held.expiresAt)
        return refuse(700082, {
          suberror: "token_expired",
        });
      const { challenge } = decisions;
      if (challenge !== null) {
        const { error, code, description, ...more } = challenge;
        return refusal(now(), [error, description], code, more);
      }
      // Bound to user and client, not to a resource: the scope of this request says which one.
      return issue(client, form.get("scope") ?? held.scope, held.scope, null, person);
    }

    async function issue(
      client: Client,
      scope: string,
      granted: string,
      nonce: string | null,
      person: Person,
    ): Promise<Response> {
      const bad = scopeFault(scope);
      if (bad !== null) return bad;
      const asked = words(scope);
      const seconds = Math.floor(now() / 1000);
      const made = await signed({
        aud: resourceOf(asked),
        iss: `${url}/${TENANT}/v2.0`,
        iat: seconds,
        exp: seconds + accessLifetime,
        oid: person.oid,
        scp: asked.filter((word) => !OPENID.includes(word)).join(" "),
        jti: random("hex", 16),
      });
      access.set(made, now() + accessLifetime * 1000);
      const wantsRefresh = asked.includes("offline_access") && !decisions.withholdsOffline;
      const next: Refresh = {
        token: `1.A${random("base62", 160)}`,
        clientId: client.id,
        scope: granted,
        expiresAt: now() + refreshLifetime * 1000,
        person,
      };
      if (wantsRefresh) refreshes.push(next); // The old ones work on.
      return json({
        token_type: "Bearer",
        scope: asked.filter((word) => word !== "offline_access").join(" "),
        expires_in: accessLifetime,
        ext_expires_in: accessLifetime,
        access_token: made,
        ...(wantsRefresh ? { refresh_token: next.token } : {}),
        ...(asked.includes("openid") ? { id_token: await idToken(client, seconds, nonce, person) } : {}),
      });
    }

    function idToken(
      client: Client,
      seconds: number,
      nonce: string | null,
      { oid, tid, username }: Person,
    ): Promise<string> {
      return signed({
        ver: "2.0",
        iss: `${url}/${TENANT}/v2.0`,
        aud: client.id,
        sub: "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ",
        oid,
        tid,
        preferred_username: username,
        name: "Alan Turing",
        iat: seconds,
        nbf: seconds,
        exp: seconds + 3600,
        ...(nonce === null ? {} : { nonce }),
      });
    }

    function scopeFault(scope: string): Response | null {
      const resources = new Set(
        words(scope)
          .filter((word) => !OPENID.includes(word))
          .map((word) => resourceOf([word])),
      );
      return resources.size > 1 ? refuse(70011) : null;
    }

    function userinfo({ bearer }: Call): Response {
      return isLive(bearer ?? "")
        ? json({
            sub: "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ",
            name: "Alan Turing",
            email: "alan@contoso.example",
          })
        : json(
            {
              error: { code: "InvalidAuthenticationToken", message: "Access token has expired or is not yet valid." },
            },
            401,
          );
    }

    const routes: Record<string, (call: Call, rest: string) => Response | Promise<Response>> = {
      "GET /oidc/userinfo": userinfo,
      "GET /common/discovery/v2.0/keys": async () => json(await keySet()),
      "POST /*": () => refuse(90002),
    };
    for (const [tenant, person] of Object.entries(TENANTS)) {
      routes[`GET /${tenant}/oauth2/v2.0/authorize`] = authorize;
      routes[`POST /${tenant}/oauth2/v2.0/devicecode`] = device;
      routes[`POST /${tenant}/oauth2/v2.0/token`] = (call) => token(call, person);
    }
    return routes;
  });

  function isLive(token: string): boolean {
    return now() < (access.get(token) ?? 0);
  }

  /** The person's sessions are revoked: refresh tokens die, access tokens live to their end. */
  function kill(): void {
    refreshes.length = 0;
  }

  function endpointsOf(tenant = "common") {
    const at = (part: string) => `${server.url}/${tenant}/oauth2/v2.0/${part}`;
    return {
      authorization: at("authorize"),
      device: at("devicecode"),
      token: at("token"),
      userinfo: `${server.url}/oidc/userinfo`,
    };
  }

  return {
    server,
    tenant: TENANT,
    publicClient: PUBLIC,
    confidentialClient: CONFIDENTIAL,
    endpoints: endpointsOf(),
    /** The same, of one tenant: its domain, or `consumers` for personal accounts. */
    endpointsOf,
    devices,
    decisions,
    refreshes,
    isLive,
    kill,
  };
}

function clientOf(id: string | null): Client | null {
  return [PUBLIC, CONFIDENTIAL].find((client) => client.id === id) ?? null;
}

/** `https://vault.azure.net/.default` is of that resource; a bare word is of Graph. */
function resourceOf(scopes: readonly string[]): string {
  const full = scopes.find((scope) => !OPENID.includes(scope) && scope.includes("/"));
  return full === undefined ? "https://graph.microsoft.com" : full.slice(0, full.lastIndexOf("/"));
}

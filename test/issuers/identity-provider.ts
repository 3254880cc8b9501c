/**
 * A company's identity provider: it logs people in (OpenID Connect), and changes their ID tokens into assertions for other
 * issuers (draft-ietf-oauth-identity-assertion-authz-grant). What is wrong with these, a test orders.
 */
import { exportJWK, generateKeyPair, type JWTPayload, jwtVerify, SignJWT } from "jose";
import { Seen } from "./assertions.ts";

export interface IdentityOptions {
  /** Laid over the claims of an assertion; undefined leaves one out. */
  readonly claims?: Readonly<Record<string, unknown>>;
  /** The type in an assertion's header. */
  readonly typ?: string;
  /** Laid over the reply that brings it. */
  readonly reply?: Readonly<Record<string, unknown>>;
  /** The error in the place of an assertion. */
  readonly refusal?: string;
  /** Seconds that an ID token lives. */
  readonly idTokenLifetime?: number;
  /** Seconds that its own access tokens live. */
  readonly lifetime?: number;
  /** Whether a refresh brings an ID token. */
  readonly renewsIdToken?: boolean;
}

/** Ours at an API's issuer, as the identity provider knows it. */
export const VOUCHED_CLIENT = { id: "auth-at-the-api", secret: "its+secret/there" };

export class IdentityProvider {
  /** To be changed by a test. */
  options: IdentityOptions;
  /** What was sent to the token endpoint. */
  readonly requests: Readonly<Record<string, string>>[] = [];
  readonly #server: Bun.Server<undefined>;
  readonly #keys = generateKeyPair("ES256", { extractable: true });
  readonly #used = new Seen();
  #count = 0;

  constructor(options: IdentityOptions = {}) {
    this.options = options;
    this.#server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: (request) => this.#answer(request) });
  }

  get issuer(): string {
    return `http://127.0.0.1:${this.#server.port}`;
  }

  /** As a connection. */
  get connection(): string {
    return `oidc:127.0.0.1-${this.#server.port}`;
  }

  get exchanges(): Readonly<Record<string, string>>[] {
    return this.requests.filter(({ grant_type }) => grant_type?.endsWith(":token-exchange"));
  }

  async stop(): Promise<void> {
    await this.#server.stop(true);
  }

  /** How the API's issuer checks an assertion: by this provider's key, once. @returns why it is refused, or its scopes */
  async check(assertion: string, audience: string, clientId: string): Promise<string | readonly string[]> {
    try {
      const { payload, protectedHeader } = await jwtVerify(assertion, (await this.#keys).publicKey, {
        issuer: this.issuer,
        audience,
      });
      const isOne = protectedHeader.typ === "oauth-id-jag+jwt" && payload.client_id === clientId;
      if (!isOne || !this.#used.isNew(payload.jti)) return "invalid_grant";
      return String(payload.scope ?? "").split(" ");
    } catch {
      return "invalid_grant";
    }
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    const { issuer } = this;
    if (pathname === "/.well-known/openid-configuration")
      return Response.json({
        issuer,
        authorization_endpoint: `${issuer}/authorize`,
        token_endpoint: `${issuer}/token`,
        jwks_uri: `${issuer}/keys`,
        code_challenge_methods_supported: ["S256"],
        scopes_supported: ["openid", "offline_access"],
      });
    if (pathname === "/keys") return Response.json({ keys: [await exportJWK((await this.#keys).publicKey)] });
    if (pathname === "/authorize") {
      const back = new URL(searchParams.get("redirect_uri") ?? "");
      back.searchParams.set("state", searchParams.get("state") ?? "");
      back.searchParams.set("code", `${searchParams.get("client_id")} ${searchParams.get("nonce") ?? ""}`);
      return new Response(null, { status: 302, headers: { location: back.href } });
    }
    if (pathname !== "/token") return new Response("nothing here", { status: 404 });
    const values = Object.fromEntries(new URLSearchParams(await request.text()));
    this.requests.push(values);
    return values.grant_type?.endsWith(":token-exchange") ? this.#exchange(values) : this.#tokens(values);
  }

  async #tokens({ grant_type, code = "", refresh_token = "" }: Record<string, string>): Promise<Response> {
    const [client = "", nonce = ""] = (code || refresh_token).split(" ");
    const brings = grant_type === "authorization_code" || this.options.renewsIdToken !== false;
    const { idTokenLifetime = 3600, lifetime = 3600 } = this.options;
    const claims = { sub: "u-1", email: "alice@corp.example", aud: client, ...(nonce && code && { nonce }) };
    return Response.json({
      access_token: `idp-access-${++this.#count}`,
      token_type: "Bearer",
      expires_in: lifetime,
      refresh_token: `${client} r${this.#count}`,
      ...(brings && { id_token: await this.#sign(claims, "JWT", idTokenLifetime) }),
    });
  }

  async #exchange(values: Readonly<Record<string, string>>): Promise<Response> {
    const { claims, typ = "oauth-id-jag+jwt", reply, refusal } = this.options;
    const { audience = "", resource, scope, client_id = "" } = values;
    if (refusal !== undefined) return Response.json({ error: refusal }, { status: 400 });
    const isAsked =
      values.requested_token_type === "urn:ietf:params:oauth:token-type:id-jag" &&
      values.subject_token_type === "urn:ietf:params:oauth:token-type:id_token";
    const { publicKey } = await this.#keys;
    const subject = await jwtVerify(values.subject_token ?? "", publicKey, { audience: client_id }).catch(() => null);
    if (!isAsked || subject === null) return Response.json({ error: "invalid_request" }, { status: 400 });
    const about = {
      sub: "u-1",
      aud: audience,
      client_id: VOUCHED_CLIENT.id,
      resource,
      scope,
      jti: crypto.randomUUID(),
    };
    return Response.json({
      access_token: await this.#sign({ ...about, ...claims }, typ, 300),
      issued_token_type: "urn:ietf:params:oauth:token-type:id-jag",
      token_type: "N_A",
      expires_in: 300,
      ...reply,
    });
  }

  async #sign(claims: JWTPayload, typ: string, lifetime: number): Promise<string> {
    const now = Math.floor(Date.now() / 1000);
    const { privateKey } = await this.#keys;
    return new SignJWT({ iss: this.issuer, iat: now, exp: now + lifetime, ...claims })
      .setProtectedHeader({ alg: "ES256", typ })
      .sign(privateKey);
  }
}

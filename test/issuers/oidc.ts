/**
 * The real tokenEndpoint: oidc-provider, a certified OpenID Connect issuer, in a process of its own. (It can't be
 * compiled: it tells its models apart by class name, which minifying takes away.)
 *
 *     bun test/issuers/oidc.ts '{"accessTokenSeconds": 5}'
 *
 * prints one line of JSON, `{"issuer", "clientId", "confidential": {"id", "secret"}, "resource"}`, and serves until it
 * is killed. It rotates refresh tokens, and ends the whole family when an old one comes back.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import Provider, { errors } from "oidc-provider";

export interface OidcOptions {
  /** Default: any. */
  readonly port?: number;
  readonly accessTokenSeconds?: number;
  readonly refreshTokenSeconds?: number;
  readonly deviceCodeSeconds?: number;
  /** Clients may register themselves; `token`: only those that show this one. */
  readonly registration?: boolean | { readonly token: string };
  /** Authorization requests have to be pushed (RFC 9126). */
  readonly pushed?: boolean;
  /** Tokens for the public client are bound to a key (RFC 9449); `nonce`: proofs have to hold the issuer's nonce. */
  readonly dpop?: "required" | "nonce";
  /** The public keys of a client that authenticates with an assertion (RFC 7523), and its algorithm. */
  readonly keyClient?: { readonly jwk: Readonly<Record<string, unknown>>; readonly algorithm: string };
  /** The only scopes that it lists in its metadata, and gives to any client: others are refused (`invalid_scope`). */
  readonly scopes?: readonly string[];
  /** Access tokens are for one of these, and are JWTs (RFC 8707, RFC 9068). */
  readonly resources?: readonly string[];
}

export interface OidcDescription {
  readonly issuer: string;
  /** A public native client: device, code with PKCE, refresh. */
  readonly clientId: string;
  readonly confidential: { readonly id: string; readonly secret: string };
  /** Exists with the option `keyClient`. */
  readonly keyClientId: string;
}

const CONFIDENTIAL = { id: "auth-test-confidential", secret: "s3cret of the+test client/%&=" };
const PUBLIC = "auth-test";
const KEY_CLIENT = "auth-test-key";
const GRANTS = ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"];

const options: OidcOptions = JSON.parse(process.argv[2] ?? "{}");
let handle: (request: IncomingMessage, response: ServerResponse) => void = () => {};
const server = createServer((request, response) => handle(request, response));
server.listen(options.port ?? 0, "127.0.0.1", async () => {
  const address = server.address();
  const issuer = `http://127.0.0.1:${typeof address === "object" ? address?.port : options.port}`;
  handle = await createIssuer(issuer);
  const description: OidcDescription = {
    issuer,
    clientId: PUBLIC,
    confidential: CONFIDENTIAL,
    keyClientId: KEY_CLIENT,
  };
  await Bun.write(Bun.stdout, `${JSON.stringify(description)}\n`);
});

async function createIssuer(issuer: string): Promise<typeof handle> {
  const keys = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
  // What WebCrypto says of the private key's use would be wrong of the public one, which is published.
  const { key_ops: _, ext: __, ...jwk } = await crypto.subtle.exportKey("jwk", keys.privateKey);
  const key = { ...jwk, alg: "ES256", use: "sig", kid: "test" };
  const client = {
    application_type: "native",
    grant_types: GRANTS,
    response_types: ["code"],
    id_token_signed_response_alg: "ES256",
    ...(options.scopes !== undefined && { scope: options.scopes.join(" ") }),
  };
  const provider = new Provider(issuer, {
    clients: [
      {
        ...client,
        client_id: PUBLIC,
        token_endpoint_auth_method: "none",
        dpop_bound_access_tokens: options.dpop !== undefined,
        redirect_uris: ["http://127.0.0.1/callback", "http://localhost/callback", "https://app.example/callback"],
      },
      {
        ...client,
        client_id: CONFIDENTIAL.id,
        client_secret: CONFIDENTIAL.secret,
        grant_types: [...GRANTS, "client_credentials"],
        token_endpoint_auth_method: "client_secret_basic",
        redirect_uris: ["http://127.0.0.1/callback"],
      },
      ...(options.keyClient === undefined ? [] : [keyClient(options.keyClient, client)]),
    ],
    jwks: { keys: [key] },
    cookies: { keys: ["for the tests only"] },
    scopes: ["openid", "offline_access", "profile", "email"],
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name", "preferred_username"] },
    findAccount: (_context: unknown, id: string) => ({
      accountId: id,
      claims: () => ({
        sub: id,
        email: `${id}@example.com`,
        email_verified: true,
        name: `Person ${id}`,
        preferred_username: id,
      }),
    }),
    rotateRefreshToken: true,
    issueRefreshToken: (_context: unknown, _client: unknown, code: { scopes: Set<string> }) =>
      code.scopes.has("offline_access"),
    ttl: {
      ClientCredentials: options.accessTokenSeconds ?? 3600,
      AccessToken: options.accessTokenSeconds ?? 3600,
      RefreshToken: options.refreshTokenSeconds ?? 24 * 3600,
      DeviceCode: options.deviceCodeSeconds ?? 600,
      AuthorizationCode: 60,
      IdToken: 3600,
      Grant: 24 * 3600,
      Session: 24 * 3600,
      Interaction: 600,
    },
    features: {
      devInteractions: { enabled: true },
      deviceFlow: { enabled: true },
      clientCredentials: { enabled: true },
      revocation: { enabled: true },
      introspection: { enabled: true },
      userinfo: { enabled: true },
      registration: {
        enabled: options.registration !== undefined,
        ...(typeof options.registration === "object" && { initialAccessToken: options.registration.token }),
      },
      pushedAuthorizationRequests: { enabled: true, requirePushedAuthorizationRequests: options.pushed ?? false },
      dPoP: {
        enabled: true,
        nonceSecret: Buffer.alloc(32, 7),
        requireNonce: () => options.dpop === "nonce",
      },
      ...(options.resources !== undefined && { resourceIndicators: resourceIndicators(options.resources) }),
    },
  });
  if (options.scopes !== undefined)
    provider.use(async (context, next) => {
      await next();
      if (context.path === "/.well-known/openid-configuration") context.body.scopes_supported = options.scopes;
    });
  return provider.callback();
}

function keyClient({ jwk, algorithm }: NonNullable<OidcOptions["keyClient"]>, common: object): object {
  return {
    ...common,
    client_id: KEY_CLIENT,
    grant_types: [...GRANTS, "client_credentials"],
    token_endpoint_auth_method: "private_key_jwt",
    token_endpoint_auth_signing_alg: algorithm,
    jwks: { keys: [jwk] },
    redirect_uris: ["http://127.0.0.1/callback"],
  };
}

function resourceIndicators(resources: readonly string[]): object {
  return {
    enabled: true,
    defaultResource: (_context: unknown, _client: unknown, oneOf?: string) => oneOf ?? resources[0],
    useGrantedResource: () => true,
    getResourceServerInfo: (_context: unknown, resource: string) => {
      if (!resources.includes(resource)) throw new errors.InvalidTarget();
      return {
        scope: "openid offline_access profile email",
        audience: resource,
        accessTokenFormat: "jwt",
        jwt: { sign: { alg: "ES256" } },
      };
    },
  };
}

/**
 * An MCP server that takes tokens, and authorization servers that give them: each at its own port, and each with the faults
 * that a test orders. A person who visits an authorization page approves at once.
 */
import { createHash } from "node:crypto";

export interface McpOptions {
  /** The path of the MCP server. */
  readonly path?: string;
  /** null: no challenge names the metadata; text: what a refusal says, with `{metadata}` in it. */
  readonly challenge?: string | null;
  /** Whether a request without a token is refused. */
  readonly open?: boolean;
  /** Where the metadata is. null: nowhere. */
  readonly metadataAt?: string | null;
  /** Whether the server names itself by its origin. */
  readonly ofOrigin?: boolean;
  /** Laid over the metadata. */
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** Instead of the metadata's JSON. */
  readonly metadataText?: string;
  /** Laid over that of the first authorization server; undefined leaves a field out. */
  readonly issuerMetadata?: Readonly<Record<string, unknown>>;
  /** The `iss` of an answer; null: none. */
  readonly iss?: string | null;
  /** The error that an answer brings instead of a code. */
  readonly refusal?: string;
  /** Seconds; null: the issuer doesn't say. */
  readonly lifetime?: number | null;
  /** Whose the next login is, by its identity token; without it there is none. */
  readonly account?: () => string;
  /** Answers whoever may ask, instead of an empty list of tools. @param token null: none was sent */
  readonly handler?: (request: Request, token: string | null) => Response | Promise<Response>;
  /** Whether tokens are bound to a key (RFC 9449). Proofs are the test's to look at. */
  readonly bound?: true;
  /** Scopes that a token has, whatever was asked for. */
  readonly grants?: readonly string[];
  /** Answers the grants that no login makes: the scopes of the token, or the error. */
  readonly otherGrant?: (
    values: Readonly<Record<string, string>>,
    request: Request,
  ) => Promise<readonly string[] | string>;
}

export interface Seen {
  readonly path: string;
  readonly values: Readonly<Record<string, string>>;
}

export class AuthorizationServer {
  readonly seen: Seen[] = [];
  /** Milliseconds that a reply of the token endpoint waits, after it was decided. */
  tokenDelay = 0;
  readonly registrations: Record<string, unknown>[] = [];
  readonly tokens = new Map<
    string,
    { readonly scope: string; readonly resource: string | null; readonly until?: number }
  >();
  readonly #server: Bun.Server<undefined>;
  readonly #options: McpOptions;
  readonly #codes = new Map<string, Readonly<Record<string, string>>>();
  readonly #refreshTokens = new Map<string, string>();
  readonly #prefix: string;
  #count = 0;

  constructor(options: McpOptions, prefix = "as") {
    this.#options = options;
    this.#prefix = prefix;
    this.#server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: (request) => this.#answer(request) });
  }

  get issuer(): string {
    return `http://127.0.0.1:${this.#server.port}`;
  }

  to(path: string): Readonly<Record<string, string>>[] {
    return this.seen.filter((one) => one.path === path).map(({ values }) => values);
  }

  async stop(): Promise<void> {
    await this.#server.stop(true);
  }

  isAlive(token: string): boolean {
    const known = this.tokens.get(token);
    return known !== undefined && (known.until ?? Number.POSITIVE_INFINITY) > Date.now();
  }

  /** None of its access tokens is good any more, whatever their ends. */
  expireAll(): void {
    for (const [token, about] of this.tokens) this.tokens.set(token, { ...about, until: 0 });
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/.well-known/oauth-authorization-server") return Response.json(this.#metadata());
    if (pathname === "/authorize") return this.#authorize(Object.fromEntries(searchParams));
    if (pathname === "/register") {
      const body = (await request.json()) as Record<string, unknown>;
      this.registrations.push(body);
      const id = `${this.#prefix}-client-${++this.#count}`;
      return Response.json({ ...body, client_id: id }, { status: 201 });
    }
    if (pathname === "/token") {
      const reply = await this.#token(Object.fromEntries(new URLSearchParams(await request.text())), request);
      await Bun.sleep(this.tokenDelay);
      return reply;
    }
    return new Response("nothing here", { status: 404 });
  }

  #metadata(): Record<string, unknown> {
    const { issuer } = this;
    return {
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      registration_endpoint: `${issuer}/register`,
      code_challenge_methods_supported: ["S256"],
      token_endpoint_auth_methods_supported: ["none"],
      authorization_response_iss_parameter_supported: true,
      scopes_supported: ["tools", "files:read", "files:write", "offline_access"],
      ...(this.#options.bound && { dpop_signing_alg_values_supported: ["ES256"] }),
      ...this.#options.issuerMetadata,
    };
  }

  #authorize(values: Readonly<Record<string, string>>): Response {
    this.seen.push({ path: "/authorize", values });
    const code = `code-${++this.#count}`;
    this.#codes.set(code, values);
    const back = new URL(values.redirect_uri ?? "");
    back.searchParams.set("state", values.state ?? "");
    const { iss = this.issuer, refusal } = this.#options;
    if (iss !== null) back.searchParams.set("iss", iss);
    if (refusal === undefined) back.searchParams.set("code", code);
    else {
      back.searchParams.set("error", "access_denied");
      back.searchParams.set("error_description", refusal);
    }
    return new Response(null, { status: 302, headers: { location: back.href } });
  }

  async #token(values: Readonly<Record<string, string>>, request: Request): Promise<Response> {
    this.seen.push({ path: "/token", values });
    const { lifetime = 3600, otherGrant } = this.#options;
    const until = lifetime === null ? Number.POSITIVE_INFINITY : Date.now() + lifetime * 1000;
    const life = lifetime === null ? {} : { expires_in: lifetime };
    if (otherGrant !== undefined && !["refresh_token", "authorization_code"].includes(values.grant_type ?? "")) {
      const granted = await otherGrant(values, request);
      if (typeof granted === "string") return Response.json({ error: granted }, { status: 400 });
      const access = `${this.#prefix}-access-${crypto.randomUUID()}`;
      this.tokens.set(access, { scope: granted.join(" "), resource: values.resource ?? null, until });
      return Response.json({ access_token: access, token_type: "Bearer", ...life });
    }
    const bad = Response.json({ error: "invalid_grant" }, { status: 400 });
    let scope: string;
    let identity = {};
    if (values.grant_type === "refresh_token") {
      const known = this.#refreshTokens.get(values.refresh_token ?? "");
      if (known === undefined) return bad;
      this.#refreshTokens.delete(values.refresh_token ?? "");
      scope = known;
    } else {
      const asked = this.#codes.get(values.code ?? "");
      const challenge = createHash("sha256")
        .update(values.code_verifier ?? "")
        .digest("base64url");
      if (asked === undefined || asked.code_challenge !== challenge) return bad;
      this.#codes.delete(values.code ?? "");
      if (this.#options.account !== undefined) identity = this.#identity(this.#options.account(), asked);
      scope = this.#options.grants?.join(" ") ?? asked.scope ?? "";
    }
    const access = `${this.#prefix}-access-${crypto.randomUUID()}`;
    const refresh = `${this.#prefix}-refresh-${crypto.randomUUID()}`;
    this.#refreshTokens.set(refresh, scope);
    this.tokens.set(access, { scope, resource: values.resource ?? null, until });
    return Response.json({
      access_token: access,
      token_type: this.#options.bound ? "DPoP" : "Bearer",
      ...life,
      refresh_token: refresh,
      ...(scope !== "" && { scope }),
      ...identity,
    });
  }

  /** Unsigned: it comes by TLS, or on this machine (OpenID Connect Core §3.1.3.7). */
  #identity(sub: string, { client_id: aud, nonce }: Readonly<Record<string, string>>): { id_token: string } {
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: this.issuer, sub, aud, iat: now, exp: now + 600, nonce };
    const parts = [{ alg: "RS256" }, claims].map((one) => Buffer.from(JSON.stringify(one)).toString("base64url"));
    return { id_token: `${parts.join(".")}.c2ln` };
  }
}

export class McpServer {
  /** In the order in which the metadata names them: to be changed by a test. */
  issuers: AuthorizationServer[];
  readonly requests: string[] = [];
  readonly #server: Bun.Server<undefined>;
  readonly #options: McpOptions;
  readonly #path: string;

  constructor(options: McpOptions = {}) {
    this.#options = options;
    this.#path = options.path ?? "/mcp";
    this.issuers = [new AuthorizationServer(options)];
    this.#server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      idleTimeout: 0,
      fetch: (request) => this.#answer(request),
    });
  }

  get origin(): string {
    return `http://127.0.0.1:${this.#server.port}`;
  }

  get url(): string {
    return `${this.origin}${this.#path}`;
  }

  /** As a connection. */
  get connection(): string {
    return `mcp:127.0.0.1-${this.#server.port}${this.#path}`;
  }

  get metadataUrl(): string {
    return `${this.origin}${this.#metadataAt ?? ""}`;
  }

  get issuer(): AuthorizationServer {
    const [first] = this.issuers;
    if (first === undefined) throw new Error("no authorization server");
    return first;
  }

  /** As it is sent. */
  get challenge(): string {
    return (this.#options.challenge ?? 'Bearer resource_metadata="{metadata}"').replace("{metadata}", this.metadataUrl);
  }

  async stop(): Promise<void> {
    await Promise.all([this.#server.stop(true), ...this.issuers.map((issuer) => issuer.stop())]);
  }

  get #metadataAt(): string | null {
    const { metadataAt = `/.well-known/oauth-protected-resource${this.#path}` } = this.#options;
    return metadataAt;
  }

  #answer(request: Request): Response | Promise<Response> {
    const { handler } = this.#options;
    const { pathname } = new URL(request.url);
    this.requests.push(`${request.method} ${pathname}`);
    if (pathname === this.#metadataAt && request.method === "GET") return this.#metadata();
    if (pathname !== this.#path || (request.method !== "POST" && handler === undefined))
      return new Response("nothing here", { status: 404 });
    const token = /^(?:Bearer|DPoP) (.+)$/.exec(request.headers.get("authorization") ?? "")?.[1];
    const isKnown = token !== undefined && this.issuers.some((issuer) => issuer.isAlive(token));
    if (isKnown || this.#options.open) return handler?.(request, token ?? null) ?? noTools(request);
    const headers: Record<string, string> =
      this.#options.challenge === null ? {} : { "www-authenticate": this.challenge };
    return new Response(null, { status: 401, headers });
  }

  #metadata(): Response {
    const { metadata, metadataText, ofOrigin } = this.#options;
    if (metadataText !== undefined) return new Response(metadataText);
    return Response.json({
      resource: ofOrigin ? this.origin : this.url,
      authorization_servers: this.issuers.map(({ issuer }) => issuer),
      scopes_supported: ["tools"],
      ...(this.#options.bound && { dpop_bound_access_tokens_required: true }),
      ...metadata,
    });
  }
}

async function noTools(request: Request): Promise<Response> {
  const { id } = (await request.json()) as { id: unknown };
  return Response.json({ jsonrpc: "2.0", id, result: { tools: [] } });
}

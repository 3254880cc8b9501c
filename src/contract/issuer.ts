/**
 * A provider that is exactly as its description says, on a free port of 127.0.0.1: endpoints, formats, names, replies,
 * rotation, errors. What a request lacks by the description is a contradiction in it, and is written down.
 */
import { nameOf } from "../oauth/names.ts";
import { isSameOrigin } from "../platform/url.ts";
import { fillDialect } from "../providers/filled.ts";
import { dialectOf, type MintingFlow } from "../providers/minting.ts";
import type { ResolvedProvider } from "../providers/resolve.ts";
import type { EndpointName } from "../providers/schema.ts";
import { type Body, Contradiction, codesOf, type ErrorReply, errorReply, put, putTokens, within } from "./bodies.ts";
import { metadataFor, withDiscovered } from "./discovered.ts";
import { type Grant, Grants } from "./grants.ts";
import { type Call, ReceivedRequest, type TestClient } from "./request.ts";
import { accountBody, idToken } from "./test-account.ts";

/** How long an access token of the test lives, in seconds. */
export const LIFETIME = 3600;

export interface IssuerOptions {
  readonly provider: ResolvedProvider;
  readonly client: TestClient;
  /** Checks and answers a request for a token without a person. */
  readonly mint: (issuer: Issuer, asked: ReceivedRequest, flow: MintingFlow) => Promise<Body> | Body;
}

export class Issuer {
  readonly provider: ResolvedProvider;
  readonly client: TestClient;
  readonly grants: Grants;
  /** The endpoints in force: declared, or told by discovery. */
  readonly endpoints: Readonly<Partial<Record<EndpointName, string>>>;
  /** Contradictions found, in words. */
  readonly found: string[] = [];
  /** Addresses that were called, in order. */
  readonly calls: string[] = [];
  /** What the person does when a device polls, one poll each; then it is approved. */
  decisions: ("pending" | "slow_down" | "denied" | "expired")[] = [];
  /** Without `expires_in`, or whatever it is called here. */
  silentAboutExpiry = false;
  readonly #mint: IssuerOptions["mint"];
  readonly #server: Bun.Server<undefined>;
  readonly #devices = new Map<string, Grant>();
  readonly #faults: ErrorReply[] = [];
  #offset = 0;

  constructor({ provider, client, mint }: IssuerOptions) {
    this.provider = provider;
    this.client = client;
    this.#mint = mint;
    this.endpoints = withDiscovered(provider);
    this.grants = new Grants(provider.dialect.refresh, () => Date.now() + this.#offset);
    this.#server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: (request) => this.#answer(request) });
  }

  /** Moves the issuer's clock: a grace ends. */
  advance(seconds: number): void {
    this.#offset += seconds * 1000;
  }

  /** What the next token request is answered. */
  failNext(fault: ErrorReply): void {
    this.#faults.push(fault);
  }

  /** Where an address of the provider is played. @throws Contradiction for one that isn't the provider's */
  local(address: string): string {
    const url = new URL(address);
    const known = [...Object.values(this.endpoints), ...(this.provider.issuer === null ? [] : [this.provider.issuer])];
    if (!known.some((one) => isSameOrigin(one, address)))
      throw this.#note(new Contradiction(`a request went to ${url.origin}, which the description doesn't declare`));
    return `http://127.0.0.1:${this.#server.port}/${encodeURIComponent(url.origin)}${url.pathname}${url.search}`;
  }

  /**
   * The person at the authorization page says yes, or no.
   * @param redirectUri as it is registered, for a provider that isn't told it
   * @returns where the browser is sent
   */
  visit(address: string, redirectUri: string, decision: "approve" | "deny" = "approve"): string {
    try {
      return this.#authorize(new URL(address), redirectUri, decision);
    } catch (error) {
      throw error instanceof Contradiction ? this.#note(error) : error;
    }
  }

  async stop(): Promise<void> {
    await this.#server.stop(true);
  }

  async #answer(request: Request): Promise<Response> {
    const url = new URL(request.url);
    const [, origin = "", path = ""] = /^\/([^/]+)(.*)$/.exec(url.pathname) ?? [];
    const address = `${decodeURIComponent(origin)}${path}`;
    this.calls.push(address);
    const { method, headers } = request;
    const call: Call = { method, address, query: url.searchParams, headers, body: await request.text() };
    try {
      return await this.#route(call);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      this.#note(error);
      return Response.json({ error: "invalid_request", error_description: error.message }, { status: 400 });
    }
  }

  async #route(call: Call): Promise<Response> {
    const names = this.#endpointsAt(call.address);
    const { issuer, dialect } = this.provider;
    if (issuer !== null && call.address === `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`)
      return Response.json(metadataFor(issuer, this.provider, this.endpoints));
    const revokes = names.includes("revocation") && (names.length === 1 || call.method === "DELETE");
    if (revokes) return this.#revoke(call);
    if (names.includes("userinfo") && call.method === "GET") return this.#userinfo(call);
    if (names.includes("introspection")) return this.#introspect(call);
    const minting = this.#minting(call, names);
    if (minting !== null) return this.#token(minting.asked, names, minting.flow);
    const asked = new ReceivedRequest(call, dialect);
    if (names.includes("device") && asked.get("device_code") === null && asked.get("refresh_token") === null)
      if (names.length === 1 || asked.grantType() === null) return this.#device(asked);
    if (names.includes("token") || names.includes("refresh") || names.includes("mint"))
      return this.#token(asked, names);
    throw new Contradiction(`a request went to ${call.address}, which is no endpoint of the description`);
  }

  #endpointsAt(address: string): EndpointName[] {
    const { id } = this.client;
    const plain = (url: string): string => {
      const { origin, pathname } = new URL(url.replace("{clientId}", () => encodeURIComponent(id)));
      return `${origin}${pathname}`;
    };
    return (Object.entries(this.endpoints) as [EndpointName, string][])
      .filter(([, url]) => plain(url) === address)
      .map(([name]) => name);
  }

  /** RFC 6749 §4.1.1. */
  #authorize(url: URL, registered: string, decision: "approve" | "deny"): string {
    const { authorization = "" } = this.endpoints;
    const { authorize, scopes } = this.provider.dialect;
    if (`${url.origin}${url.pathname}` !== withoutQuery(authorization))
      throw new Contradiction(`the browser was sent to ${url.origin}${url.pathname}`);
    const sent = authorize.fragment === undefined ? url.searchParams : behindFragment(url, authorize.fragment);
    for (const [name, value] of [...Object.entries(authorize.parameters), ...new URL(authorization).searchParams])
      if (sent.get(name) !== value)
        throw new Contradiction(`authorize.parameters.${name} does nothing: the protocol's own parameter is sent`);
    const given = (name: string): string | null => {
      const known = nameOf(name, authorize.names);
      return known === false ? null : sent.get(known);
    };
    for (const name of ["client_id", "redirect_uri", "state"])
      if (authorize.names[name] !== false && !given(name))
        throw new Contradiction(`${name} is missing from the authorization request`);
    const challenge = given("code_challenge");
    if (authorize.pkce !== (challenge !== null)) throw new Contradiction("authorize.pkce isn't what is done");
    const sendsNonce = given("nonce") !== null;
    if ((authorize.nonce === "always" && !sendsNonce) || (authorize.nonce === "never" && sendsNonce))
      throw new Contradiction("authorize.nonce isn't what is done");
    const redirectUri = given("redirect_uri");
    const redirect = new URL(redirectUri ?? registered);
    const back = (parameters: readonly (readonly [string, string])[]): string => {
      for (const [name, value] of [...parameters, [nameOf("state", authorize.names) || "state", given("state") ?? ""]])
        redirect.searchParams.set(name ?? "", value ?? "");
      return redirect.href;
    };
    if (decision === "deny") return back([["error", "access_denied"]]);
    const asked = split(given("scope"), scopes.separator);
    const grant: Grant = { scopes: asked, flow: "browser", nonce: given("nonce"), dead: false };
    const code = this.grants.addCode({ grant, redirectUri, challenge });
    return back([[authorize.codeParameter, code], ...authorize.extra.map((name) => [name, "kept"] as const)]);
  }

  /** RFC 8628 §3.2, under the provider's names. */
  #device(asked: ReceivedRequest): Response {
    const { dialect } = this.provider;
    asked.authenticate(this.client, dialect.device.needsSecret, "the request for a device code");
    const scopes = split(asked.get("scope"), dialect.scopes.separator);
    const code = this.grants.fresh("device");
    this.#devices.set(code, { scopes, flow: "device", nonce: null, dead: false });
    const body: Body = {};
    const fields = {
      device_code: code,
      user_code: "WDJB-MJHT",
      verification_uri: "https://device.example/activate",
      verification_uri_complete: "https://device.example/activate?code=WDJB-MJHT",
      expires_in: 600,
      interval: 5,
    };
    for (const [name, value] of Object.entries(fields)) {
      const path = dialect.device.fields[name as keyof typeof fields] ?? name;
      put(body, path, value, `device.fields.${name}`);
    }
    return Response.json(body);
  }

  async #token(
    asked: ReceivedRequest,
    names: readonly EndpointName[],
    flow: MintingFlow | null = null,
  ): Promise<Response> {
    const fault = this.#faults.shift();
    if (fault !== undefined) return answer(fault);
    if (flow !== null) return Response.json(await this.#mint(this, asked, flow));
    switch (asked.grantType()) {
      case "authorization_code":
        return this.#exchange(asked);
      case "refresh_token":
        if (this.endpoints.refresh !== undefined && !names.includes("refresh"))
          throw new Contradiction("a refresh went to endpoints.token, though endpoints.refresh is another");
        return this.#refresh(asked);
      case "urn:ietf:params:oauth:grant-type:device_code":
        return this.#poll(asked);
      default:
        throw new Contradiction(`a token request has the grant type ${asked.get("grant_type") ?? "(none)"}`);
    }
  }

  /** A request of a flow without a person, which may be written another way than the others. */
  #minting(call: Call, names: readonly EndpointName[]): { asked: ReceivedRequest; flow: MintingFlow } | null {
    const { definition } = this.provider;
    for (const [name, minting] of Object.entries(definition.minting ?? {})) {
      if (minting === undefined || minting.use === "bearer" || !names.includes(minting.endpoint ?? "token")) continue;
      const flow = name as MintingFlow;
      const types = { grant: JWT_BEARER, request: null, assertion: "client_credentials", exchange: TOKEN_EXCHANGE };
      const asked = ReceivedRequest.orNull(call, fillDialect(dialectOf(definition, flow), this.provider.settings));
      if (asked !== null && asked.grantType() === types[minting.use]) return { asked, flow };
    }
    return null;
  }

  /** RFC 6749 §4.1.3. */
  async #exchange(asked: ReceivedRequest): Promise<Response> {
    const { dialect } = this.provider;
    asked.authenticate(this.client, true, "the exchange of the code");
    asked.further(dialect.request.tokenParameters, "request.tokenParameters");
    const code = this.grants.takeCode(asked.get("code") ?? "");
    if (code === null) return this.#error("dead");
    if (code.redirectUri !== null) asked.expect("redirect_uri", code.redirectUri, ": the exchange of the code");
    if (code.challenge !== null && digest(asked.get("code_verifier") ?? "") !== code.challenge)
      throw new Contradiction("code_verifier doesn't fit the challenge of the authorization request");
    return Response.json(await this.#firstTokens(code.grant));
  }

  /** RFC 8628 §3.4, §3.5. */
  async #poll(asked: ReceivedRequest): Promise<Response> {
    const { dialect } = this.provider;
    asked.authenticate(this.client, dialect.device.needsSecret, "a poll");
    asked.further(dialect.request.tokenParameters, "request.tokenParameters");
    const grant = this.#devices.get(asked.get("device_code") ?? "");
    if (grant === undefined) return this.#error("dead");
    const decision = this.decisions.shift();
    if (decision !== undefined) return this.#error(decision);
    return Response.json(await this.#firstTokens(grant));
  }

  /** RFC 6749 §6. */
  async #refresh(asked: ReceivedRequest): Promise<Response> {
    const { dialect } = this.provider;
    const used = this.grants.use(asked.get("refresh_token") ?? "");
    if (used === null) return this.#error("dead");
    const { secretOnRefresh } = dialect.client;
    const withSecret =
      secretOnRefresh === "always" || (secretOnRefresh === "unless-device" && used.grant.flow !== "device");
    asked.authenticate(this.client, withSecret, "a refresh");
    asked.further(dialect.request.refreshParameters, "request.refreshParameters");
    const scope = asked.get("scope");
    if (dialect.refresh.scope === "omit" && scope !== null) throw new Contradiction("a refresh sends a scope");
    if (dialect.refresh.scope === "granted" && used.grant.scopes.length > 0 && scope === null)
      throw new Contradiction("a refresh sends no scope, though refresh.scope is granted");
    return Response.json(await this.#tokens(used.grant, used.next));
  }

  /** Where one scope asks for a refresh token, it comes only with that. */
  #refreshTokenFor(grant: Grant): string | null {
    const { offline } = this.provider.dialect.scopes;
    return offline === undefined || grant.scopes.includes(offline) ? this.grants.addRefresh(grant) : null;
  }

  /** Where a group of the reply may stand for the whole, a login's tokens are in it. */
  async #firstTokens(grant: Grant): Promise<Body> {
    const { alternate } = this.provider.dialect.reply;
    const tokens = await this.#tokens(grant, this.#refreshTokenFor(grant));
    return alternate === undefined ? tokens : within(alternate, tokens);
  }

  async #tokens(grant: Grant, renewing: string | null): Promise<Body> {
    const { dialect } = this.provider;
    const body: Body = {};
    const renewsItself = dialect.refresh.credential === "access_token";
    const refreshToken = renewsItself ? null : renewing;
    const more = { scopes: grant.scopes, refreshToken, lifetime: this.silentAboutExpiry ? null : LIFETIME };
    const accessToken = renewsItself ? (renewing ?? this.grants.addRefresh(grant)) : undefined;
    putTokens(body, dialect, this.grants.addAccess(grant, accessToken), more);
    if (grant.scopes.includes("openid")) {
      const { issuer } = this.provider;
      put(body, dialect.reply.idToken, idToken(dialect, issuer, this.client.id, grant.nonce), "reply.idToken");
    }
    if (dialect.account.from === "reply") accountBody(dialect, body);
    return body;
  }

  /** RFC 6750, with the header that the description declares. */
  #userinfo(call: Call): Response {
    const { dialect, header } = this.provider;
    const [, name = "", line = ""] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):\s*(.*\{(?:token|basic)\}.*)$/.exec(header) ?? [];
    if (name === "") throw new Contradiction(`header is '${header}', which isn't 'Name: … {token} …'`);
    const shown = between(line, line.includes("{basic}") ? "{basic}" : "{token}", call.headers.get(name) ?? "");
    const decoded =
      shown !== null && line.includes("{basic}") ? between(dialect.basic ?? "", "{token}", atob(shown)) : shown;
    if (decoded === null) throw new Contradiction(`header isn't how ${call.address} was asked`);
    for (const [name, wanted] of Object.entries(dialect.account.headers))
      if (call.headers.get(name) !== wanted) throw new Contradiction(`account.headers.${name} doesn't arrive`);
    if (!this.grants.isLive(decoded)) return Response.json({}, { status: 401 });
    const body: Body = {};
    accountBody(dialect, body);
    return Response.json(body);
  }

  /** RFC 7662. It says nothing of a lifetime: what the description assumes then is played. */
  #introspect(call: Call): Response {
    const asked = new ReceivedRequest(call, this.provider.dialect);
    asked.authenticate(this.client, true, "an introspection");
    return Response.json({ active: this.grants.isLive(asked.get("token") ?? "") });
  }

  /** RFC 7009, or the provider's own way. */
  #revoke(call: Call): Response {
    const { dialect } = this.provider;
    const { style, endsGrant } = dialect.revocation;
    if (style === "delete-basic") {
      if (call.method !== "DELETE")
        throw new Contradiction(`revocation.style is ${style}, but ${call.method} was sent`);
      if (!call.headers.get("authorization")?.startsWith("Basic ")) return Response.json({}, { status: 401 });
      const { access_token: token } = JSON.parse(call.body) as { access_token?: string };
      return this.grants.revoke(token ?? "", endsGrant)
        ? new Response(null, { status: 204 })
        : Response.json({}, { status: 404 });
    }
    const asked = new ReceivedRequest(call, dialect);
    asked.authenticate(this.client, true, "a revocation");
    this.grants.revoke(asked.get("token") ?? "", endsGrant);
    return new Response(null, { status: 200 });
  }

  #error(means: "dead" | "pending" | "slow_down" | "denied" | "expired"): Response {
    const [code] = codesOf(this.provider.dialect, means);
    if (code === undefined)
      throw new Contradiction(`no error code means '${means}' any more: errors.codes takes them all`);
    return answer(errorReply(this.provider.dialect, code));
  }

  #note<E extends Error>(error: E): E {
    if (!this.found.includes(error.message)) this.found.push(error.message);
    return error;
  }
}

const JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";

function answer(reply: ErrorReply): Response {
  const { status } = reply;
  if ("body" in reply) return Response.json(reply.body, { status });
  return new Response(reply.html, { status, headers: { "content-type": "text/html", ...reply.headers } });
}

/** What stands in the place of `mark`; null where the rest differs. */
function between(template: string, mark: string, text: string): string | null {
  const [before = "", after = ""] = template.split(mark);
  const fits = text.startsWith(before) && text.endsWith(after) && text.length >= before.length + after.length;
  return fits ? text.slice(before.length, text.length - after.length) : null;
}

/** `https://…/#path?client_id=…` */
function behindFragment({ hash }: URL, path: string): URLSearchParams {
  const [place, query = ""] = hash.slice(1).split("?");
  if (place !== path) throw new Contradiction("authorize.fragment isn't where the browser is sent");
  return new URLSearchParams(query);
}

function withoutQuery(address: string): string {
  const { origin, pathname } = new URL(address);
  return `${origin}${pathname}`;
}

function split(text: string | null, separator: string): string[] {
  return (text ?? "").split(separator || " ").filter((scope) => scope !== "");
}

function digest(verifier: string): string {
  return new Bun.CryptoHasher("sha256").update(verifier).digest("base64url");
}

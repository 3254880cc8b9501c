/**
 * A provider that behaves exactly as its description says, on a free port of 127.0.0.1: endpoints, formats, names, replies,
 * rotation, errors. It records requests that contradict the description.
 */
import { isSameOrigin } from "../platform/url.ts";
import { dialectOf, type MintingFlow } from "../providers/minting.ts";
import type { Endpoints, ResolvedProvider } from "../providers/resolve.ts";
import type { EndpointName } from "../providers/schema.ts";
import { authorizationAnswer, challengeOf } from "./authorization.ts";
import {
  type Body,
  codesOf,
  type ErrorReply,
  errorReply,
  idToken,
  put,
  putAccount,
  putTokens,
  responseOf,
  USUAL_LIFETIMES,
} from "./bodies.ts";
import { insist, Mismatch } from "./check.ts";
import { DEVICE_GRANT, deviceReply, deviceRequest, pollCode, statusAlone } from "./device.ts";
import { answerAsApi, discoveredEndpoints, issuerMetadata } from "./discovery.ts";
import { type Grant, Grants } from "./grants.ts";
import { answerMint, MINTING_GRANTS } from "./minted.ts";
import { exchangeAt, livesOn, shortLived } from "./renewals.ts";
import { ReportedPlace } from "./reported-place.ts";
import { type Call, ReceivedRequest, renewalIn, scopesIn, type TestClient } from "./request.ts";
import { introspect, revoke, userinfo } from "./token-use.ts";

export class Issuer {
  readonly provider: ResolvedProvider;
  readonly client: TestClient;
  readonly grants: Grants;
  /** The endpoints in force: declared, or from discovery; and then where the issuer itself says. */
  endpoints: Endpoints;
  /** What it says of settings. */
  readonly place: ReportedPlace;
  /** Contradictions to the description, as sentences. */
  readonly found: string[] = [];
  /** Addresses that were called, in order. */
  readonly calls: string[] = [];
  /** The person's decisions, one for each poll of a device; then it is approved. */
  decisions: ("pending" | "slow_down" | "denied" | "expired")[] = [];
  /** What its replies say of lifetimes. */
  lifetimes = USUAL_LIFETIMES;
  readonly #server: Bun.Server<undefined>;
  readonly #devices = new Map<string, Grant>();
  readonly #faults: ErrorReply[] = [];
  #clockOffset = 0;

  constructor(described: ResolvedProvider, client: TestClient) {
    // An API that names its issuer is its own issuer here.
    const provider = { ...described, issuer: described.issuer ?? described.resource };
    this.provider = provider;
    this.client = client;
    this.endpoints = discoveredEndpoints(provider);
    this.place = new ReportedPlace(this);
    this.grants = new Grants(provider.dialect.refresh, () => Date.now() + this.#clockOffset);
    this.#server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: (request) => this.#answer(request) });
  }

  /** Moves the issuer's clock: a grace ends. */
  advance(seconds: number): void {
    this.#clockOffset += seconds * 1000;
  }

  /** What the next token request is answered. */
  failNext(fault: ErrorReply): void {
    this.#faults.push(fault);
  }

  /** The address on this machine that is used instead of one of the provider's. @throws Mismatch for another's */
  local(address: string): string {
    const url = new URL(address);
    const known = [...Object.values(this.endpoints), this.provider.issuer ?? ""];
    if (!known.some((one) => isSameOrigin(one, address)))
      throw this.#note(new Mismatch(`a request went to ${url.origin}, which the description doesn't declare`));
    return `http://127.0.0.1:${this.#server.port}/${encodeURIComponent(url.origin)}${url.pathname}${url.search}`;
  }

  /**
   * The person at the authorization page says yes, or no.
   * @param redirectUri as it is registered, for a provider to which none is sent
   * @returns where the browser is sent
   */
  visit(address: string, redirectUri: string, decision: "approve" | "deny" = "approve"): string {
    try {
      return authorizationAnswer(this, new URL(address), redirectUri, decision);
    } catch (error) {
      throw error instanceof Mismatch ? this.#note(error) : error;
    }
  }

  async stop(): Promise<void> {
    await this.#server.stop(true);
  }

  async #answer(request: Request): Promise<Response> {
    const url = new URL(request.url);
    const [, origin = "", path = ""] = /^\/([^/]+)(.*)$/s.exec(url.pathname) ?? [];
    const address = `${decodeURIComponent(origin)}${path}`;
    this.calls.push(address);
    const { method, headers } = request;
    try {
      return await this.#route({ method, address, query: url.searchParams, headers, body: await request.text() });
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      this.#note(error);
      return Response.json({ error: "invalid_request", error_description: error.message }, { status: 400 });
    }
  }

  async #route(call: Call): Promise<Response> {
    const { issuer, dialect, resource } = this.provider;
    const published = resource === null ? null : answerAsApi(resource, call, dialect, this.endpoints);
    if (published !== null) return published;
    if (issuer !== null && call.address === `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`)
      return Response.json(issuerMetadata(issuer, dialect, this.endpoints));
    const names = this.#endpointsAt(call.address);
    const has = (name: EndpointName): boolean => names.includes(name);
    if (has("revocation") && (names.length === 1 || call.method === "DELETE")) return revoke(this, call);
    if (has("userinfo") && (names.length === 1 || call.method === dialect.account.method)) return userinfo(this, call);
    if (has("introspection")) return introspect(this, call);
    const exchanged = exchangeAt(this, call, names);
    if (exchanged !== null) return this.#exchangeShort(exchanged);
    const minting = this.#minting(call, names);
    if (minting !== null) return this.#token(minting.received, names, minting.flow);
    const device = deviceRequest(this, call, names);
    if (device !== null) return device.asks === "code" ? this.#device(device.received) : this.#poll(device.received);
    const renewal = renewalIn(call, dialect);
    if (renewal !== null) return this.#token(renewal, names);
    if (has("token") || has("refresh") || has("mint")) return this.#token(new ReceivedRequest(call, dialect), names);
    throw new Mismatch(`a request went to ${call.address}, which is no endpoint of the description`);
  }

  #endpointsAt(address: string): EndpointName[] {
    const id = encodeURIComponent(this.client.id);
    const isAt = (url: string): boolean => {
      const { origin, pathname } = new URL(url.replace("{clientId}", () => id));
      return origin + pathname === address;
    };
    const all = Object.entries(this.endpoints) as [EndpointName, string][];
    return all.filter(([, url]) => isAt(url)).map(([name]) => name);
  }

  /** RFC 8628 §3.2, under the provider's names. */
  #device(received: ReceivedRequest): Response {
    const { dialect } = this.provider;
    received.authenticate(this.client, dialect.device.needsSecret, "the request for a device code");
    received.further(dialect.device.parameters, "device.parameters");
    const scopes = scopesIn(received.get("scope"), dialect.scopes.separator);
    const code = this.grants.fresh("device");
    this.#devices.set(code, { scopes, flow: "device", nonce: null, dead: false });
    return Response.json(deviceReply(dialect, code));
  }

  async #token(
    received: ReceivedRequest,
    names: readonly EndpointName[],
    flow: MintingFlow | null = null,
  ): Promise<Response> {
    const fault = this.#faults.shift();
    if (fault !== undefined) return responseOf(fault);
    if (flow !== null) return Response.json(await answerMint(this, received, flow));
    switch (received.grantType()) {
      case "authorization_code":
        return this.#exchange(received);
      case "refresh_token":
        if (this.endpoints.refresh !== undefined && !names.includes("refresh"))
          throw new Mismatch("a refresh went to endpoints.token, though endpoints.refresh is another");
        return this.#refresh(received);
      case DEVICE_GRANT:
        throw new Mismatch("a poll went elsewhere, or isn't written as device.poll has it");
      default:
        throw new Mismatch(received.unknownGrant());
    }
  }

  /** A request of a flow without a person, which may have its own form. */
  #minting(call: Call, names: readonly EndpointName[]): { received: ReceivedRequest; flow: MintingFlow } | null {
    const { definition, settings } = this.provider;
    for (const [name, minting] of Object.entries(definition.minting ?? {})) {
      if (minting === undefined || minting.use === "bearer" || !names.includes(minting.endpoint ?? "token")) continue;
      const flow = name as MintingFlow;
      const received = ReceivedRequest.orNull(call, dialectOf(definition, flow, settings));
      if (received !== null && received.grantType() === MINTING_GRANTS[minting.use]) return { received, flow };
    }
    return null;
  }

  /** RFC 6749 §4.1.3. */
  #exchange(received: ReceivedRequest): Response {
    received.authenticate(this.client, true, "the exchange of the code");
    const code = this.grants.takeCode(received.get("code") ?? "");
    if (code === null) return this.#error("dead");
    received.further(this.provider.dialect.request.tokenParameters, "request.tokenParameters", code.grant.redirectUri);
    if (code.redirectUri !== null) received.expect("redirect_uri", code.redirectUri, ": the exchange of the code");
    insist(
      code.challenge === null ||
        challengeOf(received.get("code_verifier") ?? "", this.provider.dialect.authorize.pkce) === code.challenge,
      "code_verifier doesn't fit the challenge of the authorization request",
    );
    return this.#firstTokens(code.grant);
  }

  /** RFC 8628 §3.4, §3.5. */
  #poll(received: ReceivedRequest): Response {
    const { dialect } = this.provider;
    received.authenticate(this.client, dialect.device.needsSecret, "a poll");
    received.further(dialect.request.tokenParameters, "request.tokenParameters");
    const grant = this.#devices.get(received.get("device_code") ?? "");
    const fault = this.#faults.shift();
    if (fault !== undefined) return responseOf(fault);
    received.expect("grant_type", dialect.request.grantTypes[DEVICE_GRANT] ?? DEVICE_GRANT, ": a poll");
    if (grant === undefined) return this.#error("dead");
    const decision = this.decisions.shift();
    if (decision === undefined) return this.#firstTokens(grant);
    const code = pollCode(dialect, decision);
    const status = code === undefined ? null : statusAlone(code);
    return status === null ? this.#error(decision, code) : new Response(null, { status });
  }

  /** RFC 6749 §6. */
  #refresh(received: ReceivedRequest): Response {
    const { client, refresh, request } = this.provider.dialect;
    const used = this.grants.use(received.get("refresh_token") ?? "");
    if (used === null) return this.#error("dead");
    const withSecret = { always: true, never: false, "unless-device": used.grant.flow !== "device" };
    received.authenticate(this.client, withSecret[client.secretOnRefresh], "a refresh");
    received.further(request.refreshParameters, "request.refreshParameters", used.grant.redirectUri);
    const scope = received.get("scope");
    const isOwn = Object.hasOwn(request.refreshParameters, "scope");
    insist(refresh.scope !== "omit" || scope === null || isOwn, "a refresh sends a scope");
    insist(
      refresh.scope !== "granted" || used.grant.scopes.length === 0 || scope !== null,
      "a refresh sends no scope, though refresh.scope is granted",
    );
    return Response.json(refresh.keepsAccessToken ? livesOn(this, used) : this.#tokens(used.grant, used.next));
  }

  /** A login's first reply: its tokens are in the group `reply.alternate`, where one is declared. */
  #firstTokens(grant: Grant): Response {
    const { reply, longLived } = this.provider.dialect;
    const tokens = longLived === undefined ? this.#tokens(grant, this.#renewing(grant)) : shortLived(this, grant);
    this.place.sayInReply(tokens);
    if (reply.alternate === undefined) return Response.json(tokens);
    const body: Body = {};
    put(body, reply.alternate, tokens, "reply.alternate");
    return Response.json(body);
  }

  #exchangeShort(received: ReceivedRequest): Response {
    const { longLived } = this.provider.dialect;
    received.authenticate(this.client, true, "the exchange for a long-lived token");
    const grant = this.grants.takeShort(received.sent(longLived?.parameter ?? "") ?? "");
    return grant === null ? this.#error("dead") : Response.json(this.#tokens(grant, this.#renewing(grant)));
  }

  /** @returns a refresh token; null where its scope is declared and wasn't granted */
  #renewing(grant: Grant): string | null {
    const { offline } = this.provider.dialect.scopes;
    return offline === undefined || grant.scopes.includes(offline) ? this.grants.addRefresh(grant) : null;
  }

  #tokens(grant: Grant, renewing: string | null): Body {
    const { dialect, issuer } = this.provider;
    const body: Body = {};
    const renewsItself = dialect.refresh.credential === "access_token";
    const identity = (): string => idToken(dialect, issuer, this.client.id, grant.nonce, this.grants.fresh("id"));
    // Where the API takes the ID token, that is the access token, too.
    const isIdToken = dialect.reply.accessToken === dialect.reply.idToken;
    insist(
      !isIdToken || grant.scopes.includes("openid"),
      `reply.accessToken is ${dialect.reply.idToken}, which comes only for the scope openid`,
    );
    const own = isIdToken ? identity() : undefined;
    const accessToken = renewsItself ? (renewing ?? this.grants.addRefresh(grant)) : own;
    putTokens(body, dialect, this.grants.addAccess(grant, accessToken), {
      scopes: grant.scopes,
      refreshToken: renewsItself ? null : renewing,
      lifetimes: this.lifetimes,
    });
    if (grant.scopes.includes("openid") && !isIdToken) put(body, dialect.reply.idToken, identity(), "reply.idToken");
    if (dialect.account.from === "reply") putAccount(body, dialect);
    return body;
  }

  #error(means: "dead" | Issuer["decisions"][number], code = codesOf(this.provider.dialect, means)[0]): Response {
    if (code === undefined) throw new Mismatch(`no error code means '${means}' any more: errors.codes takes them all`);
    return responseOf(errorReply(this.provider.dialect, code));
  }

  #note<E extends Error>(error: E): E {
    if (!this.found.includes(error.message)) this.found.push(error.message);
    return error;
  }
}

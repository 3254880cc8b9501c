/**
 * Tokens bound to a key (RFC 9449). Most issuers that could bind tokens don't insist, and a bound token is of no use to
 * plain programs: so a proof is sent only where the issuer doesn't do without.
 */
import type { CustomFetchOptions, DPoPHandle } from "oauth4webapi";
import * as oauth from "oauth4webapi";
import type { HttpReply } from "../platform/http.ts";
import { LIMITS } from "../platform/limits.ts";
import { Secret } from "../platform/secret.ts";
import { readBody } from "./body.ts";
import { type Sending, sendForm } from "./send.ts";
import type { RawReply } from "./types.ts";

const ES256 = { name: "ECDSA", namedCurve: "P-256" };

/** The key of one login. Remembers the issuer's nonces for as long as the process runs. */
export class ProofKey {
  /** A private JWK, as JSON. */
  readonly key: Secret;
  /** Whether the issuer was found to want proofs. */
  needed: boolean;
  #handle: Promise<DPoPHandle> | undefined;

  constructor(key: Secret, needed: boolean) {
    this.key = key;
    this.needed = needed;
  }

  /** One that is used only if the issuer asks for it. */
  static async generate(): Promise<ProofKey> {
    const { privateKey } = await crypto.subtle.generateKey(ES256, true, ["sign", "verify"]);
    const { kty, crv, x, y, d } = await crypto.subtle.exportKey("jwk", privateKey);
    return new ProofKey(new Secret(JSON.stringify({ kty, crv, x, y, d })), false);
  }

  handle(): Promise<DPoPHandle> {
    this.#handle ??= this.#open();
    return this.#handle;
  }

  async #open(): Promise<DPoPHandle> {
    const whole = JSON.parse(this.key.reveal()) as Record<"kty" | "crv" | "x" | "y" | "d", string>;
    const { d: _, ...open } = whole;
    const publicKey = await crypto.subtle.importKey("jwk", open, ES256, true, ["verify"]);
    const privateKey = await crypto.subtle.importKey("jwk", whole, ES256, false, ["sign"]);
    return oauth.DPoP({}, { publicKey, privateKey });
  }
}

/** How a token endpoint turns down a request without a proof; some give no other reason than for a bad code. */
const MAY_WANT_PROOF = ["use_dpop_nonce", "invalid_dpop_proof", "invalid_request", "invalid_grant"];

/**
 * A token request, with a proof where one is wanted, and once more with the issuer's nonce (RFC 9449 §8). Every refusal
 * that leads to another try is an OAuth error: nothing was issued, and nothing is in doubt.
 *
 * @param sending its timeout is for all of it
 * @throws OAuthFailure when no reply came
 */
export async function sendProved(
  proof: ProofKey,
  sending: Sending,
  url: string,
  parameters: Readonly<Record<string, string>>,
): Promise<RawReply> {
  const end = performance.now() + (sending.timeout ?? LIMITS.exchange);
  const send: Send = (headers) =>
    sendForm({ ...sending, timeout: Math.max(1, end - performance.now()) }, url, parameters, headers);
  if (proof.needed) return withNonce(proof, url, send);
  const bare = await send({});
  const refused = errorIn(bare);
  if (refused === null || !MAY_WANT_PROOF.includes(refused)) return bare;
  const proved = await withNonce(proof, url, send);
  if (errorIn(proved) === refused) return bare;
  proof.needed = true;
  return proved;
}

type Send = (headers: Readonly<Record<string, string>>) => Promise<RawReply>;

async function withNonce(proof: ProofKey, url: string, send: Send): Promise<RawReply> {
  const handle = await proof.handle();
  const reply = await sendSigned(handle, url, send);
  const wantsNonce = errorIn(reply) === "use_dpop_nonce" && reply.headers["dpop-nonce"] !== undefined;
  return wantsNonce ? sendSigned(handle, url, send) : reply;
}

/**
 * The library signs proofs only for a request that it makes itself: of that one, which names no client, the proof is
 * taken. From the reply the library learns the nonce for the next proof.
 */
async function sendSigned(DPoP: DPoPHandle, url: string, send: Send): Promise<RawReply> {
  let raw: RawReply | undefined;
  const customFetch = async (_: string, { headers }: CustomFetchOptions<"POST", unknown>): Promise<Response> => {
    raw = await send({ dpop: headers.dpop ?? "" });
    return nonceReply(raw.headers["dpop-nonce"]);
  };
  const server = { issuer: url, token_endpoint: url };
  await oauth.genericTokenEndpointRequest(
    server,
    { client_id: "-" },
    oauth.None(),
    "-",
    {},
    {
      DPoP,
      [oauth.customFetch]: customFetch,
      // Which addresses may be http is for `platform/http` to say: loopback only.
      [oauth.allowInsecureRequests]: true,
    },
  );
  if (raw === undefined) throw new Error("the request was not sent");
  return raw;
}

/** What the library has to see of a reply (RFC 9449 §8). */
function nonceReply(nonce: string | null | undefined): Response {
  return new Response(null, { status: 204, ...(nonce && { headers: { "dpop-nonce": nonce } }) });
}

function errorIn(raw: RawReply): string | null {
  if (raw.status < 400 || raw.status >= 500) return null;
  const error = readBody(raw)?.error;
  return typeof error === "string" ? error : null;
}

/** A GET with a bound token (RFC 9449 §7), once more where the nonce was missing or old (§9). */
export async function getProved(
  proof: ProofKey,
  url: string,
  token: Secret,
  get: (headers: Readonly<Record<string, string>>) => Promise<HttpReply>,
): Promise<HttpReply> {
  const DPoP = await proof.handle();
  const once = async (): Promise<HttpReply> => {
    let reply: HttpReply | undefined;
    const send = async (_: string, { headers }: CustomFetchOptions<string, unknown>): Promise<Response> => {
      const { authorization = "", dpop = "" } = headers;
      reply = await get({ authorization, dpop });
      return nonceReply(reply.headers.get("dpop-nonce"));
    };
    await oauth.protectedResourceRequest(token.reveal(), "GET", new URL(url), undefined, null, {
      DPoP,
      [oauth.customFetch]: send,
      [oauth.allowInsecureRequests]: true,
    });
    if (reply === undefined) throw new Error("the request was not sent");
    return reply;
  };
  const reply = await once();
  const wantsNonce = reply.status === 401 && /use_dpop_nonce/.test(reply.headers.get("www-authenticate") ?? "");
  return wantsNonce && reply.headers.has("dpop-nonce") ? once() : reply;
}

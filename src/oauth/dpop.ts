/**
 * Tokens bound to a key (RFC 9449). Most issuers that support them don't require them, and ordinary programs can't use a
 * bound token: so a proof is sent only where the issuer requires it.
 */
import type { HttpReply } from "../platform/http.ts";
import { LIMITS } from "../platform/limits.ts";
import { Secret } from "../platform/secret.ts";
import { originOf } from "../platform/url.ts";
import { parseBody } from "./body.ts";
import { type Sending, sendForm } from "./send.ts";
import type { RawReply } from "./types.ts";

/** The key of one login. Remembers the servers' nonces for as long as the process runs. */
export class ProofKey {
  /** A private JWK, as JSON. */
  readonly key: Secret;
  /** Whether the issuer was found to want proofs. */
  needed: boolean;
  /** By origin: the nonce that its next proof must have (RFC 9449 §8.2). */
  readonly #nonces = new Map<string, string>();

  constructor(key: Secret, needed: boolean) {
    this.key = key;
    this.needed = needed;
  }

  /** @param needed false: it is used only if the issuer asks for it */
  static async generate(needed: boolean): Promise<ProofKey> {
    const { privateKey } = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, [
      "sign",
      "verify",
    ]);
    const { kty, crv, x, y, d } = await crypto.subtle.exportKey("jwk", privateKey);
    return new ProofKey(new Secret(JSON.stringify({ kty, crv, x, y, d })), needed);
  }

  /** A proof for one request (RFC 9449 §4.2). @param token the access token that goes with it (§7) */
  async proofFor(method: "GET" | "POST" | "DELETE", url: string, token?: Secret): Promise<string> {
    const { SignJWT } = await import("jose");
    const { d, ...jwk } = JSON.parse(this.key.reveal()) as Record<"kty" | "crv" | "x" | "y" | "d", string>;
    const claims = {
      jti: crypto.randomUUID(),
      htm: method,
      htu: `${originOf(url)}${new URL(url).pathname}`,
      nonce: this.#nonces.get(originOf(url)),
      ath: token && new Bun.CryptoHasher("sha256").update(token.reveal()).digest("base64url"),
    };
    return new SignJWT(claims)
      .setProtectedHeader({ alg: "ES256", typ: "dpop+jwt", jwk })
      .setIssuedAt()
      .sign({ ...jwk, d });
  }

  /** @param nonce the reply's `dpop-nonce`, where it has one */
  remember(url: string, nonce: string | null | undefined): void {
    if (nonce) this.#nonces.set(originOf(url), nonce);
  }
}

/** The codes for a request without a proof; some are the same as for a bad code. */
const MAY_WANT_PROOF = ["use_dpop_nonce", "invalid_dpop_proof", "invalid_request", "invalid_grant"];

/**
 * A token request, with a proof where required, and once more with the issuer's nonce (RFC 9449 §8). It is only repeated
 * after an OAuth error, which means that nothing was issued.
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
  const send = (headers: Readonly<Record<string, string>>): Promise<RawReply> =>
    sendForm({ ...sending, timeout: Math.max(1, end - performance.now()) }, url, parameters, headers);
  const sendWithProof = async (): Promise<RawReply> => {
    const reply = await send({ dpop: await proof.proofFor("POST", url) });
    proof.remember(url, reply.headers["dpop-nonce"]);
    return reply;
  };
  const sendWithNonce = async (): Promise<RawReply> => {
    const reply = await sendWithProof();
    const wantsNonce = errorIn(reply) === "use_dpop_nonce" && reply.headers["dpop-nonce"] !== undefined;
    return wantsNonce ? sendWithProof() : reply;
  };
  if (proof.needed) return sendWithNonce();
  const bare = await send({});
  const refused = errorIn(bare);
  if (refused === null || !MAY_WANT_PROOF.includes(refused)) return bare;
  const proved = await sendWithNonce();
  if (errorIn(proved) === refused) return bare;
  proof.needed = true;
  return proved;
}

/** The code of a refusal only: other replies must be on the disk before they are read (RULES.md 2.1). */
function errorIn(raw: RawReply): string | null {
  if (raw.status < 400 || raw.status >= 500) return null;
  const error = parseBody(raw)?.error;
  return typeof error === "string" ? error : null;
}

/** A request with a bound token (RFC 9449 §7), once more where the nonce was missing or old (§9). */
export async function askProved(
  proof: ProofKey,
  method: "GET" | "POST",
  url: string,
  token: Secret,
  ask: (headers: Readonly<Record<string, string>>) => Promise<HttpReply>,
): Promise<HttpReply> {
  const once = async (): Promise<HttpReply> => {
    const dpop = await proof.proofFor(method, url, token);
    const reply = await ask({ authorization: `DPoP ${token.reveal()}`, dpop });
    proof.remember(url, reply.headers.get("dpop-nonce"));
    return reply;
  };
  const reply = await once();
  const wantsNonce = reply.status === 401 && /use_dpop_nonce/.test(reply.headers.get("www-authenticate") ?? "");
  return wantsNonce && reply.headers.has("dpop-nonce") ? once() : reply;
}

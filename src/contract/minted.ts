/** The issuer's side of logins without a person: the program's proof is checked, and a token is given for it. */
import { dialectOf, type Minting, type MintingFlow, type Signing, templateOf } from "../providers/minting.ts";
import { fill, namesIn } from "../providers/template.ts";
import { type Body, putTokens, USUAL_LIFETIMES } from "./bodies.ts";
import { insist, Mismatch } from "./check.ts";
import type { Issuer } from "./issuer.ts";
import type { ReceivedRequest } from "./request.ts";

/** Another issuer's token, such as a CI system's. */
export const SUBJECT_TOKEN = "check-subject-token";

/** What a flow without a person sends as its grant type, by `minting.<flow>.use`. */
export const MINTING_GRANTS = {
  grant: "urn:ietf:params:oauth:grant-type:jwt-bearer",
  request: null,
  assertion: "client_credentials",
  exchange: "urn:ietf:params:oauth:grant-type:token-exchange",
} as const;

type Algorithm = Signing["algorithm"];

/** Test keys, each generated once per process. */
const keys = new Map<Algorithm, Promise<CryptoKeyPair>>();

const RSA = { modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]), hash: "SHA-256" };
const KINDS = {
  RS256: { name: "RSASSA-PKCS1-v1_5", ...RSA },
  PS256: { name: "RSA-PSS", ...RSA },
  ES256: { name: "ECDSA", namedCurve: "P-256" },
} as const satisfies Record<Algorithm, object>;

export function keyFor(algorithm: Algorithm): Promise<CryptoKeyPair> {
  const known = keys.get(algorithm);
  if (known !== undefined) return known;
  const pair = crypto.subtle.generateKey(KINDS[algorithm], true, ["sign", "verify"]) as Promise<CryptoKeyPair>;
  keys.set(algorithm, pair);
  return pair;
}

/** @throws Mismatch where the proof, or a parameter, isn't as described */
export async function answerMint(issuer: Issuer, received: ReceivedRequest, flow: MintingFlow): Promise<Body> {
  const { definition, settings } = issuer.provider;
  const minting = definition.minting?.[flow];
  const path = `minting.${flow}`;
  if (minting === undefined) throw new Mismatch(`${path} is missing`);
  const bearer = received.call.headers.get("authorization")?.replace(/^Bearer /, "");
  if (minting.use === "grant")
    if (flow === "exchange") received.expect("assertion", SUBJECT_TOKEN, `: ${path}`);
    else await checkJwt(minting, received.get("assertion") ?? "", path);
  if (minting.use === "request") await checkJwt(minting, bearer ?? "", path);
  if (minting.use === "exchange") received.expect("subject_token", SUBJECT_TOKEN, `: ${path}`);
  if (minting.use === "assertion")
    if (issuer.client.key !== undefined || received.get("client_assertion") === null)
      received.authenticate(issuer.client, true, path);
    else received.expect("client_assertion", SUBJECT_TOKEN, `: ${path}`);
  for (const [name, claim] of Object.entries(minting.parameters ?? {})) {
    const template = templateOf(claim, settings);
    const value = template === null ? null : fill(template, settings);
    insist(
      value === null || received.sent(name) === value,
      `${path}.parameters.${name} does nothing: another value of that name is sent`,
    );
  }
  const body: Body = {};
  const more = { scopes: [], refreshToken: null, lifetimes: USUAL_LIFETIMES };
  putTokens(body, dialectOf(definition, flow, settings), issuer.grants.addAccess(null), more);
  return body;
}

/** Signed with the key that was given, its times as declared, and no name left without a value. @throws Mismatch */
export async function checkJwt({ sign }: Minting, token: string, path: string): Promise<void> {
  if (sign === undefined) throw new Mismatch(`${path}.sign is missing`);
  const { jwtVerify } = await import("jose");
  const { publicKey } = await keyFor(sign.algorithm);
  const { payload, protectedHeader } = await jwtVerify(token, publicKey, { algorithms: [sign.algorithm] });
  const { iat = 0, exp = 0 } = payload;
  insist(exp - iat === sign.lifetimeSeconds, `${path}.sign.claims says another time than lifetimeSeconds`);
  const held: Record<string, Readonly<Record<string, unknown>>> = { header: { ...protectedHeader }, claims: payload };
  // One that depends on a setting may be missing.
  for (const [part, declared] of Object.entries({ header: sign.header ?? {}, claims: sign.claims }))
    for (const [name, claim] of Object.entries(declared))
      if (typeof claim === "string" && namesIn(claim).length === 0)
        insist(held[part]?.[name] === claim, `${path}.sign.${part}.${name} does nothing: the JWT has its own`);
}

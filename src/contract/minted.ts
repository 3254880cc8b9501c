/** The issuer's side of logins without a person: what proves the program is checked, and a token is given for it. */
import { dialectOf, type Minting, type MintingFlow, templateOf } from "../providers/minting.ts";
import { fill, namesIn } from "../providers/template.ts";
import { type Body, Contradiction, putTokens } from "./bodies.ts";
import { type Issuer, LIFETIME } from "./issuer.ts";
import type { ReceivedRequest } from "./request.ts";

/** Another issuer's token, as a CI system would give one. */
export const SUBJECT_TOKEN = "check-subject-token";

/** A key of the test's own: made once, thrown away with the process. */
const keys = new Map<string, Promise<CryptoKeyPair>>();

type Algorithm = NonNullable<Minting["sign"]>["algorithm"];

export function keyFor(algorithm: Algorithm): Promise<CryptoKeyPair> {
  let pair = keys.get(algorithm);
  if (pair === undefined) {
    const rsa = { modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]), hash: "SHA-256" };
    const kind =
      algorithm === "ES256"
        ? { name: "ECDSA", namedCurve: "P-256" }
        : { name: algorithm === "PS256" ? "RSA-PSS" : "RSASSA-PKCS1-v1_5", ...rsa };
    pair = crypto.subtle.generateKey(kind, true, ["sign", "verify"]) as Promise<CryptoKeyPair>;
    keys.set(algorithm, pair);
  }
  return pair;
}

export async function answerMint(issuer: Issuer, asked: ReceivedRequest, flow: MintingFlow): Promise<Body> {
  const { definition, settings } = issuer.provider;
  const minting = definition.minting?.[flow];
  if (minting === undefined) throw new Contradiction(`minting.${flow} is missing`);
  const dialect = dialectOf(definition, flow);
  switch (minting.use) {
    case "grant":
      await checkJwt(minting, asked.get("assertion") ?? "", `minting.${flow}`);
      break;
    case "request":
      await checkJwt(
        minting,
        (asked.call.headers.get("authorization") ?? "").replace(/^Bearer /, ""),
        `minting.${flow}`,
      );
      break;
    case "assertion":
      if (asked.get("client_assertion") === null) asked.authenticate(issuer.client, true, `minting.${flow}`);
      else asked.expect("client_assertion", SUBJECT_TOKEN, `: minting.${flow}`);
      break;
    case "exchange":
      asked.expect("subject_token", SUBJECT_TOKEN, `: minting.${flow}`);
  }
  for (const [name, claim] of Object.entries(minting.parameters ?? {})) {
    const template = templateOf(claim, settings);
    const value = template === null ? null : fill(template, settings);
    if (value !== null && asked.sent(name) !== value)
      throw new Contradiction(`minting.${flow}.parameters.${name} does nothing: another value of that name is sent`);
  }
  const body: Body = {};
  putTokens(body, dialect, issuer.grants.addAccess(null), { scopes: [], refreshToken: null, lifetime: LIFETIME });
  return body;
}

/** Signed with the key that was given, its times as declared, and no name left without a value. */
export async function checkJwt({ sign }: Minting, token: string, path: string): Promise<void> {
  if (sign === undefined) throw new Contradiction(`${path}.sign is missing`);
  const { jwtVerify } = await import("jose");
  const { publicKey } = await keyFor(sign.algorithm);
  const { payload, protectedHeader } = await jwtVerify(token, publicKey, { algorithms: [sign.algorithm] });
  const { iat = 0, exp = 0 } = payload;
  if (exp - iat !== sign.lifetimeSeconds)
    throw new Contradiction(`${path}.sign.claims says another time than lifetimeSeconds`);
  for (const [part, declared, held] of [
    ["header", sign.header ?? {}, protectedHeader],
    ["claims", sign.claims, payload],
  ] as const)
    for (const [name, claim] of Object.entries(declared)) {
      // One that hangs on a setting may be left out.
      const constant = typeof claim === "string" && namesIn(claim).length === 0;
      if (constant && (held as Record<string, unknown>)[name] !== claim)
        throw new Contradiction(`${path}.sign.${part}.${name} does nothing: the JWT has its own`);
    }
}

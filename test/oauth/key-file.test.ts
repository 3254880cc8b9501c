/** Keys as people have them: taken in every form that services hand out, and refused with what they are instead. */
import { describe, expect, test } from "bun:test";
import { generateKeyPairSync } from "node:crypto";
import { type JwtContent, signJwt } from "../../src/oauth/jwt.ts";
import { readCertificate, readPrivateKey } from "../../src/oauth/key-file.ts";
import { AuthError } from "../../src/platform/errors.ts";
import { verified } from "../issuers/assertions.ts";
import { CERTIFICATES } from "../platform/certificates.ts";
import { EC_KEY, encrypted, OTHER_RSA_KEY, pkcs1, publicKey, RSA_CERTIFICATE, RSA_KEY, sec1 } from "../support/keys.ts";

const NOW = 1_800_000_000_000;

/** In PKCS#8. */
function generated(...kind: [type: "ec", options: { namedCurve: string }] | [type: "ed25519"]): string {
  const { privateKey } = generateKeyPairSync(kind[0] as "ec", (kind[1] ?? {}) as { namedCurve: string });
  return privateKey.export({ type: "pkcs8", format: "pem" }) as string;
}

function content(over: Partial<JwtContent> = {}): JwtContent {
  const claims = { iss: "me", aud: "you" };
  return { algorithm: "RS256", header: { kid: "1" }, claims, lifetime: 600, backdate: 60, unique: false, ...over };
}

describe("signs what WebCrypto verifies", () => {
  for (const [algorithm, key] of [
    ["RS256", RSA_KEY],
    ["PS256", RSA_KEY],
    ["ES256", EC_KEY],
    ["RS256", pkcs1(RSA_KEY)],
    ["ES256", sec1(EC_KEY)],
  ] as const)
    test(`${algorithm} by ${key.slice(11, 26)}`, async () => {
      const jwt = await signJwt(content({ algorithm }), await readPrivateKey(key, algorithm), NOW);
      expect(await verified(jwt.reveal(), publicKey(key), algorithm)).toEqual({
        header: { alg: algorithm, typ: "JWT", kid: "1" },
        claims: { iss: "me", aud: "you", iat: NOW / 1000 - 60, exp: NOW / 1000 + 540 },
      });
    });

  test("and no other key fits", async () => {
    const jwt = await signJwt(content(), await readPrivateKey(OTHER_RSA_KEY, "RS256"), NOW);
    expect(await verified(jwt.reveal(), publicKey(RSA_KEY), "RS256")).toBeNull();
  });

  test("a jti is new each time", async () => {
    const key = await readPrivateKey(RSA_KEY, "RS256");
    const [a, b] = await Promise.all([0, 1].map(() => signJwt(content({ unique: true }), key, NOW)));
    expect(a?.equals(b as never)).toBe(false);
  });
});

test("an EC key after its parameters, as openssl ecparam writes it, is the same key", async () => {
  const parameters = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
  expect((await readPrivateKey(parameters + sec1(EC_KEY), "ES256")).equals(await readPrivateKey(EC_KEY, "ES256"))).toBe(
    true,
  );
});

test("a key in Windows lines, or with text around it, is the same key", async () => {
  const plain = await readPrivateKey(EC_KEY, "ES256");
  const decorated = `Bag Attributes: <none>\r\n${EC_KEY.replaceAll("\n", "\r\n")}\r\nthe end`;
  expect((await readPrivateKey(decorated, "ES256")).equals(plain)).toBe(true);
});

describe("refuses, saying what it is", () => {
  const cases: [string, string, "RS256" | "ES256", RegExp][] = [
    ["an encrypted key", encrypted(RSA_KEY), "RS256", /is encrypted/],
    ["an encrypted key of the old form", encrypted(RSA_KEY, "pkcs1"), "RS256", /is encrypted/],
    ["an RSA key for ES256", RSA_KEY, "ES256", /holds an RSA key; an EC P-256 key is needed/],
    ["an EC key for RS256", EC_KEY, "RS256", /holds an EC key; an RSA key is needed/],
    [
      "an EC key of another curve",
      generated("ec", { namedCurve: "P-384" }),
      "ES256",
      /holds an EC key of another curve/,
    ],
    ["a key of another kind", generated("ed25519"), "ES256", /holds a key of another kind/],
    [
      "a key of SEC1 that is cut off",
      sec1(EC_KEY).replace(/.{24}\n-----END/, "\n-----END"),
      "ES256",
      /cut off or damaged/,
    ],
    ["a public key", publicKey(RSA_KEY), "RS256", /is a public key/],
    ["a certificate alone", RSA_CERTIFICATE, "RS256", /a certificate, but no private key/],
    ["an SSH key", "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----", "RS256", /SSH key/],
    ["one without its end", RSA_KEY.slice(0, RSA_KEY.length / 2), "RS256", /cut off/],
    ["one with a line missing", RSA_KEY.replace(/\n[^\n]{64}\n/, "\n"), "RS256", /cut off or damaged/],
    ["one that isn't base64", RSA_KEY.replace(/\n[^\n]{64}\n/, "\n!!\n"), "RS256", /cut off or damaged/],
    ["something else", "hello", "RS256", /isn't a private key in PEM form/],
    ["nothing", "", "RS256", /isn't a private key in PEM form/],
  ];
  for (const [what, text, algorithm, says] of cases)
    test(what, async () => {
      const error = await readPrivateKey(text, algorithm).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(AuthError);
      expect((error as AuthError).code).toBe("token_rejected");
      expect((error as AuthError).message).toMatch(says);
      expect((error as AuthError).hint).toEndWith("Nothing was stored.");
      expect(JSON.stringify([(error as AuthError).message, (error as AuthError).hint])).not.toContain(
        text.slice(40, 80) || "MII",
      );
    });

  test("every beginning of a key file, none taken for the whole", async () => {
    for (let end = 0; end < EC_KEY.length - 2; end += 7) {
      const error = await readPrivateKey(EC_KEY.slice(0, end), "ES256").catch((thrown: unknown) => thrown);
      expect({ end, error: (error as AuthError).code }).toEqual({ end, error: "token_rejected" });
    }
  });
});

describe("a certificate with its key", () => {
  test("has the thumbprint of its DER bytes, whichever comes first in the file", async () => {
    const der = Buffer.from(RSA_CERTIFICATE.replace(/-----[^-]+-----/g, ""), "base64");
    const thumbprint = new Bun.CryptoHasher("sha256").update(der).digest("base64url");
    for (const text of [RSA_KEY + RSA_CERTIFICATE, RSA_CERTIFICATE + pkcs1(RSA_KEY)])
      expect((await readCertificate(text, "PS256")).thumbprint).toBe(thumbprint);
  });

  test("is refused without the certificate, with another's, or with a damaged one", async () => {
    const refusals: [string, RegExp][] = [
      [RSA_KEY, /holds a private key, but no certificate/],
      [OTHER_RSA_KEY + RSA_CERTIFICATE, /has a certificate of another key/],
      [RSA_KEY + CERTIFICATES.good.cert, /has a certificate of another key/],
      [RSA_KEY + RSA_CERTIFICATE.replace(/\n[^\n]{64}\n/, "\n"), /damaged certificate/],
    ];
    for (const [text, says] of refusals) {
      const error = await readCertificate(text, "PS256").catch((thrown: unknown) => thrown);
      expect((error as AuthError).message).toMatch(says);
    }
  });
});

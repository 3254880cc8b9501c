/** What comes out of a sealed record: its secrets as `Secret`, by their place, and every other text as it is. */
import { expect, test } from "bun:test";
import {
  CONNECTION_SECRETS,
  type Connection,
  decodeRecord,
  encodeRecord,
  newConnection,
} from "../../src/connections/record.ts";
import { Secret } from "../../src/platform/secret.ts";
import { tokensOf } from "./support.ts";

const NAMES = ["accessToken", "refreshToken", "idToken", "secret", "registrationToken", "proofKey", "privateKey"];

const TOKENS = tokensOf({
  accessToken: new Secret("access"),
  refreshToken: new Secret("refresh"),
  idToken: new Secret("id"),
  proofKey: new Secret("proof"),
});

function reread(record: Connection): Connection {
  return decodeRecord<Connection>(encodeRecord(record), "acme:default", CONNECTION_SECRETS);
}

test("a setting, an endpoint and a field to keep may have the name of a secret: it is the text that it was", () => {
  const texts = Object.fromEntries(NAMES.map((name) => [name, `text of ${name}`]));
  const plain: Connection = {
    ...newConnection("acme", "default", 0),
    settings: texts,
    endpoints: texts,
    tokens: { ...TOKENS, extra: texts },
    mint: { proof: "key", secret: new Secret("pem"), source: null, values: texts, clockOffset: 0 },
  };
  const { settings, endpoints, tokens: held, mint } = reread(plain);
  for (const one of [settings, endpoints, held?.extra, mint?.values]) expect(one).toEqual(texts);
});

test("every secret is a Secret, also in the tokens for another API", () => {
  const slot = { tokens: TOKENS, failure: null, outcomes: 0 };
  const record = reread({
    ...newConnection("acme", "default", 0),
    tokens: TOKENS,
    resources: { "https://api.example": slot },
    mint: { proof: "key", secret: new Secret("pem"), source: null, values: {}, clockOffset: 0 },
  });
  for (const held of [record.tokens, record.resources?.["https://api.example"]?.tokens])
    expect([held?.accessToken, held?.refreshToken, held?.idToken, held?.proofKey].map((one) => one?.reveal())).toEqual([
      "access",
      "refresh",
      "id",
      "proof",
    ]);
  expect(record.mint?.secret?.reveal()).toBe("pem");
  expect(JSON.stringify(record)).not.toMatch(/:"(access|refresh|id|proof|pem)"/);
});

/** The issuer of a contract test reads what was sent by itself: what only looks right to the program is refused. */
import { afterEach, expect, test } from "bun:test";
import { Issuer } from "../../src/contract/issuer.ts";
import { credentialsIn } from "../../src/contract/request.ts";
import { parseDefinition } from "../../src/providers/parse.ts";
import { resolveProvider } from "../../src/providers/resolve.ts";

const CLIENT = { id: "check client", secret: "s3cret:&+%/=" };
/** As GitHub has it. */
const DELETION = {
  method: "DELETE",
  format: "json",
  authentication: "basic",
  names: { token: "access_token", token_type_hint: false },
};
const issuers: Issuer[] = [];

afterEach(async () => {
  for (const issuer of issuers.splice(0)) await issuer.stop();
});

function issuerOf(more: object): Issuer {
  const endpoints = {
    authorization: "https://acme.example/authorize",
    token: "https://acme.example/token",
    revocation: "https://acme.example/apps/{clientId}/token",
    userinfo: "https://acme.example/me",
  };
  const definition = parseDefinition(
    { id: "acme", title: "Acme", endpoints, flows: ["browser"], ...more },
    "acme.toml",
  );
  const issuer = new Issuer(resolveProvider(definition, {}), CLIENT);
  issuers.push(issuer);
  return issuer;
}

const basic = (text: string): string => `Basic ${Buffer.from(text).toString("base64")}`;

test("Basic credentials are read as a server reads them", () => {
  const read = (text: string, as?: "{clientId}:{clientSecret}" | "{clientSecret}:") =>
    credentialsIn(new Headers({ authorization: basic(text) }), as);
  expect(read("check+client:s3cret%3A%26%2B%25%2F%3D")).toEqual(CLIENT);
  expect(read("check client:s3cret:&+%/=", "{clientId}:{clientSecret}")).toEqual(CLIENT);
  expect(read("s3cret:&+%/=:", "{clientSecret}:")).toEqual({ id: null, secret: CLIENT.secret });
  // Neither with another mark between the two, nor without the encoding.
  expect(read("s3cret%3A%26%2B%25%2F%3D::check+client")).not.toEqual(CLIENT);
  expect(read("check client:s3cret:&+%/=")).not.toEqual(CLIENT);
  expect(credentialsIn(new Headers({ authorization: "Bearer x" }), undefined)).toBeNull();
});

test("a revocation by another client's Basic credentials is refused", async () => {
  const issuer = issuerOf({
    client: { kind: "confidential" },
    revocation: { tokens: ["access_token"], request: DELETION },
  });
  const token = issuer.grants.addAccess(null);
  const url = issuer.local("https://acme.example/apps/check%20client/token");
  const send = (credentials: string) =>
    fetch(url, {
      method: "DELETE",
      headers: { authorization: basic(credentials), "content-type": "application/json" },
      body: JSON.stringify({ access_token: token }),
    });
  expect((await send("nobody:at-all")).ok).toBe(false);
  expect(issuer.found).toEqual(["the client doesn't prove itself in a revocation"]);
  expect(issuer.grants.isLive(token)).toBe(true);
  expect((await send("check+client:s3cret%3A%26%2B%25%2F%3D")).ok).toBe(true);
});

test("a companion with another client's id is refused", async () => {
  const issuer = issuerOf({ companions: { apiKey: { title: "Key", header: "X-Key: {clientId}:{secret}" } } });
  const token = issuer.grants.addAccess(null);
  const ask = (key: string) =>
    fetch(issuer.local("https://acme.example/me"), { headers: { authorization: `Bearer ${token}`, "x-key": key } });
  expect((await ask("nobody:beside apiKey:&=")).ok).toBe(false);
  expect((await ask("check client:beside apiKey:&=")).ok).toBe(true);
});

/** What issuers say of themselves (OpenID Connect Discovery, RFC 8414), and what isn't believed. */
import { afterEach, describe, expect, test } from "bun:test";
import { discover, type IssuerDocument } from "../../src/oauth/discovery.ts";
import type { AuthError } from "../../src/platform/errors.ts";
import { http } from "../../src/platform/http.ts";
import { json, type Scripted, type Seen, script, thrown } from "./support.ts";

const running: Scripted[] = [];
afterEach(() => {
  for (const one of running.splice(0)) one.stop();
});

/** An issuer that publishes these fields at this place. `{}` in a value is its own URL. */
function issuerAt(place: string, fields: Readonly<Record<string, unknown>>): Scripted {
  const issuer = script((seen: Seen) => {
    if (seen.path !== place) return new Response("<html>not here</html>", { status: 404 });
    return new Response(JSON.stringify(fields).replaceAll("{}", issuer.url));
  });
  running.push(issuer);
  return issuer;
}

const OPENID = "/.well-known/openid-configuration";
const OAUTH = "/.well-known/oauth-authorization-server";
const minimal = { issuer: "{}", token_endpoint: "{}/token" };

const at = (issuer: Scripted, path = ""): Promise<IssuerDocument> => discover(http, `${issuer.url}${path}`);

async function refusal(issuer: Scripted, path = ""): Promise<AuthError> {
  return (await thrown(() => at(issuer, path))) as AuthError;
}

test("an issuer's document becomes endpoints", async () => {
  const issuer = issuerAt(OPENID, {
    ...minimal,
    authorization_endpoint: "https://login.example/authorize",
    device_authorization_endpoint: "{}/device",
    revocation_endpoint: "{}/revoke",
    userinfo_endpoint: "{}/me",
    introspection_endpoint: "{}/introspect",
    registration_endpoint: "{}/register",
    jwks_uri: "{}/keys",
    scopes_supported: ["openid"],
    token_endpoint_auth_methods_supported: ["none"],
    token_endpoint_auth_signing_alg_values_supported: ["ES256"],
    grant_types_supported: ["refresh_token"],
    code_challenge_methods_supported: ["S256"],
    id_token_signing_alg_values_supported: ["ES256"],
    dpop_signing_alg_values_supported: ["ES256"],
    pushed_authorization_request_endpoint: "{}/par",
    require_pushed_authorization_requests: true,
    authorization_response_iss_parameter_supported: true,
    something_else: { entirely: 1 },
  });
  const { url } = issuer;
  expect(await at(issuer)).toEqual({
    issuer: url,
    endpoints: {
      authorization: "https://login.example/authorize",
      device: `${url}/device`,
      token: `${url}/token`,
      revocation: `${url}/revoke`,
      userinfo: `${url}/me`,
      introspection: `${url}/introspect`,
    },
    mutualTls: {},
    jwksUri: `${url}/keys`,
    issRequired: true,
    registration: `${url}/register`,
    scopesSupported: ["openid"],
    authenticationMethods: ["none"],
    authenticationAlgorithms: ["ES256"],
    grantTypes: ["refresh_token"],
    challengeMethods: ["S256"],
    idTokenAlgorithms: ["ES256"],
    pushed: `${url}/par`,
    dpop: true,
    clientMetadata: false,
  });
});

describe("the places", () => {
  test("appended to a path (OpenID Connect)", async () => {
    const issuer = issuerAt(`/realms/main${OPENID}`, { ...minimal, issuer: "{}/realms/main" });
    expect((await at(issuer, "/realms/main")).issuer).toBe(`${issuer.url}/realms/main`);
  });

  test("inserted before a path (RFC 8414), where there is no other", async () => {
    const issuer = issuerAt(`${OAUTH}/realms/main`, { ...minimal, issuer: "{}/realms/main" });
    expect((await at(issuer, "/realms/main")).endpoints.token).toBe(`${issuer.url}/token`);
  });

  test("a slash at the end is no other issuer", async () => {
    const issuer = issuerAt(OPENID, minimal);
    expect((await at(issuer, "/")).issuer).toBe(issuer.url);
  });
});

describe("attack: metadata that leads elsewhere", () => {
  test("a document that names another issuer", async () => {
    for (const other of ["https://attacker.example", "{}/other", "{}.attacker.example", "http://{tenant}/v2", ""]) {
      const error = await refusal(issuerAt(OPENID, { ...minimal, issuer: other }));
      expect(error).toMatchObject({ code: "provider_unavailable" });
    }
    const error = await refusal(issuerAt(OPENID, { ...minimal, issuer: "https://attacker.example" }));
    expect(error.message).toContain("https://attacker.example");
  });

  test("a template matches one part of the path only", async () => {
    const templated = { ...minimal, issuer: "{}/{tenantid}/v2.0" };
    const common = issuerAt(`/common/v2.0${OPENID}`, templated);
    expect((await at(common, "/common/v2.0")).issuer).toBe(`${common.url}/{tenantid}/v2.0`);
    expect(await refusal(issuerAt(`/a/b/v2.0${OPENID}`, templated), "/a/b/v2.0")).toMatchObject({
      code: "provider_unavailable",
    });
  });

  test("an endpoint over plain http, or no URL at all", async () => {
    for (const bad of [
      "http://issuer.example/token",
      "/token",
      "javascript:alert(1)",
      "https://u:p@issuer.example/",
      7,
    ])
      for (const name of ["token_endpoint", "authorization_endpoint", "jwks_uri", "registration_endpoint"]) {
        const error = await refusal(issuerAt(OPENID, { ...minimal, [name]: bad }));
        expect(error).toMatchObject({ code: "provider_unavailable", message: expect.stringContaining(name) });
      }
  });

  test("a redirect is not followed, and the error says where it leads", async () => {
    for (const status of [301, 302, 303, 307, 308]) {
      const thief = script(json({}));
      const there = `${thief.url}/elsewhere?code=s3cret`;
      const issuer = script(new Response(null, { status, headers: { location: there } }));
      running.push(thief, issuer);
      const error = await refusal(issuer);
      expect(error.code).toBe("provider_unavailable");
      expect(error.message).toContain(`it redirects to ${thief.url}/elsewhere (HTTP ${status})`);
      expect(error.message).not.toContain("s3cret");
      expect(thief.seen).toEqual([]);
    }
  });

  test("a name made to be printed", async () => {
    const error = await refusal(issuerAt(OPENID, { ...minimal, issuer: "https://a\x1b[2J\u202e" }));
    expect(error.message).toContain("\\x1b[2J\\u202e");
  });
});

describe("no issuer there", () => {
  test("nothing, HTML, an array, null, 2 MB", async () => {
    for (const body of ["", "<html>", "[]", "null", "x".repeat(2_000_000)]) {
      const issuer = script(new Response(body));
      running.push(issuer);
      expect(await refusal(issuer)).toMatchObject({ code: "provider_unavailable" });
    }
  });

  test("a web page in its place, as of a network to sign in to, is called one", async () => {
    for (const body of ["<!DOCTYPE html><title>Free Wi-Fi</title>", "\n<html>", '<?xml version="1.0"?><html/>']) {
      const issuer = script(new Response(body, { headers: { "content-type": "text/html" } }));
      running.push(issuer);
      const error = await refusal(issuer);
      expect(error.message).toStartWith("A web page answered in the place of ");
      expect(error.hint).toContain("this network's sign-in page");
    }
    // A page first, as a web app shows for every address, takes nothing from the document behind it.
    const behind = script((seen: Seen) =>
      seen.path === OPENID
        ? new Response("<html>")
        : json({ issuer: behind.url, token_endpoint: `${behind.url}/token` }),
    );
    running.push(behind);
    expect((await at(behind)).issuer).toBe(behind.url);
  });

  test("without metadata, the error has the whole command that describes a provider", async () => {
    const issuer = script(new Response(null, { status: 404 }));
    running.push(issuer);
    expect((await refusal(issuer)).hint).toContain(
      "auth provider new <id> --authorization-url <url> --token-url <url>",
    );
  });

  test("a server in trouble, or out of reach", async () => {
    const busy = script(new Response("busy", { status: 503 }));
    running.push(busy);
    expect(await refusal(busy)).toMatchObject({
      code: "provider_unavailable",
      message: expect.stringContaining("503"),
    });
    const unreached = await thrown(() => discover(http, "http://127.0.0.1:1"));
    expect(unreached).toMatchObject({ code: "network", message: expect.stringContaining("connection refused") });
  });

  test("one 503 in between is no trouble", async () => {
    const issuer = script(new Response("busy", { status: 503 }), () =>
      json({ ...minimal, issuer: issuer.url, token_endpoint: `${issuer.url}/token` }),
    );
    running.push(issuer);
    expect((await at(issuer)).issuer).toBe(issuer.url);
  });

  test("an address that can't be an issuer's", async () => {
    for (const url of [
      "http://issuer.example",
      "ftp://issuer.example",
      "issuer.example",
      "https://a.example/?x=1",
      "https://a.example/#f",
      "https://u@a.example",
    ])
      expect(await thrown(() => discover(http, url))).toMatchObject({ code: "usage" });
  });
});

import { describe, expect, test } from "bun:test";
import { findProtectedResource } from "../../src/oauth/protected-resource.ts";
import type { Http } from "../../src/platform/http.ts";
import { coversUrl } from "../../src/platform/url.ts";

/** A network in which these URLs answer, and all others with 404. */
function network(
  replies: Readonly<Record<string, { status?: number; headers?: Record<string, string>; json?: unknown }>>,
): {
  http: Http;
  calls: string[];
} {
  const calls: string[] = [];
  const http: Http = async ({ method, url }) => {
    calls.push(`${method} ${url}`);
    const { status = 200, headers = {}, json = {} } = replies[`${method} ${url}`] ?? { status: 404 };
    return { status, headers: new Headers(headers), body: new TextEncoder().encode(JSON.stringify(json)) };
  };
  return { http, calls };
}

const URL_ = "https://mcp.example.com/a/mcp";
const WELL_KNOWN = "https://mcp.example.com/.well-known/oauth-protected-resource";

describe("an API's metadata", () => {
  test("of a challenge is the one that counts, wherever it is; the well-known places aren't asked", async () => {
    const { http, calls } = network({
      [`POST ${URL_}`]: {
        status: 401,
        headers: { "www-authenticate": 'Bearer resource_metadata="https://meta.example/x"' },
      },
      "GET https://meta.example/x": { json: { resource: URL_, authorization_servers: ["https://as.example"] } },
    });
    expect(await findProtectedResource(http, URL_)).toEqual({
      url: URL_,
      resource: URL_,
      issuers: ["https://as.example"],
      scopes: [],
      bound: false,
    });
    expect(calls).toEqual([`POST ${URL_}`, "GET https://meta.example/x"]);
  });

  test("of a challenge that leaves out the quotes is found, too", async () => {
    const { http } = network({
      [`POST ${URL_}`]: {
        status: 401,
        headers: { "www-authenticate": "Bearer resource_metadata=https://meta.example/x" },
      },
      "GET https://meta.example/x": { json: { resource: URL_, authorization_servers: ["https://as.example"] } },
    });
    expect((await findProtectedResource(http, URL_))?.issuers).toEqual(["https://as.example"]);
  });

  test.each([`'${WELL_KNOWN}'`, '"no url"', '"'])("of a challenge with %s: at the well-known place", async (place) => {
    const { http } = network({
      [`POST ${URL_}`]: { status: 401, headers: { "www-authenticate": `Bearer resource_metadata=${place}` } },
      [`GET ${WELL_KNOWN}/a/mcp`]: { json: { resource: URL_, authorization_servers: ["https://as.example"] } },
    });
    expect((await findProtectedResource(http, URL_))?.issuers).toEqual(["https://as.example"]);
  });

  test("without a challenge: beneath its path, then at the root", async () => {
    const json = { resource: "https://mcp.example.com", authorization_servers: ["https://as.example"] };
    const { http, calls } = network({ [`GET ${WELL_KNOWN}`]: { json } });
    expect((await findProtectedResource(http, URL_))?.resource).toBe("https://mcp.example.com");
    expect(calls).toEqual([`POST ${URL_}`, `GET ${WELL_KNOWN}/a/mcp`, `GET ${WELL_KNOWN}`]);
  });

  test("none: it may be an issuer", async () => {
    expect(await findProtectedResource(network({}).http, URL_)).toBeNull();
  });

  test.each([
    "http://127.0.0.1:8080",
    "https://localhost/x",
    "https://10.1.2.3",
    "https://172.31.0.1",
    "https://192.168.0.1",
    "https://169.254.169.254",
    "https://100.64.0.1",
    "https://[::1]",
    "https://[fd00::1]",
    "https://[fe80::1]",
    "https://[::ffff:10.0.0.1]",
    "https://2130706433",
    "https://0x7f.1",
  ])("that leads from the internet to %s: refused", async (place) => {
    const { http, calls } = network({
      [`GET ${WELL_KNOWN}/a/mcp`]: { json: { resource: URL_, authorization_servers: [place] } },
    });
    await expect(findProtectedResource(http, URL_)).rejects.toMatchObject({ code: "provider_unavailable" });
    expect(calls).toHaveLength(2);
    const challenged = network({
      [`POST ${URL_}`]: { status: 401, headers: { "www-authenticate": `Bearer resource_metadata="${place}/x"` } },
    });
    await expect(findProtectedResource(challenged.http, URL_)).rejects.toMatchObject({ code: "provider_unavailable" });
    expect(challenged.calls).toHaveLength(1);
  });

  test("within a private network a server may lead to another one there", async () => {
    const url = "https://10.0.0.5/mcp";
    const json = { resource: url, authorization_servers: ["https://10.0.0.6"] };
    const { http } = network({ "GET https://10.0.0.5/.well-known/oauth-protected-resource/mcp": { json } });
    expect((await findProtectedResource(http, url))?.issuers).toEqual(["https://10.0.0.6"]);
  });
});

test.each<[string, string, boolean]>([
  ["https://a.example/mcp", "https://A.example:443/mcp/", true],
  ["https://a.example", "https://a.example/mcp", true],
  ["https://a.example/mcp", "https://a.example/mcp/x", true],
  ["https://a.example/mcp", "https://a.example/mcp2", false],
  ["https://a.example/mcp", "https://a.example/mcp/../x", false],
  ["https://a.example/mcp?x=1", "https://a.example/mcp/x", false],
  ["https://a.example", "http://a.example", false],
  ["https://a.example", "https://b.example", false],
  ["no url", "https://b.example", false],
])("%s covers %s: %p", (resource, url, expected) => expect(coversUrl(resource, url)).toBe(expected));

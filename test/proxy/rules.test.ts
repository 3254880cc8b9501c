/** Which requests may have a token, and what stands for one (CLI.md §5 `proxy`). */
import { describe, expect, test } from "bun:test";
import { Secret } from "../../src/platform/secret.ts";
import type { Api } from "../../src/proxy/api.ts";
import { proxyVariables } from "../../src/proxy/environment.ts";
import { placeholderFor } from "../../src/proxy/placeholder.ts";
import { parseRules, refusal } from "../../src/proxy/rules.ts";

const origin = "https://api.example";
const api = { endpoints: [`${origin}/oauth/token`] } as unknown as Api;

function isAllowed(request: string, allow: string[] = [], deny: string[] = [], readOnly = false): boolean {
  const [method = "", target = ""] = request.split(" ");
  return refusal(parseRules({ allow, deny, readOnly }), api, { method, origin, target, headers: {} }) === null;
}

describe("what git fetches with, by POST,", () => {
  const TYPE = "application/x-git-upload-pack-request";
  const asked = (target: string, type: string, rules: Partial<Parameters<typeof parseRules>[0]>): boolean => {
    const all = parseRules({ allow: [], deny: [], readOnly: false, ...rules });
    return refusal(all, api, { method: "POST", origin, target, headers: { "content-type": type } }) === null;
  };

  test("is a read for --read-only and --allow, and a POST for --deny", () => {
    expect(asked("/me/project.git/git-upload-pack", TYPE, { readOnly: true })).toBe(true);
    expect(asked("/me/project/git-upload-pack", TYPE, { allow: ["GET /me/*"] })).toBe(true);
    expect(asked("/me/project/git-upload-pack", TYPE, { deny: ["POST /me/*"] })).toBe(false);
    expect(asked("/me/project/git-upload-pack", TYPE, { allow: ["GET /other/*"] })).toBe(false);
  });

  test("is told by its whole form: a push isn't it, nor is what only ends so", () => {
    for (const [target, type] of [
      ["/me/project/git-receive-pack", "application/x-git-receive-pack-request"],
      ["/me/project/git-receive-pack", TYPE],
      ["/me/project/git-upload-pack", "application/json"],
      ["/me/project/issues?/git-upload-pack", TYPE],
      ["/me/project/issues#/git-upload-pack", TYPE],
      ["/me/project/git-upload-pack/issues", TYPE],
    ] as const)
      for (const rules of [{ readOnly: true }, { allow: ["GET /me/*"] }])
        expect([target, type, asked(target, type, rules)]).toEqual([target, type, false]);
  });
});

describe("--allow", () => {
  test("names a method and a path; * is any part, and at the end all that follows", () => {
    const allow = ["GET /repos/*", "post /repos/*/issues", "/user", `* ${origin}/me/*`];
    for (const yes of [
      "GET /repos/a",
      "GET /repos/a/b/c?x=1",
      "HEAD /repos/a",
      "POST /repos/a/issues",
      "PUT /user",
      "DELETE /me/x",
    ])
      expect([yes, isAllowed(yes, allow)]).toEqual([yes, true]);
    for (const no of [
      "GET /repos",
      "GET /reposx/a",
      "POST /repos/a",
      "POST /repos/a/b/issues",
      "GET /user/x",
      "GET /User",
      "GET /",
    ])
      expect([no, isAllowed(no, allow)]).toEqual([no, false]);
  });

  test("for another origin doesn't count", () =>
    expect(isAllowed("GET /x", ["GET https://other.example/x"])).toBe(false));

  test("is held against the path as the API reads it, and what can be read two ways is refused", () => {
    expect(isAllowed("GET /%72epos/a", ["GET /repos/*"])).toBe(true);
    for (const target of ["/repos/a%2f..%2fb", "/repos//a", "/repos/a;x", "/repos/a%252f"])
      expect([target, isAllowed(`GET ${target}`, ["GET /repos/*"])]).toEqual([target, false]);
  });
});

test("--deny goes before --allow, whatever the capitals or the slash at the end", () => {
  for (const target of ["/admin", "/admin/x", "/ADMIN/x", "/admin/", "/%61dmin/x"])
    expect([target, isAllowed(`GET ${target}`, ["* /*"], ["* /admin/*"])]).toEqual([target, false]);
  expect(isAllowed("GET /administration", ["* /*"], ["* /admin/*"])).toBe(true);
});

test("--read-only refuses what says that it is another method", () => {
  expect(isAllowed("GET /x", [], [], true)).toBe(true);
  expect(isAllowed("POST /x", [], [], true)).toBe(false);
  expect(isAllowed("GET /x?_method=DELETE", [], [], true)).toBe(false);
  const rules = parseRules({ allow: [], deny: [], readOnly: true });
  const asked = { method: "GET", origin, target: "/x", headers: { "x-http-method-override": "DELETE" } };
  expect(refusal(rules, api, asked)).not.toBeNull();
});

test("what says that it is another request is refused, however it spells that", () => {
  const rules = parseRules({ allow: [], deny: ["DELETE /*", "* /admin/*"], readOnly: false });
  const why = (target: string, headers: Record<string, string> = {}, ruled = rules): string | null =>
    refusal(ruled, api, { method: "POST", origin, target, headers });
  for (const query of [
    "_method=DELETE",
    "%5Fmethod=DELETE",
    "a=1;_method=DELETE",
    "_HttpMethod=DELETE",
    "method=delete",
    "$method=DELETE",
    "x-http-method-override=DELETE",
  ])
    expect([query, why(`/x?${query}`)]).toEqual([query, expect.stringContaining("another method")]);
  for (const name of ["x-http-method-override", "x_http_method_override", "x-http_method", "x-method-override"])
    expect([name, why("/x", { [name]: "DELETE" })]).toEqual([name, expect.stringContaining("another method")]);
  for (const name of ["x-original-url", "x-rewrite-url", "x_original_url"])
    expect([name, why("/x", { [name]: "/admin/x" })]).toEqual([name, expect.stringContaining("another path")]);
  // Calls of an API's own, and words in a value.
  for (const target of ["/x?method=photos.search", "/x?q=_method%3DDELETE", "/x?methods=delete"])
    expect([target, why(target)]).toEqual([target, null]);
  const none = parseRules({ allow: [], deny: [], readOnly: false });
  expect(refusal(none, api, { method: "GET", origin, target: "/user/keys?_method=post", headers: {} })).toContain(
    "--allow",
  );
  expect(why("/x", { "x-original-url": "/user/keys" }, none)).toContain("another path");
});

test("--read-only refuses a connection for both ways", () => {
  const asked = { method: "GET", origin, target: "/x", headers: { upgrade: "websocket" } };
  expect(refusal(parseRules({ allow: [], deny: [], readOnly: true }), api, asked)).toContain("Upgrade");
  expect(refusal(parseRules({ allow: [], deny: [], readOnly: false }), api, asked)).toBeNull();
});

test("an escape that is no UTF-8 doesn't hide a path from a rule", () => {
  for (const target of ["/%61dmin/x%ff", "/%61dmin/%ff", "/%61dmin/x%c0%af", "/x/%c0%ae%c0%ae/admin/x", "/%e4"])
    expect([target, isAllowed(`GET ${target}`, [], ["* /admin/*"])]).toEqual([target, false]);
  expect(isAllowed("GET /%C3%A4", [], ["* /admin/*"])).toBe(true);
});

test("a format at the end doesn't hide a path from --deny", () => {
  for (const target of ["/user/keys", "/user/keys.json", "/user/KEYS.xml"])
    expect([target, isAllowed(`GET ${target}`, [], ["* /user/keys"])]).toEqual([target, false]);
  expect(isAllowed("GET /user/keyset.json", [], ["* /user/keys"])).toBe(true);
});

test("what gives out tokens is denied, unless --allow names it", () => {
  for (const target of [
    "/oauth/token",
    "/app/installations/1/access_tokens",
    "/user/keys",
    "/api/0/api-tokens/",
    "/x/ssh-keys",
    "/user/tokens",
    "/client/v4/user/tokens",
    "/-/npm/v1/tokens",
    "/api/v4/users/1/impersonation_tokens",
    "/user/ssh_signing_keys",
    "/api/v4/projects/1/access_tokens.json",
    "/user/keys.json",
    "/oauth/token.json",
    "/%61ccess_tokens/%ff",
    "/user/tokens/1/roll",
    "/personal_access_tokens/1/rotate",
  ])
    expect([target, isAllowed(`POST ${target}`)]).toEqual([target, false]);
  for (const request of [
    "POST /tokenize",
    "GET /user/keys",
    "DELETE /user/keys/1",
    "POST /keysmith",
    "POST /chat/completions",
    "POST /v1/messages/count_tokens",
    "POST /tokens/1/name",
    "PUT /repos/me/project/contents/src/token.ts",
  ])
    expect([request, isAllowed(request)]).toEqual([request, true]);
  expect(isAllowed("POST /user/keys", ["* /*"])).toBe(true);
});

test("what gives out tokens is denied however often its path is escaped", () => {
  for (const target of [
    "/oauth/toke%6e",
    "/oauth/toke%256e",
    "/oauth/toke%25256e",
    "/oauth%252ftoken",
    "/oauth%255ctoken",
    "/oauth/token%253f/x",
    "/oauth/token%253bx",
    "/%6fauth/token;%ff",
    `/oauth/toke%${"25".repeat(9)}6e`,
  ])
    expect([target, isAllowed(`GET ${target}`)]).toEqual([target, false]);
  expect(isAllowed("POST /user/key%2573")).toBe(false);
  for (const target of ["/files/100%25", "/files/a%2520b", "/files/%ff"])
    expect([target, isAllowed(`POST ${target}`)]).toEqual([target, true]);
  expect(isAllowed("GET /%61dmin/%ff", [], ["* /admin/*"])).toBe(false);
});

test("a rule that can't be read is refused", () => {
  for (const rule of [
    "GET",
    "GET repos",
    "G-T /x",
    "GET /a b",
    "GET /x?y",
    "GET /a//b",
    "GET http://far.example/x",
    "GET https://a@b/x",
  ])
    expect(() => parseRules({ allow: [rule], deny: [], readOnly: false })).toThrow();
});

describe("a placeholder", () => {
  const made = (token: string): string => placeholderFor(new Secret(token), 0).reveal();

  test("has the token's prefix, length and kinds of characters, and nothing else of it", () => {
    const token = "github_pat_11ABCDEFG0abcdefghijkl_abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVW";
    expect(made(token)).toMatch(/^github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}$/);
    expect(made("sk-proj-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")).toMatch(/^sk-proj-[a-z0-9]{40}$/);
    expect(made("0123456789abcdef0123456789abcdef01234567")).toMatch(/^[0-9a-f]{40}$/);
    expect(made(token)).not.toBe(made(token));
  });

  test("is long enough to be no guess, however short the token is", () =>
    expect(made("abc").length).toBeGreaterThanOrEqual(32));

  test("for a JWT is one that has not ended, without its signature", () => {
    const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
    const token = `${part({ alg: "RS256" })}.${part({ sub: "me", exp: 1, secret: "x" })}.c2lnbmF0dXJl`;
    const [, payload = "", signature] = made(token).split(".");
    const claims = JSON.parse(Buffer.from(payload, "base64url").toString()) as Record<string, unknown>;
    expect([claims.sub, claims.secret]).toEqual(["me", undefined]);
    expect(Number(claims.exp)).toBeGreaterThan(300_000_000);
    expect(signature).not.toBe("c2lnbmF0dXJl");
  });
});

test("NO_PROXY keeps what doesn't lead past the proxy, and nothing under --strict", () => {
  const origins = [new URL("https://api.example.com"), new URL("https://127.0.0.1:8443")];
  const place = { address: "http://auth:x@127.0.0.1:1", bundle: "/b", javaBundle: "/j", origins, strict: false };
  const env = { NO_PROXY: "localhost, example.com,.com,api.example.com:443,*.example.com,10.0.0.0/8,kept.test,*" };
  expect(proxyVariables(env, place).NO_PROXY).toBe("localhost,kept.test");
  expect(proxyVariables(env, place).HTTP_PROXY).toBeUndefined();
  expect(proxyVariables(env, { ...place, strict: true })).toMatchObject({ NO_PROXY: "", http_proxy: place.address });
});

test("JAVA_TOOL_OPTIONS goes on with the caller's, and holds any path", () => {
  const place = { address: "http://auth:x@127.0.0.1:1", bundle: "/b", origins: [], strict: false };
  const [plain, quoted] = ["/j.p12", `/a b'c"d/j.p12`].map(
    (javaBundle) => proxyVariables({ JAVA_TOOL_OPTIONS: "-Dmine=1" }, { ...place, javaBundle }).JAVA_TOOL_OPTIONS,
  );
  expect(plain).toStartWith("-Dmine=1 -Djavax.net.ssl.trustStore=/j.p12 -D");
  expect(quoted).toStartWith(`-Dmine=1 "-Djavax.net.ssl.trustStore=/a b'c"'"'"d/j.p12" -D`);
});

test("a token endpoint is refused however its path is written, without rules and with --deny", () => {
  for (const target of [
    ...["/oauth/token", "/oauth/toke%6e", "//oauth/token", "/oauth//token", "/oauth/token/", "/OAuth/Token"],
    ...["/oauth/token;x=1", "/oauth%2ftoken", "/oauth/token?a=b"],
  ])
    for (const deny of [[], ["* /admin/*"]])
      expect([target, isAllowed(`POST ${target}`, [], deny)]).toEqual([target, false]);
  expect(isAllowed("GET /oauth/tokens")).toBe(true);
  expect(isAllowed("POST /user/keys/")).toBe(false);
});

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { resolveProvider } from "../../src/providers/resolve.ts";
import type { ProviderDefinition } from "../../src/providers/schema.ts";
import { definitionOf } from "./builtin.ts";
import { thrownBy } from "./thrown.ts";

const github = definitionOf("github");
const sentry = definitionOf("sentry");
const entra = definitionOf("entra");
const apikey = definitionOf("apikey");
const oidc = definitionOf("oidc");

describe("github", () => {
  test("without settings it is github.com, whose API has a host of its own", () => {
    const resolved = resolveProvider(github, {});
    expect(resolved.endpoints).toEqual({
      authorization: "https://github.com/login/oauth/authorize",
      device: "https://github.com/login/device/code",
      token: "https://github.com/login/oauth/access_token",
      userinfo: "https://api.github.com/user",
      revocation: "https://api.github.com/applications/{clientId}/token",
    });
    expect(resolved.origins.slice(0, 2)).toEqual(["https://github.com", "https://api.github.com"]);
    // Its registries, for docker and the like.
    expect(resolved.origins).toContain("https://ghcr.io");
    expect(resolved.environment).toEqual({
      read: ["GH_TOKEN", "GITHUB_TOKEN"],
      write: { GH_TOKEN: "{token}", GITHUB_TOKEN: "{token}" },
      baseUrl: { GITHUB_API_URL: "" },
    });
  });

  test("a server of one's own has its API below /api/v3, and its token is never named GITHUB_TOKEN", () => {
    const resolved = resolveProvider(github, { host: "git.example.com:8443" });
    expect(resolved.endpoints.userinfo).toBe("https://git.example.com:8443/api/v3/user");
    expect(resolved.origins).toEqual(["https://git.example.com:8443"]);
    expect(resolved.environment.write).toEqual({
      GH_ENTERPRISE_TOKEN: "{token}",
      GITHUB_ENTERPRISE_TOKEN: "{token}",
      GH_HOST: "git.example.com:8443",
    });
    expect(resolved.client.create).toBe("https://git.example.com:8443/settings/apps/new");
  });

  test("a tenant on ghe.com counts as github.com for variables, with its own API host", () => {
    const resolved = resolveProvider(github, { host: "acme.ghe.com" });
    expect(resolved.endpoints.userinfo).toBe("https://api.acme.ghe.com/user");
    expect(resolved.environment.read).toEqual(["GH_TOKEN", "GITHUB_TOKEN"]);
    expect(resolved.environment.write).toMatchObject({ GH_TOKEN: "{token}", GH_HOST: "acme.ghe.com" });
  });

  test("attack: a host that merely contains github.com is a server of its own", () => {
    for (const host of ["github.com.evil.example", "evil-github.com", "github.com:444", "ghe.com", "a.b.ghe.com"])
      expect(resolveProvider(github, { host }).environment.read).toEqual([
        "GH_ENTERPRISE_TOKEN",
        "GITHUB_ENTERPRISE_TOKEN",
      ]);
  });
});

describe("a host", () => {
  test("may be given as an https URL, in any case, with a slash at the end", () => {
    for (const host of [
      "GIT.example.com",
      "https://git.example.com",
      "HTTPS://Git.Example.com/",
      "git.example.com:443",
    ])
      expect(resolveProvider(sentry, { host }).settings.host).toBe("git.example.com");
  });

  test("attack: slashes, user names, spaces, other alphabets and disguised addresses are refused", () => {
    const hosts = [
      ...["evil.example/github.com", "user@evil.example", "user:pw@evil.example", "git example.com", "gıthub.com"],
      ...[
        "git.example.com?x",
        "git.example.com#x",
        "git.example.com\\x",
        "..",
        "-x.example",
        "x.example.",
        "1",
        "0x7f.1",
      ],
      ...[
        "http://git.example.com",
        "https://git.example.com/path",
        "x.example:99999",
        "x.example:",
        "%67.example",
        "[::g]",
      ],
      ...["{token}.evil.example", "x\u0000.example", "\u202egithub.com"],
    ];
    for (const host of hosts) {
      const error = thrownBy(() => resolveProvider(github, { host }));
      expect({ host, code: error.code }).toEqual({ host, code: "usage" });
      expect(error.message).toStartWith("--host ");
    }
  });

  test("whatever is accepted, every address keeps to that host and to https", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.domain(), fc.webAuthority(), fc.ipV4(), fc.ipV6()), (host) => {
        if (host.trim() === "") return;
        let resolved: ReturnType<typeof resolveProvider>;
        try {
          resolved = resolveProvider(sentry, { host });
        } catch (error) {
          expect(error).toMatchObject({ code: "usage" });
          return;
        }
        for (const url of Object.values(resolved.endpoints)) {
          expect(new URL(url).host).toBe(resolved.settings.host ?? "");
          expect(url).toStartWith("https://");
        }
      }),
    );
  });
});

describe("settings", () => {
  test("a tenant is one part of the path, and can't lead out of it", () => {
    expect(resolveProvider(entra, { tenant: "contoso.example" }).endpoints.token).toBe(
      "https://login.microsoftonline.com/contoso.example/oauth2/v2.0/token",
    );
    for (const tenant of ["..", "a/b", "a?b", "a%2fb", ".", "a b"])
      expect(thrownBy(() => resolveProvider(entra, { tenant })).code).toBe("usage");
  });

  test("a national cloud is another host, with its own Graph", () => {
    const resolved = resolveProvider(entra, { host: "https://login.microsoftonline.us/" });
    expect(resolved.endpoints.token).toStartWith("https://login.microsoftonline.us/common/");
    expect(resolved.origins).toEqual(["https://login.microsoftonline.us", "https://graph.microsoft.us"]);
  });

  test("an unknown one is named with the nearest there is", () => {
    const error = thrownBy(() => resolveProvider(entra, { tenent: "x" }));
    expect(error).toMatchObject({ code: "usage", message: "Microsoft Entra ID has no setting 'tenent'." });
    expect(error.hint).toStartWith("Did you mean 'tenant'?");
  });

  test("one that is required and missing says its flag", () => {
    expect(thrownBy(() => resolveProvider(oidc, {}))).toMatchObject({ code: "usage" });
    expect(thrownBy(() => resolveProvider(oidc, {})).message).toContain("--issuer");
  });

  test("an empty value is an unset one", () => {
    expect(resolveProvider(github, { host: "  " }).settings.host).toBe("github.com");
  });

  test("100 kB of it, or control characters, are refused", () => {
    for (const env of ["X".repeat(100_000), "X\u0007Y"])
      expect(thrownBy(() => resolveProvider(apikey, { env })).code).toBe("usage");
  });
});

describe("an issuer", () => {
  test("is asked as it was written", () => {
    expect(resolveProvider(oidc, { issuer: "https://issuer.example:8443/realms/x" }).issuer).toBe(
      "https://issuer.example:8443/realms/x",
    );
    expect(resolveProvider(oidc, { issuer: "http://127.0.0.1:4000" }).issuer).toBe("http://127.0.0.1:4000");
  });

  test("attack: must be https, or http to this machine, without user name", () => {
    for (const issuer of [
      "http://issuer.example",
      "https://u:p@issuer.example",
      "ftp://x",
      "x",
      "http://127.0.0.1.evil.example",
      "https://issuer.example/#x",
    ])
      expect(thrownBy(() => resolveProvider(oidc, { issuer })).code).toBe("usage");
  });
});

describe("an API key", () => {
  test("is what its connection says: variable, header, pattern", () => {
    const resolved = resolveProvider(apikey, { env: "OPENAI_API_KEY", header: "X-Api-Key: {token}", pattern: "sk-.*" });
    expect(resolved.environment.write).toEqual({ OPENAI_API_KEY: "{token}" });
    expect(resolved.dialect.header).toBe("X-Api-Key: {token}");
    expect(resolved.apiKey.pattern).toBe("sk-.*");
  });

  test("without settings goes under a name of its own, in the usual header", () => {
    const resolved = resolveProvider(apikey, {});
    expect(resolved.environment.write).toEqual({ APIKEY_TOKEN: "{token}" });
    expect(resolved.dialect.header).toBe("Authorization: Bearer {token}");
    expect(resolved.apiKey.pattern).toBeNull();
  });

  test("attack: a variable that loads code, a pattern that hangs, a header without the key are refused", () => {
    for (const env of ["LD_PRELOAD", "PATH", "node_options", "https_proxy", "AUTH_HOME", "A B", "1X", ""].filter(
      Boolean,
    ))
      expect(thrownBy(() => resolveProvider(apikey, { env })).code).toBe("usage");
    expect(thrownBy(() => resolveProvider(apikey, { pattern: "(a+)+b" })).code).toBe("usage");
    for (const header of ["X-Api-Key", "X-Api-Key: key", "X Api: {token}", "X: {token}\r\nY: z"])
      expect(thrownBy(() => resolveProvider(apikey, { header })).code).toBe("usage");
  });
});

test("where nothing is declared to write, the token goes under the provider's own name", () => {
  const plain: ProviderDefinition = { id: "my-corp", title: "My", flows: ["token"] };
  expect(resolveProvider(plain, {}).environment.write).toEqual({ MY_CORP_TOKEN: "{token}" });
});

test("what an optional setting would have filled is left out while it is unset", () => {
  const described: ProviderDefinition = {
    id: "x",
    title: "X",
    settings: { region: { title: "Region", kind: "host" } },
    endpoints: { token: "https://x.example/token", userinfo: "https://{region}/me" },
    origins: ["https://{region}"],
    environment: { write: { X_TOKEN: "{token}", X_REGION: "{region}" } },
    flows: ["token"],
  };
  const without = resolveProvider(described, {});
  expect(without.endpoints).toEqual({ token: "https://x.example/token" });
  expect(without.origins).toEqual(["https://x.example"]);
  expect(without.environment.write).toEqual({ X_TOKEN: "{token}" });
  const withOne = resolveProvider(described, { region: "eu.x.example" });
  expect(withOne.origins).toEqual(["https://x.example", "https://eu.x.example"]);
});

test("attack: a value with braces in it is not filled a second time", () => {
  const described: ProviderDefinition = {
    id: "x",
    title: "X",
    settings: { a: { title: "A" }, b: { title: "B" } },
    environment: { write: { A: "{a}", B: "{b}" } },
    flows: ["token"],
  };
  expect(resolveProvider(described, { a: "{b}", b: "{token}" }).environment.write).toEqual({ A: "{b}", B: "{token}" });
});

describe("a value in the place of a host", () => {
  const shop: ProviderDefinition = {
    id: "shop",
    title: "Shop",
    settings: { shop: { title: "Shop", required: true }, region: { title: "Region", choices: ["eu", "us"] } },
    endpoints: { token: "https://{shop}.shops.example/token", userinfo: "https://{region}.shops.example/me" },
    flows: ["code"],
  };

  test("is put into a part of its name", () => {
    expect(resolveProvider(shop, { shop: "my-shop" }).endpoints).toEqual({
      token: "https://my-shop.shops.example/token",
    });
  });

  test("never for another one", () => {
    for (const value of [
      "evil.example/",
      "evil.example?",
      "evil.example#",
      "a@evil.example",
      "x y",
      "evil.example\\\\",
    ])
      expect(thrownBy(() => resolveProvider(shop, { shop: value })).message).toContain(
        "can't be part of a host's name",
      );
  });

  test("is one of the choices, where there are any", () => {
    expect(resolveProvider(shop, { shop: "a", region: "eu" }).endpoints.userinfo).toBe("https://eu.shops.example/me");
    const error = thrownBy(() => resolveProvider(shop, { shop: "a", region: "mars" }));
    expect(error.message).toBe("--region must be one of eu, us.");
  });
});

/** What an issuer says about itself wins over a description's guess. */
import { expect, test } from "bun:test";
import { atKnownOrigins, withMetadata } from "../../src/connections/login/metadata.ts";
import type { IssuerDocument } from "../../src/oauth/discovery.ts";
import { withDefaults } from "../../src/providers/defaults.ts";
import { resolveProvider } from "../../src/providers/resolve.ts";
import type { ProviderDefinition } from "../../src/providers/schema.ts";

const definition: ProviderDefinition = {
  id: "acme",
  title: "Acme",
  issuer: "https://login.acme.example",
  endpoints: { token: "https://login.acme.example/t", userinfo: "https://api.acme.example/me" },
  flows: ["browser"],
};

function says(more: Partial<IssuerDocument>): IssuerDocument {
  return { endpoints: {}, mutualTls: {}, challengeMethods: null, ...more } as IssuerDocument;
}

test("an endpoint is taken at the description's origins, or where the description names none of that kind", () => {
  const left: string[] = [];
  const endpoints = {
    authorization: "https://pages.example/authorize",
    token: "https://evil.example/t",
    userinfo: "https://login.acme.example/userinfo",
  };
  const kept = atKnownOrigins(says({ endpoints }), resolveProvider(definition, {}), (name) => left.push(name));
  expect(kept.endpoints).toEqual({ authorization: endpoints.authorization, userinfo: endpoints.userinfo });
  expect(left).toEqual(["token"]);
});

test("PKCE by S256, where the issuer lists it and the description has none or a weaker one", () => {
  const pkceOf = (pkce: boolean | "plain" | "S256-hex", methods: string[] | null): unknown => {
    const dialect = withDefaults({ ...definition, authorize: { pkce } });
    return withMetadata(dialect, says({ challengeMethods: methods })).authorize.pkce;
  };
  for (const weaker of [false, "plain"] as const) {
    expect(pkceOf(weaker, ["plain", "S256"])).toBe(true);
    for (const silent of [null, [], ["plain"]]) expect(pkceOf(weaker, silent)).toBe(weaker);
  }
  expect(pkceOf("S256-hex", ["S256"])).toBe("S256-hex");
  expect(pkceOf(true, ["plain"])).toBe(true);
  const dialect = withDefaults({
    ...definition,
    authorize: { pkce: "plain", names: { code_challenge_method: false } },
  });
  expect(withMetadata(dialect, says({ challengeMethods: ["S256"] })).authorize).toMatchObject({
    pkce: true,
    names: {},
  });
  expect(withMetadata(dialect, null)).toBe(dialect);
});

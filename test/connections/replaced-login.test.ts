/** A login that takes another's place: the one before is revoked at the provider, best effort (RULES.md 2.9). */
import { expect, test } from "bun:test";
import type { ProviderDefinition } from "../../src/providers/schema.ts";
import { playLogin } from "./login-support.ts";

const TOKEN = "https://acme.example/token";
const REVOKE = "https://acme.example/revoke/client";

/** What is sent to revoke the first of two logins, at a provider that revokes so. */
async function sentFor(
  revocation: NonNullable<ProviderDefinition["revocation"]>,
  second: object = { access_token: "access-2", refresh_token: "refresh-2" },
): Promise<{ revoked: Readonly<Record<string, string>>[]; warnings: readonly string[] }> {
  const acme: ProviderDefinition = {
    id: "acme",
    title: "Acme",
    endpoints: {
      authorization: "https://acme.example/authorize",
      token: TOKEN,
      revocation: "https://acme.example/revoke/{clientId}",
    },
    revocation,
    flows: ["browser"],
  };
  const first = { access_token: "access-1", refresh_token: "refresh-1" };
  const { vault } = await playLogin(acme, { [TOKEN]: [200, first], [REVOKE]: [200, {}] });
  const { sent, warnings } = await playLogin(acme, { [TOKEN]: [200, second], [REVOKE]: [200, {}] }, {}, {}, vault);
  return { revoked: sent.filter(({ url }) => url === REVOKE).map(({ parameters }) => parameters), warnings };
}

test("by its refresh token: its access token is left to who still uses it", async () => {
  const { revoked } = await sentFor({});
  expect(revoked).toMatchObject([{ token: "refresh-1", token_type_hint: "refresh_token" }]);
});

test("by its access token, where only that can be revoked", async () => {
  const { revoked } = await sentFor({ tokens: ["access_token"] });
  expect(revoked).toMatchObject([{ token: "access-1", token_type_hint: "access_token" }]);
});

test("by its access token as its own bearer", async () => {
  expect((await sentFor({ style: "bearer" })).revoked).toHaveLength(1);
});

test("never where the new login has the very access token", async () => {
  const { revoked } = await sentFor({ style: "bearer" }, { access_token: "access-1", refresh_token: "refresh-2" });
  expect(revoked).toEqual([]);
});

test("never where that would end the new login, too", async () => {
  expect((await sentFor({ style: "bearer", endsGrant: true })).revoked).toEqual([]);
  expect((await sentFor({ tokens: ["access_token"], endsGrant: true })).revoked).toEqual([]);
});

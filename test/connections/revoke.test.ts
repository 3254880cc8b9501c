/** RULES.md 2.9: where revoking a token ends its whole grant, no other login in the vault may end with it. */
import { describe, expect, test } from "bun:test";
import type { LoginUi } from "../../src/connections/login/request.ts";
import { login } from "../../src/connections/login.ts";
import { sharingGrant } from "../../src/connections/logout.ts";
import type { Connection } from "../../src/connections/record.ts";
import { revokeReceived } from "../../src/connections/revoke.ts";
import { requireConnection } from "../../src/connections/store.ts";
import { tokenEndpointOf } from "../../src/connections/token-endpoint.ts";
import type { Account } from "../../src/oauth/types.ts";
import { AuthError } from "../../src/platform/errors.ts";
import { Secret } from "../../src/platform/secret.ts";
import type { ProviderDefinition } from "../../src/providers/schema.ts";
import type { Entry, RecordType } from "../../src/vault/types.ts";
import { MemoryVault } from "./memory-vault.ts";
import { json, LOGIN, loggedIn, pinnedTo, putRecord, REF, servicesOf, TOKEN_URL, tokensOf } from "./support.ts";

const REVOCATION = "https://acme.example/revoke";
const pin = pinnedTo({ endpoints: { token: TOKEN_URL, revocation: REVOCATION } });
const definition: ProviderDefinition = {
  id: "acme",
  title: "Acme",
  flows: ["device"],
  endpoints: { device: "https://acme.example/device", token: TOKEN_URL, revocation: REVOCATION },
  revocation: { endsGrant: true },
};

/** With records that don't open. */
class DamagedVault extends MemoryVault {
  readonly damaged: { readonly connection?: string }[] = [];

  override async list(type: RecordType, passOver?: (error: AuthError) => void): Promise<Entry[]> {
    for (const record of this.damaged) passOver?.(new AuthError("vault_corrupt", "It doesn't open.", record));
    return super.list(type);
  }
}

function account(id: string | null): Account {
  return { id, label: "A Name", organization: null };
}

interface Case {
  readonly own?: Partial<Connection>;
  /** Of another login, as it differs from this one; null: there is none. */
  readonly other?: Partial<Connection> | null;
  readonly damaged?: { readonly connection?: string };
  /** The names that may end too. */
  readonly ends: readonly string[];
}

const CASES: Readonly<Record<string, Case>> = {
  "no other login": { other: null, ends: [] },
  "another login of the same account": { ends: ["acme:other"] },
  "another login of another account": { other: { account: account("2") }, ends: [] },
  "another login whose account isn't known": { other: { account: null }, ends: ["acme:other"] },
  "another login whose account has no id": { other: { account: account(null) }, ends: ["acme:other"] },
  "a login whose own account isn't known": { own: { account: null }, ends: ["acme:other"] },
  "two logins whose accounts aren't known": { own: { account: null }, other: { account: null }, ends: ["acme:other"] },
  "another login by another client": { other: { pinned: pinnedTo({ clientId: "another" }) }, ends: [] },
  "another login that an edit set aside": { other: { pinned: null, previousPin: pin }, ends: ["acme:other"] },
  "a login that an edit set aside": { own: { pinned: null, previousPin: pin }, ends: ["acme:other"] },
  "another connection that isn't logged in": { other: { tokens: null }, ends: [] },
  "a login at another provider": { other: { provider: "bolt" }, ends: [] },
  "a damaged record of the provider": { other: null, damaged: { connection: "acme:broken" }, ends: ["acme:broken"] },
  "a damaged record of another provider": { other: null, damaged: { connection: "bolt:broken" }, ends: [] },
  "a damaged record without a name": { other: null, damaged: {}, ends: ["a damaged record"] },
};

/** The vault of a case, and what is revoked at the provider. */
async function vaultOf({ other = {}, damaged }: Case) {
  const vault = new DamagedVault();
  if (other !== null) await putRecord(vault, loginWith({ name: "other", ...other }));
  if (damaged !== undefined) vault.damaged.push(damaged);
  const revoked: string[] = [];
  const services = servicesOf(vault, definition, {
    http: async ({ body }) => {
      revoked.push(new URLSearchParams(String(body)).get("token") ?? "");
      return json(200, {});
    },
  });
  return { vault, services, revoked };
}

function loginWith(different: Partial<Connection> = {}): Connection {
  return loggedIn({ pinned: pin, account: account("1"), ...different });
}

for (const [title, one] of Object.entries(CASES))
  describe(title, () => {
    const { own, ends } = one;

    test(`logout: ${ends.length === 0 ? "no other login ends" : "the logins that may end are named"}`, async () => {
      const { vault, services } = await vaultOf(one);
      await putRecord(vault, loginWith(own));
      expect(await sharingGrant(services, await requireConnection(vault, REF))).toEqual([...ends]);
    });

    test(`tokens that can't be kept are ${ends.length === 0 ? "revoked" : "not revoked"}`, async () => {
      const { services, revoked } = await vaultOf(one);
      const endpoint = await tokenEndpointOf(services, loginWith());
      expect(await revokeReceived(services, endpoint, loginWith(own), tokensOf())).toBe(ends.length === 0);
      expect(revoked).toEqual(ends.length === 0 ? ["refresh-1", "access-1"] : []);
    });
  });

describe("a login that replaces another revokes the old refresh token", () => {
  const codes: ProviderDefinition = {
    ...definition,
    flows: ["code"],
    client: { id: "client" },
    revocation: { endsGrant: false },
  };

  /** Logs in twice. @param refreshTokens the one of each login @returns what was revoked */
  async function revokedBy(refreshTokens: readonly string[], provider = codes): Promise<string[]> {
    const revoked: string[] = [];
    const left = [...refreshTokens];
    const services = servicesOf(new MemoryVault(), provider, {
      http: async ({ url, body }) => {
        if (url === TOKEN_URL)
          return json(200, { access_token: "access", refresh_token: left.shift(), token_type: "Bearer" });
        revoked.push(new URLSearchParams(String(body)).get("token") ?? "");
        return json(200, {});
      },
    });
    const ui = { warn: () => {} } as unknown as LoginUi;
    for (const _ of refreshTokens)
      await login(services, { ...LOGIN, flow: "code", credential: { code: new Secret("code") } }, ui);
    return revoked;
  }

  test("once the new one is stored", async () => {
    expect(await revokedBy(["refresh-1", "refresh-2"])).toEqual(["refresh-1"]);
  });

  test("but not where the provider gave the same token again", async () => {
    expect(await revokedBy(["refresh-1", "refresh-1"])).toEqual([]);
  });

  test("nor where that would end the new login's grant", async () => {
    expect(await revokedBy(["refresh-1", "refresh-2"], { ...codes, revocation: { endsGrant: true } })).toEqual([]);
  });
});

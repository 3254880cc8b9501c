/** Which connection a helper answers from, when it knows an origin alone (RULES.md §5). */
import { describe, expect, test } from "bun:test";
import { connectionFor, isFor, requireFor, type Wanted } from "../../src/connections/by-origin.ts";
import { updateDefaults } from "../../src/connections/defaults.ts";
import { type Connection, encodeRecord, newConnection } from "../../src/connections/record.ts";
import { display } from "../../src/connections/ref.ts";
import { inVault } from "../../src/connections/select.ts";
import { readConnection } from "../../src/connections/store.ts";
import type { Context } from "../../src/platform/context.ts";
import { AuthError } from "../../src/platform/errors.ts";
import { createRegistry } from "../../src/providers/registry.ts";
import type { ProviderDefinition } from "../../src/providers/schema.ts";
import { MemoryVault } from "./memory-vault.ts";

/** Its registry was added to the description after these logins were made. */
const FORGE: ProviderDefinition = {
  id: "forge",
  title: "Forge",
  settings: { host: { title: "Host", kind: "host", env: ["FORGE_HOST"], default: "forge.example" } },
  endpoints: { token: "https://{host}/token" },
  variants: [{ when: { host: "forge\\.example" }, origins: ["https://registry.forge.example"] }],
  environment: { read: ["FORGE_TOKEN"], write: { FORGE_TOKEN: "{token}" } },
  flows: ["browser"],
};
const OTHER: ProviderDefinition = { id: "other", title: "Other", origins: ["https://forge.example"], flows: ["token"] };

const registry = createRegistry({
  builtIn: { forge: async () => ({ default: FORGE }), other: async () => ({ default: OTHER }) },
  origins: async () => ({
    bundledOrigins: {
      "https://forge.example": ["forge", "other"],
      "https://registry.forge.example": ["forge"],
    },
  }),
});

interface Login {
  readonly host?: string;
  readonly account?: string;
  readonly pinned?: Partial<NonNullable<Connection["pinned"]>> | null;
  readonly endpoints?: Record<string, string>;
}

/** @param logins `forge:work` → what it was logged in with */
async function vaultWith(logins: Readonly<Record<string, Login>>, chosen: readonly string[] = []) {
  const vault = new MemoryVault();
  for (const [full, { host = "forge.example", account, pinned, endpoints = {} }] of Object.entries(logins)) {
    const [provider = "", name = ""] = full.split(":");
    const record: Connection = {
      ...newConnection(provider, name, 0),
      settings: provider === "forge" ? { host } : {},
      endpoints,
      account: account === undefined ? null : { id: "7", label: account, organization: null },
      pinned:
        pinned === null
          ? null
          : {
              origins: [`https://${host}`],
              endpoints: {},
              issuer: null,
              jwksUri: null,
              issRequired: false,
              clientId: null,
              authentication: "none",
              ...pinned,
            },
    };
    const version = { incarnation: full, generation: 1 };
    const next = { version, body: encodeRecord(record) };
    await vault.commit([{ type: "connection", name: full.toLowerCase(), expected: null, next }]);
  }
  const providers = Object.fromEntries(chosen.map((full) => full.split(":") as [string, string]));
  await updateDefaults(vault, () => ({ format: 1, overall: chosen.at(-1) ?? null, providers }));
  return vault;
}

type Asked = Partial<Wanted> & { readonly env?: Record<string, string> };

async function found(vault: MemoryVault | null, { env = {}, ...asked }: Asked = {}): Promise<string | null> {
  const services = { context: { env } as unknown as Context, registry, vault: async () => vault };
  const nothing = { user: null, profile: undefined, provider: null, isAdded: false };
  const wanted = { origin: "https://forge.example", ...nothing, ...asked };
  try {
    const selected = await connectionFor(services, wanted);
    if (selected === null) return null;
    return selected.source === "vault" ? display(selected.ref) : `env:${selected.token.variable}`;
  } catch (error) {
    if (error instanceof AuthError) return `${error.code}: ${error.hint}`;
    throw error;
  }
}

const TWO = { "forge:home": { account: "grace" }, "forge:work": { account: "hopper" } };

describe("for an origin", () => {
  test("the only connection there is, is meant, whatever it is called", async () => {
    expect(await found(await vaultWith({ "forge:home": {} }))).toBe("forge:home");
    expect(await found(null)).toBeNull();
    expect(await found(await vaultWith({}))).toBeNull();
  });

  test("of several, the one that 'auth use' chose; else the one called default; else it says which command chooses", async () => {
    expect(await found(await vaultWith(TWO, ["forge:work"]))).toBe("forge:work");
    expect(await found(await vaultWith({ ...TWO, "forge:default": {} }))).toBe("forge:default");
    expect(await found(await vaultWith({ ...TWO, "forge:default": {} }, ["forge:home"]))).toBe("forge:home");
    expect(await found(await vaultWith(TWO))).toBe(
      "ambiguous_connection: Name one of: forge:home, forge:work\nOr choose a default: auth use forge:home",
    );
  });

  test("a default at another host isn't taken: the one that is for this host is", async () => {
    const vault = await vaultWith({ "forge:default": { host: "git.corp.example" }, "forge:work": {} });
    expect(await found(vault)).toBe("forge:work");
    expect(await found(vault, { origin: "https://git.corp.example" })).toBe("forge:default");
  });

  test("connections of two providers for one origin are several, unless the overall default is one of them", async () => {
    const both = { "forge:default": {}, "other:default": {} };
    expect(await found(await vaultWith(both))).toStartWith("ambiguous_connection: ");
    expect(await found(await vaultWith(both, ["other:default"]))).toBe("other:default");
    expect(await found(await vaultWith(both), { provider: "forge" })).toBe("forge:default");
  });

  test("the user name in the request chooses by a connection's name, then by its account", async () => {
    const vault = await vaultWith(TWO, ["forge:home"]);
    expect(await found(vault, { user: "work" })).toBe("forge:work");
    expect(await found(vault, { user: "Hopper" })).toBe("forge:work");
    expect(await found(vault, { user: "grace" })).toBe("forge:home");
  });

  test("a user name that is neither means the default, and can't reach a connection of another host", async () => {
    const vault = await vaultWith({ ...TWO, "forge:elsewhere": { host: "git.corp.example", account: "eve" } }, [
      "forge:home",
    ]);
    for (const user of ["oauth2", "x-access-token", "elsewhere", "eve", "constructor", "a b", "../x", "7x"])
      expect(await found(vault, { user })).toBe("forge:home");
  });

  test("of several connections of one account, the default is meant; none chosen, it says so", async () => {
    const account = { account: "grace" };
    const origin = "https://own.example";
    for (const [provider, where] of [
      ["forge", {}],
      // Its description doesn't name the origin.
      ["other", { pinned: { origins: [origin] } }],
    ] as const) {
      const logins = { [`${provider}:a`]: { ...account, ...where }, [`${provider}:b`]: { ...account, ...where } };
      const asked = { user: "grace", ...(provider === "other" && { origin }) };
      expect(await found(await vaultWith(logins, [`${provider}:b`]), asked)).toBe(`${provider}:b`);
      expect(await found(await vaultWith(logins), asked)).toStartWith("ambiguous_connection: ");
      const withDefault = { ...logins, [`${provider}:default`]: { ...account, ...where } };
      expect(await found(await vaultWith(withDefault), asked)).toBe(`${provider}:default`);
      const another = { ...logins, [`${provider}:c`]: { account: "hopper", ...where } };
      expect(await found(await vaultWith(another, [`${provider}:c`]), asked)).toStartWith("ambiguous_connection: ");
    }
    const both = { "forge:work": {}, "other:work": {} };
    expect(await found(await vaultWith(both), { user: "work" })).toStartWith("ambiguous_connection: ");
    expect(await found(await vaultWith(both, ["other:work"]), { user: "work" })).toBe("other:work");
  });

  test("which the call adds, the user name and the default choose as for any other", async () => {
    const vault = await vaultWith({ ...TWO, "other:work": {} }, ["forge:home"]);
    const added = { origin: "https://git.corp.example", provider: "forge", isAdded: true };
    expect(await found(vault, { ...added, isAdded: false })).toBeNull();
    expect(await found(vault, added)).toBe("forge:home");
    expect(await found(vault, { ...added, user: "work" })).toBe("forge:work");
    expect(await found(vault, { ...added, user: "hopper" })).toBe("forge:work");
    expect(await found(vault, { ...added, user: "home" })).toBe("forge:home");
    expect(await found(vault, { ...added, provider: null, profile: "home" })).toBe("forge:home");
    expect(await found(vault, { ...added, provider: null, profile: "work" })).toStartWith("ambiguous_connection: ");
    expect(await found(null, { ...added, env: { FORGE_TOKEN: "t" } })).toBe("env:FORGE_TOKEN");
  });

  test("AUTH_PROFILE's name must be the connection's: there is no other answer", async () => {
    expect(await found(await vaultWith(TWO), { profile: "work" })).toBe("forge:work");
    expect(await found(await vaultWith(TWO), { profile: "gone" })).toBeNull();
  });

  test("the provider's variable goes before the vault, at the host that the environment names only", async () => {
    const vault = await vaultWith({ "forge:default": {} });
    expect(await found(vault, { env: { FORGE_TOKEN: "t" } })).toBe("env:FORGE_TOKEN");
    expect(await found(vault, { env: { FORGE_TOKEN: "t", FORGE_HOST: "git.corp.example" } })).toBe("forge:default");
    expect(await found(vault, { env: { FORGE_TOKEN: "t", AUTH_IGNORE_ENV: "1" } })).toBe("forge:default");
    expect(await found(await vaultWith(TWO), { user: "work", env: { FORGE_TOKEN: "t" } })).toBe("forge:work");
  });

  test("what the defaults' names find is found without reading the other connections", async () => {
    const vault = await vaultWith({ ...TWO, "forge:default": {} });
    vault.list = () => Promise.reject(new Error("every record was read"));
    expect(await found(vault)).toBe("forge:default");
    expect(await found(vault, { user: "work" })).toBe("forge:work");
  });
});

describe("a connection is for an origin", () => {
  const at = async (login: Login, origin: string): Promise<boolean> => {
    const vault = await vaultWith({ "forge:one": login });
    const stored = await readConnection(vault, { provider: "forge", name: "one" });
    if (stored === null) throw new Error("not stored");
    return isFor({ context: {} as Context, registry, vault: async () => vault }, stored, origin);
  };

  test("that was pinned at its login, exactly: scheme, host and port", async () => {
    expect(await at({}, "https://forge.example")).toBe(true);
    for (const origin of ["http://forge.example", "https://forge.example:8443", "https://x.forge.example"])
      expect(await at({}, origin)).toBe(false);
  });

  test("that its login was told its tokens are for (RFC 8707)", async () => {
    const pinned = { resource: "https://api.corp.example/v1" };
    expect(await at({ pinned }, "https://api.corp.example")).toBe(true);
  });

  test("that its description has named since, at the host that it was logged in at", async () => {
    expect(await at({}, "https://registry.forge.example")).toBe(true);
    expect(await at({ host: "git.corp.example" }, "https://registry.forge.example")).toBe(false);
  });

  test("never one that the description names, where the login was told its own endpoints, or is a plugin's", async () => {
    const endpoints = { token: "https://evil.example/token" };
    const pinned = { origins: ["https://evil.example"] };
    expect(await at({ endpoints, pinned }, "https://registry.forge.example")).toBe(false);
    expect(await at({ pinned: { plugin: "digest" } }, "https://registry.forge.example")).toBe(false);
  });

  test("none, once an edit has set its tokens aside", async () => {
    expect(await at({ pinned: null }, "https://forge.example")).toBe(false);
  });
});

test("a connection that is named for an origin which isn't its own is refused, and the error says what adds one", async () => {
  const vault = await vaultWith({ "forge:one": {} });
  const services = { context: { env: {} } as unknown as Context, registry, vault: async () => vault };
  const selected = inVault({ provider: "forge", name: "one" });
  await requireFor(services, selected, "https://forge.example");
  const refused = await requireFor(services, selected, "https://evil.example").catch((error: AuthError) => error);
  expect(refused).toMatchObject({ code: "origin_mismatch", hint: expect.stringContaining("--origin") });
});

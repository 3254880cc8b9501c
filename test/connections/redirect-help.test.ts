/** Someone without a client hears which redirect URI to enter: the very one that a login then sends (CLI.md §4). */
import { describe, expect, test } from "bun:test";
import type { LoginRequest, LoginUi } from "../../src/connections/login/request.ts";
import { login } from "../../src/connections/login.ts";
import type { AuthError } from "../../src/platform/errors.ts";
import { Secret } from "../../src/platform/secret.ts";
import type { ProviderDefinition } from "../../src/providers/schema.ts";
import { MemoryVault } from "./memory-vault.ts";
import { LOGIN, servicesOf } from "./support.ts";

const base: ProviderDefinition = {
  id: "acme",
  title: "Acme",
  endpoints: { authorization: "https://acme.example/authorize", token: "https://acme.example/token" },
  client: { kind: "confidential" },
  flows: ["browser", "token"],
};
const ownRedirect: ProviderDefinition = {
  ...base,
  settings: { redirectUri: { title: "The app's redirect URL", kind: "url", required: true, flows: ["browser"] } },
};

/** What a login fails with; null where nothing fails. */
async function failure(definition: ProviderDefinition, different: Partial<LoginRequest>): Promise<AuthError | null> {
  const ui = { warn: () => {} } as unknown as LoginUi;
  return login(servicesOf(new MemoryVault(), definition), { ...LOGIN, ...different }, ui).then(
    () => null,
    (error: AuthError) => error,
  );
}

const entered = (error: AuthError | null) => /Redirect URI to enter there: (.*)/.exec(error?.hint ?? "")?.[1];

describe("the redirect URI to enter", () => {
  test("has no port where one is chosen at each login, and the registered one where that is fixed", async () => {
    expect(entered(await failure(base, {}))).toBe("http://127.0.0.1/callback");
    const fixed = { ...base, authorize: { redirect: { host: "localhost" as const, port: 8765 } } };
    expect(entered(await failure(fixed, {}))).toBe("http://localhost:8765/callback");
  });

  test("is the person's own where the provider takes none on this machine, and the login names it", async () => {
    const unknown = await failure(ownRedirect, {});
    expect(unknown?.code).toBe("client_missing");
    expect(entered(unknown)).toBe("an address of your own, to be given as --redirect-uri");
    expect(unknown?.hint).toContain(
      "auth login acme --no-verify --force --redirect-uri <url> --client-id <id> --client-secret -",
    );
    // Whoever could be asked for a client has to know that first.
    expect(unknown?.cause).toBeUndefined();

    const redirectUri = "https://app.example/callback";
    const known = await failure(ownRedirect, { redirectUri, settings: { redirectUri } });
    expect(entered(known)).toBe(redirectUri);
    expect(known?.hint).not.toContain("--redirect-uri <");
    expect(known?.cause).toMatchObject({ lacks: ["id", "secret"] });
  });
});

describe("a setting that only one flow requires", () => {
  test("is missed there, before anything is sent", async () => {
    const error = await failure(ownRedirect, { clientId: "c", clientSecret: new Secret("s") });
    expect(error).toMatchObject({
      code: "usage",
      message: "Acme needs --redirect-uri: The app's redirect URL.",
    });
  });

  test("and not by another flow", async () => {
    expect(await failure(ownRedirect, { token: new Secret("t1") })).toBeNull();
  });

  test("nor by a token in the environment", async () => {
    const { environmentToken } = await import("../../src/providers/environment.ts");
    const definition = { ...ownRedirect, environment: { read: ["ACME_TOKEN"] } };
    expect(environmentToken(definition, { ACME_TOKEN: "t1" })?.variable).toBe("ACME_TOKEN");
  });

  test("a pasted token misses what its own flow requires", async () => {
    const settings = { user: { title: "The user's name", required: true, flows: ["token" as const] } };
    const definition = { ...base, settings, header: "X-Key: {user} {token}" };
    expect(await failure(definition, { token: new Secret("t1") })).toMatchObject({
      message: "Acme needs --user: The user's name.",
    });
    expect((await failure(definition, {}))?.code).toBe("client_missing");
  });
});

/**
 * Profiles as people use them: two tenants of Entra and a personal account, side by side, with the same client at the
 * same issuer. Every command is tried on the mix. The issuer refuses a refresh token that is shown at another tenant.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { startEntra } from "../issuers/entra.ts";
import { errorOf } from "../support/logged-in.ts";
import { auth, bareEnvironment, type Ended, type RunOptions } from "../support/program.ts";

const issuer = startEntra({ approve: true, interval: 1 });
const env = bareEnvironment({ AZURE_CLIENT_ID: issuer.publicClient.id });
afterAll(() => issuer.server.stop());

const ACCOUNTS: Readonly<Record<string, { tenant: string; account: string; organization: string }>> = {
  default: { tenant: "contoso.example", account: "alan@contoso.example", organization: issuer.tenant },
  fabrikam: {
    tenant: "fabrikam.example",
    account: "mary@fabrikam.example",
    organization: "5c4b3a29-1807-4f6e-9d5c-4b3a29180716",
  },
  home: { tenant: "consumers", account: "alan@outlook.example", organization: "9188040d-6c67-4c5b-b112-36a304b66dad" },
};
const NAMES = Object.keys(ACCOUNTS);
const named = (name: string): string => `entra:${name}`;

function call(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  return auth(args, { ...options, env: { ...env, ...options.env } });
}

async function ok(args: readonly string[], options: RunOptions = {}): Promise<string> {
  const ended = await call(args, options);
  if (ended.code !== 0) throw new Error(`${args.join(" ")}: exit ${ended.code}\n${ended.stdout}\n${ended.stderr}`);
  return ended.stdout.trim();
}

function oidOf(token: string): unknown {
  return JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()).oid;
}

/** Whose token it is, by what the token itself says. */
const oids = new Map<string, unknown>();

beforeAll(async () => {
  for (const [name, { tenant }] of Object.entries(ACCOUNTS)) {
    const places = Object.entries(issuer.endpointsOf(tenant)).flatMap(([part, url]) => [
      "--endpoint",
      `${part}=${url}`,
    ]);
    await ok(["login", "entra", "-p", name, "--tenant", tenant, "--flow", "device", ...places]);
    oids.set(name, oidOf(await ok(["token", named(name)])));
  }
  expect(new Set(oids.values()).size).toBe(3);
}, 60_000);

describe("each keeps apart from the others", () => {
  test("list and status name account and organization", async () => {
    const list = JSON.parse(await ok(["list", "--json"])) as Record<string, unknown>[];
    expect(list.map(({ name, account, organization }) => ({ name, account, organization }))).toEqual(
      NAMES.map((name) => ({ name, account: ACCOUNTS[name]?.account, organization: ACCOUNTS[name]?.organization })),
    );
    const status = await ok(["status"]);
    for (const { account, organization } of Object.values(ACCOUNTS)) {
      expect(status).toContain(`Authenticated as: ${account}`);
      expect(status).toContain(`Organization: ${organization}`);
    }
    expect(JSON.parse(await ok(["status", "--check", "--json"]))).toHaveLength(3);
  });

  for (const name of NAMES)
    test(`${name}: token, get, inspect, run, export, refresh are that account's`, async () => {
      const mine = oids.get(name);
      expect(oidOf(await ok(["token", named(name)]))).toBe(mine);
      expect(oidOf(await ok(["token", "-p", name]))).toBe(mine);
      expect(oidOf(await ok(["get", named(name), "--field", "accessToken", "--show-secret"]))).toBe(mine);
      expect(await ok(["get", named(name), "--field", "account"])).toBe(ACCOUNTS[name]?.account ?? "");
      expect(JSON.parse(await ok(["inspect", named(name), "--json"])).claims.oid).toBe(mine);
      expect(oidOf(await ok(["run", named(name), "--", "printenv", "ENTRA_TOKEN"]))).toBe(mine);
      expect(await ok(["export", named(name), "--format", "dotenv"])).toMatch(/^ENTRA_TOKEN=/);
      expect(JSON.parse(await ok(["refresh", named(name), "--force", "--json"])).refreshed).toBe(true);
      expect(oidOf(await ok(["token", named(name)]))).toBe(mine);
      expect(oidOf(await ok(["token", named(name), "--resource", "https://vault.azure.net"]))).toBe(mine);
    });

  test("each is refreshed at its own tenant, with its own refresh token", async () => {
    const before = issuer.server.calls.length;
    const lines = (await ok(["refresh", "--all", "--force", "--json"])).split("\n").map((line) => JSON.parse(line));
    expect(lines.at(-1)).toEqual({ summary: { refreshed: 3, valid: 0, skipped: 0, failed: 0 } });
    const paths = issuer.server.calls.slice(before).map(({ path }) => path.split("/")[1]);
    expect(paths.sort()).toEqual(
      Object.values(ACCOUNTS)
        .map(({ tenant }) => tenant)
        .sort(),
    );
  });

  test("all at once, each in its own variable", async () => {
    const names = ["-c", "entra:fabrikam=FABRIKAM_TOKEN", "-c", "entra:home=HOME_TOKEN"];
    const shown = await ok(["run", ...names, "--", "sh", "-c", "printenv FABRIKAM_TOKEN; printenv HOME_TOKEN"]);
    expect(shown.split("\n").map(oidOf)).toEqual([oids.get("fabrikam"), oids.get("home")]);
    expect((await call(["run", "entra:fabrikam", "entra:home", "--", "true"])).code).toBe(64);
  });

  test("twelve at once, mixed: none gets another's token", async () => {
    const wanted = [...NAMES, ...NAMES, ...NAMES, ...NAMES];
    const tokens = await Promise.all(wanted.map((name) => ok(["refresh", named(name), "--force", "-o", "token"])));
    expect(tokens.map(oidOf)).toEqual(wanted.map((name) => oids.get(name)));
  }, 60_000);
});

describe("the default", () => {
  test("is entra:default; use makes it another; run, export and token follow", async () => {
    expect(oidOf(await ok(["token", "entra"]))).toBe(oids.get("default"));
    await ok(["use", "entra:home"]);
    for (const args of [["token", "entra"], ["token"], ["run", "--", "printenv", "ENTRA_TOKEN"]])
      expect(oidOf(await ok(args))).toBe(oids.get("home"));
    const entries = JSON.parse(await ok(["list", "--json"])) as { name: string; default: boolean }[];
    expect(entries.filter((entry) => entry.default).map(({ name }) => name)).toEqual(["home"]);
    await ok(["use", "entra:default"]);
    expect(oidOf(await ok(["token"]))).toBe(oids.get("default"));
  });
});

describe("a mistake is refused", () => {
  const places = (tenant: string): string[] =>
    Object.entries(issuer.endpointsOf(tenant)).flatMap(([part, url]) => ["--endpoint", `${part}=${url}`]);

  test("another tenant under a name that is taken: refused before anything is sent, and -p NAME is suggested", async () => {
    const before = issuer.server.calls.length;
    const ended = await call(["login", "entra:fabrikam", "--flow", "device", "--tenant", "consumers", "--json"]);
    expect([ended.code, errorOf(ended).code]).toEqual([6, "origin_mismatch"]);
    expect(errorOf(ended).hint).toContain("-p NAME");
    expect(issuer.server.calls.length).toBe(before);
    expect(oidOf(await ok(["token", "entra:fabrikam"]))).toBe(oids.get("fabrikam"));
  });

  test("AZURE_TENANT_ID of another tenant: refused for the provider's name, before anything is sent", async () => {
    const before = issuer.server.calls.length;
    const ended = await call(["refresh", "entra", "--force", "--json"], {
      env: { AZURE_TENANT_ID: "fabrikam.example" },
    });
    expect([ended.code, errorOf(ended).code]).toEqual([6, "origin_mismatch"]);
    expect(errorOf(ended).message).toContain("AZURE_TENANT_ID");
    expect(issuer.server.calls.length).toBe(before);
    // By its full name it is what it is.
    expect(oidOf(await ok(["token", "entra:default"], { env: { AZURE_TENANT_ID: "fabrikam.example" } }))).toBe(
      oids.get("default"),
    );
  });

  test("a profile's tenant is edited: its tokens are not used until that is undone; the others are", async () => {
    await ok(["profile", "edit", "entra:home", "--set", "tenant=contoso.example"]);
    expect((await call(["token", "entra:home"])).code).toBe(4);
    expect((await call(["token", "entra:home", "--resource", "https://vault.azure.net"])).code).toBe(4);
    expect(oidOf(await ok(["token", "entra:fabrikam"]))).toBe(oids.get("fabrikam"));
    await ok(["profile", "edit", "entra:home", "--set", "tenant=consumers"]);
    expect(oidOf(await ok(["token", "entra:home"]))).toBe(oids.get("home"));
  });

  test("logging out warns of a second login of the same person, and doesn't end it", async () => {
    await ok(["login", "entra", "-p", "again", "--tenant", "consumers", "--flow", "device", ...places("consumers")]);
    await ok(["logout", "entra:again"]);
    expect(oidOf(await ok(["token", "entra:home"]))).toBe(oids.get("home"));
  }, 60_000);

  test("logging out of one leaves the rest, and the log has each by its name", async () => {
    expect(JSON.parse(await ok(["logout", "entra:home", "--json"]))).toEqual({
      connection: "entra:home",
      erased: true,
      revoked: "unsupported",
    });
    expect((await call(["token", "entra:home"])).code).toBe(2);
    expect(oidOf(await ok(["token", "entra:fabrikam"]))).toBe(oids.get("fabrikam"));
    const seen = (await ok(["log", "-n", "500", "--json"]))
      .split("\n")
      .map((line) => JSON.parse(line).connection as string | null);
    for (const name of NAMES) expect(seen).toContain(named(name));
  });
});

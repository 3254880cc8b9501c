/** What a login at an MCP server says whose issuer registers no clients: where to make one. */
import { describe, expect, test } from "bun:test";
import { builtIn } from "../../providers/index.ts";
import { clientMissing } from "../../src/connections/login/missing-client.ts";
import type { LoginRequest } from "../../src/connections/login/request.ts";
import type { Services } from "../../src/connections/services.ts";
import { serverHelp } from "../../src/providers/mcp-servers.ts";
import { createRegistry } from "../../src/providers/registry.ts";
import { resolveProvider } from "../../src/providers/resolve.ts";

const registry = createRegistry({ builtIn, catalog: () => import("../../providers/catalog/index.ts") });

async function hintAt(server: string): Promise<string> {
  const definition = await registry.get("mcp");
  const provider = resolveProvider(definition, { server });
  const request: LoginRequest = {
    ref: { provider: "mcp", name: "x" },
    flow: null,
    scopes: null,
    clientId: null,
    clientSecret: null,
    settings: { server },
    issuer: null,
    endpoints: {},
    token: null,
    verify: true,
    force: false,
    timeout: null,
    port: null,
    redirectUri: null,
    canOpenBrowser: false,
  };
  const services = { registry, context: { env: {} } } as unknown as Services;
  const error = await clientMissing(services, provider, request, null, false);
  expect(error.code).toBe("client_missing");
  return error.hint ?? "";
}

describe("a login without a client says where to make one", () => {
  test.each([
    ["https://api.githubcopilot.com/mcp/", "https://github.com/settings/apps/new"],
    ["https://mcp.slack.com/mcp", "https://api.slack.com/apps"],
    ["https://mcp.hubspot.com", "https://app.hubspot.com/l/mcp-auth-apps/"],
    ["https://a-b.snowflakecomputing.com/api/v2/mcp", "https://docs.snowflake.com/"],
    ["https://mcp.asana.com/v2/mcp", "https://app.asana.com/0/my-apps"],
    ["https://mcp.box.com", "https://app.box.com/developers/console"],
    ["https://bigquery.googleapis.com/mcp", "https://console.cloud.google.com/auth/clients"],
  ])("%s: %s, and that it has a secret", async (server, page) => {
    const hint = await hintAt(server);
    expect(hint).toContain(`Create one: ${page}`);
    expect(hint).toContain("Redirect URI to enter there: http://127.0.0.1:28840/callback");
    expect(hint).toContain(`auth login mcp:x --server ${server} --client-id <id> --client-secret -`);
  });

  test("Salesforce: a client without a secret, made in one's own org", async () => {
    const hint = await hintAt("https://api.salesforce.com/platform/mcp/v1/platform/sobject-all");
    expect(hint).toContain("External Client App Manager");
    expect(hint).not.toContain("--client-secret");
  });

  test("any other server: what every client needs, and no page", async () => {
    const hint = await hintAt("https://mcp.example.com/mcp");
    expect(hint).toContain("public (native) client");
    expect(hint).not.toContain("Create one");
    expect(hint).not.toContain("--client-secret");
  });
});

test.each([
  "https://slack.com/mcp",
  "https://evil-snowflakecomputing.com",
  "https://snowflakecomputing.com.evil.example",
  "https://mcp.slack.com.evil.example/mcp",
])("%s is none of them", async (server) => expect(await serverHelp(registry, server)).toBeNull());

test("a plugin in the place of a provider isn't heard", async () => {
  const deaf = { ...registry, isPlugin: async (id: string) => id === "slack" };
  expect(await serverHelp(deaf, "https://mcp.slack.com/mcp")).toBeNull();
});

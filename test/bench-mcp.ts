/** What `auth mcp` adds to a call, beside the official SDK speaking HTTP itself; and fifty bridges on a token that has ended. */
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { McpServer } from "./issuers/mcp.ts";
import { loginByBrowser } from "./support/browser-login.ts";
import { BridgeClient } from "./support/mcp-client.ts";
import { StatefulServer, statefulClient } from "./support/mcp-sdk.ts";
import { auth, bareEnvironment } from "./support/program.ts";

const CALLS = 300;
const CROWD = 50;

export interface BridgeTimes {
  /** Medians, in milliseconds. */
  readonly direct: number;
  readonly bridged: number;
  /** Of fifty bridges that found the token ended. */
  readonly refreshes: number;
}

export async function measureBridge(): Promise<BridgeTimes> {
  const options = { handler: new StatefulServer().handle, lifetime: 3600 };
  const server = new McpServer(options);
  const env = bareEnvironment();
  try {
    await loginByBrowser(["login", server.url, "--json", "--no-browser"], env);
    const times = await calls(server, env);
    options.lifetime = 1;
    await auth(["refresh", server.url, "--force"], { env });
    await Bun.sleep(1_200);
    options.lifetime = 3600;
    return { ...times, refreshes: await crowd(server, env) };
  } finally {
    await server.stop();
  }
}

/** In turn, so that what disturbs the machine disturbs both. */
async function calls(server: McpServer, env: Record<string, string>): Promise<Omit<BridgeTimes, "refreshes">> {
  const [token = ""] = server.issuer.tokens.keys();
  const direct = new Client({ name: "bench", version: "1" });
  const headers = { authorization: `Bearer ${token}` };
  await direct.connect(new StreamableHTTPClientTransport(new URL(server.url), { requestInit: { headers } }));
  const bridged = await statefulClient(server.url, env);
  const times = { direct: [] as number[], bridged: [] as number[] };
  for (let round = -20; round < CALLS; round++)
    for (const [name, client] of [["direct", direct] as const, ["bridged", bridged] as const]) {
      const began = performance.now();
      await client.callTool({ name: "echo", arguments: { text: "x" } });
      if (round >= 0) times[name].push(performance.now() - began);
    }
  await Promise.all([direct.close(), bridged.close()]);
  return { direct: median(times.direct), bridged: median(times.bridged) };
}

async function crowd(server: McpServer, env: Record<string, string>): Promise<number> {
  const before = refreshes(server);
  const all = Array.from({ length: CROWD }, () => new BridgeClient(server.url, env));
  await Promise.all(all.map((client) => client.initialize()));
  await Promise.all(all.map((client) => client.close()));
  return refreshes(server) - before;
}

function refreshes({ issuer }: McpServer): number {
  return issuer.to("/token").filter(({ grant_type }) => grant_type === "refresh_token").length;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/**
 * The client that MCP's conformance suite drives: an MCP client whose logins are all made by the built binary. The suite
 * runs it once for each scenario, with the server's URL as its last argument and the rest in MCP_CONFORMANCE_….
 */
import { loginByBrowser } from "../support/browser-login.ts";
import { auth, bareEnvironment } from "../support/program.ts";

const url = String(process.argv.at(-1));
const wire = process.env.MCP_CONFORMANCE_PROTOCOL_VERSION ?? "2025-11-25";
const context = JSON.parse(process.env.MCP_CONFORMANCE_CONTEXT ?? "{}") as {
  client_id?: string;
  client_secret?: string;
};
const isStateless = wire >= "2026-07-28";

// The suite takes this client for one that has published its metadata there.
const env = bareEnvironment({
  AUTH_CLIENT_METADATA_URL: "https://conformance-test.local/client-metadata.json",
});

/** One for each: a server that refuses for ever isn't asked for ever. */
let renewals = 2;
let stepUps = 2;
let token: string | null = null;

async function login(...flags: string[]): Promise<void> {
  const { client_id: id, client_secret: secret } = context;
  const client = id === undefined ? [] : ["--client-id", id, ...(secret ? ["--client-secret", secret] : [])];
  await loginByBrowser(["login", url, "--json", "--no-browser", ...client, ...flags], env);
  token = await tokenFor([]);
}

/** @throws Error with the code that `auth` gave it */
async function tokenFor(flags: readonly string[], stdin = ""): Promise<string> {
  const { code, stdout, stderr } = await auth(["token", url, ...flags, "--json"], { env, stdin });
  if (code === 0) return (JSON.parse(stdout) as { access_token: string }).access_token;
  const line = stderr.split("\n").find((one) => one.startsWith('{"error"')) ?? "{}";
  throw new Refused((JSON.parse(line) as { error?: { code?: string } }).error?.code ?? stderr);
}

class Refused extends Error {}

async function call(method: string, params: Record<string, unknown> = {}, id: number | null = 1): Promise<void> {
  const response = await send(method, params, id);
  await response.text();
  if (response.ok) return;
  const challenge = response.headers.get("www-authenticate") ?? "";
  if (response.status === 401 && token === null) await login();
  else if (response.status === 401 && renewals-- > 0) await renew(challenge);
  else if (response.status === 403 && stepUps-- > 0) await stepUp(challenge);
  else throw new Error(`${method}: HTTP ${response.status}`);
  return call(method, params, id);
}

async function renew(challenge: string): Promise<void> {
  try {
    token = await tokenFor(["--rejected", "-", "--challenge", "-"], `${token}\n${challenge}\n`);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    await login("--force");
  }
}

async function stepUp(challenge: string): Promise<void> {
  try {
    token = await tokenFor(["--rejected", "-", "--challenge", "-"], `${token}\n${challenge}\n`);
  } catch (error) {
    if (!(error instanceof Refused) || error.message !== "insufficient_scope") throw error;
    const scope = /scope="([^"]*)"/.exec(challenge)?.[1] ?? "";
    await login("--force", "--add-scope", scope);
  }
}

function send(method: string, params: Record<string, unknown>, id: number | null): Promise<Response> {
  const about = {
    "io.modelcontextprotocol/protocolVersion": wire,
    "io.modelcontextprotocol/clientInfo": { name: "auth-conformance", version: "1" },
    "io.modelcontextprotocol/clientCapabilities": {},
  };
  return fetch(url, {
    method: "POST",
    headers: {
      accept: "application/json, text/event-stream",
      "content-type": "application/json",
      ...(method !== "initialize" && { "mcp-protocol-version": wire }),
      ...(isStateless && { "mcp-method": method, ...(typeof params.name === "string" && { "mcp-name": params.name }) }),
      ...(token !== null && { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify({
      jsonrpc: "2.0",
      ...(id !== null && { id }),
      method,
      params: isStateless ? { ...params, _meta: about } : params,
    }),
  });
}

if (!isStateless) {
  const clientInfo = { name: "auth-conformance", version: "1" };
  await call("initialize", { protocolVersion: wire, capabilities: {}, clientInfo });
  await call("notifications/initialized", {}, null);
}
await call("tools/list", {}, 2);
await call("tools/call", { name: "test-tool", arguments: {} }, 3);

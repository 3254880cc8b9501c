/**
 * The client that MCP's conformance suite drives: one that speaks stdio to `auth mcp <url>`, the built binary, by which it
 * reaches the suite's server, and which logs in where that is needed. The suite runs it once for each scenario, with the
 * server's URL as its last argument and the rest in MCP_CONFORMANCE_….
 */
import { join } from "node:path";
import { loginByBrowser } from "../support/browser-login.ts";
import { BridgeClient, type Message, RpcFailure, stateless } from "../support/mcp-client.ts";
import { bareEnvironment } from "../support/program.ts";
import { loginForExtension } from "./extensions.ts";

const url = String(process.argv.at(-1));
const scenario = process.env.MCP_CONFORMANCE_SCENARIO ?? "";
const wire = process.env.MCP_CONFORMANCE_PROTOCOL_VERSION ?? "2025-11-25";
const isStateless = wire >= "2026-07-28";
const context = JSON.parse(process.env.MCP_CONFORMANCE_CONTEXT ?? "{}") as {
  readonly client_id?: string;
  readonly client_secret?: string;
  readonly toolCalls?: readonly { readonly name: string; readonly arguments: Record<string, unknown> }[];
};

const env = bareEnvironment({
  // The suite takes this client for one that has published its metadata there.
  AUTH_CLIENT_METADATA_URL: "https://conformance-test.local/client-metadata.json",
  BROWSER: `${process.execPath} ${join(import.meta.dir, "..", "support", "browser.ts")}`,
});

interface Tool {
  readonly name: string;
  readonly inputSchema?: unknown;
}

type Params = Readonly<Record<string, unknown>>;

const client = new BridgeClient(url, env);

function ask(method: string, params: Params = {}): ReturnType<BridgeClient["request"]> {
  return client.request(method, isStateless ? stateless(params, wire, CAPABILITIES) : params);
}

const CAPABILITIES = { elicitation: {} };

async function tools(): Promise<readonly Tool[]> {
  return ((await ask("tools/list")).tools ?? []) as Tool[];
}

function call(name: string, args: Params = {}, more: Params = {}): ReturnType<typeof ask> {
  return ask("tools/call", { name, arguments: args, ...more });
}

async function listAndCall(): Promise<void> {
  const [tool] = await tools();
  if (tool !== undefined) await call(tool.name, { a: 2, b: 3 });
}

/** A server refuses a version that it doesn't speak, and says which it does. */
async function negotiate(): Promise<void> {
  try {
    await ask("server/discover");
  } catch (error) {
    if (!(error instanceof RpcFailure)) throw error;
    const supported = error.error.data?.supported as readonly string[] | undefined;
    if (supported?.includes(wire) !== true) throw error;
    await ask("server/discover");
  }
  await tools();
}

async function everyKind(): Promise<void> {
  await listAndCall();
  const [resource] = ((await ask("resources/list")).resources ?? []) as { uri: string }[];
  if (resource !== undefined) await ask("resources/read", { uri: resource.uri });
  const [prompt] = ((await ask("prompts/list")).prompts ?? []) as { name: string }[];
  if (prompt !== undefined) await ask("prompts/get", { name: prompt.name });
}

async function callAll(): Promise<void> {
  for (const { name } of await tools()) await call(name, { region: "us-west1", value: "x" });
}

async function callAsTold(): Promise<void> {
  await tools();
  for (const { name, arguments: args } of context.toolCalls ?? []) await call(name, args);
}

/** MCP "Multi Round-Trip Requests": what the server asks for is answered by asking once more. */
async function answerInputs(): Promise<void> {
  await tools();
  for (const name of ["test_mrtr_echo_state", "test_mrtr_no_state", "test_mrtr_no_result_type"]) {
    const { resultType, inputRequests, requestState } = await call(name);
    if (resultType !== "input_required") continue;
    if (requestState !== undefined) await call("test_mrtr_unrelated");
    const answers = Object.keys(inputRequests as object).map((key) => [
      key,
      { action: "accept", content: { confirmed: true } },
    ]);
    const inputResponses = Object.fromEntries(answers) as Params;
    await call(name, {}, { inputResponses, ...(requestState !== undefined && { requestState }) });
  }
}

/** A person who accepts what is proposed. */
function acceptDefaults({ params }: Message): unknown {
  const { properties = {} } = (params?.requestedSchema ?? {}) as { properties?: Record<string, { default?: unknown }> };
  const content = Object.entries(properties).flatMap(([name, { default: value }]) =>
    value === undefined ? [] : [[name, value] as const],
  );
  return { action: "accept", content: Object.fromEntries(content) };
}

const SCENARIOS: Readonly<Record<string, () => Promise<unknown>>> = {
  "request-metadata": negotiate,
  "json-schema-ref-no-deref": tools,
  "http-standard-headers": everyKind,
  "http-custom-headers": callAsTold,
  "http-invalid-tool-headers": callAll,
  "sep-2322-client-request-state": answerInputs,
  "sse-retry": () => call("test_reconnection"),
};

const isOfExtension = await loginForExtension(scenario, url, context, env);
if (context.client_id !== undefined && !isOfExtension) {
  const { client_id: id, client_secret: secret } = context;
  const given = ["--client-id", id, ...(secret === undefined ? [] : ["--client-secret", secret])];
  await loginByBrowser(["login", url, "--json", "--no-browser", ...given], env);
}
client.onRequest = acceptDefaults;
if (!isStateless) await client.initialize(wire, CAPABILITIES);
await (SCENARIOS[scenario] ?? listAndCall)();
await client.close();

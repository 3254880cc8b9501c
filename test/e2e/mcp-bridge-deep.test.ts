/** Messages of a server that can be read, and not be written: each request gets an answer all the same. */
import { afterAll, expect, test } from "bun:test";
import { bridgeTo, events, stopBridges } from "../support/bridge-to.ts";
import { type BridgeClient, RpcFailure, stateless } from "../support/mcp-client.ts";
import { lacking } from "../support/needs.ts";
import { AUTH, bareEnvironment } from "../support/program.ts";

afterAll(stopBridges);

const LEVELS = 40_000;
const DEEP = "[".repeat(LEVELS) + "]".repeat(LEVELS);
const TOO_DEEP = { code: 502, message: "The MCP server's answer is nested too deeply." };

function deep(id: unknown, member = `"result":{"deep":${DEEP}}`): string {
  return `{"jsonrpc":"2.0","id":${JSON.stringify(id)},${member}}`;
}

function json(text: string, status = 200): Response {
  return new Response(text, { status, headers: { "content-type": "application/json" } });
}

async function failureOf(client: BridgeClient, method: string, params = {}): Promise<unknown> {
  const error: unknown = await client.request(method, params, 7).catch((one: unknown) => one);
  return error instanceof RpcFailure ? error.error : error;
}

test("a response that has to be changed and is too deep: an error, and the stream goes on", async () => {
  const client = bridgeTo(({ id, method }) => {
    if (method === "document") return json(deep(`${id}`));
    if (method !== "events") return undefined;
    // The stream stays open: nothing but the message itself can bring an answer.
    return events(new ReadableStream({ start: (stream) => stream.enqueue(Buffer.from(`data: ${deep(`${id}`)}\n\n`)) }));
  });
  expect(await failureOf(client, "document")).toEqual(TOO_DEEP);
  expect(await failureOf(client, "events")).toEqual(TOO_DEEP);
  expect(await client.request("ping")).toEqual({ ok: true });
});

test("of several messages at once, those that aren't too deep reach the client", async () => {
  const client = bridgeTo(({ id, method }) => {
    const progress = (more: string): string =>
      `{"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":${more}}}`;
    return method === "all" ? json(`[${progress(DEEP)},${deep(id)},${progress("2")}]`) : undefined;
  });
  const progress = client.waitFor(({ method }) => method === "notifications/progress");
  expect(await failureOf(client, "all")).toEqual(TOO_DEEP);
  expect((await progress).params).toEqual({ progress: 2 });
});

test("a list of tools with a wrong tool in it, and an error that is too deep", async () => {
  const tool = { name: "x", inputSchema: { properties: { a: { type: "array", "x-mcp-header": "A" } } } };
  const client = bridgeTo(({ id, method }) => {
    if (method === "tools/list") return json(deep(id, `"result":{"tools":[${JSON.stringify(tool)}],"deep":${DEEP}}`));
    // An error of a failed request may have 64 KiB.
    const levels = 32_000;
    const data = "[".repeat(levels) + "]".repeat(levels);
    return json(deep(id, `"error":{"code":-32000,"message":"no","data":${data}}`), 400);
  });
  expect(await failureOf(client, "tools/list", stateless())).toEqual(TOO_DEEP);
  expect(await failureOf(client, "tools/call", stateless({ name: "x" }))).toMatchObject({ code: expect.any(Number) });
});

test.skipIf(lacking("linux"))("what can't be written ends the bridge, with an error", async () => {
  const child = Bun.spawn([AUTH, "mcp", "http://127.0.0.1:1/mcp"], {
    env: bareEnvironment(),
    stdin: "pipe",
    stdout: Bun.file("/dev/full"),
    stderr: "pipe",
  });
  child.stdin.write('{"jsonrpc":"2.0","id":1,"method":"ping"}\n');
  child.stdin.flush();
  expect(await child.exited).toBe(1);
  expect(await child.stderr.text()).toContain("Standard output can't be written: no space left on the device.");
});

/** A client that reads no more, and keeps its other end open. */
import { afterAll, expect, test } from "bun:test";
import { McpServer } from "../issuers/mcp.ts";
import { ok } from "../support/bridge-to.ts";
import type { Message } from "../support/mcp-client.ts";
import { AUTH, bareEnvironment } from "../support/program.ts";

const requests: string[] = [];
const server = new McpServer({
  open: true,
  handler: async (request) => {
    requests.push(request.method);
    return ok(request.method === "POST" ? ((await request.json()) as Message) : {});
  },
});
afterAll(() => server.stop());

test("the bridge ends, and with it the session, when nobody reads its standard output", async () => {
  const child = Bun.spawn([AUTH, "mcp", server.url], { env: bareEnvironment(), stdin: "pipe", stdout: "pipe" });
  const send = (id: number, method: string): void => {
    child.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", id, method, params: {} })}\n`);
    child.stdin.flush();
  };
  const reader = child.stdout.getReader();
  send(1, "initialize");
  await reader.read();
  await reader.cancel();
  send(2, "ping");
  expect(await child.exited).toBe(0);
  expect(requests.at(-1)).toBe("DELETE");
});

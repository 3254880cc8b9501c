/** What is nearly JSON-RPC, and clear enough: `auth mcp <url>` makes it right for its reader. */
import { afterAll, expect, test } from "bun:test";
import { bridgeTo, events, stopBridges } from "../support/bridge-to.ts";
import type { Message } from "../support/mcp-client.ts";

afterAll(stopBridges);

const MARK = "\uFEFF";

function document(text: string): Response {
  return new Response(text, { headers: { "content-type": "application/json" } });
}

function response(id: unknown, result: unknown): string {
  return JSON.stringify({ jsonrpc: "2.0", id, result });
}

test("a byte order mark before the server's JSON is left out: of a document, a large one, an event", async () => {
  const text = "a".repeat(5_000_000);
  const client = bridgeTo(({ id, method }) => {
    if (method === "event") return events(`data: ${MARK}${response(id, { whole: true })}\n\n`);
    if (method === "large") return document(MARK + response(id, { text }));
    return document(MARK + response(id, { whole: true }));
  });
  expect(await client.request("small")).toEqual({ whole: true });
  expect(await client.request("event")).toEqual({ whole: true });
  expect((await client.request("large")).text).toBe(text);
  expect(client.received.filter((line) => typeof line === "string")).toEqual([]);
});

test("a byte order mark before the client's message doesn't reach the server", async () => {
  const client = bridgeTo(async (_, request) => {
    const bytes = new Uint8Array(await request.clone().arrayBuffer());
    return bytes[0] === 0xef ? new Response(null, { status: 400 }) : undefined;
  });
  const answer = client.waitFor(({ id }) => id === 1);
  client.write(`${MARK}{"jsonrpc":"2.0","id":1,"method":"ping"}`);
  expect((await answer).result).toEqual({ ok: true });
});

test('a response to "7" instead of 7, or the other way round, reaches the client with the id that it gave', async () => {
  const client = bridgeTo(({ id, method }) =>
    method === "swapped" ? document(response(typeof id === "number" ? `${id}` : Number(id), { id })) : undefined,
  );
  expect(await client.request("swapped", {}, 7)).toEqual({ id: 7 });
  expect(await client.request("swapped", {}, "8")).toEqual({ id: "8" });
});

test('a response to "7" is the one of the request "7" where 7 waits too', async () => {
  const both = Promise.withResolvers<void>();
  const seen = new Set<unknown>();
  const client = bridgeTo(async ({ id, method }: Message) => {
    if (method !== "both") return undefined;
    if (seen.add(id).size === 2) both.resolve();
    await both.promise;
    return document(response(id, { id }));
  });
  const asked = [client.request("both", {}, 7), client.request("both", {}, "7")];
  expect(await Promise.all(asked)).toEqual([{ id: 7 }, { id: "7" }]);
});

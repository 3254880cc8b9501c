/** Several connections at one API: each address is for the token of its own (CLI.md §5 `proxy`). */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { succeeded } from "../support/home.ts";
import { type ProxyHome, proxyHome, type Started, startAuthProxy } from "../support/proxy-home.ts";

const NAMES = ["acme:one", "acme:two", "acme:me@example.com"];
let home: ProxyHome;
let proxy: Started;
/** By connection. */
const tokens: Record<string, string> = {};
beforeAll(async () => {
  home = await proxyHome();
  for (const name of NAMES) {
    await succeeded(home.call(["login", name, "--flow", "device"]));
    tokens[name] = (await home.call(["token", name])).stdout.trim();
  }
  const args = NAMES.flatMap((name, i) => ["-c", `${name}=TOKEN_${i}`]);
  proxy = await startAuthProxy(home.env, args);
});
afterAll(async () => {
  await proxy.stop();
  await home.stop();
});

async function tokenSentTo(address: string): Promise<string | undefined> {
  expect((await fetch(`${address}/x`)).status).toBe(200);
  return home.api.last().headers.authorization?.replace("Bearer ", "");
}

test("both addresses of a connection carry its token, and no other's", async () => {
  expect(proxy.connections.map(({ connection }) => connection)).toEqual(NAMES);
  expect(new Set(Object.values(tokens)).size).toBe(NAMES.length);
  for (const { connection, address, addresses } of proxy.connections)
    for (const each of [address, addresses[home.api.origin] ?? ""])
      expect([each, await tokenSentTo(each)]).toEqual([each, tokens[connection]]);
});

test("an address may be written with other characters escaped, or none", async () => {
  const named = (part: string): string => proxy.address.replace(/[^/]*$/, part);
  expect(await tokenSentTo(named("acme%3Atwo"))).toBe(tokens["acme:two"]);
  expect(await tokenSentTo(named("ACME:me@example.com"))).toBe(tokens["acme:me@example.com"]);
});

test("a host alone says nothing of whose token is meant, and leads nowhere", async () => {
  const { host } = new URL(home.api.origin);
  const before = home.api.seen.length;
  expect((await fetch(`${proxy.address.replace(/[^/]*$/, host)}/x`)).status).toBe(404);
  expect(home.api.seen.length).toBe(before);
});

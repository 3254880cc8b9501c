/** `run --proxy` at an API by plain http, for programs that open a tunnel to it, as Node.js's fetch does. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { lacking } from "../support/needs.ts";
import { type ProxyHome, proxyHome } from "../support/proxy-home.ts";

let home: ProxyHome;
beforeAll(async () => {
  home = await proxyHome();
});
afterAll(() => home.stop());

const curl = (more: string, flags: readonly string[] = []) => {
  const script = `curl -sS -w ' %{http_code}' --proxytunnel -H "Authorization: Bearer $ACME_TOKEN" ${more}`;
  return home.call(["run", "--proxy", "acme", "-q", ...flags, "--", "sh", "-c", script]);
};

test.skipIf(lacking("curl"))("a request in a tunnel has the token", async () => {
  expect((await curl(`${home.api.origin}/x`)).stdout).toBe("hello from /x 200");
  expect(home.api.last().headers.authorization).toBe(`Bearer ${home.token()}`);
  expect((await curl(`${home.api.origin}/1 -w '' ${home.api.origin}/2`)).stdout).toBe("hello from /1hello from /2");
});

test.skipIf(lacking("curl"))("the rules hold for it", async () => {
  const before = home.api.seen.length;
  expect((await curl(`-d x ${home.api.origin}/x`, ["--read-only"])).stdout).toEndWith(" 403");
  expect((await curl(`-H 'Host: evil.example' ${home.api.origin}/x`)).stdout).toEndWith(" 421");
  expect(home.api.seen.length).toBe(before);
});

/** A command that serves another may end while a refresh is under way: the reply is waited for, and the login is kept. */
import { afterEach, expect, test } from "bun:test";
import { McpServer } from "../issuers/mcp.ts";
import { loginByBrowser } from "../support/browser-login.ts";

import { statelessHandler } from "../support/mcp-sdk.ts";
import { lacking } from "../support/needs.ts";
import { AUTH, auth, bareEnvironment } from "../support/program.ts";
import { proxyHome } from "../support/proxy-home.ts";
import { until } from "../support/until.ts";

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

for (const flags of [["--proxy"], ["--proxy", "--mask"]])
  test.skipIf(lacking("curl"))(
    `run ${flags.join(" ")}: the command ends before the provider replies`,
    async () => {
      const home = await proxyHome(4);
      ends.push(home.stop);
      const [issuer] = home.issuers;
      const script = `sleep 3; curl -s -m1 -H "Authorization: Bearer $ACME_TOKEN" ${home.api.origin}/x; exit 7`;
      const child = Bun.spawn([AUTH, "run", ...flags, "acme", "-q", "--", "sh", "-c", script], {
        env: home.env,
        stdio: ["ignore", "pipe", "inherit"],
      });
      issuer?.hold("refresh_token");
      const before = issuer?.asked() ?? 0;
      await until("a refresh is under way", () => (issuer?.asked() ?? 0) > before);
      await Bun.sleep(2_500);
      expect(child.exitCode).toBeNull();
      issuer?.letGo();
      expect(await child.exited).toBe(7);
      expect((await home.call(["refresh", "acme", "--force"])).code).toBe(0);
    },
    60_000,
  );

test("auth mcp: the client closes its end before the provider replies", async () => {
  const server = new McpServer({ lifetime: 4, handler: statelessHandler() });
  ends.push(() => server.stop());
  const env = bareEnvironment();
  await loginByBrowser(["login", server.url, "--json", "--no-browser"], env);
  server.issuer.tokenDelay = 4_000;
  await Bun.sleep(3_000);
  const child = Bun.spawn([AUTH, "mcp", server.url], { env, stdio: ["pipe", "ignore", "inherit"] });
  const params = { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "test", version: "1" } };
  child.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", id: 1, method: "initialize", params })}\n`);
  await child.stdin.end();
  await child.exited;
  expect(server.issuer.to("/token").at(-1)?.grant_type).toBe("refresh_token");
  server.issuer.tokenDelay = 0;
  expect((await auth(["refresh", server.url, "--force"], { env })).code).toBe(0);
}, 60_000);

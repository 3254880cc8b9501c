/** A program in a container, by the scripts of docs/proxy.md and docs/agents.md. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { agentHome } from "../support/agent-home.ts";
import { makeAuthority } from "../support/authority.ts";
import { dockerFolder } from "../support/container.ts";
import { lacking } from "../support/needs.ts";
import { type Ended, run } from "../support/program.ts";
import { type ProxyHome, proxyHome } from "../support/proxy-home.ts";
import { pathWithAuth, recipe } from "../support/recipes.ts";

setDefaultTimeout(60_000);

describe.skipIf(lacking("linux", "root", "runc", "curl"))("a container", () => {
  let home: ProxyHome;
  let PATH: string;
  beforeAll(async () => {
    PATH = `${dockerFolder()}:${pathWithAuth("/usr/bin:/bin:/usr/sbin")}`;
    home = await proxyHome(3600, {}, await makeAuthority());
  });
  afterAll(() => home.stop());
  const sh = (script: string, env: Record<string, string>, ...args: string[]): Promise<Ended> =>
    run(["sh", "-e", "-c", script, "sh", ...args], { env: { ...env, PATH } });

  test("by the proxy: it has a placeholder, and nothing of the vault", async () => {
    const inner = `find "$1" -type f -printf '%f\\n' | sort && echo "$ACME_TOKEN" && curl -sS -H "Authorization: Bearer $ACME_TOKEN" "$2/x"`;
    const script = recipe(
      "A container",
      0,
      {
        "--proxy github": "--proxy acme",
        "-e GH_TOKEN": "-e ACME_TOKEN -e INNER",
        "./agent'": `sh -c "$INNER" sh "$AUTH_HOME" ${home.api.origin}'`,
      },
      "proxy.md",
    );
    const { code, stdout, stderr } = await sh(script, { ...home.env, INNER: inner });
    expect([code, stdout, stderr]).toEqual([
      0,
      expect.stringMatching(/^certificates.p12\ncertificates.pem\nlock\naccess-[0-9a-z]{32}\nhello from \/x$/),
      expect.stringContaining("Placeholders"),
    ]);
    expect(home.api.last().headers.authorization).toBe(`Bearer ${home.token()}`);
  });

  test("without a network, by the agent's socket", async () => {
    const own = await agentHome(3600);
    try {
      await own.start();
      const { code, stdout } = await sh(recipe("A container", 0, { github: "acme" }, "agents.md"), own.env);
      expect([code, JSON.parse(stdout)]).toEqual([
        0,
        expect.objectContaining({ connection: "acme:default", token: [...own.issuer.live][0] }),
      ]);
    } finally {
      await own.stop();
    }
  });
});

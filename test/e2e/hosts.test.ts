/** GitHub's three kinds of host, and Azure DevOps by way of Entra: each token under the names that its programs read. */
import { afterAll, describe, expect, test } from "bun:test";
import { startEntra } from "../issuers/entra.ts";
import { startGithub } from "../issuers/github.ts";
import type { Server } from "../issuers/server.ts";
import { auth, bareEnvironment, type Ended } from "../support/program.ts";

const servers: Server[] = [];
afterAll(() => Promise.all(servers.map((server) => server.stop())));

describe("github", () => {
  for (const [host, set, unset] of [
    ["github.com", ["GH_TOKEN", "GITHUB_TOKEN"], ["GH_HOST", "GH_ENTERPRISE_TOKEN"]],
    ["acme.ghe.com", ["GH_TOKEN", "GITHUB_TOKEN", "GH_HOST"], ["GH_ENTERPRISE_TOKEN"]],
    ["git.acme.example", ["GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN", "GH_HOST"], ["GH_TOKEN", "GITHUB_TOKEN"]],
    ["git.acme.example:8443", ["GH_ENTERPRISE_TOKEN", "GH_HOST"], ["GH_TOKEN", "GITHUB_TOKEN"]],
  ] as const)
    test(`at ${host}: a login, its refresh, and ${set.join(", ")}`, async () => {
      const issuer = startGithub({ approve: true, interval: 1 });
      servers.push(issuer.server);
      const env = bareEnvironment({ AUTH_GITHUB_CLIENT_ID: issuer.clientId });
      const call = (...args: string[]): Promise<Ended> => auth(args, { env });
      const places = Object.entries(issuer.endpoints).flatMap(([name, url]) => ["--endpoint", `${name}=${url}`]);
      expect((await call("login", "github", "--host", host, ...places)).code).toBe(0);
      expect((await call("refresh", "github", "--force")).code).toBe(0);
      const token = (await call("token", "github")).stdout.trim();
      const shown = JSON.parse((await call("export", "github", "--format", "json")).stdout);
      for (const name of set)
        expect({ name, value: shown[name] }).toEqual({ name, value: name === "GH_HOST" ? host : token });
      for (const name of unset) expect(shown[name]).toBeUndefined();
      expect(JSON.parse((await call("list", "--json")).stdout)[0]).toMatchObject({ host });
    }, 60_000);

  test("the variable of one kind of host is no token for another", async () => {
    const read = (env: Record<string, string>): Promise<Ended> =>
      auth(["token", "github"], { env: bareEnvironment(env) });
    expect((await read({ GH_TOKEN: "dotcom", GITHUB_TOKEN: "second" })).stdout).toBe("dotcom\n");
    expect((await read({ GH_TOKEN: "dotcom", GH_ENTERPRISE_TOKEN: "server" })).stdout).toBe("dotcom\n");
    expect((await read({ GH_HOST: "acme.ghe.com", GITHUB_TOKEN: "cloud", GH_ENTERPRISE_TOKEN: "server" })).stdout).toBe(
      "cloud\n",
    );
    expect(
      (await read({ GH_HOST: "git.acme.example", GITHUB_TOKEN: "dotcom", GITHUB_ENTERPRISE_TOKEN: "server" })).stdout,
    ).toBe("server\n");
    expect((await read({ GH_HOST: "git.acme.example", GITHUB_TOKEN: "dotcom" })).code).toBe(2);
  });
});

test("Azure DevOps the Entra way: one scope of its resource, and Graph's by the same login", async () => {
  const issuer = startEntra({ approve: true, interval: 1 });
  servers.push(issuer.server);
  const env = bareEnvironment({ AZURE_CLIENT_ID: issuer.publicClient.id });
  const call = (...args: string[]): Promise<Ended> => auth(args, { env });
  const places = Object.entries(issuer.endpoints).flatMap(([name, url]) => ["--endpoint", `${name}=${url}`]);
  const devops = "499b84ac-1321-427f-aa17-267ca6975798";
  const login = await call(
    "login",
    "entra:devops",
    "--flow",
    "device",
    "--scope",
    `${devops}/.default,offline_access`,
    ...places,
  );
  expect({ code: login.code, stderr: login.stderr }).toMatchObject({ code: 0 });
  const audience = ({ stdout }: Ended): unknown =>
    JSON.parse(Buffer.from(stdout.split(".")[1] ?? "", "base64url").toString()).aud;
  expect(audience(await call("token", "entra:devops"))).toBe(devops);
  expect((await call("refresh", "entra:devops", "--force")).code).toBe(0);
  expect(audience(await call("token", "entra:devops"))).toBe(devops);
  expect(audience(await call("token", "entra:devops", "--resource", "https://graph.microsoft.com"))).toBe(
    "https://graph.microsoft.com",
  );
});

/** kubectl against a server that speaks as much of Kubernetes' API as `get namespaces` asks (docs/recipes.md, kubectl). */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { json } from "../issuers/server.ts";
import { CERTIFICATES } from "../platform/certificates.ts";
import { lacking } from "../support/needs.ts";
import { recipeHome } from "../support/recipe-home.ts";
import { recipe } from "../support/recipes.ts";
import { credentialsOf, startTokenHost, type TokenHost } from "../support/token-host.ts";

const skip = lacking("kubectl");

let host: TokenHost;
let api: ReturnType<typeof Bun.serve>;
const seen: (string | null)[] = [];

beforeAll(async () => {
  host = startTokenHost(() => new Response("", { status: 404 }));
  await host.logIn("work");
  // kubectl uses credentials over TLS only.
  api = Bun.serve({ hostname: "127.0.0.1", port: 0, tls: CERTIFICATES.good, fetch: answer });
});
afterAll(async () => {
  await api.stop(true);
  await host.stop();
});

function answer(request: Request): Response {
  const owner = host.ownerOf(credentialsOf(request)?.token ?? null);
  seen.push(owner);
  if (owner === null) return json({ kind: "Status", apiVersion: "v1", status: "Failure", code: 401 }, 401);
  const { pathname } = new URL(request.url);
  if (pathname === "/api") return json({ kind: "APIVersions", versions: ["v1"] });
  if (pathname === "/apis") return json({ kind: "APIGroupList", apiVersion: "v1", groups: [] });
  if (pathname === "/api/v1")
    return json({
      kind: "APIResourceList",
      groupVersion: "v1",
      resources: [{ name: "namespaces", kind: "Namespace", namespaced: false, verbs: ["get", "list"] }],
    });
  if (pathname === "/api/v1/namespaces")
    return json({
      kind: "NamespaceList",
      apiVersion: "v1",
      metadata: {},
      items: [{ kind: "Namespace", apiVersion: "v1", metadata: { name: "the-one-that-is-there" } }],
    });
  return json({ kind: "Status", apiVersion: "v1", status: "Failure", code: 404 }, 404);
}

test.skipIf(skip)("gets what the server has, with the token of the connection that the kubeconfig names", async () => {
  const { sh, home } = recipeHome(host);
  const authority = btoa(CERTIFICATES.good.cert);
  const server = `https://localhost:${api.port}`;
  const cluster = { name: "here", cluster: { server, "certificate-authority-data": authority } };
  const context = { name: "here", context: { cluster: "here", user: "none" } };
  writeFileSync(
    join(home, ".kube", "config"),
    JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      clusters: [cluster],
      contexts: [context],
      "current-context": "here",
    }),
  );
  const before = await sh("kubectl get namespaces");
  expect(before.code).not.toBe(0);
  expect(await sh(recipe("kubectl", 0, {}))).toMatchObject({
    code: 0,
    stdout: expect.stringContaining("the-one-that-is-there"),
  });
  expect(seen.at(-1)).toBe("work");
});

test("without a connection, which kubectl doesn't ask for either, it says that one must be named", async () => {
  expect(await host.call(["helper", "kubectl"])).toMatchObject({
    code: 1,
    stdout: "",
    stderr: "auth: A connection must be named: auth helper kubectl <connection>\n",
  });
});

/** skopeo, and docker itself, against a registry that gives tokens of its own for credentials (docs/recipes.md, docker, podman, skopeo). */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { lacking } from "../support/needs.ts";
import { recipeHome } from "../support/recipe-home.ts";
import { recipe } from "../support/recipes.ts";
import { createRegistry } from "../support/registry.ts";
import { startTokenHost, type TokenHost } from "../support/token-host.ts";

const skip = lacking("skopeo");

let registry: ReturnType<typeof createRegistry>;
let host: TokenHost;
let script: string;

beforeEach(async () => {
  registry = createRegistry();
  registry.add("team/app", "1");
  host = startTokenHost((request, here) => registry.serve(request, here));
  await host.logIn("home");
  const { host: name } = new URL(host.url);
  // Without TLS on this machine, and without /etc's policy of signatures, which not every machine has.
  const copy = { "skopeo copy": "skopeo --insecure-policy copy --src-tls-verify=false" };
  script = recipe("docker, podman, skopeo", 0, { "registry.example": name, ...copy });
});
afterEach(() => host.stop());

test.skipIf(skip)("pulls an image with the token as password, also when the one before has ended", async () => {
  const { sh, home } = recipeHome(host);
  const first = await sh(script);
  expect(first).toMatchObject({ code: 0 });
  expect(existsSync(join(home, "app", "manifest.json"))).toBe(true);
  expect(registry.seen.at(-1)).toEqual({ owner: "home", user: "home", scope: "repository:team/app:pull" });
  for (const token of host.issued) token.until = 0;
  await host.logIn("home");
  expect(await sh(script)).toMatchObject({ code: 0 });
  expect(first.stdout + first.stderr).not.toContain("tok_home");
});

test.skipIf(skip)("a registry without a login is asked for without credentials", async () => {
  await host.call(["logout", "oidc:home", "--yes"]);
  const { code, stderr } = await recipeHome(host).sh(script);
  expect(code).not.toBe(0);
  expect(stderr).toContain("unauthorized");
  expect(registry.seen).toEqual([]);
});

test.skipIf(lacking("docker"))("docker itself asks a registry by the same file", async () => {
  const { host: name } = new URL(host.url);
  const { sh } = recipeHome(host);
  const inspect = `docker manifest inspect --insecure ${name}/team/app:1`;
  expect((await sh(inspect)).code).not.toBe(0);
  // Its pull is its daemon's, which a test can't start: it is given what this one gets.
  const lines = script.replace(/^skopeo .*$/m, inspect);
  expect(await sh(lines)).toMatchObject({ code: 0, stdout: expect.stringContaining('"schemaVersion": 2') });
  expect(registry.seen.at(-1)).toMatchObject({ owner: "home", scope: "repository:team/app:pull" });
});

/** Terraform at a registry of modules that wants a login (docs/recipes.md, Terraform and OpenTofu). */
import { afterAll, beforeAll, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createTarGzip } from "nanotar";
import { makeAuthority } from "../support/authority.ts";

import { lacking } from "../support/needs.ts";
import { type Ended, tempFolder } from "../support/program.ts";
import { recipeHome } from "../support/recipe-home.ts";
import { recipe } from "../support/recipes.ts";
import { credentialsOf, startTokenHost, type TokenHost } from "../support/token-host.ts";
import { until } from "../support/until.ts";

const skip = lacking("terraform", "openssl");
setDefaultTimeout(60_000);

let host: TokenHost;
let registry: ReturnType<typeof Bun.serve>;
let certificates: string;
let archive: Uint8Array<ArrayBuffer>;
let seen: { path: string; token: string | null }[];

beforeAll(async () => {
  if (skip) return;
  const authority = await makeAuthority();
  certificates = authority.file;
  archive = new Uint8Array(await createTarGzip([{ name: "main.tf", data: "# nothing\n" }]));
  host = startTokenHost(() => new Response("", { status: 404 }));
  // Terraform speaks https alone, and to no host without a dot in its name.
  registry = Bun.serve({ hostname: "127.0.0.1", port: 0, tls: await authority.issue("127.0.0.1"), fetch: answer });
});
afterAll(async () => {
  await registry?.stop(true);
  await host?.stop();
});
beforeEach(() => {
  seen = [];
});

/** https://developer.hashicorp.com/terraform/internals/module-registry-protocol */
function answer(request: Request): Response {
  const { pathname, origin } = new URL(request.url);
  const token = credentialsOf(request)?.token ?? null;
  seen.push({ path: pathname, token });
  if (pathname === "/.well-known/terraform.json") return Response.json({ "modules.v1": "/v1/modules/" });
  // Its address is the secret: Terraform sends no token there.
  if (pathname === "/thing.tar.gz") return new Response(archive);
  if (host.ownerOf(token) === null) return Response.json({ errors: ["who are you?"] }, { status: 401 });
  switch (pathname) {
    case "/v1/modules/team/thing/local/versions":
      return Response.json({ modules: [{ versions: [{ version: "1.2.3" }] }] });
    case "/v1/modules/team/thing/local/1.2.3/download":
      return new Response(null, { status: 204, headers: { "x-terraform-get": `${origin}/thing.tar.gz` } });
    default:
      return new Response("not here", { status: 404 });
  }
}

/** Gets a module, with what the recipe has put in place. */
async function init(): Promise<Ended & { readonly isThere: boolean }> {
  const { home, sh } = recipeHome(host, {
    SSL_CERT_FILE: certificates,
    CHECKPOINT_DISABLE: "1",
    TF_IN_AUTOMATION: "1",
  });
  if (!existsSync(join(home, ".terraformrc"))) {
    expect(await sh(recipe("Terraform and OpenTofu", 0, {}))).toMatchObject({ code: 0, stderr: "" });
    const [, at = ""] = registry.url.origin.split("//");
    writeFileSync(join(home, ".terraformrc"), recipe("Terraform and OpenTofu", 1, { "terraform.example": at }));
  }
  const project = tempFolder();
  const source = `${registry.url.host}/team/thing/local`;
  writeFileSync(join(project, "main.tf"), `module "thing" {\n  source  = "${source}"\n  version = "1.2.3"\n}\n`);
  const ended = await sh(`cd '${project}' && terraform init -no-color -input=false`);
  return { ...ended, isThere: existsSync(join(project, ".terraform", "modules", "thing", "main.tf")) };
}

test.skipIf(skip)("gets a module with the login's token, and with a new one after that has ended", async () => {
  expect(await init()).toMatchObject({ code: 1, isThere: false });
  expect(seen.filter(({ token }) => token !== null)).toEqual([]);

  host.lifetime = 1;
  await host.logIn("work");
  await until("the first token's end", () => host.ownerOf(host.issued[0]?.token ?? null) === null);
  host.lifetime = 3600;
  seen = [];
  expect(await init()).toMatchObject({ code: 0, stderr: "", isThere: true });
  const tokens = new Set(seen.map(({ token }) => token).filter((token) => token !== null));
  expect([...tokens]).toEqual([host.issued.at(-1)?.token ?? ""]);
  expect(host.issued.length).toBe(2);
});

test.skipIf(skip)("terraform logout is refused, and the login is still there", async () => {
  const { sh, home } = recipeHome(host, { SSL_CERT_FILE: certificates, CHECKPOINT_DISABLE: "1" });
  mkdirSync(home, { recursive: true });
  const { code, stdout, stderr } = await sh(`terraform logout -no-color ${registry.url.host}`);
  expect([code, stdout + stderr]).toEqual([1, expect.stringContaining("auth logout")]);
  expect(readFileSync(join(home, ".terraformrc"), "utf8")).toContain("credentials_helper");
  expect(await init()).toMatchObject({ code: 0, isThere: true });
});

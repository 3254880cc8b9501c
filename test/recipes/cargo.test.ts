/** cargo against a registry whose index wants a login (docs/recipes.md, cargo). */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { json } from "../issuers/server.ts";
import { lacking } from "../support/needs.ts";
import { recipeHome } from "../support/recipe-home.ts";
import { recipe } from "../support/recipes.ts";
import { credentialsOf, startTokenHost, type TokenHost } from "../support/token-host.ts";

const skip = lacking("cargo");

let host: TokenHost;
let seen: (string | null)[];

beforeEach(async () => {
  seen = [];
  host = startTokenHost((request, { ownerOf, url }) => {
    const owner = ownerOf(credentialsOf(request)?.token ?? null);
    seen.push(owner);
    if (owner === null) return json({ errors: [{ detail: "who are you?" }] }, 401, { "www-authenticate": "Cargo" });
    const { pathname } = new URL(request.url);
    if (pathname === "/index/config.json") return json({ dl: `${url}/dl`, api: url, "auth-required": true });
    if (pathname === "/index/so/me/some-crate")
      return new Response(
        `${JSON.stringify({ name: "some-crate", vers: "1.2.3", deps: [], cksum: "0".repeat(64), features: {}, yanked: false })}\n`,
      );
    if (pathname === "/api/v1/crates")
      return json({ crates: [{ name: "some-crate", max_version: "1.2.3" }], meta: { total: 1 } });
    return new Response("", { status: 404 });
  });
  await host.logIn("work");
});
afterEach(() => host.stop());

const CONFIGURED = '["cargo-credential-auth", "oidc:work"]';

/** The toolchain that is installed, and nothing of the person's settings. */
const toolchain = { RUSTUP_HOME: process.env.RUSTUP_HOME ?? `${process.env.HOME}/.rustup`, CARGO_TERM_COLOR: "never" };

test.skipIf(skip)("finds a crate with the token of the login at the registry's host, in both forms", async () => {
  const script = recipe("cargo", 0, { "https://cargo.example": host.url }).replace(
    /cargo info.*/,
    "cargo search --registry corp some-crate",
  );
  for (const provider of [CONFIGURED, '["cargo-credential-auth"]', '"cargo:token-from-stdout auth helper cargo"']) {
    const { sh } = recipeHome(host, { ...toolchain, CARGO_HOME: `${host.env.HOME}/.cargo` });
    seen = [];
    const ended = await sh(script.replace(CONFIGURED, provider).replace("cat >>", "cat >"));
    expect(ended).toMatchObject({ code: 0, stdout: expect.stringContaining('some-crate = "1.2.3"') });
    expect(seen.at(-1)).toBe("work");
  }
});

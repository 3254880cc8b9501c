/** cargo against a registry whose index wants a login (docs/recipes.md, cargo). */
import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { json } from "../issuers/server.ts";

import { lacking } from "../support/needs.ts";
import { crateRegistry } from "../support/packages.ts";
import { recipeHome } from "../support/recipe-home.ts";
import { recipe } from "../support/recipes.ts";
import { credentialsOf, startTokenHost, type TokenHost } from "../support/token-host.ts";
import { until } from "../support/until.ts";

const skip = lacking("cargo");
setDefaultTimeout(60_000);

let host: TokenHost;
let seen: { path: string; owner: string | null }[];

beforeEach(async () => {
  seen = [];
  const answer = await crateRegistry(() => host.url);
  host = startTokenHost((request, { ownerOf }) => {
    const owner = ownerOf(credentialsOf(request)?.token ?? null);
    const { pathname } = new URL(request.url);
    seen.push({ path: pathname, owner });
    if (owner === null) return json({ errors: [{ detail: "who are you?" }] }, 401, { "www-authenticate": "Cargo" });
    return answer(pathname);
  });
});
afterEach(() => host.stop());

const CONFIGURED = '["cargo-credential-auth", "oidc:work"]';

/** The toolchain that is installed, and nothing of the person's settings. */
const toolchain = { RUSTUP_HOME: process.env.RUSTUP_HOME ?? `${process.env.HOME}/.rustup`, CARGO_TERM_COLOR: "never" };

test.skipIf(skip)("gets a crate with the token of the login at the registry's host, in every form", async () => {
  host.lifetime = 1;
  await host.logIn("work");
  await until("the first token's end", () => host.ownerOf(host.issued[0]?.token ?? null) === null);
  host.lifetime = 3600;
  const script = recipe("cargo", 0, { "https://cargo.example": host.url });
  for (const provider of [CONFIGURED, '["cargo-credential-auth"]', '"cargo:token-from-stdout auth helper cargo"']) {
    const { sh } = recipeHome(host, { ...toolchain, CARGO_HOME: `${host.env.HOME}/.cargo` });
    seen = [];
    const ended = await sh(`rm -rf ~/.cargo\n${script.replace(CONFIGURED, provider)}`);
    expect(ended).toMatchObject({ code: 0, stdout: expect.stringContaining("version: 1.2.3") });
    expect(seen.at(-1)).toEqual({ path: "/dl/some-crate/1.2.3/download", owner: "work" });
  }
  expect(host.issued.length).toBe(2);
});

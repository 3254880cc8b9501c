/** pnpm at a registry that wants a login (docs/recipes.md, pnpm). */
import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";

import { npmRegistry } from "../support/packages.ts";
import type { Ended } from "../support/program.ts";
import { recipeHome } from "../support/recipe-home.ts";
import { pathWithAuth, recipe } from "../support/recipes.ts";
import { credentialsOf, startTokenHost, type TokenHost } from "../support/token-host.ts";
import { until } from "../support/until.ts";

setDefaultTimeout(60_000);
const PROGRAMS = join(import.meta.dir, "..", "..", "node_modules", ".bin");

let host: TokenHost;
let seen: { path: string; owner: string | null }[];

beforeEach(async () => {
  seen = [];
  const answer = await npmRegistry();
  host = startTokenHost((request, { ownerOf }) => {
    const owner = ownerOf(credentialsOf(request)?.token ?? null);
    seen.push({ path: new URL(request.url).pathname, owner });
    return owner === null ? Response.json({ error: "who are you?" }, { status: 401 }) : answer(request);
  });
});
afterEach(() => host.stop());

/** Runs the recipe, or pnpm alone, in a project with nothing installed. */
function add(script: string): { project: string; ended: Promise<Ended> } {
  const { home, sh } = recipeHome(host, { PATH: `${PROGRAMS}:${pathWithAuth()}`, CI: "true" });
  const project = join(home, "project");
  rmSync(project, { recursive: true, force: true });
  mkdirSync(project);
  return { project, ended: sh(script.replace("pnpm add", "cd project && pnpm add")) };
}

const script = (): string =>
  recipe("pnpm", 0, {
    "https://login.example": host.url,
    "https://npm.example": host.url,
    "npm.example": new URL(host.url).host,
  });

test("adds a package of a registry with the login's token, and with a new one after that has ended", async () => {
  host.lifetime = 1;
  await host.logIn("work");
  await until("the first token's end", () => host.ownerOf(host.issued[0]?.token ?? null) === null);
  host.lifetime = 3600;
  const { project, ended } = add(script());
  expect(await ended).toMatchObject({ code: 0 });
  expect(existsSync(join(project, "node_modules", "@corp", "thing", "package.json"))).toBe(true);
  expect(seen.map(({ path }) => path)).toContain("/thing.tgz");
  expect(new Set(seen.map(({ owner }) => owner))).toEqual(new Set(["work"]));
  expect(host.issued.length).toBe(2);
});

test("without a login there the registry is asked without a token, and refuses", async () => {
  const { project, ended } = add(script());
  const { code, stderr } = await ended;
  expect([code, stderr]).toEqual([1, expect.stringContaining("401 Unauthorized")]);
  expect(seen.length).toBeGreaterThan(0);
  expect(seen.filter(({ owner }) => owner !== null)).toEqual([]);
  expect(existsSync(join(project, "node_modules", "@corp"))).toBe(false);
});

test("a connection has to be named, since pnpm names no registry", async () => {
  expect(await host.call(["helper", "pnpm"])).toMatchObject({ code: 1, stdout: "" });
});

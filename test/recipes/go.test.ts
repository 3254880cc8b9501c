/** go at module proxies that want a login (docs/recipes.md, go). */
import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";

import { goPrograms, lacking } from "../support/needs.ts";
import { moduleProxy } from "../support/packages.ts";
import type { Ended } from "../support/program.ts";
import { recipeHome } from "../support/recipe-home.ts";
import { pathWithAuth, recipe } from "../support/recipes.ts";
import { credentialsOf, startTokenHost, type TokenHost } from "../support/token-host.ts";
import { until } from "../support/until.ts";

const skip = lacking("go");
setDefaultTimeout(60_000);

let hosts: TokenHost[];
/** Each request to a module proxy. */
let seen: { host: TokenHost; file: string; token: string | null; owner: string | null }[];
/** What the proxies wait for before they answer. */
let before: (file: string) => Promise<void>;

beforeEach(() => {
  seen = [];
  before = async () => {};
  hosts = [];
});
afterEach(async () => {
  for (const host of hosts) await host.stop();
});

/** A module proxy whose logins are in the home of those before it. */
function startProxy(module: string, version: string): TokenHost {
  const [beside] = hosts;
  const answer = moduleProxy(module, version);
  const serve = async (request: Request, host: TokenHost): Promise<Response> => {
    const token = credentialsOf(request)?.token ?? null;
    const { pathname } = new URL(request.url);
    const owner = host.ownerOf(token);
    seen.push({ host, file: pathname, token, owner });
    if (owner === null) return new Response("who are you?", { status: 401 });
    await before(pathname);
    return answer(pathname);
  };
  const host = startTokenHost(serve, { tls: true, ...(beside !== undefined && { beside }) });
  hosts.push(host);
  return host;
}

/** Runs the recipe for a module. */
async function download(module: string): Promise<Ended & { readonly isThere: boolean }> {
  const [host] = hosts;
  if (host === undefined) throw new Error("There is no proxy.");
  const { home, sh } = recipeHome(host, {
    PATH: `${goPrograms()}:${pathWithAuth()}`,
    GOTOOLCHAIN: "local",
    GOFLAGS: "-modcacherw",
  });
  const script = recipe("go", 0, {
    "https://proxy.example": hosts.map(({ url }) => url).join(),
    "corp.example/team/module@v1.2.0": module,
  });
  return { ...(await sh(script)), isThere: existsSync(join(home, "go", "pkg", "mod", module, "go.mod")) };
}

test.skipIf(skip)("downloads modules from two hosts, each with the token of its own login", async () => {
  for (const [module, version, name] of [
    ["corp.example/team/module", "v1.2.0", "work"],
    ["corp.example/other/module", "v0.1.0", "other"],
  ] as const)
    await startProxy(module, version).logIn(name);
  expect(await download("corp.example/team/module@v1.2.0")).toMatchObject({ code: 0, stderr: "", isThere: true });
  expect(await download("corp.example/other/module@v0.1.0")).toMatchObject({ code: 0, stderr: "", isThere: true });
  for (const [host, owner] of [
    [hosts[0], "work"],
    [hosts[1], "other"],
  ] as const) {
    const requests = seen.filter((request) => request.host === host);
    expect(requests.filter(({ owner: found }) => found === owner).length).toBeGreaterThan(2);
    // No token of the other host, and at first none.
    expect(requests.filter(({ token }) => token !== null && host?.ownerOf(token) === null)).toEqual([]);
  }
});

test.skipIf(skip)("goes on with a new token when the one before ends, also in the middle of a command", async () => {
  const host = startProxy("corp.example/team/module", "v1.2.0");
  const ended = (number: number) => host.ownerOf(host.issued[number]?.token ?? null) === null;
  host.lifetime = 1;
  await host.logIn("work");
  await until("the first token's end", () => ended(0));
  host.lifetime = 6;
  before = async (file) => {
    if (file.endsWith(".mod")) await until("the second token's end", () => ended(1));
  };
  expect(await download("corp.example/team/module@v1.2.0")).toMatchObject({ code: 0, stderr: "", isThere: true });
  expect(seen.filter(({ token }) => token === host.issued[0]?.token)).toEqual([]);
  expect(seen.at(-1)).toMatchObject({ token: host.issued[2]?.token, owner: "work" });
  expect(host.issued.length).toBe(3);
});

test.skipIf(skip)("a proxy that no login is for gets no token, and go says that it was refused", async () => {
  const host = startProxy("corp.example/team/module", "v1.2.0");
  const { code, stderr, isThere } = await download("corp.example/team/module@v1.2.0");
  expect({ code, isThere }).toEqual({ code: 1, isThere: false });
  expect(stderr).toContain("401 Unauthorized");
  expect(seen.filter(({ token }) => token !== null)).toEqual([]);
  expect(host.issued).toEqual([]);
});

/** pip, at an index that wants a token as a password (docs/recipes.md, pip and uv). */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { lacking } from "../support/needs.ts";
import { type Ended, run, tempFolder } from "../support/program.ts";
import { pathWithAuth, recipe } from "../support/recipes.ts";
import { credentialsOf, startTokenHost, type TokenHost } from "../support/token-host.ts";

const skip = lacking("pip");
setDefaultTimeout(60_000);
const WHEEL = "project-1.0-py3-none-any.whl";

let host: TokenHost;
let folder: string;
let seen: { user: string | null; owner: string }[];

beforeAll(async () => {
  if (skip) return;
  folder = tempFolder();
  await makeWheel();
  host = startTokenHost((request, { ownerOf }) => {
    const given = credentialsOf(request);
    const owner = ownerOf(given?.token ?? null);
    if (given === null || owner === null)
      return new Response("who are you?", { status: 401, headers: { "www-authenticate": 'Basic realm="index"' } });
    seen.push({ user: given.user, owner });
    switch (new URL(request.url).pathname) {
      case "/simple/project/":
        return new Response(`<a href="/files/${WHEEL}">${WHEEL}</a>`, { headers: { "content-type": "text/html" } });
      case `/files/${WHEEL}`:
        return new Response(Bun.file(join(folder, WHEEL)));
      default:
        return new Response("nothing here", { status: 404 });
    }
  });
  await host.logIn("home");
  await host.logIn("work");
});
afterAll(() => host?.stop());

async function makeWheel(): Promise<void> {
  const info = join(folder, "project-1.0.dist-info");
  mkdirSync(info);
  writeFileSync(join(info, "METADATA"), "Metadata-Version: 2.1\nName: project\nVersion: 1.0\n");
  writeFileSync(join(info, "WHEEL"), "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n");
  writeFileSync(join(info, "RECORD"), "");
  const made = await run(["/usr/bin/python3", "-m", "zipfile", "-c", WHEEL, "project-1.0.dist-info"], { cwd: folder });
  if (made.code !== 0) throw new Error(made.stderr);
}

function download(user: string, cwd: string): Promise<Ended> {
  const index = host.url.replace("//", `//${user}@`);
  const script = recipe("pip and uv", 0, { "https://work@pypi.example": index });
  const home = tempFolder();
  const env = { ...host.env, HOME: home, PATH: pathWithAuth("/usr/bin:/bin"), PIP_DISABLE_PIP_VERSION_CHECK: "1" };
  return run(["sh", "-e", "-c", script], { env, cwd });
}

test.skipIf(skip)("downloads with the token of the connection that the address names", async () => {
  for (const user of ["work", "home"]) {
    seen = [];
    const cwd = tempFolder();
    expect(await download(user, cwd)).toMatchObject({ code: 0 });
    expect(existsSync(join(cwd, WHEEL))).toBe(true);
    expect(seen.length).toBeGreaterThan(1);
    for (const request of seen) expect(request).toEqual({ user, owner: user });
  }
});

test.skipIf(skip)("several and none named: pip gets no token", async () => {
  seen = [];
  const ended = await download("somebody", tempFolder());
  expect(ended.code).not.toBe(0);
  expect(seen).toEqual([]);
  for (const { token } of host.issued) expect(ended.stderr + ended.stdout).not.toContain(token);
});

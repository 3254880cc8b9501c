/** git itself, at a host that takes tokens as passwords (docs/recipes.md, git). */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gitRepositories, serveGit } from "../support/git-server.ts";
import { lacking } from "../support/needs.ts";
import { type Ended, run, tempFolder } from "../support/program.ts";
import { pathWithAuth, recipe } from "../support/recipes.ts";
import { credentialsOf, startTokenHost, type TokenHost } from "../support/token-host.ts";

const skip = lacking("git");

let host: TokenHost;
let folder: string;
/** Of the requests that were let in. */
let seen: { user: string | null; owner: string; token: string }[];
let challenge: string;

beforeEach(async () => {
  if (skip) return;
  const root = await gitRepositories();
  seen = [];
  challenge = 'Basic realm="git"';
  host = startTokenHost((request, { ownerOf }) => {
    const given = credentialsOf(request);
    const owner = ownerOf(given?.token ?? null);
    if (given === null || owner === null)
      return new Response("who are you?", { status: 401, headers: { "www-authenticate": challenge } });
    seen.push({ ...given, owner });
    return serveGit(root, request);
  });
  folder = tempFolder();
  await host.logIn("home");
});

afterEach(() => host?.stop());

async function sh(script: string, cwd = folder): Promise<Ended> {
  const names = { GIT_AUTHOR_NAME: "A", GIT_AUTHOR_EMAIL: "a@a", GIT_COMMITTER_NAME: "A", GIT_COMMITTER_EMAIL: "a@a" };
  const env = { ...host.env, ...names, PATH: pathWithAuth(), GIT_TERMINAL_PROMPT: "0" };
  return run(["sh", "-e", "-c", script], { env, cwd });
}

async function succeed(script: string, cwd?: string): Promise<void> {
  expect(await sh(script, cwd)).toMatchObject({ code: 0 });
}

const at = () => ({ "https://git.example": host.url });

test.skipIf(skip)("clones, and pushes after the token has ended, with nothing asked and nothing stored", async () => {
  host.lifetime = 2;
  await host.logIn("home");
  await succeed(recipe("git", 0, at()));
  const work = join(folder, "project");
  await succeed("git commit -q --allow-empty -m one && git push -q origin HEAD:main", work);
  const before = host.issued.at(-1)?.token;
  await Bun.sleep(2100);
  await succeed("git commit -q --allow-empty -m two && git push -q origin HEAD:main && git fetch -q", work);
  expect(seen.at(-1)?.token).not.toBe(before);
  expect(existsSync(join(host.env.HOME ?? "", ".git-credentials"))).toBe(false);
});

test.skipIf(skip)("a token that the server refuses before its end is replaced for the next command", async () => {
  host.lifetime = 20;
  await host.logIn("home");
  await succeed("git config --global credential.helper '!auth helper git --min-ttl 0'");
  await succeed(`git clone -q ${host.url}/team/project.git`);
  const refused = host.issued.at(-1);
  if (refused === undefined) throw new Error("there is no token");
  refused.until = 0;
  // Within a tenth of its lifetime a new token isn't replaced for being refused (RULES.md 2.8).
  await Bun.sleep(2100);
  const work = join(folder, "project");
  expect((await sh("git ls-remote origin", work)).code).not.toBe(0);
  expect(host.issued.at(-1)).not.toBe(refused);
  await succeed("git ls-remote origin", work);
});

test.skipIf(skip)("two accounts at one host: by the name in the address, and by git's own setting", async () => {
  await host.logIn("work");
  await succeed("git config --global credential.helper '!auth helper git'");
  const neither = await sh(`git clone -q ${host.url}/team/project.git`);
  expect(neither.code).not.toBe(0);
  expect(neither.stderr).toContain("or choose a default: auth use oidc:home");
  await host.call(["use", "oidc:home"]);
  await succeed(`git clone -q ${host.url}/team/project.git one`);
  expect(seen.at(-1)).toMatchObject({ owner: "home" });
  const [clone = "", setting = ""] = recipe("git", 1, {
    "https://work@git.example": host.url.replace("//", "//work@"),
    "https://git.example": host.url,
  }).split("\n");
  await succeed(`${clone} two`);
  expect(seen.at(-1)).toMatchObject({ user: "work", owner: "work" });
  await succeed(`${setting} && git clone -q ${host.url}/team/project.git three`);
  expect(seen.at(-1)).toMatchObject({ user: "work", owner: "work" });
});

test.skipIf(skip)(
  "a hostile address in a repository gets no token: another host, another port, http elsewhere",
  async () => {
    await succeed("git config --global credential.helper '!auth helper git'");
    const stranger = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: (request) => {
        strangers.push(request.headers.get("authorization"));
        return new Response("", { status: 401, headers: { "www-authenticate": 'Basic realm="x"' } });
      },
    });
    const strangers: (string | null)[] = [];
    try {
      expect((await sh(`git clone -q http://127.0.0.1:${stranger.port}/x.git`)).code).not.toBe(0);
      expect((await sh(`git clone -q http://home@127.0.0.1:${stranger.port}/x.git`)).code).not.toBe(0);
      expect((await sh(`git clone -q http://localhost:${new URL(host.url).port}/x.git`)).code).not.toBe(0);
    } finally {
      await stranger.stop(true);
    }
    expect(strangers.length).toBeGreaterThan(0);
    // git itself tries the name in the address, with an empty password.
    const told = strangers.map((header) => atob(header?.replace("Basic ", "") ?? ""));
    expect(told.filter((text) => text !== "" && text !== "home:")).toEqual([]);
    expect(seen).toEqual([]);
  },
);

test.skipIf(skip)(
  "the helper's output is not taken up by a helper that stores, where git can tell it not to",
  async () => {
    const store = join(folder, "store");
    writeFileSync(store, "");
    await succeed(`git config --global credential.helper '!auth helper git'`);
    const { stdout } = await host.call(["helper", "git", "get"], {
      stdin: `protocol=http\nhost=${new URL(host.url).host}\n\n`,
    });
    expect(stdout).toContain("ephemeral=1\n");
    const expiry = Number(/^password_expiry_utc=(\d+)$/m.exec(stdout)?.[1]);
    const until = (host.issued.at(-1)?.until ?? 0) / 1000;
    expect(until - expiry).toBeGreaterThan(25);
    expect(until - expiry).toBeLessThan(35);
  },
);

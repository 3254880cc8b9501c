/** `.auth.toml` and `auth helper` (docs/folders.md): which connection git is answered from in a folder. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { succeeded } from "../support/home.ts";
import type { Ended, RunOptions } from "../support/program.ts";
import { startTokenHost, type TokenHost } from "../support/token-host.ts";

let host: TokenHost;
beforeAll(async () => {
  host = startTokenHost(() => new Response("nothing here", { status: 404 }));
  for (const name of ["work", "home"]) await host.logIn(name);
  await succeeded(host.call(["use", "oidc:home"]));
});
afterAll(() => host.stop());

let folders = 0;
function folderWith(text: string): string {
  const folder = join(host.env.HOME ?? "", `project-${++folders}`);
  mkdirSync(folder);
  writeFileSync(join(folder, ".auth.toml"), text);
  return folder;
}

async function allowed(text: string): Promise<string> {
  const folder = folderWith(text);
  await succeeded(host.call(["allow"], { cwd: folder }));
  return folder;
}

/** As git asks. @returns the owner of the token that it gets, or what was said instead */
async function asked(cwd: string, more = "", env: RunOptions["env"] = {}): Promise<string> {
  const ended = await ask(cwd, more, env);
  const password = /^password=(.*)$/m.exec(ended.stdout)?.[1] ?? null;
  return host.ownerOf(password) ?? `exit ${ended.code}: ${ended.stdout}${ended.stderr}`;
}

function ask(cwd: string, more = "", env: RunOptions["env"] = {}): Promise<Ended> {
  const stdin = `protocol=http\nhost=${new URL(host.url).host}\n${more}\n`;
  return host.call(["helper", "git", "get"], { cwd, stdin, env });
}

test("the connection that the file names, or the one of its profile; elsewhere the one that auth use chose", async () => {
  expect(await asked(host.env.HOME ?? "")).toBe("home");
  expect(await asked(await allowed('connections = ["oidc:work"]\n'))).toBe("work");
  expect(await asked(await allowed('profile = "work"\n'))).toBe("work");
  expect(await asked(await allowed('connections = ["sentry:other"]\n'))).toBe("home");
});

test("a user name in the request and AUTH_PROFILE go before the file", async () => {
  const folder = await allowed('connections = ["oidc:work"]\n');
  expect(await asked(folder, "username=home\n")).toBe("home");
  expect(await asked(folder, "username=git\n")).toBe("work");
  expect(await asked(folder, "", { AUTH_PROFILE: "home" })).toBe("home");
});

test("a file that isn't allowed is as if it weren't there, and no word of it reaches git's terminal", async () => {
  expect(await ask(folderWith('connections = ["oidc:work"]\n'))).toMatchObject({ code: 0, stderr: "" });
  expect(await asked(folderWith('connections = ["oidc:work"]\n'))).toBe("home");
});

test("a file that was changed since is refused in one line, and no token is printed", async () => {
  const folder = await allowed('connections = ["oidc:work"]\n');
  const file = join(folder, ".auth.toml");
  writeFileSync(file, `${"# long\n".repeat(50)}connections = ["oidc:home"]\n`);
  expect(await ask(folder)).toEqual({
    code: 1,
    signal: null,
    stdout: "",
    stderr: `auth: ${file} was changed since it was allowed, so it isn't used. If that is right: auth allow ${file}; to do without it: auth deny ${file}\n`,
  });
});

test("a connection that isn't there is not replaced by another of its provider", async () => {
  const folder = await allowed('connections = ["oidc:gone"]\n');
  expect(await asked(folder)).toStartWith("exit 1: auth: There is no connection oidc:gone.");
  // As with AUTH_PROFILE: git asks its next helper.
  expect(await asked(await allowed('profile = "gone"\n'))).toBe("exit 0: ");
});

test("nor where its provider's description names the host", async () => {
  const folder = await allowed('connections = ["github:gone"]\n');
  await succeeded(
    host.call(["login", "github:other", "--token", "-", "--no-verify", "--quiet"], { stdin: "token-of-other" }),
  );
  const ended = await host.call(["helper", "git", "get"], {
    cwd: folder,
    stdin: "protocol=https\nhost=github.com\n\n",
  });
  expect([ended.code, ended.stdout]).toEqual([1, ""]);
  expect(ended.stderr).toContain(`There is no connection github:gone. ${join(folder, ".auth.toml")} names it.`);
});

/** `auth helper`: what every client may count on, whichever protocol it speaks. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { HELPERS } from "../../src/inject/helpers/table.ts";
import { paste } from "../support/home.ts";
import { AUTH, auth, bareEnvironment, onTerminal, run, tempFolder } from "../support/program.ts";
import { startTokenHost, type TokenHost } from "../support/token-host.ts";

let host: TokenHost;
let asked: string;

beforeAll(async () => {
  host = startTokenHost(() => new Response("nothing here", { status: 404 }));
  await host.logIn("work");
  asked = `protocol=http\nhost=${new URL(host.url).host}\n\n`;
});
afterAll(() => host.stop());

const token = () => host.issued.at(-1)?.token ?? "no token";

test("a link to auth of a client's name is its helper, from PATH and by its full path", async () => {
  const folder = tempFolder();
  symlinkSync(AUTH, join(folder, "git-credential-auth"));
  const env = { ...host.env, PATH: `${folder}:${host.env.PATH}` };
  for (const name of ["git-credential-auth", join(folder, "git-credential-auth")])
    expect((await run([name, "get"], { env, stdin: asked })).stdout).toContain(`password=${token()}\n`);
  // Whatever else it is called, it is auth.
  symlinkSync(AUTH, join(folder, "git-credential-else"));
  expect((await run([join(folder, "git-credential-else"), "--version"], { env })).stdout).toStartWith("auth ");
});

test("each client that looks for a program of its own finds its helper by that name", async () => {
  const folder = tempFolder();
  for (const [client, { program }] of Object.entries(HELPERS)) {
    if (program === null) continue;
    symlinkSync(AUTH, join(folder, program));
    const [linked, named] = await Promise.all([
      run([join(folder, program), "capability"], { env: host.env }),
      host.call(["helper", client, "capability"]),
    ]);
    expect(linked).toEqual(named);
    expect(linked.stderr).not.toContain("Unknown");
  }
});

test("a conversation that begins with too much ends", async () => {
  const ended = await host.call(["helper", "cargo", "--cargo-plugin"], { stdin: "x".repeat(3_000_000) });
  expect(ended).toMatchObject({ code: 0, stderr: "" });
  expect(ended.stdout.split("\n")).toEqual(['{"v":[1]}', expect.stringContaining("is too long"), ""]);
});

test("a token that is handed out is in the audit log", async () => {
  await host.call(["helper", "git", "get"], { stdin: asked });
  const { stdout } = await host.call(["log", "--json"]);
  const events = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(events.at(-1)).toMatchObject({ event: "token_read", status: "success", connection: "oidc:work" });
});

test("attack: in a command that was given a token, no other host gets it", async () => {
  const env = bareEnvironment();
  await auth(["login", "github", "--token", "-", "--no-verify"], {
    env,
    stdin: "ghp_0123456789abcdefghijklmnopqrstuvwxyz",
  });
  const ask = (host: string, words: string): Promise<{ stdout: string }> => {
    const script = `printf 'protocol=https\\nhost=${host}\\n\\n' | "$AUTH" helper git ${words}get`;
    return auth(["run", "github", "--", "sh", "-c", script], { env: { ...env, AUTH } });
  };
  expect((await ask("github.com", "github ")).stdout).toContain("password=ghp_");
  for (const words of ["", "github "]) expect((await ask("evil.example", words)).stdout).toBe("");
});

describe("what is wrong is one line on stderr, and nothing on stdout", () => {
  const cases: Record<string, { args: string[]; stdin?: string | Uint8Array; code?: number; words: string }> = {
    "a connection that isn't there": { args: ["git", "oidc:gone", "get"], words: "There is no connection oidc:gone." },
    "a connection for another host": {
      args: ["git", "oidc:work", "get"],
      stdin: "protocol=https\nhost=git.example\n\n",
      words: "oidc:work isn't for https://git.example.",
    },
    "a provider that isn't there": { args: ["git", "nowhere", "get"], words: "There is no provider 'nowhere'." },
    "too many words": { args: ["git", "oidc:work", "more", "get"], words: "There are too many words in this call." },
    "a flag without its value": { args: ["git", "--min-ttl"], words: "--min-ttl needs a value." },
    "an origin over http": { args: ["git", "--origin", "http://git.example", "get"], words: "The origin is http" },
    "not UTF-8": { args: ["git", "get"], stdin: new Uint8Array([0xff, 0xfe, 0x0a]), words: "isn't UTF-8 text." },
    "a line of 64 KiB": { args: ["git", "get"], stdin: `path=${"x".repeat(70_000)}\n`, words: "is too long." },
    "more than a client asks": { args: ["git", "get"], stdin: "a=b\n".repeat(300_000), words: "says something twice." },
    "a line without an end": { args: ["git", "get"], stdin: "x".repeat(2_000_000), words: "is too long." },
  };
  for (const [what, { args, stdin, words }] of Object.entries(cases))
    test(what, async () => {
      const ended = await host.call(["helper", ...args], { stdin: stdin ?? asked });
      expect({ ...ended, stderr: "" }).toMatchObject({ code: 1, stdout: "", stderr: "" });
      expect(ended.stderr).toMatch(/^auth: [^\n]+\n$/);
      expect(ended.stderr).toContain(words);
      expect(ended.stderr).not.toContain(token());
      expect(ended.stderr.length).toBeLessThan(500);
    });
});

test("of several remedies, each command ends where the next one begins", async () => {
  const env = bareEnvironment();
  await paste(env, "github:home", "one");
  await paste(env, "github:work", "another");
  expect((await auth(["helper", "kubectl", "github"], { env })).stderr).toEndWith(
    "Name one of: github:home, github:work; or choose a default: auth use github:home\n",
  );
});

test("with -v it says that no connection is for what was asked, and for what", async () => {
  const stdin = "protocol=https\nhost=git.example\n\n";
  expect(await host.call(["helper", "git", "get"], { stdin })).toMatchObject({ code: 0, stdout: "", stderr: "" });
  const { code, stdout, stderr } = await host.call(["-v", "helper", "git", "get"], { stdin });
  expect([code, stdout]).toEqual([0, ""]);
  expect(stderr).toContain("no connection is for https://git.example");
});

test("--origin adds one to what is named: a connection, a provider's, one of that name", async () => {
  const elsewhere = "protocol=https\nhost=git.example\n\n";
  const origin = ["--origin", "https://git.example"];
  for (const named of [["oidc:work"], ["oidc"], ["-p", "work"]]) {
    const ended = await host.call(["helper", "git", ...named, ...origin, "get"], { stdin: elsewhere });
    expect(ended).toMatchObject({ code: 0, stderr: "" });
    expect(ended.stdout).toContain(`password=${token()}\n`);
  }
  const unnamed = await host.call(["helper", "git", ...origin, "get"], { stdin: elsewhere });
  expect(unnamed).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining("--origin is for") });
  const other = await host.call(["helper", "git", "-p", "gone", ...origin, "get"], { stdin: elsewhere });
  expect(other).toMatchObject({ code: 0, stdout: "" });
});

test("the user name in the request chooses the account, also where the call names a provider and an origin", async () => {
  const two = startTokenHost(() => new Response("", { status: 404 }));
  try {
    for (const name of ["home", "work"]) await two.logIn(name);
    const { host } = new URL(two.url);
    const calls = {
      git: { words: ["get"], stdin: `protocol=http\nhost=${host}\nusername=work\n\n` },
      keyring: { words: ["get", two.url, "work"], stdin: "" },
    };
    const get = (client: keyof typeof calls, ...named: string[]) => {
      const { words, stdin } = calls[client];
      return two.call(["helper", client, ...named, ...words], { stdin });
    };
    const work = expect.stringContaining(two.issued.at(-1)?.token ?? "");
    for (const client of ["git", "keyring"] as const)
      for (const named of [[], ["oidc"], ["oidc", "--origin", two.url]])
        expect(await get(client, ...named)).toMatchObject({ code: 0, stdout: work, stderr: "" });
    await two.call(["use", "oidc:home"]);
    for (const client of ["git", "keyring"] as const)
      expect(await get(client, "oidc", "--origin", two.url)).toMatchObject({ code: 0, stdout: work, stderr: "" });
  } finally {
    await two.stop();
  }
});

describe("an address that no token goes to is answered as one that no connection is for", () => {
  const none = { code: 0, stdout: "", stderr: "" };
  const cases: Record<string, { args: string[]; stdin?: string; env?: Record<string, string>; ended: object }> = {
    "bazel, http": {
      args: ["bazel", "get"],
      stdin: '{"uri":"http://mirror.example/a"}',
      ended: { ...none, stdout: "{}\n" },
    },
    "bazel, a user name": {
      args: ["bazel", "get"],
      stdin: '{"uri":"https://me:pw@mirror.example/a"}',
      ended: { ...none, stdout: "{}\n" },
    },
    "docker, http": {
      args: ["docker", "get"],
      stdin: "http://registry.example",
      ended: { ...none, code: 1, stdout: "credentials not found in native keychain\n" },
    },
    "git, http": { args: ["git", "get"], stdin: "protocol=http\nhost=git.example\n\n", ended: none },
    "go, http": { args: ["go", "http://proxy.example/"], ended: none },
    "keyring, http": { args: ["keyring", "get", "http://pypi.example/simple", "me"], ended: { ...none, code: 1 } },
    "vault, http": { args: ["vault", "get"], env: { VAULT_ADDR: "http://vault.example:8200" }, ended: none },
  };
  for (const [what, { args, stdin = "", env, ended }] of Object.entries(cases))
    test(what, async () => {
      expect(await host.call(["helper", ...args], { stdin, ...(env && { env }) })).toMatchObject(ended);
    });

  test("cargo, which goes on to its next provider, and may ask about another registry", async () => {
    const ask = (url: string) =>
      `${JSON.stringify({ v: 1, kind: "get", operation: "read", registry: { "index-url": url, name: "corp" }, args: [] })}\n`;
    const stdin = ["http://cargo.example/", "sparse+https://me@cargo.example/", `sparse+${host.url}/`]
      .map(ask)
      .join("");
    const ended = await host.call(["helper", "cargo", "--cargo-plugin"], { stdin });
    expect(ended).toMatchObject({ code: 0, stderr: "" });
    const [, ...replies] = ended.stdout.trim().split("\n");
    const refused = { Err: { kind: "url-not-supported" } };
    expect(replies.map((line) => JSON.parse(line))).toEqual([
      refused,
      refused,
      { Ok: expect.objectContaining({ token: `Bearer ${token()}` }) },
    ]);
  });
});

test("no one is asked anything on a terminal: a vault with a passphrase stays locked", async () => {
  const env = bareEnvironment({ AUTH_PASSPHRASE: "a passphrase of some length" });
  const made = await auth(["login", "github", "--token", "-", "--no-verify", "-q"], {
    env,
    stdin: "gho_abcdefabcdefabcdefabcdefabcdefabcdefabcd",
  });
  expect(made.code).toBe(0);
  const { AUTH_PASSPHRASE: _, ...locked } = env;
  const terminal = onTerminal([AUTH, "helper", "git", "get"], { env: locked });
  terminal.type("protocol=https\nhost=github.com\n\n");
  expect((await terminal.ended).code).toBe(1);
  expect(terminal.screen()).toContain("auth: The vault");
});

test("two that erase and get at once leave a login that works", async () => {
  const erase = `${asked.trim()}\npassword=${token()}\n`;
  const calls = Array.from({ length: 12 }, (_, i) =>
    host.call(["helper", "git", i % 2 === 0 ? "erase" : "get"], { stdin: i % 2 === 0 ? erase : asked }),
  );
  for (const { code, stderr } of await Promise.all(calls)) expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const { stdout } = await host.call(["helper", "git", "get"], { stdin: asked });
  expect(host.ownerOf(/^password=(.*)$/m.exec(stdout)?.[1] ?? null)).toBe("work");
});

test("what `--origin` adds for one connection refreshes no other, whose token a call names", async () => {
  const two = startTokenHost(() => new Response("", { status: 404 }));
  try {
    two.lifetime = 14;
    await two.logIn("one");
    await two.logIn("other");
    // A tenth of its lifetime: before that a token isn't replaced (RULES.md 2.8).
    await Bun.sleep(1500);
    const all: { connection: string }[] = JSON.parse((await two.call(["list", "--json"])).stdout);
    const connection = all.find((one) => one.connection.endsWith("one"))?.connection ?? "none";
    const erase = (name: string) => {
      const password = two.issued.find((one) => one.name === name)?.token;
      const stdin = `protocol=https\nhost=evil.example\npassword=${password}\n`;
      return two.call(["helper", "git", connection, "--origin", "https://evil.example", "erase"], { stdin });
    };
    const refreshed = () => two.issued.slice(2).map(({ name }) => name);
    await erase("other");
    expect(refreshed()).toEqual([]);
    await erase("one");
    expect(refreshed()).toEqual(["one"]);
  } finally {
    two.stop();
  }
});

test("standard input that is a folder is said to be one", async () => {
  const { code, stderr } = await run(["sh", "-c", `${AUTH} helper git get < /`], { env: host.env });
  expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining("is a folder") });
});

test("a client that nobody knows is a usage error that lists those there are", async () => {
  const ended = await host.call(["helper", "gitt"]);
  expect(ended.code).toBe(64);
  expect(ended.stderr).toContain("Did you mean 'git'?");
  for (const client of Object.keys(HELPERS)) expect(ended.stderr).toContain(client);
  expect((await host.call(["helper", "git", "--help"])).stdout).toContain("auth helper");
});

describe("the user name beside a token is the one that the provider's registries take", () => {
  const key = "SCWAAAAAAAAAAAAAAAAA";
  for (const [provider, user, flags] of [
    ["google", "oauth2accesstoken", []],
    ["gitlab", "oauth2", []],
    ["heroku", "_", []],
    ["scaleway", "nologin", ["--access-key", key]],
    ["dockerhub", "me", ["--username", "me"]],
    ["pypi", "__token__", []],
    ["linear", "oauth2", []],
  ] as const)
    test(`${provider}: ${user}`, async () => {
      const env = bareEnvironment();
      const login = ["login", provider, "--token", "-", "--no-verify", "-q", ...flags];
      const token = provider === "pypi" ? `pypi-${"a".repeat(60)}` : "a-token-of-some-length";
      expect(await auth(login, { env, stdin: token })).toMatchObject({ code: 0 });
      const named = [provider, "--origin", "https://registry.example"];
      const { stdout } = await auth(["helper", "docker", ...named, "get"], { env, stdin: "registry.example" });
      expect(JSON.parse(stdout)).toEqual({ ServerURL: "registry.example", Username: user, Secret: token });
    });
});

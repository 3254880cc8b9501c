/** Modules: code of a stranger's that says what data can't, run only as it was trusted, and never for long. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { errorOf } from "../support/logged-in.ts";
import { type PluginHome, pluginHome } from "../support/plugin-home.ts";
import { AUTH, onTerminal, tempFolder } from "../support/program.ts";

/** A token endpoint of no standard: it wants its parameters packed, and answers in words of its own. */
function startOdd() {
  const calls: Record<string, string>[] = [];
  let count = 0;
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: async (request) => {
      const { pathname } = new URL(request.url);
      if (pathname === "/me") return Response.json({ who: ["u1", "ada"] });
      const form = Object.fromEntries(new URLSearchParams(await request.text()));
      calls.push(form);
      if (pathname === "/device")
        return Response.json({
          device_code: "d",
          user_code: "ABCD",
          verification_uri: "http://127.0.0.1/",
          interval: 1,
          expires_in: 60,
        });
      if (form.packed === undefined || request.headers.get("x-odd") !== "yes")
        return Response.json({ trouble: "unpacked" }, { status: 400 });
      count++;
      return Response.json({ data: [`access-${count}`, `refresh-${count}`, "60 minutes"] });
    },
  });
  return { url: `http://127.0.0.1:${server.port}`, calls, minted: () => count, stop: () => server.stop(true) };
}

const REQUEST = `request: ({ parameters, headers }) => ({
      parameters: { packed: JSON.stringify(parameters) },
      headers: { ...headers, "x-odd": "yes" },
    })`;
const REPLY = `reply: ({ body }: { body: any }) =>
      body.data === undefined
        ? body
        : { access_token: body.data[0], refresh_token: body.data[1], expires_in: Number.parseInt(body.data[2]) * 60 }`;
const ACCOUNT = `account: (body: any) => ({ id: body.who[0], label: body.who[1] })`;

function source(url: string, functions: readonly string[] = [REQUEST, REPLY, ACCOUNT]): string {
  return `import { defineProvider } from "auth/provider";

// What data can't say of it is in its functions.
export default defineProvider({
  id: "odd",
  title: "Odd",
  endpoints: { device: "${url}/device", token: "${url}/token", userinfo: "${url}/me" },
  client: { kind: "public" },
  account: { id: ["id"], label: ["label"] },
  functions: { ${functions.join(",\n    ")} },
  flows: ["device"],
});
`;
}

let odd: ReturnType<typeof startOdd>;
beforeAll(() => {
  odd = startOdd();
});
const homes: PluginHome[] = [];
afterAll(async () => {
  odd.stop();
  await Promise.all(homes.map((home) => home.stop()));
});

function home(): PluginHome {
  const made = pluginHome();
  homes.push(made);
  return made;
}

async function trusted(of: PluginHome): Promise<void> {
  const { stderr } = await of.call(["provider", "trust", "odd"]);
  const hash = /sha256-[0-9a-f]{64}/.exec(stderr)?.[0] ?? "";
  const { code, stderr: said } = await of.call(["provider", "trust", "odd", "--ci", hash]);
  expect({ code, said }).toEqual({ code: 0, said: expect.stringContaining("Trusted odd") });
}

async function withLogin(functions?: readonly string[]): Promise<PluginHome> {
  const it = home();
  it.drop("odd.ts", source(odd.url));
  await trusted(it);
  const login = await it.call(["login", "odd", "--client-id", "me"]);
  expect({ code: login.code, stderr: login.stderr }).toEqual({ code: 0, stderr: login.stderr });
  if (functions !== undefined) {
    it.drop("odd.ts", source(odd.url, functions));
    await trusted(it);
  }
  return it;
}

describe("a module", () => {
  test("is added, shown, trusted, and its functions speak for it: login, refresh, account", async () => {
    const it = home();
    const add = await it.call(["provider", "add", it.file("odd.ts", source(odd.url)), "--yes"]);
    expect(add.stderr).toContain("nothing of it runs until you trust it");
    await trusted(it);
    expect(JSON.parse((await it.call(["provider", "show", "odd", "--json"])).stdout)).toMatchObject({
      trust: "trusted",
    });
    expect((await it.call(["login", "odd", "--client-id", "me"])).code).toBe(0);
    const first = (await it.call(["token", "odd"])).stdout;
    expect(first).toMatch(/^access-\d+\n$/);
    expect((await it.call(["get", "odd", "--field", "account"])).stdout).toBe("ada\n");
    const before = odd.calls.length;
    expect((await it.call(["refresh", "odd", "--force"])).code).toBe(0);
    expect(odd.calls.length).toBe(before + 1);
    const refreshToken = first.trim().replace("access", "refresh");
    expect(JSON.parse(odd.calls.at(-1)?.packed ?? "{}")).toMatchObject({ refresh_token: refreshToken });
    expect((await it.call(["token", "odd"])).stdout).not.toBe(first);
  });

  test("in JavaScript is a module as well", async () => {
    const it = home();
    it.drop("odd.js", `export default { id: "odd", title: "Odd", flows: ["token"] };`);
    await trusted(it);
    expect((await it.call(["login", "odd", "--token", "-", "--no-verify"], { stdin: "key" })).code).toBe(0);
  });

  test("that isn't trusted is not run, not even to be listed: exit 9", async () => {
    const it = home();
    const witness = `${tempFolder()}/ran`;
    it.drop("odd.ts", `await Bun.write(${JSON.stringify(witness)}, "ran");\n${source(odd.url)}`);
    expect(errorOf(await it.call(["login", "odd", "--json"]))).toMatchObject({ code: "plugin_untrusted", exitCode: 9 });
    for (const args of [
      ["provider", "list"],
      ["provider", "show", "odd"],
      ["status"],
      ["list"],
      ["doctor", "--offline"],
    ])
      await it.call(args);
    await it.call([
      "provider",
      "add",
      it.file("odd2.ts", `await Bun.write(${JSON.stringify(witness)}, "x");`),
      "--yes",
    ]);
    expect(existsSync(witness)).toBe(false);
    await trusted(it);
    expect(existsSync(witness)).toBe(true);
  });

  test("that was changed: the living token is served with a warning, a refresh is refused, trust mends it", async () => {
    const it = await withLogin();
    it.drop("odd.ts", source(odd.url).replace("What data can't say", "What was changed since"));
    const served = await it.call(["token", "odd"]);
    expect(served.code).toBe(0);
    expect(served.stderr).toContain("was changed since it was trusted. The current token still works.");
    const before = odd.calls.length;
    expect(errorOf(await it.call(["refresh", "odd", "--force", "--json"]))).toMatchObject({
      code: "plugin_untrusted",
      exitCode: 9,
    });
    expect(odd.calls.length).toBe(before);

    const terminal = onTerminal([AUTH, "provider", "trust", "odd"], { env: it.env });
    await terminal.waitFor("Run this to see what it declares?");
    expect(terminal.screen()).toContain("+// What was changed since");
    expect(terminal.screen()).toContain("-// What data can't say");
    terminal.type("y");
    await terminal.waitFor("Pin it?");
    expect(terminal.screen()).toContain(`Sends tokens to: ${odd.url}`);
    terminal.type("y");
    expect((await terminal.ended).code).toBe(0);
    expect((await it.call(["refresh", "odd", "--force"])).code).toBe(0);
  });

  test("attack: --ci trusts no other bytes than those of the hash", async () => {
    const it = home();
    it.drop("odd.ts", source(odd.url));
    const refused = await it.call(["provider", "trust", "odd", "--ci", `sha256-${"0".repeat(64)}`, "--json"]);
    expect(errorOf(refused)).toMatchObject({ code: "plugin_untrusted", exitCode: 9 });
    expect((await it.call(["login", "odd"])).code).toBe(9);
  });

  test("attack: a pin from another home counts for nothing here", async () => {
    const [mine, theirs] = [home(), home()];
    mine.drop("odd.ts", source(odd.url));
    theirs.drop("odd.ts", source(odd.url));
    await trusted(theirs);
    expect((await mine.call(["login", "odd"])).code).toBe(9);
  });

  test("attack: a hostile folder gives it no other 'auth/provider', and runs nothing of its own", async () => {
    const it = home();
    const cwd = tempFolder();
    const witness = join(tempFolder(), "ran");
    const evil = `require("node:fs").writeFileSync(${JSON.stringify(witness)}, "x"); export const defineProvider = () => ({});`;
    const files = {
      ".env": `AUTH_HOME=${cwd}/evil\n`,
      "bunfig.toml": 'preload = ["./evil.ts"]\n',
      "tsconfig.json": '{"compilerOptions":{"baseUrl":".","paths":{"auth/provider":["./evil.ts"]}}}',
      "package.json": '{"imports":{"auth/provider":"./evil.ts"}}',
      "evil.ts": evil,
      "node_modules/auth/provider.ts": evil,
    };
    mkdirSync(join(cwd, "node_modules", "auth"), { recursive: true });
    for (const [name, text] of Object.entries(files)) writeFileSync(join(cwd, name), text);
    it.drop("odd.ts", source(odd.url));
    const { stderr } = await it.call(["provider", "trust", "odd"], { cwd });
    const hash = /sha256-[0-9a-f]{64}/.exec(stderr)?.[0] ?? "";
    expect((await it.call(["provider", "trust", "odd", "--ci", hash], { cwd })).code).toBe(0);
    expect((await it.call(["login", "odd", "--client-id", "me"], { cwd })).code).toBe(0);
    expect([existsSync(witness), existsSync(join(cwd, "evil"))]).toEqual([false, false]);
  });

  test("attack: what Bun keeps of transpiled code on the disk is not what runs", async () => {
    const it = home();
    const cache = tempFolder();
    const env = { BUN_RUNTIME_TRANSPILER_CACHE_PATH: cache, XDG_CACHE_HOME: cache };
    // As large as a module can be, since only larger ones are kept.
    const long = `${source(odd.url)}\n// ${"x".repeat(48 * 1024 - source(odd.url).length - 4)}`;
    it.drop("odd.ts", long);
    const { stderr } = await it.call(["provider", "trust", "odd"], { env });
    const hash = /sha256-[0-9a-f]{64}/.exec(stderr)?.[0] ?? "";
    expect((await it.call(["provider", "trust", "odd", "--ci", hash], { env })).code).toBe(0);
    expect((await it.call(["login", "odd", "--client-id", "me"], { env })).code).toBe(0);
    expect(readdirSync(cache)).toEqual([]);
  });
});

describe("a module that isn't right is refused, by name", () => {
  const WRONG: Readonly<Record<string, [text: string, says: string]>> = {
    "a syntax error": ["export default {\n  id: 'odd',\n  title: ;\n};", "odd.ts:3:"],
    "an import of anything": [`import { x } from "./helper.ts";\nexport default { x };`, "imports './helper.ts'"],
    "an import that comes later": [`export default { y: import("node:fs") };`, "imports 'node:fs'"],
    "a require": [`const fs = require("node:fs");\nexport default { fs };`, "imports 'node:fs'"],
    "no default export": ["export const x = 1;", "has no description as default export"],
    "a throw": [`throw new Error("not today");`, "throws: not today"],
    "a loop without end": ["for (;;);\nexport default {};", "takes longer than 2 seconds"],
    "an await without end": ["await new Promise(() => {});\nexport default {};", "takes longer than 2 seconds"],
    "the end of the process": ["process.exit(0);\nexport default {};", "ends its process"],
    "a function where data belongs": [
      `export default { id: "odd", title: () => "x", flows: ["token"] };`,
      "only data is allowed there",
    ],
    "a function that there isn't": [
      `export default { id: "odd", title: "Odd", flows: ["token"], functions: { fetch: () => 1 } };`,
      "fetch is not a field",
    ],
    "something else than a function": [
      `export default { id: "odd", title: "Odd", flows: ["token"], functions: { reply: 1 } };`,
      "functions.reply",
    ],
    "an unknown field": [`export default { id: "odd", titel: "Odd", flows: ["token"] };`, "Did you mean 'title'?"],
    extends: [`export default { extends: "github", id: "odd" };`, "can't have 'extends'"],
    "more than 48 KiB": [`// ${"x".repeat(50_000)}`, "is larger than 48 KiB"],
    "an answer of its own making": [
      `self.postMessage({ json: 5 });\nexport default {};`,
      "answers something else than data",
    ],
    "a variable of another's": [
      `export default { id: "odd", title: "Odd", flows: ["token"], environment: { read: ["GH_TOKEN"] } };`,
      "the variable GH_TOKEN",
    ],
  };
  for (const [what, [text, says]] of Object.entries(WRONG))
    test(what, async () => {
      const it = home();
      it.drop("odd.ts", text);
      const { stderr } = await it.call(["provider", "trust", "odd"]);
      const hash = /sha256-[0-9a-f]{64}/.exec(stderr)?.[0];
      const refused = await it.call([
        "provider",
        "trust",
        "odd",
        ...(hash === undefined ? [] : ["--ci", hash]),
        "--json",
      ]);
      const { code, exitCode, message, hint } = errorOf(refused);
      expect({ code, exitCode, says: `${message}\n${hint}` }).toEqual({
        code: "plugin_invalid",
        exitCode: 9,
        says: expect.stringContaining(says),
      });
      expect((await it.call(["login", "odd"])).code).toBe(9);
    });
});

describe("a function that isn't right fails the call, named and in time, and loses nothing", () => {
  const WRONG: Readonly<Record<string, [functions: readonly string[], says: string]>> = {
    "a request that throws": [
      [`request: () => { throw new Error("no parcel"); }`, REPLY],
      "functions.request throws: no parcel",
    ],
    "a request that loops": [["request: () => { for (;;); }", REPLY], "functions.request takes longer than 2 seconds"],
    "a request that answers a promise": [["request: async (it) => it", REPLY], "functions.request returns a promise"],
    "a request of the wrong shape": [
      ["request: () => ({ parameters: { a: 1 }, headers: {} })", REPLY],
      "answers the wrong thing in 'parameters.a'",
    ],
    "attack: a header of two lines": [
      [`request: (it) => ({ parameters: it.parameters, headers: { a: "b\\r\\nc: d" } })`, REPLY],
      "'headers.a'",
    ],
    "attack: a header that names another host": [
      [`request: (it) => ({ parameters: it.parameters, headers: { Host: "evil.example" } })`, REPLY],
      "'headers.Host'",
    ],
    "a reply that throws": [
      [REQUEST, `reply: () => { throw new Error("no post"); }`],
      "functions.reply throws: no post",
    ],
    "a reply that loops": [[REQUEST, "reply: () => { for (;;); }"], "functions.reply takes longer than 2 seconds"],
    "a reply of the wrong shape": [[REQUEST, `reply: () => "token"`], "functions.reply answers the wrong thing"],
    "a reply that is a list": [[REQUEST, "reply: () => []"], "functions.reply answers the wrong thing"],
  };
  for (const [what, [functions, says]] of Object.entries(WRONG))
    test(what, async () => {
      const it = await withLogin(functions);
      const started = performance.now();
      const { code, exitCode, message } = errorOf(await it.call(["refresh", "odd", "--force", "--json"]));
      expect({ code, exitCode, message }).toEqual({
        code: "plugin_invalid",
        exitCode: 9,
        message: expect.stringContaining(says),
      });
      expect(performance.now() - started).toBeLessThan(20_000);
      expect((await it.call(["token", "odd"])).code).toBe(0);
      // Mended, it goes on where it stood: a reply that couldn't be read was kept, and is read now.
      it.drop("odd.ts", source(odd.url));
      await trusted(it);
      const before = odd.minted();
      expect((await it.call(["refresh", "odd", "--force"])).code).toBe(0);
      expect(odd.minted() - before).toBe(what.startsWith("a reply") ? 0 : 1);
      expect((await it.call(["token", "odd"])).stdout).toBe(`access-${odd.minted()}\n`);
    });
});

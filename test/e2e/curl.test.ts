/** `auth curl`: the real curl, with the token in a header, and only where it belongs (CLI.md §4, RULES.md §5). */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startKeyed } from "../issuers/keyed.ts";
import { paste, succeeded } from "../support/home.ts";
import { errorOf } from "../support/logged-in.ts";
import { lacking } from "../support/needs.ts";
import { AUTH, auth, bareEnvironment, type Ended, run, tempFolder } from "../support/program.ts";
import { until } from "../support/until.ts";

interface Seen {
  readonly method: string;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: string;
}

const issuer = startKeyed();
const env = bareEnvironment();
const seen: Seen[] = [];
const api = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: answer });
const elsewhere = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: answer });
const url = `http://127.0.0.1:${api.port}`;
const other = `http://127.0.0.1:${elsewhere.port}`;
let token: string;

async function answer(request: Request): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  seen.push({
    method: request.method,
    path: pathname + search,
    headers: request.headers.toJSON(),
    body: await request.text(),
  });
  if (pathname === "/away") return new Response(null, { status: 302, headers: { location: `${other}/stolen` } });
  return new Response("hello\n", { status: pathname === "/refused" ? 401 : 200 });
}

const call = (args: readonly string[], more: Record<string, string> = {}, stdin = ""): Promise<Ended> =>
  auth(args, { env: { ...env, ...more }, stdin });
const curl = (...args: string[]): Promise<Ended> => call(["curl", "keyed", "--", ...args]);
const last = (): Seen => {
  const one = seen.at(-1);
  if (one === undefined) throw new Error("nothing was asked");
  return one;
};

beforeAll(async () => {
  const folder = join(env.AUTH_HOME as string, "providers");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const manifest = issuer.manifest().replace('id = "keyed"', `id = "keyed"\norigins = ["${url}"]`);
  writeFileSync(join(folder, "keyed.toml"), manifest, { mode: 0o600 });
  const login = ["login", "keyed", "--client-id", issuer.clientId, "--api-key", "-"];
  await succeeded(auth(login, { env, stdin: issuer.secret }));
  await paste(env, "github", "hub-token");
  token = (await call(["token", "keyed"])).stdout.trim();
});
afterAll(async () => {
  await Promise.all([issuer.server.stop(), api.stop(true), elsewhere.stop(true)]);
});

describe.skipIf(lacking("curl"))("what is asked", () => {
  test("has the token and its companions, and curl's answer is its own", async () => {
    const { code, stdout, stderr } = await curl("-sS", `${url}/things?a=1`);
    expect([code, stdout, stderr]).toEqual([0, "hello\n", ""]);
    expect(last()).toMatchObject({
      path: "/things?a=1",
      headers: {
        authorization: `Bearer ${token}`,
        "x-api-key": `${issuer.clientId}:${issuer.secret}`,
        "x-version": "3",
      },
    });
  });

  test("by every spelling of what is allowed", async () => {
    const body = join(tempFolder(), "body");
    writeFileSync(body, "from a file");
    for (const [args, expected] of [
      [["-XPATCH", "-d", "a=b", `${url}/x`], { method: "PATCH", body: "a=b" }],
      [["-sSd", "@-", "--url", `${url}/x`], { method: "POST", body: "from stdin" }],
      [["--data-binary", `@${body}`, `${url}/x`], { method: "POST", body: "from a file" }],
      [["--json", '{"a":1}', `${url}/x`], { method: "POST", body: '{"a":1}' }],
      [["-sG", "--data-urlencode", "q=a b", `${url}/x`], { method: "GET", path: "/x?q=a+b" }],
      [["-T", body, `${url}/put`], { method: "PUT", body: "from a file" }],
      [["-I", `${url}/x`], { method: "HEAD" }],
      [["-H", "Accept: text/plain", "-HX-More: 1", `${url}/x`], {}],
      [[`${url}/a[1-3]{b,c}`], { path: "/a[1-3]{b,c}" }],
      [[`${url}/a/../b`], { path: "/b" }],
    ] as const) {
      const before = seen.length;
      const { code } = await call(["curl", "keyed", "--", ...args], {}, "from stdin");
      expect({ args, code, asked: seen.length - before }).toEqual({ args, code: 0, asked: 1 });
      const { path, ...rest } = last();
      expect({ ...rest, path: decodeURIComponent(path) }).toMatchObject(expected);
      expect(last().headers.authorization).toBe(`Bearer ${token}`);
    }
    expect(seen.find(({ headers }) => headers["x-more"] === "1")?.headers.accept).toBe("text/plain");
  });

  test("the exit code is curl's: a status with -f, a refused connection, a file that can't be written", async () => {
    expect((await curl("-sf", `${url}/refused`)).code).toBe(22);
    expect((await curl("-s", `${url}/refused`)).code).toBe(0);
    expect((await curl("-s", "-o", "/nowhere/at/all", `${url}/x`)).code).toBe(23);
    expect(
      (await call(["curl", "keyed", "--origin", "http://127.0.0.1:1", "--", "-s", "http://127.0.0.1:1/"])).code,
    ).toBe(7);
  });

  test("a redirect is not followed", async () => {
    const before = seen.length;
    const { stdout } = await curl("-s", "-w", "%{http_code}", `${url}/away`);
    expect([stdout, seen.length - before, last().path]).toEqual(["302", 1, "/away"]);
  });

  test("no configuration of curl's has a say, and no proxy gets what goes to this machine", async () => {
    const home = tempFolder();
    writeFileSync(join(home, ".curlrc"), `location\nheader = "X-Evil: 1"\noutput = ${join(home, "taken")}\n`);
    const before = seen.length;
    const more = { HOME: home, CURL_HOME: home, XDG_CONFIG_HOME: home, http_proxy: other, ALL_PROXY: other };
    const { stdout } = await call(["curl", "keyed", "--", "-s", `${url}/x`], {
      ...more,
      AUTH_HOME: env.AUTH_HOME ?? "",
    });
    expect([stdout, seen.length - before, last().path]).toEqual(["hello\n", 1, "/x"]);
    expect(last().headers).not.toHaveProperty("x-evil");
  });

  test("--origin and --resource name a further place", async () => {
    expect((await call(["curl", "github", "--origin", other, "--", "-s", `${other}/own`])).code).toBe(0);
    expect(last()).toMatchObject({ path: "/own", headers: { authorization: "Bearer hub-token" } });
  });

  test("curl reads the token from a pipe: it is in no argument, no variable and no file", async () => {
    const bin = tempFolder();
    const told = join(bin, "told");
    const script = `#!/bin/sh\ncat /proc/$$/cmdline /proc/$$/environ > ${told}\ncat "$(printf '%s\\n' "$@" | sed -n 's/^@//p')"\n`;
    writeFileSync(join(bin, "curl"), script, { mode: 0o700 });
    chmodSync(join(bin, "curl"), 0o700);
    const more = { PATH: `${bin}:${env.PATH}`, AUTH_KEY_COMMAND: "", AUTH_X_CLIENT_SECRET: "hidden" };
    const { stdout } = await call(["curl", "keyed", "--", `${url}/x`], more);
    expect(stdout).toStartWith(`Authorization: Bearer ${token}\nx-api-key: `);
    const arguments_ = readFileSync(told, "utf8");
    expect(arguments_).toContain(`--disable\0--globoff\0--proto\0=http\0`);
    for (const secret of [token, issuer.secret, "hidden"]) expect(arguments_).not.toContain(secret);
    const files = await run(["grep", "-rlF", token, env.AUTH_HOME as string]);
    expect(files.stdout).toBe("");
  });
});

describe("attack: what isn't asked", () => {
  const refused = async (code: number, ...args: string[]): Promise<Ended> => {
    const before = seen.length;
    const ended = await curl(...args);
    expect({ args, code: ended.code, stdout: ended.stdout }).toEqual({ args, code, stdout: "" });
    expect(seen.length).toBe(before);
    expect(ended.stderr).not.toContain(token);
    return ended;
  };

  test("another origin, by any spelling", async () => {
    for (const address of [
      `${other}/x`,
      "https://evil.example/",
      `http://127.0.0.1:${(api.port ?? 0) + 1}/`,
      `https://127.0.0.1:${api.port}/`,
      `http://localhost:${api.port}/`,
    ])
      expect((await refused(125, address)).stderr).toContain("isn't for ");
  });

  test("no address of ours: http elsewhere, a user name, a fragment, a backslash, another scheme, none, two", async () => {
    for (const args of [
      ["http://api.example/"],
      [`http://me@127.0.0.1:${api.port}/`],
      [`${url}/#x`],
      [`http://127.0.0.1:${api.port}\\@evil.example/`],
      ["file:///etc/passwd"],
      ["127.0.0.1/x"],
      ["/x"],
      ["-s"],
      [`${url}/a`, `${url}/b`],
      ["--url", `${url}/a`, `${url}/b`],
      [`${url}/\r\nx: y`],
    ])
      await refused(64, ...args);
  });

  for (const args of [
    ...[
      ["-L"],
      ["--location"],
      ["--location-trusted"],
      ["-sL"],
      ["-v"],
      ["-sv"],
      ["--trace", "-"],
      ["--trace-ascii", "x"],
    ],
    ...[["-k"], ["--insecure"], ["-x", "http://x"], ["--proxy", "x"], ["--proxy-header", "x"], ["--resolve", "a:1:b"]],
    ...[["--connect-to", "::evil:1"], ["--unix-socket", "/x"], ["-K", "x"], ["--config", "-"], ["--next"], ["-:"]],
    ...[["-u", "a:b"], ["-n"], ["--netrc"], ["--oauth2-bearer", "x"], ["-b", "x"], ["-c", "x"], ["--cacert", "x"]],
    ...[
      ["--proto", "=http"],
      ["--proto-redir", "=http"],
      ["--request-target", "/x"],
      ["--doh-url", "https://x"],
    ],
    ...[
      ["--interface", "x"],
      ["--libcurl", "x"],
      ["--dat", "x"],
      ["--no-disable"],
      ["--"],
      ["-Z"],
      ["--expand-url", "x"],
    ],
    ...[
      ["--constructor"],
      ["--__proto__", "x"],
      ["--engine", "x"],
      ["-E", "x"],
      ["--haproxy-protocol"],
      ["-J"],
      ["-a"],
    ],
  ])
    test(`the option ${args.join(" ")}`, async () => {
      const { stderr } = await refused(64, ...args, `${url}/x`);
      expect(stderr).toContain("is not used here");
    });

  test("a header that leads elsewhere, takes the token's place, comes from a file, or begins another", async () => {
    for (const header of [
      ...[
        "Host: evil.example",
        "host:x",
        "Cookie: a=b",
        "Authorization: Bearer x",
        "authorization;",
        "X-Forwarded-Host: x",
      ],
      ...[
        "X-API-Key: x",
        "x-version;",
        "Proxy-Authorization: x",
        "Transfer-Encoding: chunked",
        "@/etc/passwd",
        "@-",
        "",
      ],
      ...["A: b\r\nHost: evil.example", "A: b\nC: d", "no colon", "X-HTTP-Method-Override: DELETE"],
    ])
      await refused(64, "-H", header, `${url}/x`);
    for (const args of [
      ["-A", "x\r\nHost: evil"],
      ["-e", "x\nHost: evil"],
      ["-X", "GET http://evil/ HTTP/1.1\r\nX: y"],
      ["-X", "GET /"],
      ["-r", "0-\nX: y"],
      ["-H"],
    ])
      await refused(64, ...args, ...(args.length > 1 ? [`${url}/x`] : []));
  });

  test("a token without a known place says so; one that isn't there is 125, with the reason in JSON", async () => {
    await succeeded(call(["login", "apikey:some", "--token", "-"], {}, "key"));
    const unknown = await call(["curl", "apikey:some", "--", `${url}/x`]);
    expect([unknown.code, unknown.stderr.includes("--origin")]).toEqual([125, true]);
    const gone = await call(["curl", "github:gone", "--json", "--origin", url, "--", `${url}/x`]);
    expect([gone.code, errorOf(gone).code]).toEqual([125, "connection_not_found"]);
    expect((await auth(["help", "exit-codes"])).stdout).toMatch(/'auth curl'[^.]*125 if no token\s+could be had/);
  });

  test("no curl: 127", async () => {
    const { code, stderr } = await call(["curl", "keyed", "--", `${url}/x`], { PATH: tempFolder() });
    expect([code, stderr.includes("There is no command 'curl'.")]).toEqual([127, true]);
  });
});

test.skipIf(lacking("linux"))("a signal is curl's: its process is ours", async () => {
  const slow = Bun.serve({ hostname: "127.0.0.1", port: 0, idleTimeout: 30, fetch: () => new Promise(() => {}) });
  const origin = `http://127.0.0.1:${slow.port}`;
  const child = Bun.spawn([AUTH, "curl", "github", "--origin", origin, "--", "-s", origin], {
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  await until("curl has asked", () => slow.pendingRequests > 0);
  expect(readFileSync(`/proc/${child.pid}/comm`, "utf8")).toBe("curl\n");
  child.kill("SIGTERM");
  await child.exited;
  expect(child.signalCode).toBe("SIGTERM");
  await slow.stop(true);
});

/** Programs through `auth run --proxy`, by the scripts of docs/proxy.md, at an API that stands in for GitHub's. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { type Authority, makeAuthority } from "../support/authority.ts";
import { lacking } from "../support/needs.ts";
import { run } from "../support/program.ts";
import { type ProxyHome, proxyHome, startAuthProxy } from "../support/proxy-home.ts";
import { pathWithAuth, recipe } from "../support/recipes.ts";

setDefaultTimeout(60_000);
const SECTION = "For one command";
const PATH = pathWithAuth("/usr/bin:/bin");

let authority: Authority;
let home: ProxyHome;
beforeAll(async () => {
  authority = await makeAuthority();
  home = await proxyHome(
    3600,
    {
      "/user": ({ headers }, response) => {
        const isRight = headers.authorization === `Bearer ${home.token()}`;
        response.writeHead(isRight ? 200 : 401, { "content-type": "application/json" }).end('{"login":"me"}');
      },
      "/me/project/info/refs": ({ headers }, response) => {
        const [, basic = ""] = headers.authorization?.split(" ") ?? [];
        const isRight = Buffer.from(basic, "base64").toString() === `x:${home.token()}`;
        if (!isRight) return void response.writeHead(401, { "www-authenticate": "Basic" }).end();
        response.writeHead(200, { "content-type": "application/x-git-upload-pack-advertisement" });
        response.end("001e# service=git-upload-pack\n00000000");
      },
    },
    authority,
  );
});
afterAll(() => home.stop());

test.skipIf(lacking("requests"))("Python's requests, as it is", async () => {
  const script = recipe(SECTION, 1, {}, "proxy.md")
    .replaceAll("https://api.github.com", home.api.origin)
    .replaceAll("GITHUB_TOKEN", "ACME_TOKEN")
    .replaceAll("--proxy github", "--proxy acme");
  const { code, stdout } = await run(["sh", "-e", "-c", script], {
    env: { ...home.env, PATH },
  });
  expect([code, stdout]).toEqual([0, "me\n"]);
});

test.skipIf(lacking("curl", "git"))("curl and git", async () => {
  const script = recipe(SECTION, 2, {}, "proxy.md")
    .replaceAll("https://api.github.com", home.api.origin)
    .replaceAll("https://github.com", home.api.origin)
    .replaceAll("GH_TOKEN", "ACME_TOKEN")
    .replaceAll("--proxy github", "--proxy acme");
  const { code, stdout, stderr } = await run(["sh", "-e", "-c", script], {
    env: { ...home.env, PATH },
    cwd: home.env.HOME as string,
  });
  expect(stderr).toContain("empty repository");
  expect([code, stdout]).toEqual([0, '{"login":"me"}']);
});

test.skipIf(lacking("java"))("Java's own HTTP client, through two expiries", async () => {
  const tokens = new Set<string>();
  const own = await proxyHome(
    3,
    {
      "/user": ({ headers }, response) => {
        const token = headers.authorization?.slice("Bearer ".length) ?? "";
        const isRight = own.issuers[0]?.live.has(token) ?? false;
        if (isRight) tokens.add(token);
        response.writeHead(isRight ? 200 : 401, { "www-authenticate": "Bearer" }).end(`${tokens.size}`);
      },
    },
    authority,
  );
  const call = "client.send(request, HttpResponse.BodyHandlers.ofString()).body()";
  const script = recipe(
    SECTION,
    4,
    {
      "https://api.github.com": own.api.origin,
      GITHUB_TOKEN: "ACME_TOKEN",
      "--proxy github": "--proxy acme",
      [`System.out.println(${call});`]: `String seen; do { seen = ${call}; Thread.sleep(50); } while (!seen.equals("3"));
        System.out.println(seen);`,
    },
    "proxy.md",
  );
  try {
    const { code, stdout, stderr } = await run(["sh", "-e", "-c", script], {
      env: {
        ...own.env,
        PATH,
        JAVA_TOOL_OPTIONS: "-Djavax.net.ssl.trustStore=/none -Djavax.net.ssl.trustStorePassword=changeit",
      },
      cwd: own.env.HOME as string,
    });
    expect([code, stdout, stderr]).toEqual([0, "3\n", expect.not.stringContaining("Exception")]);
    expect(own.api.seen.some(({ headers }) => "proxy-authorization" in headers)).toBe(false);
  } finally {
    await own.stop();
  }
});

test("a program with a setting for the address: any key will do", async () => {
  const proxy = await startAuthProxy(home.env, ["acme"]);
  const script =
    'const r = await fetch(process.env.BASE + "/user", { headers: { authorization: "Bearer none" } }); console.log((await r.json()).login)';
  const { stdout } = await run(["node", "--input-type=module", "-e", script], { env: { BASE: proxy.address } });
  expect(stdout).toBe("me\n");
  await proxy.stop();
});

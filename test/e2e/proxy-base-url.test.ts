/** `auth run --proxy --base-url`: programs that go by no proxy, but by a variable with their API's address (CLI.md §4). */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { type Authority, makeAuthority } from "../support/authority.ts";
import { lacking } from "../support/needs.ts";
import { type ProxyHome, proxyHome } from "../support/proxy-home.ts";

const PROJECT = join(import.meta.dir, "..", "..");
const DESCRIBED = '[environment]\nbaseUrl = { ACME_BASE_URL = "/v1" }\n';

let authority: Authority;
let home: ProxyHome;
beforeAll(async () => {
  authority = await makeAuthority();
  home = await proxyHome(3600, {}, authority, "localhost", DESCRIBED);
});
afterAll(() => home.stop());

const behind = (flags: readonly string[], ...command: string[]) =>
  home.call(["run", "--proxy", "acme", "-q", ...flags, "--", ...command], {
    env: { ACME_BASE_URL: "https://old.example" },
  });

test("an SDK of npm's, on a Node.js that knows no proxy, calls its API through three expiries", async () => {
  const tokens = new Set<string>();
  const models = { object: "list", data: [{ id: "a-model", object: "model", created: 1, owned_by: "acme" }] };
  const own = await proxyHome(
    3,
    {
      "/v1/openai/v1/models": ({ headers }, response) => {
        const token = headers.authorization?.slice("Bearer ".length) ?? "";
        const isRight = own.issuers[0]?.live.has(token) ?? false;
        if (isRight) tokens.add(token);
        const body = isRight ? { ...models, seen: tokens.size } : { error: "who are you?" };
        response.writeHead(isRight ? 200 : 401, { "content-type": "application/json" }).end(JSON.stringify(body));
      },
    },
    authority,
    "localhost",
    DESCRIBED,
  );
  const script = `
import Groq from "groq-sdk";
const client = new Groq({ maxRetries: 0 });
let list;
do list = await client.models.list(); while (list.seen < 4);
console.log(list.data[0].id, process.env.GROQ_API_KEY);`;
  const inner =
    'cd "$1" && GROQ_BASE_URL="$ACME_BASE_URL" GROQ_API_KEY="$ACME_TOKEN" NODE_USE_ENV_PROXY=0 node --input-type=module -e "$2"';
  const command = ["run", "--proxy", "acme", "--base-url", "-q", "--", "sh", "-c", inner, "sh", PROJECT, script];
  try {
    const { code, stdout, stderr } = await own.call(command);
    expect([code, stdout, stderr]).toEqual([0, expect.stringMatching(/^a-model access-[0-9a-z]{32}\n$/), ""]);
  } finally {
    await own.stop();
  }
}, 60_000);

test("it replaces the caller's own; without the flag that stays", async () => {
  expect((await behind(["--base-url"], "printenv", "ACME_BASE_URL")).stdout).toMatch(
    /^http:\/\/127\.0\.0\.1:\d+\/[0-9a-f]{64}\/acme:default\/v1\n$/,
  );
  expect((await behind([], "printenv", "ACME_BASE_URL")).stdout).toBe("https://old.example\n");
});

test.skipIf(lacking("curl"))(
  "a program that goes by HTTP_PROXY reaches it too, by a whole address and by a tunnel",
  async () => {
    for (const how of ["", "--proxytunnel "]) {
      const script = `test -n "$http_proxy" && curl -sS ${how}"$ACME_BASE_URL/x"`;
      expect((await behind(["--base-url", "--strict"], "sh", "-c", script)).stdout).toBe("hello from /v1/x");
      expect(home.api.last().headers).toMatchObject({ authorization: `Bearer ${home.token()}` });
      expect(home.api.last().headers["proxy-authorization"]).toBeUndefined();
    }
  },
);

test("where no such variable is known, the refusal names the other way", async () => {
  const plain = await proxyHome();
  try {
    const { code, stderr } = await plain.call(["run", "--proxy", "acme", "--base-url", "--", "true"]);
    expect([code, stderr]).toEqual([64, expect.stringContaining("auth proxy acme:default")]);
    const rules = await plain.call(["run", "acme", "--base-url", "--", "true"]);
    expect([rules.code, rules.stderr]).toEqual([64, expect.stringContaining("--base-url is for --proxy.")]);
  } finally {
    await plain.stop();
  }
});

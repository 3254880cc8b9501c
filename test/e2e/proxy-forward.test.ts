/** `auth run --proxy`: a program that knows nothing of it, with a placeholder in its token's place (CLI.md §4). */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { type Authority, makeAuthority } from "../support/authority.ts";
import { lacking } from "../support/needs.ts";
import { AUTH, type Ended } from "../support/program.ts";
import { type Api, type ProxyHome, proxyHome, startApi } from "../support/proxy-home.ts";

let authority: Authority;
let home: ProxyHome;
let other: Api;
let plain: Api;
beforeAll(async () => {
  authority = await makeAuthority();
  home = await proxyHome(3600, {}, authority);
  other = await startApi(() => true, {}, await authority.issue("localhost"));
  plain = await startApi(() => true);
});
afterAll(async () => {
  other.stop();
  plain.stop();
  await home.stop();
});

const behind = (script: string, flags: readonly string[] = [], env: Record<string, string> = {}): Promise<Ended> =>
  home.call(["run", "--proxy", "acme", "-q", ...flags, "--", "sh", "-c", script], { env });
const bearer = '-H "Authorization: Bearer $ACME_TOKEN"';
const requests = (): Record<string, unknown>[] =>
  readFileSync(join(home.env.AUTH_HOME as string, "requests.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);

test("the command's environment has the caller's variables, but for those with the token in them, encoded or not", async () => {
  const token = home.token();
  const env = {
    PLAIN: token,
    HEADER: `Bearer ${token}`,
    BASIC: btoa(`x:${token}`),
    HEX: Buffer.from(token).toString("hex"),
    OTHER: btoa("x:another"),
  };
  const inherited = { JAVA_TOOL_OPTIONS: `-Dtoken=${token}`, NO_PROXY: `${token}.example` };
  const { stdout } = await behind("env", [], { ...env, ...inherited });
  expect(stdout).not.toContain(token);
  const names = stdout.split("\n").map((line) => line.split("=")[0] ?? "");
  expect(Object.keys(env).filter((name) => names.includes(name))).toEqual(["OTHER"]);
});

describe.skipIf(lacking("curl"))("a request", () => {
  test("to the connection's API has the token in the placeholder's place, and is otherwise as it was", async () => {
    const { code, stdout } = await behind(
      `curl -sS ${bearer} -H 'Cookie: a=b' -H 'X-Mine: 1' -d body ${home.api.origin}/x?y=1`,
    );
    expect([code, stdout]).toEqual([0, "hello from /x?y=1"]);
    const { method, headers, body } = home.api.last();
    expect([method, body.toString()]).toEqual(["POST", "body"]);
    expect(headers).toMatchObject({ authorization: `Bearer ${home.token()}`, cookie: "a=b", "x-mine": "1" });
  });

  test("with it as the password has the token there: git and docker send it so", async () => {
    await behind(`curl -sS -u "me:$ACME_TOKEN" ${home.api.origin}/x`);
    const [, basic = ""] = home.api.last().headers.authorization?.split(" ") ?? [];
    expect(Buffer.from(basic, "base64").toString()).toBe(`me:${home.token()}`);
  });

  test("without it has no token; a placeholder anywhere else stays one", async () => {
    await behind(`curl -sS ${home.api.origin}/none`);
    expect(home.api.last().headers.authorization).toBeUndefined();
    await behind(`curl -sS ${bearer} -H "X-Copy: $ACME_TOKEN" "${home.api.origin}/x?t=$ACME_TOKEN" -d "$ACME_TOKEN"`);
    const { url, headers, body } = home.api.last();
    expect(headers.authorization).toBe(`Bearer ${home.token()}`);
    for (const text of [url, headers["x-copy"], body.toString()]) {
      expect(text).toContain("access-");
      expect(text).not.toContain(home.token());
    }
  });

  test("to any other host passes untouched: its own certificate is seen, not ours", async () => {
    const { code, stdout } = await behind(`curl -sS --cacert ${authority.file} ${bearer} ${other.origin}/other`);
    expect([code, stdout]).toEqual([0, "hello from /other"]);
    expect(other.last().headers.authorization).toStartWith("Bearer access-");
    expect(other.last().headers.authorization).not.toContain(home.token());
    expect(requests().at(-1)).toMatchObject({ via: "tunnel", origin: other.origin, status: 200, program: "sh" });
  });

  test("with a placeholder for an origin that it isn't for is refused, where it can be seen, and written down", async () => {
    const before = plain.seen.length;
    const { stdout } = await behind(`curl -sS -w ' %{http_code}' ${bearer} ${plain.origin}/x`);
    expect(stdout).toContain(`The token of acme:default isn't for ${plain.origin}.`);
    expect(stdout).toEndWith(" 403");
    expect(plain.seen.length).toBe(before);
    expect(requests().at(-1)).toMatchObject({
      via: "forward",
      status: 403,
      refused: expect.stringContaining("isn't for"),
    });
    expect((await behind(`curl -sS ${plain.origin}/without`)).stdout).toBe("hello from /without");
  });

  test("for another host than the connection was made for is refused", async () => {
    const { stdout } = await behind(
      `curl -sS -w ' %{http_code}' ${bearer} -H 'Host: evil.example' ${home.api.origin}/x`,
    );
    expect(stdout).toEndWith(" 421");
  });

  test("from a program that trusts another authority alone is never made", async () => {
    const before = home.api.seen.length;
    expect((await behind(`curl -sS --cacert ${authority.file} ${bearer} ${home.api.origin}/x`)).code).toBe(60);
    expect(home.api.seen.length).toBe(before);
  });

  test("from a program that goes past the proxy has a placeholder, which is worth nothing", async () => {
    expect((await behind(`curl -sS -k --noproxy '*' ${bearer} ${home.api.origin}/x`)).stdout).toBe("who are you?");
  });

  test("with another secret for the proxy, or none, is refused", async () => {
    const wrong = 'export https_proxy="$(echo "$https_proxy" | sed s/auth:[^@]*/auth:wrong/)"';
    const { code, stderr } = await behind(`${wrong}; curl -sS ${home.api.origin}/x`);
    expect([code, stderr]).toEqual([56, expect.stringContaining("407")]);
  });
});

describe.skipIf(lacking("curl"))("rules:", () => {
  test("--strict lets nothing through but the APIs", async () => {
    const { code, stdout, stderr } = await behind(
      `curl -sS ${bearer} ${home.api.origin}/x; curl -sS --cacert ${authority.file} ${other.origin}/x`,
      ["--strict"],
    );
    expect([code, stdout, stderr]).toEqual([56, "hello from /x", expect.stringContaining("403")]);
    expect((await behind(`curl -sS ${plain.origin}/x`, ["--strict"])).stdout).toContain("(--strict)");
  });

  test("--read-only, --allow and --deny hold here too", async () => {
    const flags = ["--read-only", "--deny", "* /admin/*", "--allow", "GET /*"];
    const call = async (args: string): Promise<string> =>
      (await behind(`curl -sS -o /dev/null -w '%{http_code}' ${bearer} ${args}`, flags)).stdout;
    expect(await call(`${home.api.origin}/x`)).toBe("200");
    expect(await call(`-X DELETE ${home.api.origin}/x`)).toBe("403");
    expect(await call(`${home.api.origin}/ADMIN/x`)).toBe("403");
  });

  test("are for --proxy alone, and --fresh isn't for it", async () => {
    expect((await home.call(["run", "acme", "--read-only", "--", "true"])).code).toBe(64);
    expect((await home.call(["run", "acme", "--proxy", "--fresh", "--", "true"])).code).toBe(64);
  });
});

describe("the command", () => {
  test("has the token in no variable, not even one of the caller's", async () => {
    const { stdout } = await behind("env", [], { MY_COPY: `x${home.token()}y`, NO_PROXY: "localhost,kept.example,*" });
    expect(stdout).not.toContain(home.token());
    expect(stdout).not.toContain("MY_COPY");
    expect(stdout).toMatch(/^ACME_TOKEN=access-[0-9a-z]{32}$/m);
    expect(stdout).toMatch(/^NO_PROXY=kept\.example$/m);
  });

  test("ends as without a proxy, and nothing is left", async () => {
    expect((await behind("exit 7")).code).toBe(7);
    expect((await behind("kill -9 $$")).code).toBe(137);
    expect((await home.call(["run", "--proxy", "acme", "--", "no-such-command"])).code).toBe(127);
    expect(readdirSync(join(home.env.AUTH_HOME as string, "run"))).toEqual([]);
  });

  test("outlives a proxy that is killed, with nothing that hurts; the next run tidies up", async () => {
    const child = Bun.spawn([AUTH, "run", "--proxy", "acme", "-q", "--", "sh", "-c", "echo $$; exec sleep 60"], {
      env: home.env,
      stdio: ["ignore", "pipe", "inherit"],
    });
    const { value } = await child.stdout.getReader().read();
    const pid = Number(new TextDecoder().decode(value));
    child.kill("SIGKILL");
    await child.exited;
    expect(existsSync(`/proc/${pid}`)).toBe(true);
    process.kill(pid, "SIGTERM");
    const left = readdirSync(join(home.env.AUTH_HOME as string, "run"), { recursive: true, encoding: "utf8" });
    const bundles = left.filter((name) => name.endsWith(".pem"));
    expect(bundles.length).toBeGreaterThan(0);
    for (const bundle of bundles)
      expect(readFileSync(join(home.env.AUTH_HOME as string, "run", bundle), "utf8")).not.toContain("PRIVATE");
    expect((await behind(`curl -sS ${bearer} ${home.api.origin}/after`)).stdout).toBe("hello from /after");
  });
});

test.skipIf(lacking("curl"))(
  "the caller's own proxy is used on the way to the API, and to everything else",
  async () => {
    const asked: string[] = [];
    const sockets: Socket[] = [];
    const proxy = createServer((socket) => {
      sockets.push(socket);
      socket.on("error", () => {});
      socket.once("data", (head) => {
        const [, name = "", port = ""] = /^CONNECT ([^:]+):(\d+) /.exec(String(head)) ?? [];
        asked.push(`${name} ${/^proxy-authorization: (.*)$/im.exec(String(head))?.[1]}`);
        const upstream = connect(Number(port), "127.0.0.1", () => {
          socket.write("HTTP/1.1 200 OK\r\n\r\n");
          socket.pipe(upstream).pipe(socket);
        });
        upstream.on("error", () => socket.destroy());
      });
    });
    await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
    const { port } = proxy.address() as { port: number };
    const own = await proxyHome(3600, {}, authority, "api.example.test");
    const far = await startApi(() => true, {}, await authority.issue("far.example.test"), "far.example.test");
    try {
      const env = { HTTPS_PROXY: `http://me:pw@127.0.0.1:${port}` };
      const script = `curl -sS ${bearer} ${own.api.origin}/x; curl -sS --cacert ${authority.file} ${far.origin}/y`;
      const { stdout, stderr } = await own.call(["run", "--proxy", "acme", "-q", "--", "sh", "-c", script], { env });
      expect([stdout, stderr]).toEqual(["hello from /xhello from /y", ""]);
      const login = `Basic ${Buffer.from("me:pw").toString("base64")}`;
      expect(asked).toEqual([`api.example.test ${login}`, `far.example.test ${login}`]);
    } finally {
      far.stop();
      await own.stop();
      proxy.close();
      for (const socket of sockets) socket.destroy();
    }
  },
);

test.skipIf(lacking("curl"))(
  "through three expiries, with every request answered",
  async () => {
    const own = await proxyHome(3, {}, authority);
    try {
      const ask = `curl -sS -o /dev/null -w '%{http_code}\\n' ${bearer} ${own.api.origin}/x`;
      const script = `n=0; while [ $n -lt 40 ]; do ${ask}; sleep 0.25; n=$((n+1)); done`;
      const { stdout } = await own.call(["run", "--proxy", "acme", "-q", "--", "sh", "-c", script]);
      expect(new Set(stdout.trim().split("\n"))).toEqual(new Set(["200"]));
      expect(new Set(own.api.seen.map(({ headers }) => headers.authorization)).size).toBeGreaterThanOrEqual(4);
    } finally {
      await own.stop();
    }
  },
  60_000,
);

/** `auth proxy`, by an address of its own: a program calls its API through it, and never has the token (CLI.md §5). */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";

import { AUTH } from "../support/program.ts";
import { type ProxyHome, proxyHome, type Started, startAuthProxy } from "../support/proxy-home.ts";
import { until } from "../support/until.ts";

let home: ProxyHome;
let proxy: Started;
/** Sends the rest of `/stream`. */
let sendRest = (): void => {};
beforeAll(async () => {
  home = await proxyHome(3600, {
    "/stream": (_, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write("data: 1\n\n");
      sendRest = () => void response.end("data: 2\n\n");
    },
    "/away": (_, response) => void response.writeHead(302, { location: "https://other.example/" }).end(),
    "/scope": (_, response) =>
      void response.writeHead(401, { "www-authenticate": 'Bearer error="insufficient_scope"' }).end("no"),
    "/cut": (_, response) => {
      response.writeHead(200, { "content-length": "1000" });
      response.write("some");
      setTimeout(() => response.destroy(), 50);
    },
    "/empty": (_, response) => void response.writeHead(201, { "content-length": "0" }).end(),
    "/twice": (_, response) =>
      void response.writeHead(200, ["Set-Cookie", "a=1", "Set-Cookie", "b=2", "Keep-Alive", "timeout=9"]).end("x"),
  });
  proxy = await startAuthProxy(home.env, ["acme"]);
});
afterAll(async () => {
  await proxy.stop();
  await home.stop();
});

const url = (path: string): string => `${proxy.address}${path}`;

describe("a request", () => {
  test("gets the token, and its path, query, body and headers as they were", async () => {
    const response = await fetch(url("/v1/things?a=1&b=%2F"), {
      method: "POST",
      headers: { "x-mine": "1", authorization: "Bearer of-the-program", cookie: "a=b" },
      body: "something",
    });
    expect([response.status, await response.text()]).toEqual([200, "hello from /v1/things?a=1&b=%2F"]);
    const { method, url: seen, headers, body } = home.api.last();
    expect([method, seen, body.toString()]).toEqual(["POST", "/v1/things?a=1&b=%2F", "something"]);
    expect(headers).toMatchObject({
      authorization: `Bearer ${home.token()}`,
      "x-mine": "1",
      host: home.api.origin.replace("http://", ""),
    });
    expect(headers.cookie).toBeUndefined();
  });

  test("without a path asks for the root", async () => {
    expect(await (await fetch(proxy.address)).text()).toBe("hello from /");
    expect(await (await fetch(`${proxy.address}?q=1`)).text()).toBe("hello from /?q=1");
  });

  test("may name a host of the connection's beside the connection", async () => {
    const { host } = new URL(home.api.origin);
    expect(await (await fetch(`${proxy.address}@${host}/x`)).text()).toBe("hello from /x");
  });

  test("with a body of no known length arrives whole", async () => {
    const parts = async function* (): AsyncGenerator<string> {
      for (const part of ["one ", "two ", "three"]) {
        yield part;
        await Bun.sleep(20);
      }
    };
    const response = await fetch(url("/up"), { method: "PUT", body: parts as unknown as ReadableStream });
    expect(response.status).toBe(200);
    expect(home.api.last().body.toString()).toBe("one two three");
  });

  test("is sent once more, with its body, where the API refuses the token; not a second time", async () => {
    const own = await proxyHome(20);
    const there = await startAuthProxy(own.env, ["acme"]);
    try {
      // A token that is no older than a tenth of its lifetime isn't replaced.
      await Bun.sleep(2100);
      own.api.refused.add(own.token());
      const response = await fetch(`${there.address}/again`, { method: "POST", body: "x".repeat(1000) });
      expect([response.status, own.api.seen.length, own.api.last().body.length]).toEqual([200, 2, 1000]);
      own.api.refused.add(own.token());
      expect((await fetch(`${there.address}/again`)).status).toBe(401);
      expect(own.api.seen.length).toBe(3);
    } finally {
      await there.stop();
      await own.stop();
    }
  });
});

describe("a reply", () => {
  test("comes as it is sent, piece by piece", async () => {
    const response = await fetch(url("/stream"));
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    expect(new TextDecoder().decode((await reader.read()).value)).toBe("data: 1\n\n");
    sendRest();
    expect(new TextDecoder().decode((await reader.read()).value)).toBe("data: 2\n\n");
  });

  test("that sends elsewhere is passed on, not followed", async () => {
    const response = await fetch(url("/away"), { redirect: "manual" });
    expect([response.status, response.headers.get("location")]).toEqual([302, "https://other.example/"]);
  });

  test("that the token may do too little is passed on, and nothing is refreshed", async () => {
    const token = home.token();
    expect((await fetch(url("/scope"))).status).toBe(401);
    expect(home.token()).toBe(token);
  });

  test("that is cut off is cut off for the program too", async () => {
    await expect(fetch(url("/cut")).then((response) => response.text())).rejects.toThrow();
  });

  test("without a body, whose length is told, ends", async () => {
    const response = await fetch(url("/empty"), { method: "PUT", signal: AbortSignal.timeout(5_000) });
    expect([response.status, await response.text()]).toEqual([201, ""]);
  });

  test("keeps headers that come twice, and loses those of the connection", async () => {
    const { headers } = await fetch(url("/twice"));
    expect(headers.getSetCookie()).toEqual(["a=1", "b=2"]);
    expect(headers.get("keep-alive")).not.toBe("timeout=9");
  });
});

test("a WebSocket is opened with the token, and carries both ways", async () => {
  const socket = new WebSocket(url("/socket").replace("http", "ws"));
  const answer = new Promise((resolve, reject) => {
    socket.onmessage = ({ data }) => resolve(data);
    socket.onerror = reject;
    socket.onopen = () => socket.send("hello");
  });
  expect(await answer).toBe("hello");
  expect(home.api.last().headers.authorization).toBe(`Bearer ${home.token()}`);
  socket.close();
});

describe("nothing is sent for", () => {
  const seenFor = async (headers: Record<string, string>, path = url("/x")): Promise<[number, number]> => {
    const before = home.api.seen.length;
    const response = await fetch(path, { headers });
    return [response.status, home.api.seen.length - before];
  };

  test("another secret, a longer or a shorter one, or none", async () => {
    const [, , , secret = ""] = proxy.address.split("/");
    for (const other of [secret.replace(/./, "x"), `${secret}0`, secret.slice(1), ""])
      expect(await seenFor({}, url("/x").replace(secret, other))).toEqual([404, 0]);
  });

  test("a page in a browser: a foreign Origin, Sec-Fetch-Site or Host", async () => {
    expect(await seenFor({ origin: "https://evil.example" })).toEqual([403, 0]);
    expect(await seenFor({ origin: "null" })).toEqual([403, 0]);
    expect(await seenFor({ "sec-fetch-site": "cross-site" })).toEqual([403, 0]);
    expect(await seenFor({ host: `evil.example:${proxy.port}` })).toEqual([403, 0]);
    expect(await seenFor({ "sec-fetch-site": "none" })).toEqual([200, 1]);
  });
});

/** What comes back for these very bytes. */
function raw(bytes: string): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    const socket = connect(proxy.port, "127.0.0.1", () => socket.write(bytes, "latin1"));
    const done = (): void => {
      socket.destroy();
      resolve(text);
    };
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1");
    });
    socket.on("error", done);
    socket.on("close", done);
    setTimeout(done, 400);
  });
}

describe("what two programs may read differently is refused:", () => {
  const path = (): string => new URL(proxy.address).pathname;
  const host = (): string => `Host: 127.0.0.1:${proxy.port}\r\n`;
  const smuggled = (): string => `GET ${path()}/smuggled HTTP/1.1\r\n${host()}\r\n`;
  const refused = async (bytes: string): Promise<void> => {
    const before = home.api.seen.length;
    expect(await raw(bytes)).toMatch(/^HTTP\/1\.1 (400|403|404|407|505) /);
    expect(home.api.seen.slice(before).filter(({ url: seen }) => seen.includes("smuggled"))).toEqual([]);
  };
  const post = (headers: string): string => `POST ${path()}/x HTTP/1.1\r\n${host()}${headers}\r\n${smuggled()}`;

  for (const [name, headers] of Object.entries({
    "both lengths": "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
    "two lengths": "Content-Length: 0\r\nContent-Length: 50\r\n",
    "a list of lengths": "Content-Length: 0, 0\r\n",
    "a signed length": "Content-Length: +0\r\n",
    "an unknown transfer coding": "Transfer-Encoding: xchunked\r\n",
    "chunked that isn't last": "Transfer-Encoding: chunked, identity\r\n",
    "a blank before a colon": "Transfer-Encoding : chunked\r\nContent-Length: 0\r\n",
    "a folded line": "X-A: 1\r\n  Transfer-Encoding: chunked\r\nContent-Length: 0\r\n",
    "a carriage return alone": "X-A: 1\rTransfer-Encoding: chunked\r\nContent-Length: 0\r\n",
    "a NUL": "X-A: a\0b\r\nContent-Length: 0\r\n",
  }))
    test(name, () => refused(post(headers)));

  test("a chunk's size that is no number", () =>
    refused(`POST ${path()}/x HTTP/1.1\r\n${host()}Transfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n`));
  test("a transfer coding besides chunked, which would be lost on the way", async () => {
    const before = home.api.seen.length;
    const body = "Transfer-Encoding: gzip, chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    expect(await raw(`POST ${path()}/x HTTP/1.1\r\n${host()}${body}`)).toStartWith("HTTP/1.1 400 ");
    expect(home.api.seen.length).toBe(before);
  });
  test("two hosts", () => refused(`GET ${path()}/smuggled HTTP/1.1\r\n${host()}${host()}\r\n`));
  test("line feeds alone", () => refused(`GET ${path()}/smuggled HTTP/1.1\nHost: 127.0.0.1:${proxy.port}\n\n`));
  test("a whole address in the request line", () => refused(`GET ${proxy.address}/smuggled HTTP/1.1\r\n${host()}\r\n`));

  for (const part of [
    "/../smuggled",
    "/%2e%2E/smuggled",
    "/x/%252e%252e/smuggled",
    "/a/./smuggled",
    "/..;/smuggled",
    "/a\\smuggled",
    "/a%5csmuggled",
    "/a%00smuggled",
    "/%zzsmuggled",
    "/a#smuggled",
  ])
    test(part, () => refused(`GET ${path()}${part} HTTP/1.1\r\n${host()}\r\n`));

  test("and what is only unusual isn't: it arrives byte for byte", async () => {
    for (const part of ["/a//b", "/group%2Fproject", "/a;v=1", "/~a/!$&'()*+,=:@"]) {
      expect(await raw(`GET ${path()}${part} HTTP/1.1\r\n${host()}Connection: close\r\n\r\n`)).toContain("200 OK");
      expect(home.api.last().url).toBe(part);
    }
  });
});

test("its address leads to the connection's own API, and each --origin has one of its own", async () => {
  const other = "http://127.0.0.1:9";
  const args = ["proxy", "acme", "--origin", other];
  const child = Bun.spawn([AUTH, ...args], { env: home.env, stdio: ["ignore", "pipe", "ignore"] });
  let text = "";
  for await (const chunk of child.stdout) {
    text += new TextDecoder().decode(chunk);
    if (text.split("\n").length > 2) break;
  }
  child.kill();
  const lines = text.split("\n").map((line) => line.replace(/127\.0\.0\.1:\d+\/[0-9a-f]{64}/, "HERE"));
  expect(lines.slice(0, 2)).toEqual([
    `acme:default\thttp://HERE/acme:default\t→ ${home.api.origin}`,
    `acme:default\thttp://HERE/acme:default@127.0.0.1:9\t→ ${other}`,
  ]);
});

test("what a program's library reads the address from is printed with its value", async () => {
  const env = { ...home.env, OPENAI_API_KEY: `sk-proj-${"a1B2".repeat(10)}`, GH_TOKEN: `gho_${"a1B2".repeat(10)}` };
  const child = Bun.spawn([AUTH, "proxy", "openai", "github", "--json"], { env, stdio: ["ignore", "pipe", "ignore"] });
  let text = "";
  for await (const chunk of child.stdout) {
    text += new TextDecoder().decode(chunk);
    if (text.includes("\n")) break;
  }
  child.kill();
  const { connections } = JSON.parse(text) as { connections: { address: string; variables: object }[] };
  const [openai, github] = connections;
  expect(openai?.variables).toEqual({ OPENAI_BASE_URL: `${openai?.address}/v1` });
  expect(github?.variables).toEqual({ GITHUB_API_URL: github?.address });
});

test("it ends with the signal's code, and nothing is left", async () => {
  const other = await startAuthProxy(home.env, ["acme"]);
  expect(await other.stop()).toBe(128 + 15);
});

test("through three expiries, with every request answered", async () => {
  const own = await proxyHome(3);
  const there = await startAuthProxy(own.env, ["acme"]);
  try {
    const tokens = new Set<string>();
    const until = Date.now() + 20_000;
    while (tokens.size < 4 && Date.now() < until) {
      const response = await fetch(`${there.address}/x`);
      expect(response.status).toBe(200);
      tokens.add(own.api.last().headers.authorization ?? "");
      await Bun.sleep(50);
    }
    expect(tokens.size).toBeGreaterThanOrEqual(4);
  } finally {
    await there.stop();
    await own.stop();
  }
}, 60_000);

test("the log of requests has what came last: also what the end of the proxy cuts off", async () => {
  const own = await proxyHome(3600, { "/hang": () => {} });
  const there = await startAuthProxy(own.env, ["acme"]);
  try {
    expect((await fetch(`${there.address}/x`)).status).toBe(200);
    const cut = fetch(`${there.address}/hang`).catch(() => "cut");
    await until("it was asked", () => own.api.seen.length === 2);
    await there.stop();
    expect(await cut).toBe("cut");
    const lines = readFileSync(join(own.env.AUTH_HOME as string, "requests.jsonl"), "utf8")
      .trim()
      .split("\n");
    const seen = lines.map((line) => JSON.parse(line) as { path: string; status: number | null });
    expect(seen.map(({ path, status }) => [path, status])).toEqual([
      ["/x", 200],
      ["/hang", null],
    ]);
  } finally {
    await own.stop();
  }
});

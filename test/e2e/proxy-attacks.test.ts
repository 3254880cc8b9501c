/** What a proxy must bear: many connections, slow ones, streams without end, an API that hangs, what hides in a tunnel. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { makeAuthority } from "../support/authority.ts";

import { lacking } from "../support/needs.ts";
import { type ProxyHome, proxyHome, type Started, startAuthProxy } from "../support/proxy-home.ts";
import { until } from "../support/until.ts";

const MB = 1024 * 1024;
const BLOCK = Buffer.alloc(MB, "some text of an API's reply, and ".repeat(10));
let left = 0;
let sent = 0;
let home: ProxyHome;
let proxy: Started;
beforeAll(async () => {
  home = await proxyHome(
    3600,
    {
      "/hang": (request) => {
        request.on("close", () => left++);
      },
      "/endless": (request, response) => {
        let isOver = false;
        request.on("close", () => {
          isOver = true;
        });
        const go = (): void => {
          for (let goes = true; goes && !isOver; sent++) goes = response.write(BLOCK);
        };
        response.on("drain", go);
        go();
      },
      "/full": (_, response) => void response.writeHead(413, { connection: "close" }).end("too large"),
      "/sink": (request, response) => {
        let size = 0;
        request.on("data", (chunk: Buffer) => {
          size += chunk.length;
        });
        request.on("end", () => response.end(String(size)));
      },
    },
    await makeAuthority(),
  );
  proxy = await startAuthProxy(home.env, ["acme"]);
});
afterAll(async () => {
  await proxy.stop();
  await home.stop();
});

/** Megabytes. */
function memory(): number {
  const status = readFileSync(`/proc/${proxy.child.pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
}

const path = (): string => new URL(proxy.address).pathname;
const opened = (): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connect(proxy.port, "127.0.0.1", () => resolve(socket));
    socket.on("error", reject);
  });

describe.skipIf(lacking("linux", "requests"))("memory is bounded, and others are served meanwhile,", () => {
  test("with 1,000 connections that never say what they want", async () => {
    const before = memory();
    const sockets = await Promise.all(Array.from({ length: 1000 }, opened));
    for (const socket of sockets) socket.write(`GET ${path()}/x HTTP/1.1\r\nHost: 127.0`);
    expect((await fetch(`${proxy.address}/x`)).status).toBe(200);
    expect(memory() - before).toBeLessThan(150);
    for (const socket of sockets) socket.destroy();
  });

  test("with 5,000 connections that say nothing", async () => {
    const sockets: Socket[] = [];
    for (let i = 0; i < 50; i++) sockets.push(...(await Promise.all(Array.from({ length: 100 }, opened))));
    expect((await fetch(`${proxy.address}/x`, { signal: AbortSignal.timeout(5000) })).status).toBe(200);
    for (const socket of sockets) socket.destroy();
  });

  test("with 1,000 requests at once", async () => {
    const statuses = await Promise.all(
      Array.from({ length: 1000 }, async () => (await fetch(`${proxy.address}/x`)).status),
    );
    expect(new Set(statuses)).toEqual(new Set([200]));
    expect(memory()).toBeLessThan(400);
  });

  test("with a reply without end, and a program that doesn't read it", async () => {
    const before = memory();
    const lines = `GET ${path()}/endless HTTP/1.1\\r\\nHost: 127.0.0.1:${proxy.port}\\r\\n\\r\\n`;
    const ask = `import socket, time; s = socket.create_connection(("127.0.0.1", ${proxy.port})); s.sendall(b"${lines}"); time.sleep(60)`;
    const client = Bun.spawn(["/usr/bin/python3", "-c", ask]);
    for (let last = -1; last !== sent || sent === 0; await Bun.sleep(300)) last = sent;
    expect((await fetch(`${proxy.address}/x`)).status).toBe(200);
    expect(memory() - before).toBeLessThan(100);
    client.kill();
  });

  test("with a reply of a gigabyte, and an upload of half of one", async () => {
    const response = await fetch(`${proxy.address}/endless`);
    let size = 0;
    for await (const chunk of response.body as ReadableStream<Uint8Array>) {
      size += chunk.length;
      if (size > 1024 * MB) break;
    }
    let blocks = 512;
    const body = new ReadableStream({
      pull: (controller) => (blocks-- > 0 ? controller.enqueue(BLOCK) : controller.close()),
    });
    const upload = await fetch(`${proxy.address}/sink`, { method: "PUT", body });
    expect(await upload.text()).toBe(String(512 * MB));
    expect(memory()).toBeLessThan(400);
  }, 120_000);
});

test("a connection that the API had ended meanwhile is no one's failure; what isn't safe is not sent twice", async () => {
  let requests = 0;
  const api = createServer((socket) => {
    let count = 0;
    socket.on("error", () => {});
    socket.on("data", () => {
      requests++;
      if (++count > 1) socket.destroy();
      else socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    });
  });
  await new Promise<void>((resolve) => api.listen(0, "127.0.0.1", resolve));
  const origin = `http://127.0.0.1:${(api.address() as { port: number }).port}`;
  const own = await startAuthProxy(home.env, ["acme", "--origin", origin]);
  const address = `${own.address}@${new URL(origin).host}`;
  try {
    for (const method of ["GET", "GET", "DELETE"]) expect((await fetch(`${address}/x`, { method })).status).toBe(200);
    expect(requests).toBe(5);
    expect((await fetch(`${address}/x`, { method: "POST" })).status).toBe(502);
    expect(requests).toBe(6);
  } finally {
    await own.stop();
    api.close();
  }
});

test("a program that leaves takes its request along: an API that hangs isn't waited for", async () => {
  const before = left;
  const gone = new AbortController();
  const waiting = fetch(`${proxy.address}/hang`, { signal: gone.signal }).catch(() => "left");
  await until("it has arrived", () => home.api.seen.at(-1)?.url === "/hang");
  gone.abort();
  expect(await waiting).toBe("left");
  await until("it was given up", () => left > before);
});

test("a reply that comes before the body is through reaches the program", async () => {
  const socket = await opened();
  let text = "";
  socket.on("data", (chunk) => {
    text += chunk.toString();
  });
  socket.write(`PUT ${path()}/full HTTP/1.1\r\nHost: 127.0.0.1:${proxy.port}\r\nContent-Length: 1000000\r\n\r\nsome`);
  await until("the reply", () => text.includes("too large"));
  socket.destroy();
});

describe("in a tunnel whose TLS ends here", () => {
  /** What comes back for these bytes. */
  function inTunnel(bytes: string): Promise<string> {
    const [, authorization = ""] = /\/\/(.*)@/.exec(proxy.environment.HTTPS_PROXY ?? "") ?? [];
    const { host } = new URL(home.api.origin);
    return new Promise((resolve, reject) => {
      const socket = connect(proxy.port, "127.0.0.1", () =>
        socket.write(
          `CONNECT ${host} HTTP/1.1\r\nHost: ${host}\r\nProxy-Authorization: Basic ${btoa(authorization)}\r\n\r\n`,
        ),
      );
      socket.on("error", reject);
      socket.once("data", () => {
        const ca = readFileSync(proxy.environment.SSL_CERT_FILE ?? "", "utf8");
        const secure = connectTls({ socket, servername: "localhost", ca }, () => secure.write(bytes, "latin1"));
        let text = "";
        const done = (): void => {
          secure.destroy();
          resolve(text);
        };
        secure.on("data", (chunk) => {
          text += chunk.toString("latin1");
        });
        secure.on("error", done);
        secure.on("close", done);
        setTimeout(done, 500);
      });
    });
  }
  const host = (): string => `Host: ${new URL(home.api.origin).host}\r\n`;
  const smuggled = (): string => `GET /smuggled HTTP/1.1\r\n${host()}\r\n`;
  const refused = async (bytes: string): Promise<void> => {
    expect(await inTunnel(bytes)).not.toMatch(/^HTTP\/1\.1 200/m);
    expect(home.api.seen.filter(({ url }) => url.includes("smuggled"))).toEqual([]);
  };

  test("an ordinary request is answered", async () => {
    expect(
      await inTunnel(`GET /x HTTP/1.1\r\n${host()}Authorization: Bearer ${proxy.environment.ACME_TOKEN}\r\n\r\n`),
    ).toContain("hello from /x");
  });

  for (const [name, headers] of Object.entries({
    "both lengths": "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
    "two lengths": "Content-Length: 0\r\nContent-Length: 50\r\n",
    "an unknown transfer coding": "Transfer-Encoding: xchunked\r\n",
    "a blank before a colon": "Transfer-Encoding : chunked\r\nContent-Length: 0\r\n",
    "a folded line": "X-A: 1\r\n  Transfer-Encoding: chunked\r\nContent-Length: 0\r\n",
    "a carriage return alone": "X-A: 1\rTransfer-Encoding: chunked\r\nContent-Length: 0\r\n",
  }))
    test(`${name}: refused, and nothing after it is read`, () =>
      refused(`POST /x HTTP/1.1\r\n${host()}${headers}\r\n${smuggled()}`));

  test("a whole address, another proxy's CONNECT, a host's own other name, a path that climbs: refused", async () => {
    await refused(`GET https://evil.example/smuggled HTTP/1.1\r\n${host()}\r\n`);
    await refused(`CONNECT evil.example:443 HTTP/1.1\r\n${host()}\r\n`);
    await refused("GET /smuggled HTTP/1.1\r\nHost: evil.example\r\n\r\n");
    await refused(`GET /smuggled HTTP/1.1\r\n${host()}${host()}\r\n`);
    await refused(`GET /a/../smuggled HTTP/1.1\r\n${host()}\r\n`);
  });
});

describe("CONNECT", () => {
  const answer = async (target: string): Promise<string> => {
    const [, authorization = ""] = /\/\/(.*)@/.exec(proxy.environment.HTTPS_PROXY ?? "") ?? [];
    const socket = await opened();
    const text = new Promise<string>((resolve) => socket.once("data", (chunk) => resolve(chunk.toString())));
    socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: x\r\nProxy-Authorization: Basic ${btoa(authorization)}\r\n\r\n`);
    const [line = ""] = (await text).split("\r\n");
    socket.destroy();
    return line;
  };

  test("to what is no host and port is refused, and so is the proxy itself by another name", async () => {
    for (const target of ["localhost", "https://localhost:443", "a@b:443", "a%62:443", "a:99999", "a b:443"])
      expect(await answer(target)).toMatch(/^HTTP\/1\.1 400/);
    expect(await answer(`127.0.0.1:${proxy.port}`)).toMatch(/ 200 /);
    for (const host of ["localhost", "0.0.0.0", "127.1.2.3", "[::ffff:127.0.0.1]", "[::ffff:0.0.0.0]"])
      expect(await answer(`${host}:${proxy.port}`)).toMatch(/ 403 /);
    expect(await answer("127.0.0.1:1")).toMatch(/ 502 /);
  });
});

/** What `platform/http` promises of every exchange, against servers that misbehave for real. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { http } from "../../src/platform/http.ts";
import { HttpError, type HttpFailure } from "../../src/platform/http-failure.ts";
import { CERTIFICATES } from "./certificates.ts";

const open: { stop(force: boolean): unknown }[] = [];
const folder = mkdtempSync(join(tmpdir(), "auth-http-"));

afterAll(() => {
  for (const server of open) server.stop(true);
  rmSync(folder, { recursive: true });
});

/** A server that answers what comes with raw bytes. @returns its URL */
function raw(handlers: { open?: (peer: Peer) => void; data?: (peer: Peer) => void }, hostname = "127.0.0.1"): string {
  const server = Bun.listen({ hostname, port: 0, socket: { data: () => {}, ...handlers } });
  open.push(server);
  return `http://${hostname.includes(":") ? `[${hostname}]` : hostname}:${server.port}/`;
}

type Peer = Bun.Socket<undefined>;

function serve(fetch: (request: Request) => Response | Promise<Response>): string {
  const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch });
  open.push(server);
  return server.url.href;
}

async function failureOf(url: string, more: Partial<Parameters<typeof http>[0]> = {}): Promise<HttpError> {
  try {
    await http({ method: "POST", url, body: "refresh_token=hunter2hunter2", timeout: 2_000, ...more });
  } catch (error) {
    if (error instanceof HttpError) return error;
    throw error;
  }
  throw new Error("there was a reply");
}

test("a limit of silence lets a slow reply take as long as it needs, and ends one that stalls", async () => {
  const dripping = (parts: number): string =>
    serve(
      () =>
        new Response(
          new ReadableStream({
            async start(controller) {
              for (let i = 0; i < parts; i++) {
                await Bun.sleep(100);
                controller.enqueue(Buffer.from("x"));
              }
              if (parts === 12) controller.close();
            },
          }),
        ),
    );
  const { body } = await http({ method: "GET", url: dripping(12), silence: 600 });
  expect(body.length).toBe(12);
  expect(await failureOf(dripping(3), { silence: 600 })).toMatchObject({ failure: "connection timed out" });
});

describe("a failure has a name, and whether the request can have arrived", () => {
  const cases: Record<string, () => [url: string, failure: HttpFailure, sent: boolean, timeout?: number]> = {
    "a host that doesn't exist": () => ["https://nothing.invalid/", "host not found", false],
    "a closed port": () => ["http://127.0.0.1:1/", "connection refused", false],
    "a closed port, by name": () => ["http://localhost:1/", "connection refused", false],
    "a server that closes at once": () => [raw({ open: (peer) => void peer.end() }), "connection lost", true],
    "a server that resets at once": () => [raw({ open: (peer) => void peer.terminate() }), "connection lost", true],
    "a server that reads, then closes": () => [raw({ data: (peer) => void peer.end() }), "connection lost", true],
    "a server that reads, then resets": () => [raw({ data: (peer) => void peer.terminate() }), "connection lost", true],
    "a reply that is cut short": () => [
      raw({ data: (peer) => void peer.end("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc") }),
      "connection lost",
      true,
    ],
    "a reply that is no HTTP": () => [
      raw({ data: (peer) => void peer.end("garbage\r\n\r\n") }),
      "connection lost",
      true,
    ],
    "a server that never answers": () => [raw({}), "connection timed out", true, 200],
    "a reply that never ends": () => [
      raw({ data: (peer) => void peer.write("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc") }),
      "connection timed out",
      true,
      200,
    ],
    "a server that speaks no TLS": () => [
      raw({ data: (peer) => void peer.end("?") }).replace("http", "https"),
      "connection lost",
      true,
    ],
    "a redirect": () => [serve(() => Response.redirect("https://attacker.example/", 307)), "redirected", true],
    "a body that is not gzip, against its header": () => [
      serve(() => new Response("plain", { headers: { "content-encoding": "gzip" } })),
      "connection lost",
      true,
    ],
  };
  for (const [name, make] of Object.entries(cases))
    test(name, async () => {
      const [url, failure, sent, timeout] = make();
      const error = await failureOf(url, timeout === undefined ? {} : { timeout });
      expect({ failure: error.failure, sent: error.sent }).toEqual({ failure, sent });
    });
});

test("a redirect is never followed, wherever it leads", async () => {
  let followed = 0;
  const target = serve(() => {
    followed++;
    return new Response("stolen");
  });
  for (const status of [301, 302, 303, 307, 308]) await failureOf(serve(() => Response.redirect(target, status)));
  expect(followed).toBe(0);
});

test("a signal ends the exchange at once", async () => {
  const abort = new AbortController();
  const pending = failureOf(raw({ data: () => abort.abort() }), { signal: abort.signal, timeout: 20_000 });
  expect((await pending).failure).toBe("interrupted");
});

describe("a reply that is too large is cut at the cap", () => {
  test("10 MB", async () => {
    const url = serve(() => new Response(new Uint8Array(10_000_000)));
    const error = await failureOf(url, { maxBytes: 48 * 1024 });
    expect([error.failure, error.status, error.sent]).toEqual(["reply too large", 200, true]);
  });

  test("a gzip bomb counts as what it becomes", async () => {
    const bomb = Bun.gzipSync(new Uint8Array(50_000_000));
    expect(bomb.length).toBeLessThan(64 * 1024);
    const url = serve(() => new Response(bomb, { headers: { "content-encoding": "gzip" } }));
    expect((await failureOf(url, { maxBytes: 64 * 1024 })).failure).toBe("reply too large");
  });

  test("an endless one is hung up on", async () => {
    const gone = Promise.withResolvers<void>();
    const url = serve(
      () =>
        new Response(
          new ReadableStream({
            async pull(controller) {
              await Bun.sleep(1);
              controller.enqueue(new Uint8Array(10_000));
            },
            cancel: () => gone.resolve(),
          }),
        ),
    );
    expect((await failureOf(url, { maxBytes: 64 * 1024 })).failure).toBe("reply too large");
    await gone.promise;
  });

  test("one of exactly the cap is read", async () => {
    const url = serve(() => new Response("x".repeat(1000)));
    expect((await http({ method: "GET", url, maxBytes: 1000 })).body).toHaveLength(1000);
  });
});

test("any status but a redirect is a reply, its body unread by anyone else", async () => {
  for (const status of [200, 201, 400, 401, 404, 429, 500, 503]) {
    const url = serve(() => new Response(`{"n":${status}}`, { status, headers: { "content-type": "text/html" } }));
    const reply = await http({ method: "POST", url, body: "a=b" });
    expect([reply.status, new TextDecoder().decode(reply.body)]).toEqual([status, `{"n":${status}}`]);
  }
  const empty = await http({ method: "POST", url: serve(() => new Response(null, { status: 204 })), body: "a=b" });
  expect([empty.status, empty.body.length]).toEqual([204, 0]);
});

test("the body goes out as it is, under its own type, and names the program", async () => {
  const seen: unknown[] = [];
  const url = serve(async (request) => {
    const { headers } = request;
    seen.push(request.method, await request.text(), headers.get("content-type"), headers.get("user-agent"));
    return new Response();
  });
  const type = { "content-type": "application/x-www-form-urlencoded" };
  await http({ method: "POST", url, headers: type, body: "a=b%20c" });
  expect(seen).toEqual(["POST", "a=b%20c", type["content-type"], expect.stringMatching(/^auth\/\d+\.\d+\.\d+/)]);
});

describe("asking again", () => {
  function flaky(failures: number): { url: string; count: () => number } {
    let count = 0;
    const url = serve(() => (++count <= failures ? new Response("busy", { status: 503 }) : new Response("fine")));
    return { url, count: () => count };
  }

  test("happens only where it was asked for", async () => {
    const { url, count } = flaky(1);
    expect((await http({ method: "POST", url, body: "a=b" })).status).toBe(503);
    expect((await http({ method: "GET", url })).status).toBe(200);
    expect(count()).toBe(2);
  });

  test("mends a 503, and gives the last one when there is no end to it", async () => {
    const once = flaky(1);
    expect((await http({ method: "GET", url: once.url, retry: true })).status).toBe(200);
    const always = flaky(99);
    expect((await http({ method: "GET", url: always.url, retry: true })).status).toBe(503);
    expect(always.count()).toBe(3);
  });

  test("mends a lost connection", async () => {
    let count = 0;
    const url = raw({
      data: (peer) => void peer.end(++count === 1 ? "" : "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"),
    });
    expect((await http({ method: "GET", url, retry: true })).status).toBe(200);
  });
});

test("each request has a connection of its own: none is sent again over one that went stale", async () => {
  let connections = 0;
  const url = raw({
    open: () => void connections++,
    data: (peer) => void peer.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: keep-alive\r\n\r\nok"),
  });
  for (let i = 0; i < 3; i++) await http({ method: "POST", url, body: "a=b" });
  expect(connections).toBe(3);
});

test("no error shows the request's body, its headers or the URL's path", async () => {
  const url = `${raw({ data: (peer) => void peer.end() })}secret-path?code=hunter2hunter2`;
  const error = await failureOf(url, { headers: { authorization: "Bearer hunter2hunter2" } });
  const shown = `${error.message} ${error.stack} ${JSON.stringify(error)}`;
  expect(shown).not.toContain("hunter2hunter2");
  expect(shown).not.toContain("secret-path");
  expect(Bun.inspect(error.cause)).not.toContain("Bearer");
});

describe("an address outside of https and loopback is refused before anything is sent", () => {
  for (const url of [
    "http://example.com/",
    "http://127.0.0.1.example.com/",
    "ftp://127.0.0.1/",
    "https://me:pw@example.com/",
    "http://[::2]/",
    "http://0.0.0.0/",
    "nonsense",
  ])
    test(url, async () => {
      await expect(http({ method: "GET", url })).rejects.toThrow(TypeError);
    });
});

describe("localhost", () => {
  test("is this machine, and the server sees the name", async () => {
    const url = new URL(serve((request) => new Response(request.headers.get("host"))));
    const reply = await http({ method: "GET", url: `http://localhost:${url.port}/` });
    expect(new TextDecoder().decode(reply.body)).toBe(`localhost:${url.port}`);
  });

  test("is found on IPv6 where IPv4 refuses the connection", async () => {
    const url = new URL(
      raw({ data: (peer) => void peer.end("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nv6") }, "::1"),
    );
    const reply = await http({ method: "GET", url: `http://localhost:${url.port}/` });
    expect(new TextDecoder().decode(reply.body)).toBe("v6");
  });
});

describe("the environment changes nothing", () => {
  /** What http says in a process of its own. */
  async function elsewhere(url: string, env: Record<string, string>): Promise<string> {
    const script = `
      const { http } = await import(${JSON.stringify(`${import.meta.dir}/../../src/platform/http.ts`)});
      const { url } = JSON.parse(process.argv.at(-1));
      let said;
      try {
        const reply = await http({ method: "POST", url, body: "refresh_token=hunter2hunter2", timeout: 3000 });
        said = reply.status + " " + new TextDecoder().decode(reply.body);
      } catch (error) { said = error.failure ?? String(error); }
      await Bun.write(Bun.stdout, said);
      process.exit(0);`;
    const child = Bun.spawn([process.execPath, "-e", script, JSON.stringify({ url })], {
      env: { PATH: process.env.PATH ?? "", HOME: folder, ...env },
      stdout: "pipe",
      stderr: "pipe",
    });
    const [out, err] = await Promise.all([child.stdout.text(), child.stderr.text()]);
    return `${out}${err}`;
  }

  test("a proxy never sees a request to loopback", async () => {
    const proxied: string[] = [];
    const proxy = serve((request) => {
      proxied.push(request.url);
      return new Response("proxy");
    });
    const { port } = new URL(serve(() => new Response("direct")));
    for (const names of [
      ["HTTP_PROXY", "NO_PROXY"],
      ["http_proxy", "no_proxy"],
    ] as const)
      for (const host of ["127.0.0.1", "localhost"])
        expect(await elsewhere(`http://${host}:${port}/`, { [names[0]]: proxy, [names[1]]: "example.org" })).toBe(
          "200 direct",
        );
    // 127.0.0.2 is another server's address, loopback all the same.
    const { port: other } = new URL(
      raw({ data: (peer) => void peer.end("HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n2") }, "127.0.0.2"),
    );
    expect(await elsewhere(`http://127.0.0.2:${other}/`, { HTTP_PROXY: proxy })).toBe("200 2");
    expect(proxied).toEqual([]);
  });

  test("verbose logging stays off: the body would be printed", async () => {
    const url = serve(() => new Response("quiet"));
    expect(await elsewhere(url, { BUN_CONFIG_VERBOSE_FETCH: "curl" })).toBe("200 quiet");
  });

  describe("certificates", () => {
    let seen = 0;
    const urls: Record<string, string> = {};
    const file = (name: string): string => join(folder, name);

    beforeAll(async () => {
      for (const [name, { key, cert }] of Object.entries(CERTIFICATES)) {
        await Bun.write(file(name), cert);
        const server = Bun.serve({
          hostname: "127.0.0.1",
          port: 0,
          tls: { key, cert },
          fetch: () => new Response(`seen ${++seen}`),
        });
        open.push(server);
        urls[name] = `https://localhost:${server.port}/`;
      }
    });

    test("one of an unknown authority is refused, also with NODE_TLS_REJECT_UNAUTHORIZED=0", async () => {
      expect(await elsewhere(urls.good ?? "", {})).toBe("certificate of an unknown authority");
      const said = await elsewhere(urls.good ?? "", { NODE_TLS_REJECT_UNAUTHORIZED: "0" });
      expect(said).toStartWith("certificate of an unknown authority");
      expect(seen).toBe(0);
    });

    test("one for another name, or expired, is refused although its maker is trusted; nothing is sent", async () => {
      const said = { name: "certificate for another name", expired: "certificate expired" };
      for (const [name, failure] of Object.entries(said))
        expect(await elsewhere(urls[name] ?? "", { NODE_EXTRA_CA_CERTS: file(name) })).toBe(failure);
      expect(seen).toBe(0);
    });

    test("a good one is accepted, so the others were refused for what they are", async () => {
      expect(await elsewhere(urls.good ?? "", { NODE_EXTRA_CA_CERTS: file("good") })).toBe("200 seen 1");
    });
  });
});

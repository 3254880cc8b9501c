/** An API that gives the token back, in every way it can: the program never gets it (RULES.md §5). */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { paste, succeeded } from "../support/home.ts";
import { run, tempFolder } from "../support/program.ts";
import { type ProxyHome, proxyHome, type Started, startAuthProxy } from "../support/proxy-home.ts";

const tokenIn = ({ headers }: IncomingMessage): string => (headers.authorization ?? "").replace("Bearer ", "");
const forms = (token: string): Record<string, string> => ({
  plain: token,
  base64: btoa(token),
  "Basic pair": btoa(`me:${token}`),
  "two Basic pairs": btoa(`x:${token}`) + btoa(`yy:${token}`),
  base64url: Buffer.from(`{"a":"${token}"}`).toString("base64url"),
  hex: Buffer.from(token).toString("hex"),
  "hex in capitals": Buffer.from(token).toString("hex").toUpperCase(),
  percent: [...Buffer.from(token)].map((byte) => `%${byte.toString(16)}`).join(""),
  JSON: [...token].map((char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`).join(""),
});

const compressed =
  (coding: string, compress: (text: string) => Buffer) =>
  (request: IncomingMessage, response: ServerResponse): void => {
    const body = compress(`before ${tokenIn(request)} after`);
    response.writeHead(200, { "content-encoding": coding, "content-length": body.length }).end(body);
  };

/** The last request's credentials, as a service shows them that logs its requests. */
let stored = "";
let events: ServerResponse | undefined;
/** Sends the rest of `/prompt`. */
let sendRest = (): void => {};

let home: ProxyHome;
let proxy: Started;
beforeAll(async () => {
  home = await proxyHome(3600, {
    "/headers": (request, response) => {
      const token = tokenIn(request);
      const headers = {
        "x-echo": token,
        "set-cookie": `a=${btoa(`me:${token}`)}`,
        link: `<https://x.example/?t=${token}>`,
      };
      response.writeHead(200, `OK ${token}`, headers).end("done");
    },
    "/forms": (request, response) => void response.end(JSON.stringify(forms(tokenIn(request)))),
    "/length": (request, response) => {
      const body = `[${tokenIn(request)}]`;
      response.writeHead(200, { "content-length": body.length }).end(body);
    },
    "/bytes": async (request, response) => {
      for (const char of `<${tokenIn(request)}>${btoa(tokenIn(request))}!`) {
        response.write(char);
        await Bun.sleep(2);
      }
      response.end();
    },
    "/prompt": (request, response) => {
      response.write(`say ${tokenIn(request).slice(0, 3)}`);
      sendRest = () => void response.end("ess");
    },
    "/gzip": compressed("gzip", gzipSync),
    "/deflate": compressed("deflate", deflateSync),
    "/bare-deflate": compressed("deflate", deflateRawSync),
    "/br": compressed("br", brotliCompressSync),
    "/zstd": compressed("zstd", zstdCompressSync),
    "/twice": compressed("gzip, br", (text) => brotliCompressSync(gzipSync(text))),
    "/unknown": compressed("rot13", (text) => Buffer.from(text)),
    "/store": (request, response) => {
      stored = request.headers.authorization ?? "";
      response.end("stored");
    },
    "/debug": (_, response) => void response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync(stored)),
    "/events": (_, response) => {
      events = response;
      response.writeHead(200, { "content-type": "text/event-stream" }).write("data: begun\n\n");
    },
    "/transfer": (request) => {
      const body = gzipSync(tokenIn(request));
      request.socket.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n");
      request.socket.write(Buffer.concat([Buffer.from(`${body.length.toString(16)}\r\n`), body]));
      request.socket.end("\r\n0\r\n\r\n");
    },
    "/broken": (_, response) => void response.writeHead(200, { "content-encoding": "gzip" }).end("no gzip"),
    "/broken-deflate": (_, response) =>
      void response.writeHead(200, { "content-encoding": "deflate" }).end("\xff no deflate"),
    "/broken-later": (_, response) => {
      const body = gzipSync(Buffer.from(crypto.getRandomValues(new Uint8Array(60_000))));
      response.writeHead(200, { "content-encoding": "gzip" });
      response.write(body.subarray(0, 50_000));
      setTimeout(() => response.end("no gzip"), 100);
    },
    "/cut": (_, response) => {
      response.writeHead(200, { "content-encoding": "gzip", "content-length": 1000 }).flushHeaders();
      setTimeout(() => response.destroy(), 100);
    },
    "/error": (request, response) => void response.writeHead(500).end(`wrong token: ${tokenIn(request)}`),
    "/clean": (_, response) => void response.end(Buffer.from(Array.from({ length: 100_000 }, (_, i) => (i * 7) % 256))),
  });
  proxy = await startAuthProxy(home.env, ["acme"]);
});
afterAll(async () => {
  await proxy.stop();
  await home.stop();
});

/** Everything that a program gets to see. */
async function seen(path: string): Promise<string> {
  const response = await fetch(`${proxy.address}${path}`);
  const body = await response.text();
  return [response.status, response.statusText, JSON.stringify([...response.headers]), body].join("\n");
}
const isFound = (text: string): string[] =>
  Object.entries(forms(home.token())).flatMap(([name, form]) => (text.includes(form) ? [name] : []));

describe("the token doesn't come back", () => {
  test("in headers, or beside the status", async () => {
    const text = await seen("/headers");
    expect(isFound(text)).toEqual([]);
    expect(text).toContain("https://x.example/?t=****");
  });

  test("in any form in a body", async () => {
    const text = await seen("/forms");
    expect(isFound(text)).toEqual([]);
    expect(Object.keys(JSON.parse(text.split("\n").at(-1) ?? ""))).toEqual(Object.keys(forms("x")));
  });

  test("byte by byte", async () => {
    const text = await seen("/bytes");
    expect(isFound(text)).toEqual([]);
    // A pause lets out three characters of a beginning at most. The last letter of Base64 may tell two bits.
    expect(text).toMatch(/<[\w.-]{0,3}\*+>[\w+/]{0,3}\*+[A-Za-z0-9]?=*!$/);
  });

  for (const coding of ["gzip", "deflate", "bare-deflate", "br", "zstd", "twice"])
    test(`compressed: ${coding}`, async () => {
      const text = await seen(`/${coding}`);
      expect(text).toMatch(/before \*+ after$/);
      expect(text).not.toContain("content-encoding");
    });

  test("in what can't be read: an unknown or broken compression is no reply", async () => {
    for (const path of ["/unknown", "/broken", "/broken-deflate"]) {
      const response = await fetch(`${proxy.address}${path}`);
      expect(response.headers.get("proxy-status")).toBe("auth; error=http_response_content_coding");
      expect([response.status, await response.text()]).toEqual([502, expect.stringContaining("reply unreadable")]);
    }
    expect((await fetch(`${proxy.address}/cut`)).status).toBe(502);
    const broken = fetch(`${proxy.address}/broken-later`).then((response) => response.text());
    expect(await broken.catch(() => "cut off")).toBe("cut off");
  });

  test("in what came by a transfer coding, which would be lost on the way", async () =>
    expect((await fetch(`${proxy.address}/transfer`)).status).toBe(502));

  test("to a request that was sent without it", async () => {
    await seen("/store");
    expect(stored).toBe(`Bearer ${home.token()}`);
    const { HTTPS_PROXY } = proxy.environment;
    const { code, stdout } = await run([
      "curl",
      "-sS",
      "--noproxy",
      "",
      "-x",
      HTTPS_PROXY ?? "",
      `${home.api.origin}/debug`,
    ]);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^Bearer \*+$/)]);
  });

  test("to another connection at the same origin", async () => {
    const file = join(tempFolder(), "beta.toml");
    writeFileSync(file, `id = "beta"\ntitle = "Beta"\nflows = ["token"]\norigins = ["${home.api.origin}"]\n`, {
      mode: 0o600,
    });
    await succeeded(home.call(["provider", "add", file, "--yes", "--replace"]));
    await paste(home.env, "beta", "secret-of-the-other-connection");
    const both = await startAuthProxy(home.env, ["acme", "beta"]);
    try {
      await fetch(both.address.replace("acme:", "beta:").concat("/store"));
      expect(stored).toBe("Bearer secret-of-the-other-connection");
      expect(await (await fetch(`${both.address}/debug`)).text()).toMatch(/^Bearer \*+$/);
    } finally {
      await both.stop();
    }
  });

  test("in a reply that had begun when it was renewed", async () => {
    const reader = ((await fetch(`${proxy.address}/events`)).body as ReadableStream<Uint8Array>).getReader();
    const next = async (): Promise<string> => new TextDecoder().decode((await reader.read()).value);
    expect(await next()).toBe("data: begun\n\n");
    const before = home.token();
    await succeeded(home.call(["refresh", "acme", "--force"]));
    await seen("/store");
    expect(stored).not.toContain(before);
    events?.write(`data: ${stored}\n\n`);
    expect(await next()).toMatch(/^data: Bearer \*+\n\n$/);
    events?.end();
  });

  test("in an error", async () => expect(await seen("/error")).toMatch(/^500\n[\s\S]*wrong token: \*+$/));

  test("in a WebSocket's frames", async () => {
    const socket = new WebSocket(`${proxy.address}/socket`.replace("http", "ws"));
    const answer = new Promise<string>((resolve, reject) => {
      socket.onmessage = ({ data }) => resolve(String(data));
      socket.onerror = reject;
      socket.onopen = () => socket.send(`it is ${home.token()}`);
    });
    expect(await answer).toMatch(/^it is \*+$/);
    socket.close();
  });
});

test("a token in two fragments of a WebSocket's message, with a ping between them", async () => {
  const server = createServer();
  server.on("upgrade", (request: IncomingMessage, socket: Duplex) => {
    const accept = new Bun.CryptoHasher("sha1")
      .update(`${request.headers["sec-websocket-key"]}${GUID}`)
      .digest("base64");
    const head = `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}`;
    const text = Buffer.from(`it is ${tokenIn(request)}.`);
    const frame = (first: number, part: Uint8Array): Buffer => Buffer.concat([Buffer.from([first, part.length]), part]);
    socket.write(`${head}\r\n\r\n`);
    socket.write(Buffer.concat([frame(0x01, text.subarray(0, 14)), frame(0x89, Buffer.from("hi"))]));
    socket.write(frame(0x80, text.subarray(14)));
    socket.on("error", () => {}).resume();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const origin = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  const own = await startAuthProxy(home.env, ["acme", "--origin", origin]);
  try {
    const address = `${own.address}@${new URL(origin).host}`;
    const socket = new WebSocket(`${address}/x`.replace("http", "ws"));
    const text = await new Promise((resolve, reject) => {
      socket.onmessage = ({ data }) => resolve(data);
      socket.onerror = reject;
      socket.onclose = reject;
    });
    expect(text).toMatch(/^it is \*+\.$/);
    socket.close();
  } finally {
    await own.stop();
    server.close();
    server.closeAllConnections();
  }
});
const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

describe("all else comes back unchanged:", () => {
  test("a length that was told is right", async () => {
    const response = await fetch(`${proxy.address}/length`);
    expect(response.headers.get("content-length")).toBe(String(home.token().length + 2));
    expect(await response.text()).toMatch(/^\[\*+\]$/);
  });

  test("any bytes", async () => {
    const bytes = new Uint8Array(await (await fetch(`${proxy.address}/clean`)).arrayBuffer());
    expect(bytes).toEqual(Uint8Array.from({ length: 100_000 }, (_, i) => (i * 7) % 256));
  });

  test("what only begins like the token isn't kept from a program that waits for it", async () => {
    const reader = ((await fetch(`${proxy.address}/prompt`)).body as ReadableStream<Uint8Array>).getReader();
    let text = "";
    while (text.length < 7) text += new TextDecoder().decode((await reader.read()).value);
    expect(text).toBe("say acc");
    sendRest();
    expect(new TextDecoder().decode((await reader.read()).value)).toBe("ess");
  });
});

/** How connections through the proxy end: nothing of what was sent is lost, and nothing is left open (CLI.md §5 `proxy`). */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connect, createServer, type Server, type Socket } from "node:net";
import { brotliCompressSync, gzipSync } from "node:zlib";

import { lacking } from "../support/needs.ts";
import { type ProxyHome, proxyHome, type Started, startAuthProxy } from "../support/proxy-home.ts";
import { until } from "../support/until.ts";

const MB = 1024 * 1024;
/** No multiple of what is read at once: its last part waits behind the rest when the end comes. */
const BODY = Buffer.alloc(8 * MB + 1000, "some text of an API's reply, and ");
const FRAME = Buffer.alloc(MB, "a frame ");

let home: ProxyHome;
let proxy: Started;
beforeAll(async () => {
  home = await proxyHome();
  proxy = await startAuthProxy(home.env, ["acme"]);
});
afterAll(async () => {
  await proxy.stop();
  await home.stop();
});

/** By plain TCP. @param serve what it does with a connection */
async function server(serve: (socket: Socket) => void): Promise<{ port: number; stop: () => void }> {
  const there: Server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on("error", () => {});
    serve(socket);
  });
  await new Promise<void>((resolve) => there.listen(0, "127.0.0.1", resolve));
  return { port: (there.address() as { port: number }).port, stop: () => void there.close() };
}

/** A connection through the proxy to a host. */
async function tunnel(host: string): Promise<Socket> {
  const [, login = ""] = /\/\/(.*)@/.exec(proxy.environment.HTTPS_PROXY ?? "") ?? [];
  const socket = connect({ port: proxy.port, host: "127.0.0.1", allowHalfOpen: true });
  socket.on("error", () => {});
  socket.write(`CONNECT ${host} HTTP/1.1\r\nHost: ${host}\r\nProxy-Authorization: Basic ${btoa(login)}\r\n\r\n`);
  await new Promise((resolve) => socket.once("readable", resolve));
  const begun: Buffer = socket.read();
  socket.unshift(begun.subarray(begun.indexOf("\r\n\r\n") + 4));
  return socket;
}

/** Reads to the end, slower than it is sent: not by the runtime's sockets, which read ahead. @returns bytes */
async function readSlowly(host: string): Promise<number> {
  const [, login = ""] = /\/\/(.*)@/.exec(proxy.environment.HTTPS_PROXY ?? "") ?? [];
  const script = `
import socket, time
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
s.connect(("127.0.0.1", ${proxy.port}))
s.sendall(b"CONNECT ${host} HTTP/1.1\\r\\nHost: ${host}\\r\\nProxy-Authorization: Basic ${btoa(login)}\\r\\n\\r\\n")
data = b""
while b"\\r\\n\\r\\n" not in data: data += s.recv(1)
time.sleep(0.5)
size = 0
while True:
    chunk = s.recv(65536)
    if not chunk: break
    size += len(chunk)
    time.sleep(0.003)
print(size)
`;
  const child = Bun.spawn(["python3", "-c", script], { stdio: ["ignore", "pipe", "inherit"] });
  return Number(await child.stdout.text());
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of stream) {
    text += decoder.decode(chunk, { stream: true });
    const lines = text.split("\n");
    text = lines.pop() ?? "";
    yield* lines;
  }
}

describe("in a tunnel", () => {
  test.skipIf(lacking("python3"))("a slow reader gets all of a download that ends with its connection", async () => {
    const api = await server((socket) => {
      socket.end(BODY);
      socket.resume();
    });
    try {
      expect(await readSlowly(`127.0.0.1:${api.port}`)).toBe(BODY.length);
    } finally {
      api.stop();
    }
  });

  test("a program that has said all it wants still gets the answer", async () => {
    const api = await server((socket) => {
      let size = 0;
      socket.on("data", (chunk) => {
        size += chunk.length;
      });
      socket.on("end", () => setTimeout(() => socket.end(`${size} bytes`), 200));
    });
    try {
      const socket = await tunnel(`127.0.0.1:${api.port}`);
      socket.end(BODY);
      let text = "";
      for await (const chunk of socket) text += chunk;
      expect(text).toBe(`${BODY.length} bytes`);
    } finally {
      api.stop();
    }
  });

  test("a program that is gone takes the other side along", async () => {
    const gone = Promise.withResolvers<void>();
    const api = await server((socket) => {
      socket.on("close", () => gone.resolve());
      const fill = (): void => {
        if (socket.destroyed) return;
        socket.write(FRAME);
        setTimeout(fill, 20);
      };
      fill();
      socket.resume();
    });
    try {
      (await tunnel(`127.0.0.1:${api.port}`)).destroy();
      await gone.promise;
    } finally {
      api.stop();
    }
  });

  test.skipIf(lacking("python3"))("a program goes on sending to a side that has said all it wants", async () => {
    // It reads slower than is sent: some of it is still in the proxy when the program ends its connection.
    const script = `
import socket, time
s = socket.create_server(("127.0.0.1", 0))
s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
print(s.getsockname()[1], flush=True)
c = s.accept()[0]
c.sendall(b"enough")
c.shutdown(socket.SHUT_WR)
size = 0
while True:
    chunk = c.recv(65536)
    if not chunk: break
    size += len(chunk)
    time.sleep(0.003)
print(size)
`;
    const sent = async (): Promise<number> => {
      const api = Bun.spawn(["python3", "-c", script], { stdio: ["ignore", "pipe", "inherit"] });
      const lines = linesOf(api.stdout);
      const socket = await tunnel(`127.0.0.1:${(await lines.next()).value}`);
      socket.resume();
      await new Promise((resolve) => socket.once("end", resolve));
      socket.end(BODY);
      return Number((await lines.next()).value);
    };
    // Each may go well by chance.
    const sizes = await Promise.all(Array.from({ length: 8 }, sent));
    expect(sizes).toEqual(sizes.map(() => BODY.length));
  });
});

describe("an API that refuses a request before its body is through", () => {
  /** Its connections that are open. */
  const open = new Set<Socket>();
  let answers: string[] = [];
  let api: Awaited<ReturnType<typeof server>>;
  let own: ProxyHome;
  let there: Started;
  beforeAll(async () => {
    api = await server((socket) => {
      open.add(socket);
      socket.on("close", () => open.delete(socket));
      socket.on("end", () => socket.end());
      socket.once("data", () => {
        const [status = "200 OK"] = answers.splice(0, 1);
        // The answer to a request that it takes comes at its end.
        const answer = (): void => void socket.write(`HTTP/1.1 ${status}\r\nContent-Length: 2\r\n\r\nok`);
        if (!status.startsWith("200")) answer();
        else socket.on("data", (chunk) => chunk.includes("the end") && answer());
      });
    });
    own = await proxyHome(20);
    there = await startAuthProxy(own.env, ["acme", "--origin", `http://127.0.0.1:${api.port}`]);
  });
  afterAll(async () => {
    await there.stop();
    await own.stop();
    api.stop();
  });

  /** An upload of so many bytes, of which the last are still to be sent. */
  async function upload(): Promise<{ socket: Socket; text: () => string }> {
    const { pathname } = new URL(there.address);
    const socket = connect(there.port, "127.0.0.1");
    let text = "";
    socket.on("data", (chunk) => {
      text += chunk;
    });
    socket.write(
      `PUT ${pathname}@127.0.0.1:${api.port}/x HTTP/1.1\r\nHost: 127.0.0.1:${there.port}\r\nContent-Length: 14\r\n\r\nbefore `,
    );
    return { socket, text: () => text };
  }

  test("isn't sent the rest, and the program's connection serves its next request", async () => {
    answers = ["413 Too Large", "413 Too Large"];
    const { socket, text } = await upload();
    await until("it is refused", () => text().endsWith("ok"));
    await until("the API's connection is closed", () => open.size === 0);
    socket.write("the end");
    socket.write(`PUT ${new URL(there.address).pathname}/x HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n`);
    await until("the next one is answered", () => text().includes("HTTP/1.1 403"));
    socket.destroy();
  });

  test("gets it once more with another token, on a connection that is the only one", async () => {
    // A token that is no older than a tenth of its lifetime isn't replaced.
    await Bun.sleep(2100);
    answers = ["401 Unauthorized", "200 OK"];
    const { socket, text } = await upload();
    await until("it is sent again", () => answers.length === 0);
    await until("the first connection is closed", () => open.size === 1);
    socket.write("the end");
    await until("it is taken", () => text().startsWith("HTTP/1.1 200") && text().endsWith("ok"));
    socket.destroy();
  });
});

describe("an upgrade that is refused", () => {
  for (const [coding, compress] of [
    ["gzip", gzipSync],
    ["br", brotliCompressSync],
  ] as const)
    test(`with ${coding} in chunks is read, and gives no token away`, async () => {
      const api = await server((socket) => {
        socket.once("data", (head) => {
          const [, token = ""] = /authorization: bearer (\S+)/i.exec(head.toString()) ?? [];
          const body = compress(`The token ${token} may not.`);
          socket.write(`HTTP/1.1 403 No\r\nContent-Encoding: ${coding}\r\nTransfer-Encoding: chunked\r\n\r\n`);
          for (const part of [body.subarray(0, 10), body.subarray(10)])
            socket.write(Buffer.concat([Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from("\r\n")]));
          socket.end("0\r\n\r\n");
        });
      });
      const host = `127.0.0.1:${api.port}`;
      const there = await startAuthProxy(home.env, ["acme", "--origin", `http://${host}`]);
      try {
        const socket = connect(there.port, "127.0.0.1");
        const path = `${new URL(there.address).pathname}@${host}`;
        socket.write(
          `GET ${path}/x HTTP/1.1\r\nHost: 127.0.0.1:${there.port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
        );
        let text = "";
        for await (const chunk of socket) text += chunk;
        expect(text).toStartWith("HTTP/1.1 403 No\r\n");
        expect(text).not.toContain("ontent-Encoding");
        expect(text).toEndWith(`\r\n\r\nThe token ${"*".repeat(home.token().length)} may not.`);
      } finally {
        await there.stop();
        api.stop();
      }
    });
});

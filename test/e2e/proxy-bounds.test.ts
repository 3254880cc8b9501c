/** How much the proxy takes, what it says where that is too little, and what it keeps to itself (CLI.md §5 `proxy`). */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { type ProxyHome, proxyHome, type Started, startAuthProxy } from "../support/proxy-home.ts";

let home: ProxyHome;
let proxy: Started;
beforeAll(async () => {
  home = await proxyHome(3600, {
    "/wide": ({ headers }, response) =>
      void response.writeHead(200, { "x-wide": "w".repeat(Number(headers["x-want"])) }).end("ok"),
    "/lost": (request) => request.socket.destroy(),
  });
  proxy = await startAuthProxy(home.env, ["acme"]);
});
afterAll(async () => {
  await proxy.stop();
  await home.stop();
});

/** What comes back, to its end. */
function ask(path: string, headers: Record<string, string> = {}, method = "GET"): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    const lines = Object.entries({ host: `127.0.0.1:${proxy.port}`, connection: "close", ...headers });
    const socket = connect(proxy.port, "127.0.0.1");
    socket.on("data", (chunk) => {
      text += chunk;
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(text));
    const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join("");
    socket.write(`${method} ${path} HTTP/1.1\r\n${head}\r\n`);
  });
}

const path = (): string => new URL(proxy.address).pathname;

async function lines(env: ProxyHome["env"]): Promise<Record<string, unknown>[]> {
  const text = readFileSync(join(env.AUTH_HOME ?? "", "requests.jsonl"), "utf8");
  return text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
}

describe("headers of many kilobytes", () => {
  test("pass, both ways", async () => {
    expect(await ask(`${path()}/x`, { "x-wide": "w".repeat(200_000) })).toStartWith("HTTP/1.1 200 ");
    expect(home.api.last().headers["x-wide"]).toHaveLength(200_000);
    const reply = await ask(`${path()}/wide`, { "x-want": "200000" });
    expect(reply).toStartWith("HTTP/1.1 200 ");
    expect(reply).toContain("w".repeat(200_000));
  });

  test("that are too many in a reply: the refusal says so", async () => {
    const reply = await ask(`${path()}/wide`, { "x-want": "400000" });
    expect(reply).toStartWith("HTTP/1.1 502 ");
    expect(reply).toContain("headers of more than 300 KB");
    expect(reply).toContain("error=http_response_header_section_size");
  });

  test("that are too many in a request: the refusal says so, and so does the log", async () => {
    const reply = await ask(`${path()}/x`, { "x-wide": "w".repeat(400_000) });
    expect(reply).toStartWith("HTTP/1.1 431 ");
    expect(reply).toContain("Its headers are larger than 300 KB.");
    await Bun.sleep(500);
    expect((await lines(home.env)).at(-1)).toMatchObject({
      status: 431,
      refused: "Its headers are larger than 300 KB.",
    });
  });
});

test("where a reply is lost, what may have been done isn't to be tried again blindly", async () => {
  expect(await ask(`${path()}/lost`, { "content-length": "0" }, "POST")).toContain(
    "The API may have done what was asked",
  );
  expect(await ask(`${path()}/lost`)).toContain("Try again.");
});

test("the proxy's own address, with its secret in it, doesn't go to the API", async () => {
  const own = `http://127.0.0.1:${proxy.port}`;
  const headers = { referer: `${proxy.address}/page`, origin: own, "x-from": proxy.address, "x-mine": "1" };
  expect(await ask(`${path()}/x`, headers)).toStartWith("HTTP/1.1 200 ");
  const { headers: seen, rawHeaders } = home.api.last();
  expect([seen.referer, seen.origin, seen["x-from"], seen["x-mine"]]).toEqual([undefined, undefined, undefined, "1"]);
  expect(rawHeaders.join("\n")).not.toContain(path().split("/")[1] ?? "");
});

test("who doesn't have the secret fills no log, and keeps no connection", async () => {
  const own = await proxyHome();
  const there = await startAuthProxy(own.env, ["acme"]);
  try {
    expect((await fetch(`${there.address}/x`)).status).toBe(200);
    const stranger = async (): Promise<string | null> =>
      (await fetch(`http://127.0.0.1:${there.port}/x`)).headers.get("connection");
    for (let i = 0; i < 300; i++) expect(await stranger()).toBe("close");
    await there.stop();
    const written = await lines(own.env);
    expect(written).toHaveLength(22);
    expect([written[0], written[21]]).toMatchObject([{ path: "/x" }, { refused: expect.stringContaining(": 280.") }]);
  } finally {
    await own.stop();
  }
});

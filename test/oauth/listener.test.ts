/** The loopback listener of a browser login (RFC 8252 §7.3, RULES.md 3.6), and all who talk to it. */
import { describe, expect, test } from "bun:test";
import { cannotListen } from "../../src/oauth/loopback.ts";
import { until } from "../support/until.ts";
import { back, closeLogins, connect, parametersOf, raw, settled, start, stateOf, statusOf } from "./browser-login.ts";
import { thrown } from "./support.ts";

closeLogins();

describe("a browser that fetches ahead", () => {
  test("is no answer, whatever it calls that; the visit after it is one", async () => {
    for (const [name, value] of [
      ["sec-purpose", "prefetch"],
      ["sec-purpose", "prefetch;prerender"],
      ["purpose", "prefetch"],
      ["x-moz", "prefetch"],
    ] as const) {
      const login = await start();
      const answer = { state: stateOf(login), code: "c" };
      expect((await back(login, answer, { headers: { [name]: value } })).status).toBe(503);
      expect(await settled(login)).toBe("waiting");
      expect((await back(login, answer)).status).toBe(303);
      expect((await login.callback).code.reveal()).toBe("c");
    }
  });
});

describe("attacks on the listener", () => {
  test("a wrong state, none, two, or half of it: refused, and the wait goes on", async () => {
    const login = await start();
    const state = stateOf(login);
    for (const query of [
      "code=evil",
      "code=evil&state=",
      "code=evil&state=wrong",
      `code=evil&state=${state.slice(0, -1)}`,
      `code=evil&state=${state}&state=${state}`,
      `code=evil&state=${state}x`,
    ]) {
      const reply = await fetch(`${login.redirectUri}?${query}`);
      expect(reply.status).toBe(400);
      expect(await reply.text()).not.toMatch(/logged in/i);
    }
    expect(await settled(login)).toBe("waiting");
    expect((await back(login, { state, code: "good" })).status).toBe(303);
    expect((await login.callback).code.reveal()).toBe("good");
  });

  test("an error without the state can't end the login", async () => {
    const login = await start();
    expect((await back(login, { error: "access_denied" })).status).toBe(400);
    expect(await settled(login)).toBe("waiting");
  });

  test("a foreign Host (DNS rebinding) is refused, even with the right state", async () => {
    const login = await start();
    const { port } = new URL(login.redirectUri);
    for (const host of [
      "attacker.example",
      `attacker.example:${port}`,
      `localhost:${port}`,
      "127.0.0.1",
      `127.0.0.1:${port}.evil.example`,
    ]) {
      const reply = await back(login, { state: stateOf(login), code: "evil" }, { headers: { host } });
      expect({ host, status: reply.status }).toEqual({ host, status: 400 });
    }
    expect(await settled(login)).toBe("waiting");
  });

  test("POST, HEAD, PUT and OPTIONS are refused", async () => {
    const login = await start();
    for (const method of ["POST", "HEAD", "PUT", "OPTIONS", "DELETE"]) {
      const reply = await back(login, { state: stateOf(login), code: "evil" }, { method });
      expect({ method, status: reply.status }).toEqual({ method, status: 405 });
    }
    expect(await settled(login)).toBe("waiting");
  });

  test("another path is nothing, favicon included", async () => {
    const login = await start();
    const query = `?state=${stateOf(login)}&code=evil`;
    for (const path of [
      "/",
      "/favicon.ico",
      "/callback/",
      "/Callback",
      "/callback%2f",
      "//callback",
      "/x/../callback/.",
      "/done",
      "/%63allback",
    ])
      expect({ path, status: await statusOf(login, `GET ${path}${query} HTTP/1.1`) }).toEqual({ path, status: 404 });
    expect(await settled(login)).toBe("waiting");
  });

  test("a second answer is refused", async () => {
    const login = await start();
    await back(login, { state: stateOf(login), code: "first" });
    const reply = await back(login, { state: stateOf(login), code: "second" });
    expect(reply.status).toBe(400);
    expect((await login.callback).code.reveal()).toBe("first");
  });

  test("what is no HTTP, or has two Hosts, or none, is refused", async () => {
    const login = await start();
    const { host } = new URL(login.redirectUri);
    const target = `/callback?state=${stateOf(login)}&code=evil`;
    for (const head of [
      `GET ${target} HTTP/1.1\r\nHost: ${host}\r\nHost: ${host}`,
      `GET ${target} HTTP/1.1\r\nX: y`,
      `GET http://${host}${target} HTTP/1.1\r\nHost: ${host}`,
      `GET ${target}\r\nHost: ${host}`,
      `get ${target} HTTP/1.1\r\nHost: ${host}`,
      "\x16\x03\x01\x02\x00",
    ])
      expect((await raw(login, `${head}\r\n\r\n`)).slice(0, 12)).toBe("HTTP/1.1 400");
    expect(await settled(login)).toBe("waiting");
  });

  test("an oversized request is cut off", async () => {
    const login = await start();
    const { host } = new URL(login.redirectUri);
    const large = `GET /callback?state=${stateOf(login)}&code=${"x".repeat(9000)} HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
    expect((await raw(login, large)).slice(0, 12)).toBe("HTTP/1.1 431");
    expect((await raw(login, "x".repeat(9000))).slice(0, 12)).toBe("HTTP/1.1 431");
    expect(await settled(login)).toBe("waiting");
  });

  test("a request that drips in (slowloris) is hung up on, and doesn't hold up the answer", async () => {
    const login = await start();
    const closed = Promise.withResolvers<void>();
    const slow = await connect(login, { close: closed.resolve });
    const drip = setInterval(() => slow.write("x"), 200);
    expect((await back(login, { state: stateOf(login), code: "good" })).status).toBe(303);
    await closed.promise;
    clearInterval(drip);
  }, 60_000);

  test("a crowd of connections gets no further than the 64th, and the answer still comes through", async () => {
    const login = await start();
    let refused = 0;
    const crowd = [];
    for (let i = 0; i < 80; i++) crowd.push(await connect(login, { close: () => void refused++ }));
    await until("16 are refused", () => refused >= 16);
    expect(refused).toBe(16);
    for (const one of crowd) one.terminate();
    await Bun.sleep(20);
    expect((await back(login, { state: stateOf(login), code: "good" })).status).toBe(303);
  });

  test("connections that are held open without a request don't keep the answer out: the most silent makes room", async () => {
    const login = await start();
    const ended: number[] = [];
    const crowd = [];
    for (let i = 0; i < 64; i++) crowd.push(await connect(login, { close: () => void ended.push(i) }));
    // No longer the one that has been silent longest.
    crowd[0]?.write("GET /");
    crowd[0]?.flush();
    await Bun.sleep(50);
    expect((await back(login, { state: stateOf(login), code: "good" })).status).toBe(303);
    expect(ended[0]).toBe(1);
    expect((await login.callback).code.reveal()).toBe("good");
    for (const one of crowd) one.terminate();
  });

  test("an answer that comes in pieces is put together", async () => {
    const login = await start();
    const { host } = new URL(login.redirectUri);
    const head = `GET /callback?state=${stateOf(login)}&code=good HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
    const one = await connect(login, {});
    for (let i = 0; i < head.length; i += 20) {
      one.write(head.slice(i, i + 20));
      one.flush();
      await Bun.sleep(1);
    }
    expect((await login.callback).code.reveal()).toBe("good");
  });
});

function canListenOn(port: number): boolean {
  try {
    Bun.listen({ hostname: "127.0.0.1", port, exclusive: true, socket: { data: () => {} } }).stop(true);
    return true;
  } catch {
    return false;
  }
}

describe("the redirect", () => {
  test("to localhost is heard on both loopback addresses, on one port", async () => {
    const login = await start({ authorize: { redirect: { host: "localhost", path: "/" } } });
    const { port, pathname, hostname } = new URL(login.redirectUri);
    expect([hostname, pathname]).toEqual(["localhost", "/"]);
    for (const address of ["127.0.0.1", "[::1]"]) {
      const reply = await fetch(`http://${address}:${port}/?state=wrong`, { headers: { host: `localhost:${port}` } });
      expect(await reply.text()).toContain("not the login that is waiting");
    }
  });

  test("to localhost fails where another program has the port on IPv6", async () => {
    const other = Bun.listen({ hostname: "::1", port: 0, socket: { data: () => {} } });
    const redirect = { authorize: { redirect: { host: "localhost" } } } as const;
    expect(await thrown(() => start(redirect, { port: other.port }))).toMatchObject({ code: "usage" });
    other.stop(true);
    const free = await start(redirect, { port: other.port });
    expect(new URL(free.redirectUri).port).toBe(String(other.port));
  });

  test("on a port that is taken fails before anything is shown", async () => {
    const taken = new URL((await start()).redirectUri);
    expect(await thrown(() => start({}, { port: Number(taken.port) }))).toMatchObject({
      code: "usage",
      message: `Port ${taken.port} on this machine is in use by another program.`,
    });
  });

  test("on a port that is forbidden, or fails otherwise, has an error of its own", () => {
    const failed = (code: string): string => cannotListen(80, Object.assign(new Error(), { code })).message;
    expect(failed("EACCES")).toBe("This user may not listen on port 80.");
    expect(failed("EADDRNOTAVAIL")).toBe("Port 80 on this machine can't be listened on (EADDRNOTAVAIL).");
  });

  test("that the provider insists on is listened for as it is", async () => {
    const other = await start();
    const { port } = new URL(other.redirectUri);
    other.close();
    const login = await start({}, { redirectUri: `http://127.0.0.1:${port}/oauth/cb` });
    expect(login.redirectUri).toBe(`http://127.0.0.1:${port}/oauth/cb`);
    expect((await back(login, { state: stateOf(login), code: "c" })).status).toBe(303);
  });

  /** A redirect to port 80, which a URL's parser takes for none: some browsers' `Host` leaves it out (RFC 9110 §4.2.1). */
  test.skipIf(!canListenOn(80))("keeps the port that was named, also where it is http's own", async () => {
    for (const request of [{ redirectUri: "http://127.0.0.1:80/oauth/cb" }, { port: 80 }]) {
      const login = await start({ authorize: { redirect: { path: "/oauth/cb" } } }, request);
      expect(login.redirectUri).toBe("http://127.0.0.1:80/oauth/cb");
      expect(parametersOf(login).redirect_uri).toBe("http://127.0.0.1:80/oauth/cb");
      const path = `/oauth/cb?${new URLSearchParams({ state: stateOf(login), code: "c" })}`;
      const answer = await raw(login, `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`);
      expect(answer).toStartWith("HTTP/1.1 303");
      expect((await login.callback).redirectUri).toBe("http://127.0.0.1:80/oauth/cb");
      login.close();
    }
  });

  test("elsewhere can only be pasted", async () => {
    const login = await start({}, { redirectUri: "https://app.example/cb" });
    expect(parametersOf(login).redirect_uri).toBe("https://app.example/cb");
    expect(login.accept(`https://app.example/cb?state=${stateOf(login)}&code=c`).code.reveal()).toBe("c");
    await login.succeed();
  });

  test("that is neither https nor this machine is refused", async () => {
    for (const redirectUri of [
      "http://app.example/cb",
      "http://127.0.0.9/cb",
      "https://app.example/cb?x=1",
      "http://localhost/#f",
    ])
      expect(await thrown(() => start({}, { redirectUri }))).toMatchObject({ code: "usage" });
  });
});

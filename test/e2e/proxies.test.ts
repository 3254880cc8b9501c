/**
 * A refresh through a proxy, at every stage at which a proxy can fail: what is said names the proxy and never its
 * password, and where the provider can't have seen the request, the refresh isn't in doubt (RULES.md 2.3).
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createServer, connect as dial, type Socket } from "node:net";
import { type Authority, makeAuthority } from "../support/authority.ts";
import { loggedIn, PROVIDER } from "../support/logged-in.ts";
import type { Ended } from "../support/program.ts";

/**
 * What a proxy does with a client that has asked it for a tunnel.
 * @param requested calls back once the issuer has the request, before it answers
 */
type Behaviour = (client: Socket, tunnel: () => void, requested: (then: () => void) => void) => void;

const reply =
  (status: string, body = ""): Behaviour =>
  (client) =>
    void client.end(`HTTP/1.1 ${status}\r\nContent-Length: ${body.length}\r\n\r\n${body}`);

const openTunnel = (client: Socket): void => void client.write("HTTP/1.1 200 Connection established\r\n\r\n");

const works: Behaviour = (_, tunnel) => tunnel();

interface Case {
  readonly proxy: Behaviour;
  readonly reason: string;
  readonly inDoubt?: boolean;
}

const CASES: Readonly<Record<string, Case>> = {
  "closes at once": { proxy: (client) => void client.end(), reason: "proxy closed the connection" },
  "resets at once": { proxy: (client) => void client.resetAndDestroy(), reason: "proxy closed the connection" },
  "refuses the password": {
    proxy: reply("407 Proxy Authentication Required"),
    reason: "proxy refused this user and password (HTTP 407 from",
  },
  "wants NTLM": {
    proxy: reply("407 Proxy Authentication Required\r\nProxy-Authenticate: NTLM\r\nProxy-Authenticate: Negotiate"),
    reason: "proxy login of an unsupported kind (HTTP 407 from",
  },
  forbids: { proxy: reply("403 Forbidden", "<html>"), reason: "proxy refused the request (HTTP 403 from" },
  "can't reach the host": { proxy: reply("502 Bad Gateway"), reason: "proxy can't reach the host (HTTP 502 from" },
  "shows a sign-in page": { proxy: reply("302 Found"), reason: "proxy refused the request (HTTP 302 from" },
  "speaks no HTTP": { proxy: (client) => void client.end("blah\r\n\r\n"), reason: "proxy closed the connection" },
  "opens the tunnel and closes it": {
    proxy: (client) => {
      openTunnel(client);
      client.end();
    },
    reason: "proxy closed the connection",
  },
  "opens the tunnel to a page": {
    proxy: (client) => void client.end("HTTP/1.1 200 OK\r\n\r\n<html>sign in</html>"),
    reason: "through the proxy",
    inDoubt: true,
  },
  "cuts the tunnel after the request": {
    proxy: (client, tunnel, requested) => {
      tunnel();
      requested(() => client.resetAndDestroy());
    },
    reason: "the reply was lost (through the proxy",
    inDoubt: true,
  },
};

let authority: Authority;
const stops: (() => unknown)[] = [];
beforeAll(async () => {
  authority = await makeAuthority();
});
afterAll(async () => {
  for (const stop of stops) await stop();
});

describe("a proxy that", () => {
  for (const [name, { proxy, reason, inDoubt = false }] of Object.entries(CASES))
    test(`${name}: ${reason}${inDoubt ? ", in doubt" : ", and nothing was sent"}`, async () => {
      const home = await behindProxy(proxy);
      const { code, stderr } = await home.refresh();
      expect(stderr).toContain(reason);
      expect(stderr).toContain(home.address);
      expect(stderr).not.toContain("hunter2");
      expect(code).toBe(5);
      expect(await home.inDoubt()).toBe(inDoubt);
    });

  test("isn't there: proxy refused the connection", async () => {
    const home = await behindProxy(works);
    const { stderr } = await home.refresh({ HTTPS_PROXY: "http://me:hunter2@127.0.0.1:1" });
    expect(stderr).toContain("proxy refused the connection (http://127.0.0.1:1)");
    expect(stderr).not.toContain("hunter2");
    expect(await home.inDoubt()).toBe(false);
  });

  test("has a name that doesn't exist: proxy not found", async () => {
    const home = await behindProxy(works);
    const { stderr } = await home.refresh({ HTTPS_PROXY: "http://proxy.invalid:3128" });
    expect(stderr).toContain("proxy not found (http://proxy.invalid:3128)");
    expect(await home.inDoubt()).toBe(false);
  });

  test("wants a login, and none was given", async () => {
    const home = await behindProxy(reply("407 Proxy Authentication Required"));
    const { stderr } = await home.refresh({ HTTPS_PROXY: home.address });
    expect(stderr).toContain("proxy wants a login");
    expect(stderr).toContain("http://<user>:<password>@");
  });

  test("is named by ALL_PROXY counts where HTTPS_PROXY isn't set", async () => {
    const home = await behindProxy(reply("403 Forbidden"));
    const { stderr } = await home.refresh({ HTTPS_PROXY: "", ALL_PROXY: home.address });
    expect(stderr).toContain("proxy refused the request (HTTP 403 from");
  });

  for (const value of ["not a url", "http://", "://x"])
    test(`has an address that can't be read (${value}): nothing goes past it`, async () => {
      const home = await behindProxy(works);
      const { code, stderr } = await home.refresh({ HTTPS_PROXY: value });
      expect(code).toBe(5);
      expect(stderr).toContain("proxy address unreadable (HTTPS_PROXY)");
    });

  test("speaks SOCKS: it says so", async () => {
    const home = await behindProxy(works);
    const { stderr } = await home.refresh({ HTTPS_PROXY: "socks5://127.0.0.1:1080" });
    expect(stderr).toContain("proxy of an unsupported kind (socks5://127.0.0.1:1080)");
    expect(stderr).toContain("no SOCKS");
    const { stderr: other } = await home.refresh({ HTTPS_PROXY: "", ALL_PROXY: "socks5://127.0.0.1:1080" });
    expect(other).toContain("HTTPS_PROXY goes before ALL_PROXY");
  });

  test("has a password with a % that begins no escape: it is sent as written", async () => {
    const home = await behindProxy(works);
    const proxy = home.address.replace("http://", "http://me:100%@");
    expect((await home.refresh({ HTTPS_PROXY: proxy })).code).toBe(0);
    expect(home.seen()).toContain(`Proxy-Authorization: Basic ${Buffer.from("me:100%").toString("base64")}`);
  });

  test("works: the refresh goes through it, with its user and password, and the token isn't shown to it", async () => {
    const home = await behindProxy(works);
    const { code, stdout } = await home.refresh({}, "-o", "token");
    expect(code).toBe(0);
    expect(stdout).not.toBe("");
    expect(home.seen()).toContain(`Proxy-Authorization: Basic ${Buffer.from("me:hunter2").toString("base64")}`);
    expect(home.seen()).not.toContain("grant_type");
  });

  test("is named in NO_PROXY's list of exceptions is not asked", async () => {
    const home = await behindProxy(works);
    const { stderr } = await home.refresh({ NO_PROXY: "example.org,.proxied.test" });
    expect(stderr).toContain("host not found");
    expect(home.seen()).toBe("");
  });
});

interface Behind {
  /** The proxy's address as it is shown. */
  readonly address: string;
  /** What the proxy has read up to its first answer. */
  seen(): string;
  inDoubt(): Promise<boolean>;
  refresh(env?: Record<string, string>, ...args: string[]): Promise<Ended>;
}

const HOST = "issuer.proxied.test";

/** A login at an https issuer that can only be reached through a proxy, which then behaves as it is told. */
async function behindProxy(behaviour: Behaviour): Promise<Behind> {
  const home = await loggedIn({}, null);
  const front = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    tls: await authority.issue(HOST),
    fetch: (request) => {
      onRequest();
      const { pathname, search } = new URL(request.url);
      return fetch(`${home.issuer.server.url}${pathname}${search}`, new Request(request));
    },
  });
  let seen = "";
  let onRequest = (): void => {};
  const start = async (behaves: Behaviour): Promise<number> => {
    const proxy = createServer((client) => {
      client.on("error", () => client.destroy());
      client.once("data", (head: Buffer) => {
        seen += head.toString("latin1");
        const tunnel = (): void => {
          const upstream = dial(front.port ?? 0, "127.0.0.1");
          upstream.on("error", () => client.destroy());
          client.on("close", () => upstream.destroy());
          openTunnel(client);
          client.pipe(upstream);
          upstream.pipe(client);
        };
        behaves(client, tunnel, (then) => {
          onRequest = then;
        });
      });
    });
    await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
    stops.push(() => proxy.close());
    return (proxy.address() as { port: number }).port;
  };
  stops.push(
    () => front.stop(true),
    () => home.stop(),
  );

  const places = home.places.map((place) => place.replace(/=http:\/\/[^/]+/, `=https://${HOST}`));
  const trust = { NODE_EXTRA_CA_CERTS: authority.file, HTTPS_PROXY: `http://127.0.0.1:${await start(works)}` };
  const login = await home.call(["login", PROVIDER, ...places, "-q"], { env: trust });
  if (login.code !== 0) throw new Error(`login failed (${login.code}): ${login.stderr}`);
  seen = "";
  const address = `127.0.0.1:${await start(behaviour)}`;
  return {
    address: `http://${address}`,
    seen: () => seen,
    refresh: (env = {}, ...args) =>
      home.call(["refresh", PROVIDER, "--force", ...args], {
        env: { ...trust, HTTPS_PROXY: `http://me:hunter2@${address}`, ...env },
      }),
    inDoubt: async () => {
      const { stdout } = await home.call(["get", PROVIDER, "--field", "reason", "--no-refresh"]);
      return stdout.trim() === "in_doubt";
    },
  };
}

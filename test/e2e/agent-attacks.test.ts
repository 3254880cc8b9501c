/** Attacks on `auth agent`, and accidents: what lies in its way, who else speaks to it, what becomes of it when it is killed. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { connect, type Socket } from "node:net";
import { dirname, join } from "node:path";
import { type AgentHome, agentHome, CLI, isAlive, KEYS, kill, PASSPHRASE, post } from "../support/agent-home.ts";

import { errorOf } from "../support/logged-in.ts";
import { lacking } from "../support/needs.ts";
import { until } from "../support/until.ts";

let home: AgentHome;
beforeAll(async () => {
  home = await agentHome(3600);
});
afterAll(() => home.stop());

const started = async () => {
  await home.start("--tcp");
  const found = await home.status();
  if (found === null) throw new Error("it doesn't run");
  return found;
};

describe("attack: a locked agent", () => {
  for (const key of ["passphrase", "env", "command"] as const)
    test(`has nothing of its key left (${key}), and opens only by what it is given`, async () => {
      const own = await agentHome(3600, key);
      try {
        expect((await own.start("--idle", "1s")).code).toBe(0);
        const { pid } = (await own.status()) ?? { pid: 0 };
        const environment = readFileSync(`/proc/${pid}/environ`, "latin1");
        expect(environment).toContain("AUTH_HOME=");
        for (const name of Object.keys(KEYS[key])) expect(environment).not.toContain(name);
        expect((await own.ask("/v1/token/acme")).status).toBe(200);
        const isLocked = async (): Promise<void> => {
          for (const body of [{ passphrase: null }, { key: null }, { key: "" }, { key: "A".repeat(43) }, {}])
            expect((await own.ask(`${CLI}/unlock`, post(body))).status).not.toBe(200);
          expect((await own.ask("/v1/token/acme")).status).toBe(423);
        };
        for (let by = ""; by !== "idle"; by = (await own.status())?.lockedBy ?? "") await Bun.sleep(50);
        await isLocked();
        expect((await own.start()).stderr).toContain("unlocked");
        expect((await own.ask("/v1/token/acme")).status).toBe(200);
        await own.call(["agent", "lock"]);
        await isLocked();
        expect((await own.start()).stderr).toContain("unlocked");
      } finally {
        await own.stop();
      }
    });
});

describe("attack: what lies where the socket goes", () => {
  let socket: string;
  beforeAll(async () => {
    ({ socket } = await started());
  });
  afterEach(async () => {
    await home.call(["agent", "stop"]);
    rmSync(socket, { recursive: true, force: true });
  });

  const THINGS: Readonly<Record<string, (path: string) => void>> = {
    "a file": (path) => writeFileSync(path, "mine"),
    "a folder": (path) => mkdirSync(path),
    "a link to a file": (path) => {
      writeFileSync(`${path}.target`, "mine");
      symlinkSync(`${path}.target`, path);
    },
    "a link to nowhere": (path) => symlinkSync(`${path}.nowhere`, path),
  };
  for (const [name, make] of Object.entries(THINGS))
    test(`${name} is neither used nor removed: file_untrusted`, async () => {
      await home.call(["agent", "stop"]);
      make(socket);
      const { code, stderr } = await home.start();
      expect([code, stderr]).toEqual([9, expect.stringContaining(`${socket} is in the agent's way`)]);
      expect(lstatSync(socket)).toBeDefined();
      if (existsSync(`${socket}.target`)) expect(readFileSync(`${socket}.target`, "utf8")).toBe("mine");
      expect((await home.call(["token", "acme"])).code).toBe(0);
    });

  test("a folder that others could reach is made private before anything is in it", async () => {
    chmodSync(dirname(socket), 0o777);
    expect((await home.start()).code).toBe(0);
    expect((lstatSync(dirname(socket)).mode & 0o777).toString(8)).toBe("700");
  });

  test.skipIf(lacking("root"))("another user's folder isn't used, and another user's socket isn't asked", async () => {
    const folder = dirname(socket);
    chownSync(folder, 61_001, 61_001);
    expect((await home.start()).code).toBe(8);
    chownSync(folder, 0, 0);
    await home.start();
    chownSync(socket, 61_001, 61_001);
    expect((await home.call(["agent", "status"])).code).toBe(1);
    chownSync(socket, 0, 0);
    expect((await home.call(["agent", "status"])).code).toBe(0);
  });
});

describe("attack: a web page", () => {
  beforeAll(started);

  const PAGES: Readonly<Record<string, Record<string, string>>> = {
    "its Origin": { origin: "https://evil.example" },
    "an Origin of this machine": { origin: "http://127.0.0.1" },
    "null as its Origin": { origin: "null" },
    "Sec-Fetch-Site": { "sec-fetch-site": "same-origin" },
  };
  for (const [name, headers] of Object.entries(PAGES))
    test(`that sends ${name} gets nothing`, async () => {
      const { status, body } = await home.ask("/v1/token/acme", { headers });
      expect([status, JSON.stringify(body)]).toEqual([403, expect.not.stringContaining("access-")]);
    });

  test("whose name leads to 127.0.0.1 (DNS rebinding) gets nothing, even with the secret", async () => {
    const { tcp, tcpSecret, socket } = (await home.status()) ?? { tcp: null, tcpSecret: null, socket: "" };
    const authorization = `Bearer ${tcpSecret}`;
    for (const host of ["evil.example", "localhost", `localhost:${tcp?.split(":")[2]}`, "127.0.0.1"]) {
      const response = await fetch(`${tcp}/v1/token/acme`, { headers: { host, authorization } });
      expect([host, response.status]).toEqual([host, 421]);
    }
    const response = await fetch("http://localhost/v1/token/acme", { unix: socket, headers: { host: "evil.example" } });
    expect(response.status).toBe(421);
  });

  test("can't have a token refreshed by a form", async () => {
    const { status } = await home.ask("/v1/rejected", post({ connection: "acme", token: "x" }, "text/plain"));
    expect(status).toBe(400);
  });
});

describe("the TCP address", () => {
  test("attack: without the secret of this start it gives nothing, and it gives no auth what another auth may have", async () => {
    const { tcp, tcpSecret } = await started();
    const ask = (path: string, authorization?: string, init: RequestInit = {}): Promise<Response> =>
      fetch(`${tcp}${path}`, { ...init, headers: { ...init.headers, ...(authorization && { authorization }) } });
    for (const wrong of [undefined, "", "Bearer ", `Bearer ${tcpSecret}x`, `Basic ${tcpSecret}`, `bearer ${tcpSecret}`])
      expect((await ask("/v1/token/acme", wrong)).status).toBe(401);
    expect((await ask("/v1/token/acme", `Bearer ${tcpSecret}`)).status).toBe(200);
    const list = { ...post({ type: "connection" }) };
    expect((await ask(`${CLI}/list`, `Bearer ${tcpSecret}`, list)).status).toBe(404);
    expect((await ask("/cli/stop", `Bearer ${tcpSecret}`, post({}))).status).toBe(404);
    await home.call(["agent", "stop"]);
    const again = await started();
    expect(again.tcpSecret).not.toBe(tcpSecret);
  });

  test("its secret is told by status only when it is asked for, and is in no file", async () => {
    const { tcpSecret } = await started();
    const said = await Promise.all([
      home.call(["agent", "status"]),
      home.call(["agent", "status", "--json"]),
      home.ask("/v1/status").then(({ body }) => ({ stdout: JSON.stringify(body), stderr: "" })),
    ]);
    for (const { stdout, stderr } of said) expect(stdout + stderr).not.toContain(String(tcpSecret));
    const found = Bun.spawnSync(["grep", "-rlF", String(tcpSecret), home.env.AUTH_HOME ?? ""]);
    expect(found.stdout.toString()).toBe("");
  });
});

/** Bytes as they are sent, and what comes back until the server is silent. */
function exchange(path: string, bytes: string, silence = 700): Promise<string> {
  return new Promise((resolve) => {
    let got = "";
    const socket = connect(path, () => socket.write(bytes));
    const end = (): void => {
      socket.destroy();
      resolve(got);
    };
    socket.setTimeout(silence, end);
    socket.on("data", (data) => {
      got += data.toString("latin1");
    });
    socket.on("close", () => resolve(got)).on("error", () => resolve(got));
  });
}

describe("attack: requests that two parsers read in two ways", () => {
  beforeAll(started);
  const GET = "GET /v1/token/acme HTTP/1.1\r\nHost: localhost\r\n";
  const HIDDEN = "GET /v1/token/acme HTTP/1.1\r\nHost: localhost\r\n\r\n";
  const REQUESTS: Readonly<Record<string, string>> = {
    "Content-Length and Transfer-Encoding": `POST /v1/rejected HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${HIDDEN.length + 5}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${HIDDEN}`,
    "two lengths": `POST /v1/rejected HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nContent-Length: ${HIDDEN.length}\r\n\r\n${HIDDEN}`,
    "a folded header": `${GET}X-One: a\r\n Origin: http://evil\r\n\r\n`,
    "a space before a colon": `${GET}Origin : http://evil\r\n\r\n`,
    "two hosts": `${GET}Host: evil.example\r\n\r\n`,
    "no host": "GET /v1/token/acme HTTP/1.1\r\n\r\n",
  };
  test("(a request as it should be is answered)", async () => {
    const { socket } = (await home.status()) ?? { socket: "" };
    expect((await exchange(socket, `${GET}\r\n`)).split("access-")).toHaveLength(3);
  });
  for (const [name, bytes] of Object.entries(REQUESTS))
    test(`${name}: no token comes back`, async () => {
      const { socket } = (await home.status()) ?? { socket: "" };
      const got = await exchange(socket, bytes);
      const tokens = got.split("access-").length - 1;
      expect([name, tokens]).toEqual([name, 0]);
    });

  test("an address with an origin in it, or with dots, leads nowhere else", async () => {
    const { socket } = (await home.status()) ?? { socket: "" };
    for (const target of ["http://evil.example/v1/token/acme", "//evil.example/v1/token/acme", `/v1/..${CLI}/list`]) {
      const got = await exchange(socket, `GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
      expect([target, got.includes("evil.example")]).toEqual([target, false]);
    }
  });
});

describe("attack: more than it should take", () => {
  const rss = (pid: number): number =>
    Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) * 1024;

  test("1,000 slow connections: others are answered, and its memory stays small", async () => {
    const { socket, pid } = await started();
    for (let i = 0; i < 50; i++) await home.ask("/v1/token/acme");
    const before = rss(pid);
    const slow: Socket[] = [];
    for (let i = 0; i < 1_000; i++) {
      const one = connect(socket);
      one.on("error", () => {});
      one.write("GET /v1/token/acme HTTP/1.1\r\nHost: localhost\r\nX-Slow: ");
      slow.push(one);
    }
    await Bun.sleep(500);
    for (let round = 0; round < 5; round++) {
      for (const one of slow) one.write("y");
      expect((await home.ask("/v1/token/acme")).status).toBe(200);
    }
    expect(rss(pid) - before).toBeLessThan(100 * 1024 * 1024);
    for (const one of slow) one.destroy();
    expect((await home.ask("/v1/token/acme")).status).toBe(200);
  });

  test("a head, a body or an address without end is refused", async () => {
    const { socket } = await started();
    const head = await exchange(
      socket,
      `GET /v1/status HTTP/1.1\r\nHost: localhost\r\nX: ${"y".repeat(200_000)}\r\n\r\n`,
    );
    expect(head).not.toContain(" 200 ");
    const body = JSON.stringify({ connection: "acme", token: "t".repeat(1024 * 1024) });
    const response = await fetch("http://localhost/v1/rejected", { ...post({}), body, unix: socket }).catch(() => null);
    expect(response === null || response.status === 413).toBe(true);
    expect((await home.ask(`/v1/token/${"a".repeat(10_000)}`)).status).toBe(400);
    expect((await home.ask("/v1/token/%ff")).status).toBe(400);
    expect((await home.ask("/v1/token/")).status).toBe(400);
    expect(
      (await home.ask("/v1/rejected", { method: "POST", body: "{", headers: { "content-type": "application/json" } }))
        .status,
    ).toBe(400);
  });

  test("refused tokens that aren't ours are kept nowhere", async () => {
    const { pid } = await started();
    const refuse = (n: number) =>
      home.ask("/v1/rejected", post({ connection: "acme", token: `${n}`.padEnd(200_000, "t") }));
    for (let n = 0; n < 30; n++) await refuse(n);
    const before = rss(pid);
    for (let n = 0; n < 400; n++) await refuse(n);
    expect(rss(pid) - before).toBeLessThan(60 * 1024 * 1024);
  });
});

/** The agents of a home, whether they answer or not. */
function agentsOf({ env }: AgentHome): number[] {
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => {
      try {
        if (!readFileSync(`/proc/${pid}/cmdline`, "utf8").startsWith("auth\0__agent")) return false;
        return readFileSync(`/proc/${pid}/environ`, "utf8").includes(`AUTH_HOME=${env.AUTH_HOME}\0`);
      } catch {
        return false; // No process, or one that ended meanwhile.
      }
    });
}

describe("killed by SIGKILL", () => {
  test("while it refreshes: the next caller learns that the reply was lost, and a new agent starts", async () => {
    const own = await agentHome(4);
    try {
      await own.start();
      const { pid } = (await own.status()) ?? { pid: 0 };
      await Bun.sleep(2_500);
      own.issuer.hold();
      const asked = own.issuer.asked();
      const request = own.ask("/v1/token/acme").catch(() => null);
      await until("it asked", () => own.issuer.asked() > asked);
      await kill(pid);
      await request;
      own.issuer.letGo();
      // The socket is still there, and no one answers.
      expect(await own.status()).toBeNull();
      // Until then the old access token is served.
      await Bun.sleep(4_000);
      const ended = await own.call(["token", "acme", "--json"]);
      // The provider has rotated and its reply is lost, as with any process that is killed then: it is known.
      expect(errorOf(ended)).toMatchObject({ code: "rotation_lost", exitCode: 4, connection: "acme:default" });
      expect((await own.start()).code).toBe(0);
    } finally {
      await own.stop();
    }
  });

  test("at any moment, starting or answering: the next command and the next start work", async () => {
    const own = await agentHome(3600, "passphrase");
    try {
      for (let round = 0; round < 4; round++) {
        const starting = own.start();
        const killing = Bun.sleep(Math.random() * 600).then(() => {
          for (const pid of agentsOf(own)) process.kill(pid, "SIGKILL");
        });
        const asking = Bun.sleep(200).then(() => own.call(["token", "acme"]));
        await Promise.all([starting, killing, asking]);
        for (const pid of agentsOf(own)) await kill(pid);
        expect((await own.call(["token", "acme"], { env: { AUTH_PASSPHRASE: PASSPHRASE } })).code).toBe(0);
      }
      expect((await own.start()).code).toBe(0);
      expect((await own.call(["token", "acme"])).code).toBe(0);
    } finally {
      await own.stop();
    }
  }, 120_000);

  test("twenty starts at once make one agent, over a socket that a killed one has left", async () => {
    const { pid, socket } = await started();
    await kill(pid);
    expect(existsSync(socket)).toBe(true);
    const starts = await Promise.all(Array.from({ length: 20 }, () => home.call(["agent", "start"])));
    for (const { code, stderr } of starts)
      expect([code, stderr]).toEqual([0, expect.stringContaining("The agent is ")]);
    expect(agentsOf(home)).toHaveLength(1);
  });
});

describe("the vault's file", () => {
  test("removed, with all of its home: the agent serves nothing of it, and ends", async () => {
    const own = await agentHome(3600);
    try {
      await own.start();
      const { pid } = (await own.status()) ?? { pid: 0 };
      const folder = own.env.AUTH_HOME ?? "";
      rmSync(join(folder, "vault.db"));
      expect((await own.ask("/v1/token/acme:default")).status).toBe(423);
      expect((await own.ask("/v1/connections")).status).toBe(423);
      rmSync(folder, { recursive: true });
      await until("it ended", () => !isAlive(pid));
    } finally {
      await own.stop();
    }
  });
});

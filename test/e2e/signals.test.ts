/** What Ctrl-C and the other signals that end a process do while a provider's reply is on its way, or a person is asked. */
import { afterAll, afterEach, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type HeldIssuer, startHeld } from "../issuers/held.ts";
import { AUTH, auth, bareEnvironment, type Ended, onTerminal, tempFolder } from "../support/program.ts";
import { until } from "../support/until.ts";

const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
type Signal = keyof typeof SIGNALS;
const EACH = Object.entries(SIGNALS) as [Signal, number][];

const stops: (() => Promise<void>)[] = [];
afterAll(() => Promise.all(stops.map((stop) => stop())));
const running: Bun.Subprocess[] = [];
afterEach(async () => {
  for (const child of running.splice(0)) {
    child.kill("SIGKILL");
    await child.exited;
  }
});

interface Home {
  /** One for each provider. */
  readonly issuers: readonly HeldIssuer[];
  /** The first. */
  readonly issuer: HeldIssuer;
  readonly env: Record<string, string>;
  call(...args: string[]): Promise<Ended>;
  connections(): Promise<string[]>;
}

/** @param more further lines of TOML for each provider @param lifetime seconds that access tokens live */
async function homeWith(ids: readonly string[], more = "", lifetime = 3600): Promise<Home> {
  const env = bareEnvironment();
  const call = (...args: string[]): Promise<Ended> => auth(args, { env });
  const issuers: HeldIssuer[] = [];
  for (const id of ids) {
    const issuer = startHeld(lifetime, issuers.length * 100);
    issuers.push(issuer);
    stops.push(issuer.stop);
    const file = join(tempFolder(), `${id}.toml`);
    writeFileSync(file, issuer.manifest(id, more), { mode: 0o600 });
    expect(await call("provider", "add", file, "--yes")).toMatchObject({ code: 0 });
  }
  const [issuer] = issuers;
  if (issuer === undefined) throw new Error("no provider");
  const connections = async (): Promise<string[]> =>
    (JSON.parse((await call("list", "--json")).stdout) as { connection: string }[]).map((one) => one.connection);
  return { issuers, issuer, env, call, connections };
}

async function logIn({ call }: Home, ...connections: string[]): Promise<void> {
  for (const connection of connections)
    expect(await call("login", connection, "--flow", "device")).toMatchObject({ code: 0 });
}

interface UnderWay {
  kill(signal: Signal): void;
  write(line: string): void;
  /** What it has written to stdout and stderr so far. */
  readonly said: () => string;
  readonly ended: Promise<Pick<Ended, "code" | "signal"> & { readonly said: string }>;
}

function start({ env }: Home, ...args: string[]): UnderWay {
  const child = Bun.spawn([AUTH, ...args], { env, stdin: "pipe", stdout: "pipe", stderr: "pipe" });
  running.push(child);
  let said = "";
  const read = async (stream: ReadableStream<Uint8Array>): Promise<void> => {
    const decoder = new TextDecoder();
    for await (const chunk of stream) said += decoder.decode(chunk, { stream: true });
  };
  const all = Promise.all([read(child.stdout), read(child.stderr), child.exited]);
  return {
    kill: (signal) => child.kill(signal),
    write(line) {
      child.stdin.write(`${line}\n`);
      void child.stdin.end();
    },
    said: () => said,
    ended: all.then(() => ({ code: child.exitCode, signal: child.signalCode, said })),
  };
}

/** How each flow's login is begun, up to the request whose reply brings its tokens. */
const FLOWS: Readonly<Record<string, (home: Home) => Promise<UnderWay>>> = {
  device: async (home) => start(home, "login", "acme", "--flow", "device"),
  browser: async (home) => {
    const login = start(home, "login", "acme", "--flow", "browser", "--no-browser");
    void fetch(await addressIn(login)).catch(() => {});
    return login;
  },
  "pasted answer": async (home) => {
    const login = start(home, "login", "acme", "--flow", "browser", "--no-browser", "--callback", "-");
    const answer = await fetch(await addressIn(login), { redirect: "manual" });
    login.write(answer.headers.get("location") ?? "");
    return login;
  },
  code: async (home) => {
    const login = start(home, "login", "acme", "--flow", "code", "--code", "-");
    login.write("a-code");
    return login;
  },
  "client credentials": async (home) => {
    const login = start(home, "login", "acme", "--flow", "client-credentials", "--client-secret", "-");
    login.write("a-client-secret");
    return login;
  },
  exchange: async (home) => {
    const login = start(home, "login", "acme", "--flow", "exchange", "--subject-token", "-");
    login.write("another-issuers-token");
    return login;
  },
};

async function addressIn(login: UnderWay): Promise<string> {
  const found = (): RegExpMatchArray | null => login.said().match(/http:\/\/\S+\/authorize\?\S+/);
  await until("it is found", () => found() !== null);
  return found()?.[0] ?? "";
}

describe("a login whose tokens are on their way", () => {
  for (const [flow, begin] of Object.entries(FLOWS))
    for (const [signal, code] of EACH)
      test(`by ${flow}, ${signal}: waits for them, says so, revokes them, and says that`, async () => {
        const home = await homeWith(["acme"]);
        home.issuer.hold();
        const login = await begin(home);
        await until("it asked", () => home.issuer.asked() === 1);
        login.kill(signal);
        await until("it said so", () => login.said().includes("Waiting for ACME's reply"));
        expect(login.said()).toContain("Press Ctrl-C again to end at once.");
        home.issuer.letGo();
        const ended = await login.ended;
        expect(ended).toMatchObject({ code, signal: null });
        expect(ended.said).toContain(
          "Interrupted. The login was approved and has been revoked at ACME; nothing was stored.",
        );
        expect([...home.issuer.live]).toEqual([]);
        expect(await home.connections()).toEqual([]);
      }, 60_000);

  test("a second Ctrl-C ends it at once, and says what may be left at the provider", async () => {
    const home = await homeWith(["acme"]);
    home.issuer.hold();
    const login = start(home, "login", "acme", "--flow", "device");
    await until("it asked", () => home.issuer.asked() === 1);
    login.kill("SIGINT");
    await until("it said so", () => login.said().includes("Waiting for ACME's reply"));
    await Bun.sleep(600);
    login.kill("SIGINT");
    const ended = await login.ended;
    expect(ended.code).toBe(130);
    expect(ended.said).toContain(
      "Nothing was stored; if it approved the login, end it in the account's settings there.",
    );
    expect(await home.connections()).toEqual([]);
  });
});

describe("a login that isn't approved yet", () => {
  for (const [signal, code] of EACH)
    test(`${signal}: ends at once, and says that nothing was stored`, async () => {
      const home = await homeWith(["acme"]);
      const login = start(home, "login", "acme", "--flow", "browser", "--no-browser");
      await addressIn(login);
      login.kill(signal);
      const ended = await login.ended;
      expect(ended).toMatchObject({ code, signal: null });
      expect(ended.said).toContain("The login was interrupted.\nNo login was stored.");
    });
});

describe("a refresh that was sent", () => {
  test("at Ctrl-C says that the reply is waited for, and stores it", async () => {
    const home = await homeWith(["acme"]);
    await logIn(home, "acme");
    home.issuer.hold();
    const refresh = start(home, "refresh", "acme", "--force");
    await until("it asked", () => home.issuer.asked() === 2);
    refresh.kill("SIGINT");
    await until("it said so", () =>
      refresh.said().includes("Waiting for the provider's reply, so that the login isn't lost."),
    );
    home.issuer.letGo();
    expect((await refresh.ended).code).toBe(130);
    expect((await home.call("token", "acme")).stdout).toBe("access-2\n");
  });

  for (const [signal, code] of EACH)
    test(`${signal} again ends it at once, and says what may be lost`, async () => {
      const home = await homeWith(["acme"]);
      await logIn(home, "acme");
      home.issuer.hold();
      const refresh = start(home, "refresh", "acme", "--force");
      await until("it asked", () => home.issuer.asked() === 2);
      refresh.kill(signal);
      // A supervisor that passes on what the terminal sent, too, doesn't end the wait.
      await Bun.sleep(50);
      refresh.kill(signal);
      await until("it said so", () => refresh.said().includes("again to end at once."));
      await Bun.sleep(600);
      expect(refresh.said()).not.toContain("Ended before");
      refresh.kill(signal);
      const ended = await refresh.ended;
      expect(ended).toMatchObject({ code, signal: null });
      expect(ended.said).toContain("Ended before the provider replied to the refresh of acme:default");
    });
});

describe("refresh --all", () => {
  for (const [signal, code] of EACH)
    test(`${signal}: finishes what was sent, begins nothing more, and says which those are`, async () => {
      const home = await homeWith(["acme", "bolt"]);
      await logIn(home, "acme:a", "acme:b", "acme:c", "bolt:a", "bolt:b");
      const asked = (): number[] => home.issuers.map((issuer) => issuer.asked());
      for (const issuer of home.issuers) issuer.hold();
      const refresh = start(home, "refresh", "--all", "--force");
      await until("it asked", () => asked().join() === "4,3");
      refresh.kill(signal);
      await until("it said so", () => refresh.said().includes("Waiting for the provider's reply"));
      for (const issuer of home.issuers) {
        issuer.letGo();
        // Not all at once: the last one in flight is what an earlier end would have waited for.
        await Bun.sleep(100);
      }
      const ended = await refresh.ended;
      expect(ended).toMatchObject({ code, signal: null });
      expect(ended.said).toContain("acme:a: refreshed");
      expect(ended.said).toContain("bolt:a: refreshed");
      expect(ended.said.trimEnd()).toEndWith(
        "2 refreshed, 0 valid, 0 skipped, 0 failed, 3 not begun: acme:b, acme:c, bolt:b",
      );
      expect(asked()).toEqual([4, 3]);
      expect((await home.call("token", "acme:b")).stdout).toBe("access-2\n");
    }, 60_000);
});

describe("run with several connections", () => {
  for (const [signal, code] of EACH)
    test(`${signal} during their refreshes: all are stored, and the command isn't run`, async () => {
      const home = await homeWith(["acme"], "", 1);
      await logIn(home, "acme:a", "acme:b");
      await Bun.sleep(600);
      home.issuer.hold();
      const wanted = ["-c", "acme:a=A", "-c", "acme:b=B"];
      const run = start(home, "run", ...wanted, "--", "/bin/echo", "it ran");
      home.issuer.expireAfter(3600);
      await until("it asked", () => home.issuer.asked() === 4 || run.said().includes("it ran"));
      run.kill(signal);
      await Bun.sleep(50);
      home.issuer.letGo();
      const ended = await run.ended;
      expect(ended).toMatchObject({ code, signal: null });
      expect(ended.said).not.toContain("it ran");
      const stored = [await home.call("token", "acme:a"), await home.call("token", "acme:b")];
      expect(stored.map(({ stdout }) => stdout).sort()).toEqual(["access-3\n", "access-4\n"]);
      expect(home.issuer.asked()).toBe(4);
    });
});

describe("logout at its question", () => {
  const ENDS_GRANT = "[revocation]\nendsGrant = true\n";
  const QUESTION = "Revoke all the same? [y/N]";

  for (const [signal, code] of EACH)
    for (const args of [
      ["logout", "acme:a"],
      ["revoke", "acme:a"],
      ["profile", "delete", "acme:a", "--force"],
    ])
      test(`${args.slice(0, -1).join(" ")}, ${signal}: ends at once, and keeps both logins`, async () => {
        const home = await homeWith(["acme"], ENDS_GRANT);
        await logIn(home, "acme:a", "acme:b");
        const terminal = onTerminal([AUTH, ...args], { env: home.env });
        await terminal.waitFor(QUESTION);
        terminal.kill(signal);
        expect(await terminal.ended).toEqual({ code, signal: null });
        expect(terminal.screen()).toContain("Interrupted. Nothing was done: acme:a is kept.");
        expect(await home.connections()).toEqual(["acme:a", "acme:b"]);
        expect(home.issuer.live.size).toBe(2);
      }, 60_000);

  test("after a no, the message gives that as the only reason", async () => {
    const home = await homeWith(["acme"], ENDS_GRANT);
    await logIn(home, "acme:a", "acme:b");
    const terminal = onTerminal([AUTH, "logout", "acme:a"], { env: home.env });
    await terminal.waitFor(QUESTION);
    terminal.type("n");
    expect(await terminal.ended).toMatchObject({ code: 0 });
    expect(terminal.screen()).toContain("Logged out of acme:a: erased here. Nothing was revoked at the provider.");
    expect(home.issuer.live.size).toBe(2);
  });
});

describe("a login that replaces one whose refresh is in flight", () => {
  async function replaced(more = ""): Promise<Home> {
    const home = await homeWith(["acme"], more);
    await logIn(home, "acme");
    home.issuer.hold("refresh_token");
    const refresh = start(home, "refresh", "acme", "--force");
    await until("it asked", () => home.issuer.asked() === 2);
    expect(await home.call("login", "acme", "--flow", "device", "--force")).toMatchObject({ code: 0 });
    home.issuer.letGo();
    expect((await refresh.ended).code).toBe(0);
    expect((await home.call("token", "acme")).stdout).toBe("access-3\n");
    return home;
  }
  const lastRefresh = async ({ call }: Home): Promise<unknown> =>
    (await call("log", "--json")).stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { event: string })
      .findLast(({ event }) => event === "refresh");

  test("what the refresh brings is revoked, and the log says so", async () => {
    const home = await replaced();
    expect([...home.issuer.live]).toEqual(["access-3"]);
    expect(await lastRefresh(home)).toMatchObject({
      status: "failure",
      message: "a new login took its place meanwhile: what the refresh brought was revoked at the provider",
    });
  });

  test("it isn't revoked where that would end the new login, too", async () => {
    const home = await replaced("[revocation]\nendsGrant = true\n");
    expect([...home.issuer.live]).toEqual(["access-2", "access-3"]);
    expect(await lastRefresh(home)).toMatchObject({ message: expect.stringContaining("not revoked") });
  });
});

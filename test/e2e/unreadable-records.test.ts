/** One record that can't be read stops none of the others, where a command is about all of them. */
import { describe, expect, test } from "bun:test";
import { agentHome, KEYS } from "../support/agent-home.ts";
import { flipped, putValue, recordsOf } from "../support/damage.ts";
import { inRedis } from "../support/databases.ts";
import { paste, succeeded } from "../support/home.ts";
import { CONNECTION, loggedIn, PROVIDER } from "../support/logged-in.ts";
import { lacking } from "../support/needs.ts";
import { auth, bareEnvironment, type Ended } from "../support/program.ts";
import { KEY } from "../vault/home.ts";
import { BACKENDS, lazyServer } from "../vault/shared-home.ts";

const json = ({ stdout }: Ended) => JSON.parse(stdout);
const KEYED = ["--env", "ONE_KEY"];

/** What a record's bytes say, from the first: the id of the key that it is sealed with, and whose it is. */
const PLACES = { "the key's id": 3, "the name": 45 };

describe("a damaged record in a file", () => {
  /** Two keys, the second of which is damaged. @param at counted from the end where it is negative */
  async function home(at: number) {
    const env = bareEnvironment({ AUTH_KEY: KEY });
    const vault = `${env.AUTH_HOME}/vault.db`;
    await succeeded(auth(["login", "apikey:one", "--token", "-", ...KEYED], { env, stdin: "key-one" }));
    const before = new Set(recordsOf(vault).map(({ key }) => key));
    await paste(env, "apikey:two", "key-two");
    const row = recordsOf(vault).find(({ key }) => !before.has(key));
    if (row === undefined) throw new Error("no record");
    putValue(vault, { ...row, value: flipped(row.value, at < 0 ? row.value.length + at : at) });
    return (...args: string[]) => auth(args, { env });
  }

  test("is listed with its state, and the exit code is that of the worst", async () => {
    const call = await home(-3);
    for (const command of ["list", "status"]) {
      const ended = await call(command, "--json");
      expect(ended.code).toBe(8);
      expect(json(ended)).toMatchObject([
        { connection: "apikey:one", status: "connected" },
        { connection: "apikey:two", provider: "apikey", name: "two", status: "unreadable", reason: "corrupt" },
      ]);
      expect(ended.stderr).toContain("apikey:two doesn't open");
      const { code, stdout, stderr } = await call(command);
      expect({ code, stdout }).toEqual({
        code: 8,
        stdout: expect.stringMatching(/apikey:one.*apikey:two.*unreadable \(corrupt\)/s),
      });
      expect(stderr).toContain("auth login apikey:two --force");
    }
  });

  test("is left out by 'run' and 'export' without names, and by no name of another", async () => {
    const call = await home(-3);
    const ran = await call("run", "--", "printenv", "ONE_KEY");
    expect({ code: ran.code, stdout: ran.stdout }).toEqual({ code: 0, stdout: "key-one\n" });
    expect(ran.stderr).toContain("apikey:two is left out");
    expect((await call("export", "--format", "json")).code).toBe(0);
    expect(await call("get", "apikey:one", "--field", "status")).toMatchObject({ code: 0, stdout: "connected\n" });
    expect(json(await call("get", "apikey:one", "--json"))).toMatchObject({ connection: "apikey:one" });
    // The name alone means one of two.
    expect((await call("token", "apikey")).code).toBe(64);
  });

  test("fails a check of doctor, beside those of the others", async () => {
    const { code, stdout } = await (await home(-3))("doctor", "--offline");
    expect(code).toBe(1);
    expect(stdout).toContain("✓ connections: apikey:one is connected");
    expect(stdout).toMatch(/✗ connections: .*apikey:two doesn't open/);
  });

  test.each(Object.entries(PLACES))("whose damage is in %s is told without a name", async (_, at) => {
    const call = await home(at);
    const ended = await call("list", "--json");
    expect(ended.code).toBe(8);
    expect(json(ended)).toMatchObject([{ connection: "apikey:one" }]);
    expect(ended.stderr).toContain("doesn't open");
    const ran = await call("run", "--", "printenv", "ONE_KEY");
    expect({ code: ran.code, stdout: ran.stdout }).toEqual({ code: 0, stdout: "key-one\n" });
    // It may be the one that is meant.
    expect((await call("token")).code).toBe(8);
  });
});

test.skipIf(lacking("redis-server"))(
  "a record that went back keeps no other login from its refresh",
  async () => {
    const server = lazyServer(BACKENDS.Redis.start);
    const one = await loggedIn({}, null);
    try {
      const address = await server.address();
      const hash = `${new URL(address).searchParams.get("prefix")}:records`;
      const env = { AUTH_STORE: `${address}&cache=0`, AUTH_KEY: KEY };
      const call = (...args: string[]) => one.call(args, { env });
      await succeeded(call("login", PROVIDER, ...one.places, "--quiet"));
      const fields = async () => (await inRedis(await server.get(), "HGETALL", hash)) as Record<string, string>;
      const before = await fields();
      await paste({ ...one.env, ...env }, "apikey:a", "first");
      const [field = ""] = Object.keys(await fields()).filter((key) => !(key in before));
      const first = (await fields())[field] ?? "";
      await paste({ ...one.env, ...env }, "apikey:a", "second");
      await inRedis(await server.get(), "HSET", hash, field, first);

      const refreshed = await call("refresh", "--all", "--force", "--json");
      expect(refreshed.code).toBe(8);
      const lines = refreshed.stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line));
      expect(lines).toContainEqual(expect.objectContaining({ connection: CONNECTION, refreshed: true }));
      expect(lines).toContainEqual(
        expect.objectContaining({ connection: "apikey:a", success: false, code: "vault_rolled_back" }),
      );
      expect(lines.at(-1)).toEqual({ summary: { refreshed: 1, valid: 0, skipped: 0, failed: 1 } });
      const quiet = await call("refresh", "--all", "--quiet");
      expect({ code: quiet.code, stdout: quiet.stdout }).toEqual({ code: 8, stdout: "" });
      expect(quiet.stderr).toContain("older state of apikey:a");

      const listed = await call("list", "--json");
      expect(listed.code).toBe(8);
      expect(json(listed)).toMatchObject([
        { connection: CONNECTION, status: "connected" },
        { connection: "apikey:a", status: "unreadable", reason: "rolled_back" },
      ]);
      expect(listed.stderr).toContain("auth vault accept");
      expect((await call("run", "--", "true")).code).toBe(0);
      // By its name it is refused as ever.
      expect((await call("token", "apikey:a")).code).toBe(8);
    } finally {
      await one.stop();
      await server.stop();
    }
  },
  60_000,
);

test.skipIf(lacking("linux"))(
  "the agent tells of it too",
  async () => {
    const home = await agentHome(600, "passphrase");
    try {
      const env = KEYS.passphrase;
      const vault = `${home.env.AUTH_HOME}/vault.db`;
      const before = new Set(recordsOf(vault).map(({ key }) => key));
      await paste({ ...home.env, ...env }, "apikey:two", "key-two");
      await home.start();
      const row = recordsOf(vault).find(({ key }) => !before.has(key));
      if (row === undefined) throw new Error("no record");
      putValue(vault, { ...row, value: flipped(row.value, row.value.length - 3) });
      const ended = await home.call(["list", "--json"]);
      expect(ended.code).toBe(8);
      expect(json(ended)).toMatchObject([
        { connection: "acme:default", status: "connected" },
        { connection: "apikey:two", status: "unreadable", reason: "corrupt" },
      ]);
    } finally {
      await home.stop();
    }
  },
  60_000,
);

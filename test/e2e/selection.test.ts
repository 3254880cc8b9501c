/** CLI.md §1, "Which connection": what a name means, and what none means. */
import { beforeAll, describe, expect, test } from "bun:test";
import { paste } from "../support/home.ts";
import { errorOf } from "../support/logged-in.ts";
import { auth, bareEnvironment, type Ended } from "../support/program.ts";

async function home(...connections: readonly string[]): Promise<Record<string, string>> {
  const env = bareEnvironment();
  for (const connection of connections) await paste(env, connection, tokenOf(connection));
  return env;
}

/** Each connection's token says which one it is. */
function tokenOf(connection: string): string {
  return `token-of-${connection.replace(":", "-")}`;
}

async function printed(env: Record<string, string>, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await auth(["token", ...args], { env });
  return code === 0 ? stdout.trim() : `exit ${code}: ${stderr}`;
}

describe("nothing is stored at all", () => {
  const env = bareEnvironment();
  const call = (...args: string[]): Promise<Ended> => auth(args, { env });

  for (const args of [["token"], ["get"], ["inspect"], ["refresh"], ["export"], ["logout"]])
    test(`${args} says so: exit 2`, async () => {
      const { code, stdout, stderr } = await call(...args);
      expect(code).toBe(2);
      expect(stdout).toBe("");
      expect(stderr).toStartWith("Error: You are not logged in anywhere.\n");
      expect(stderr).toContain("auth login");
    });

  test("run ends before the command starts: exit 125, its JSON says why", async () => {
    const ended = await call("run", "--json", "--", "echo", "ran");
    expect(ended.code).toBe(125);
    expect(ended.stdout).toBe("");
    expect(errorOf(ended)).toMatchObject({ code: "connection_not_found", exitCode: 125 });
  });

  test("list is an empty list: exit 0", async () => {
    expect(await call("list")).toMatchObject({ code: 0, stdout: "" });
    const { code, stdout, stderr } = await call("list", "--json");
    expect([code, JSON.parse(stdout), stderr]).toEqual([0, [], ""]);
  });

  test("status is 'Not authenticated.': exit 4", async () => {
    expect(await call("status")).toMatchObject({ code: 4, stdout: "Not authenticated.\n", stderr: "" });
    const { code, stdout } = await call("status", "--json");
    expect([code, JSON.parse(stdout)]).toEqual([4, []]);
  });

  test("status of a provider says how to log in there: exit 4", async () => {
    const { code, stdout } = await call("status", "sentry");
    expect([code, stdout]).toEqual([4, "Not authenticated. Run 'auth login sentry'\n"]);
  });

  for (const args of [["token"], ["refresh"], ["get"], ["inspect"], ["logout"], ["revoke"], ["use"], ["export"]])
    test(`${args} of a provider or a connection that isn't there names it: exit 2`, async () => {
      for (const name of ["sentry", "sentry:work"]) {
        const ended = await call(...args, name, "--json");
        expect(ended.code).toBe(2);
        expect(errorOf(ended)).toMatchObject({ code: "connection_not_found", exitCode: 2 });
        expect(ended.stderr).toContain(name === "sentry" ? "sentry:default" : "sentry:work");
      }
    });

  test("status of a connection that isn't there: exit 2", async () => {
    expect((await call("status", "sentry:work")).code).toBe(2);
    expect((await call("status", "-p", "work")).code).toBe(2);
  });

  test("nothing was made by asking", async () => {
    const files = await Array.fromAsync(new Bun.Glob("**/*").scan({ cwd: env.HOME ?? "", dot: true }));
    expect(files).toEqual([]);
  });
});

describe("a provider that doesn't exist", () => {
  for (const args of [
    ["token", "gihub"],
    ["token", "gihub:work"],
    ["login", "gihub"],
    ["status", "gihub"],
    ["logout", "gihub"],
    ["use", "gihub"],
    ["provider", "show", "gihub"],
    ["client", "set", "gihub", "--client-id", "x"],
    ["profile", "create", "gihub"],
  ])
    test(`${args.join(" ")}: exit 2, and what may have been meant`, async () => {
      const ended = await auth([...args, "--json"]);
      expect(ended.code).toBe(2);
      expect(errorOf(ended)).toMatchObject({ code: "provider_not_found" });
      expect(errorOf(ended).hint).toContain("Did you mean 'github'?");
    });

  test("run ends with 125, its JSON says why", async () => {
    const ended = await auth(["run", "gihub", "--json", "--", "true"]);
    expect(ended.code).toBe(125);
    expect(errorOf(ended)).toMatchObject({ code: "provider_not_found", exitCode: 125 });
  });
});

describe("two logins at one provider", () => {
  let env: Record<string, string>;
  beforeAll(async () => {
    env = await home("sentry", "sentry:work");
  });

  test("nothing given means the default of the only provider", async () => {
    expect(await printed(env)).toBe("token-of-sentry");
  });

  test("the provider means its default; provider:name and -p mean that one", async () => {
    expect(await printed(env, "sentry")).toBe("token-of-sentry");
    expect(await printed(env, "sentry:default")).toBe("token-of-sentry");
    expect(await printed(env, "sentry:work")).toBe("token-of-sentry-work");
    expect(await printed(env, "sentry", "-p", "work")).toBe("token-of-sentry-work");
    expect(await printed(env, "-p", "work")).toBe("token-of-sentry-work");
    expect(await printed(env, "--profile=work")).toBe("token-of-sentry-work");
  });

  test("names are compared without regard to case", async () => {
    expect(await printed(env, "Sentry:WORK")).toBe("token-of-sentry-work");
    expect(await printed(env, "-p", "Work")).toBe("token-of-sentry-work");
    expect(await printed(env, "sentry:work", "-p", "WORK")).toBe("token-of-sentry-work");
  });

  test("two names for one connection contradict each other: exit 64", async () => {
    expect((await auth(["token", "sentry:work", "-p", "default"], { env })).code).toBe(64);
  });

  test("an empty name, and one that can't be a name: exit 64", async () => {
    for (const args of [[""], ["-p", ""], ["sentry:"], ["sentry:a b"], ["sentry", "-p", "../x"], ["x".repeat(100_000)]])
      expect((await auth(["token", ...args], { env })).code).toBe(64);
  });

  test("a name that no connection has: exit 2", async () => {
    expect((await auth(["token", "-p", "home"], { env })).code).toBe(2);
  });

  test("logout doesn't guess: exit 64, listing them; nothing is erased", async () => {
    const ended = await auth(["logout", "--json"], { env });
    expect(ended.code).toBe(64);
    expect(errorOf(ended)).toMatchObject({ code: "ambiguous_connection", exitCode: 64 });
    expect(errorOf(ended).hint).toContain("sentry:default, sentry:work");
    expect(await printed(env, "sentry")).toBe("token-of-sentry");
  });

  test("revoke takes a connection: exit 64 without", async () => {
    expect((await auth(["revoke"], { env })).code).toBe(64);
  });
});

describe("logins at several providers", () => {
  test("nothing given is ambiguous: exit 64, listing all of them", async () => {
    const env = await home("sentry", "github:work");
    for (const command of ["token", "get", "inspect", "refresh"]) {
      const ended = await auth([command, "--json"], { env });
      expect(ended.code).toBe(64);
      expect(errorOf(ended)).toMatchObject({ code: "ambiguous_connection", exitCode: 64 });
      for (const name of ["sentry:default", "github:work"]) expect(errorOf(ended).hint).toContain(name);
    }
  });

  test("a name that two of them have is ambiguous: exit 64, listing those", async () => {
    const env = await home("sentry:work", "github:work", "github");
    const ended = await auth(["token", "-p", "work", "--json"], { env });
    expect(ended.code).toBe(64);
    expect(errorOf(ended).code).toBe("ambiguous_connection");
    expect(errorOf(ended).hint).toContain("github:work, sentry:work");
    expect(errorOf(ended).hint).not.toContain("github:default");
    expect(await printed(env, "github", "-p", "work")).toBe("token-of-github-work");
  });

  test("status and list without an argument mean all", async () => {
    const env = await home("sentry", "github:work");
    const names = async (command: string): Promise<unknown> =>
      JSON.parse((await auth([command, "--json"], { env })).stdout).map(
        (entry: { connection: string }) => entry.connection,
      );
    expect(await names("list")).toEqual(["github:work", "sentry:default"]);
    expect(await names("status")).toEqual(["github:work", "sentry:default"]);
  });

  test("a provider in the environment is one of several", async () => {
    const env = await home("sentry");
    const ended = await auth(["token", "--json"], { env: { ...env, GH_TOKEN: "from-env" } });
    expect(ended.code).toBe(64);
    expect(errorOf(ended).hint).toContain("github");
  });
});

describe("auth use", () => {
  test("chooses the provider's default; the last one used so is the overall default", async () => {
    const env = await home("sentry", "sentry:work", "github");
    const used = await auth(["use", "sentry:work"], { env });
    expect(used).toMatchObject({ code: 0, stdout: "" });
    expect(used.stderr).toContain("sentry:work");
    expect(await printed(env)).toBe("token-of-sentry-work");
    expect(await printed(env, "sentry")).toBe("token-of-sentry-work");
    expect(await printed(env, "sentry:default")).toBe("token-of-sentry");

    expect((await auth(["use", "github"], { env })).code).toBe(0);
    expect(await printed(env)).toBe("token-of-github");
    expect(await printed(env, "sentry")).toBe("token-of-sentry-work");

    expect((await auth(["use", "-p", "work"], { env })).code).toBe(0);
    expect(await printed(env)).toBe("token-of-sentry-work");
  });

  test("list says which ones are defaults", async () => {
    const env = await home("sentry", "sentry:work");
    await auth(["use", "sentry:work"], { env });
    const entries = JSON.parse((await auth(["list", "--json"], { env })).stdout) as Record<string, unknown>[];
    expect(entries.map((entry) => [entry.connection, entry.default])).toEqual([
      ["sentry:default", false],
      ["sentry:work", true],
    ]);
  });

  test("what isn't there can't be used: exit 2; nothing given: exit 64", async () => {
    const env = await home("sentry");
    expect((await auth(["use", "sentry:work"], { env })).code).toBe(2);
    expect((await auth(["use"], { env })).code).toBe(64);
  });

  test("a default that is logged out of is none any more", async () => {
    const env = await home("sentry", "sentry:work", "github");
    await auth(["use", "sentry:work"], { env });
    await auth(["logout", "sentry:work"], { env });
    expect((await auth(["token"], { env })).code).toBe(64);
    expect(await printed(env, "sentry")).toBe("token-of-sentry");
  });

  test("logout doesn't take the overall default for a guess", async () => {
    const env = await home("sentry", "github");
    await auth(["use", "github"], { env });
    expect((await auth(["logout"], { env })).code).toBe(64);
  });
});

test("one login alone is what logout means", async () => {
  const env = await home("sentry:work");
  const { code, stdout } = await auth(["logout", "--json"], { env });
  expect([code, JSON.parse(stdout)]).toEqual([0, { connection: "sentry:work", erased: true, revoked: "unsupported" }]);
});

test("login alone is a menu on a terminal, else exit 64 naming the providers", async () => {
  const ended = await auth(["login", "--json"]);
  expect(ended.code).toBe(64);
  for (const provider of ["github", "google", "sentry", "entra", "oidc", "apikey"])
    expect(errorOf(ended).hint).toContain(provider);
});

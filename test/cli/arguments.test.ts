import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type Invocation, parseArguments, wantsJson } from "../../src/cli/arguments.ts";
import { defineCommand, defineGroup, list } from "../../src/cli/command.ts";
import { root as product } from "../../src/cli/root.ts";
import { AuthError } from "../../src/platform/errors.ts";

const nothing = async (): Promise<void> => {};

const login = defineCommand({
  name: "login",
  description: "",
  args: {
    connection: { type: "positional", required: false },
    profile: { type: "string", alias: "p" },
    scope: { type: "string", alias: "s", repeatable: true },
    token: { type: "string" },
    flow: { type: "enum", alias: "f", options: ["device", "browser", "token"] },
    "min-ttl": { type: "string" },
    force: { type: "boolean" },
    browser: { type: "boolean", default: true, negativeDescription: "" },
  },
  outputs: ["header"],
  extraFlags: async (words) => (words.includes("acme") ? { host: { type: "string" }, tenant: { type: "string" } } : {}),
  run: nothing,
});
const run = defineCommand({
  name: "run",
  description: "",
  args: { connections: { type: "positional", required: false, variadic: true } },
  rest: { name: "command", description: "" },
  run: nothing,
});
const show = defineCommand({ name: "show", description: "", args: { id: { type: "positional" } }, run: nothing });
const load = (command: typeof login) => async () => ({ default: command });
const vault = defineGroup({ name: "vault", description: "", commands: { show: load(show), status: load(login) } });
const mcp = defineGroup({ name: "mcp", description: "", commands: { login: load(login) }, atAddress: load(show) });
const root = defineGroup({
  name: "auth",
  description: "",
  commands: { login: load(login), run: load(run), vault: load(vault), logout: load(login), mcp: load(mcp) },
});

const parse = (...argv: string[]): Promise<Invocation> => parseArguments(argv, root);

/** What the command gets. */
async function parsed(
  ...argv: string[]
): Promise<{ args: Record<string, unknown>; globals: Invocation["globals"]; rest: readonly string[] }> {
  const invocation = await parse(...argv);
  if (invocation.kind !== "run") throw new Error(`it is ${invocation.kind}`);
  return invocation;
}

async function refused(...argv: string[]): Promise<{ message: string; hint: string }> {
  try {
    await parse(...argv);
  } catch (error) {
    if (error instanceof AuthError && error.code === "usage") return { message: error.message, hint: error.hint ?? "" };
    throw error;
  }
  throw new Error(`accepted: ${argv.join(" ")}`);
}

describe("global flags work before and after the command", () => {
  const cases: [string[], Partial<Invocation["globals"]>][] = [
    [["--json"], { output: "json" }],
    [["-o", "json"], { output: "json" }],
    [["-ojson"], { output: "json" }],
    [["-o=json"], { output: "json" }],
    [["--output", "json"], { output: "json" }],
    [["--output=json"], { output: "json" }],
    [["-o", "header"], { output: "header" }],
    [["-q"], { quiet: true }],
    [["--quiet"], { quiet: true }],
    [["-v"], { verbose: true }],
    [["--verbose"], { verbose: true }],
    [["-qv"], { quiet: true, verbose: true }],
    [["-qvo", "json"], { quiet: true, verbose: true, output: "json" }],
    [["--no-color"], { color: false }],
    [["--no-input"], { input: false }],
  ];
  for (const [flags, wanted] of cases)
    test(flags.join(" "), async () => {
      for (const argv of [
        [...flags, "login", "acme"],
        ["login", ...flags, "acme"],
        ["login", "acme", ...flags],
      ]) {
        const { args, globals } = await parsed(...argv);
        expect(globals).toMatchObject(wanted);
        expect(args.connection).toBe("acme");
      }
    });

  for (const flag of ["-h", "--help"])
    test(flag, async () => {
      for (const argv of [
        [flag, "vault", "show"],
        ["vault", flag, "show"],
        ["vault", "show", flag],
      ]) {
        const invocation = await parse(...argv);
        expect(invocation.kind).toBe("help");
        expect(invocation.kind === "help" && invocation.target.path).toEqual(["vault", "show"]);
      }
    });

  test("--version", async () => {
    for (const argv of [["--version"], ["--version", "login"], ["login", "--version"], ["login", "acme", "--version"]])
      expect((await parse(...argv)).kind).toBe("version");
  });
});

describe("values", () => {
  test("apart or attached, long or short", async () => {
    for (const flags of [["-p", "work"], ["-pwork"], ["-p=work"], ["--profile", "work"], ["--profile=work"]])
      expect((await parsed("login", ...flags)).args.profile).toBe("work");
  });

  test("a value may start with a dash, and '-' is one", async () => {
    expect((await parsed("login", "--token", "-")).args.token).toBe("-");
    expect((await parsed("login", "--token", "-5x")).args.token).toBe("-5x");
    expect((await parsed("login", "--token=--force")).args.token).toBe("--force");
    expect((await parsed("login", "-")).args.connection).toBe("-");
  });

  test("a value may be empty, hold '=', or be a name of Object's", async () => {
    expect((await parsed("login", "--profile=")).args.profile).toBe("");
    expect((await parsed("login", "--profile", "")).args.profile).toBe("");
    expect((await parsed("login", "--profile=a=b=c")).args.profile).toBe("a=b=c");
    expect((await parsed("login", "--profile=__proto__")).args.profile).toBe("__proto__");
  });

  test("a flag that may be repeated keeps all of its values, in order", async () => {
    const { args } = await parsed("login", "-s", "a b", "--scope=c,d", "-se");
    expect(list(args.scope as string)).toEqual(["a b", "c,d", "e"]);
    expect(list(undefined)).toEqual([]);
  });

  test("booleans, and those that are switched off", async () => {
    const { args } = await parsed("login", "--force", "--no-browser");
    expect(args).toMatchObject({ force: true, browser: false });
    const without = await parsed("login");
    expect(without.args.force).toBeUndefined();
    expect(without.args.browser).not.toBe(false);
  });

  test("settings of providers are flags where the provider has them", async () => {
    expect((await parsed("login", "acme", "--host", "a.example")).args.host).toBe("a.example");
    expect((await parsed("login", "--tenant=t", "acme", "--host=h")).args).toMatchObject({ tenant: "t", host: "h" });
    expect((await refused("login", "other", "--host", "a.example")).message).toContain("--host");
  });

  test("what follows '--' belongs to the command, flags and all", async () => {
    const { args, rest, globals } = await parsed("run", "a", "b", "--", "gh", "--json", "-h", "--", "x");
    expect(rest).toEqual(["gh", "--json", "-h", "--", "x"]);
    expect(args._).toEqual(["a", "b"]);
    expect(globals.output).toBe("text");
    expect((await parsed("run", "--", "x")).rest).toEqual(["x"]);
  });
});

describe("an error names what is wrong, and what may have been meant", () => {
  const cases: [string[], message: string, hint: string][] = [
    [["logn"], "Unknown command 'logn'.", "'login'"],
    [["vault", "sho"], "Unknown command 'vault sho'.", "'show'"],
    [["constructor"], "Unknown command 'constructor'.", "auth --help"],
    [[""], "Unknown command ''.", "auth --help"],
    [["vault"], "'auth vault' needs a command.", "show, status"],
    [["mcp"], "'auth mcp' needs an address or a command.", "auth mcp <url>\nOr one of: login."],
    [["login", "--forse"], "Unknown flag '--forse'.", "'--force'"],
    [["login", "--no-brwoser"], "Unknown flag '--no-brwoser'.", "'--no-browser'"],
    [["login", "--browser"], "Unknown flag '--browser'.", "'--no-browser'"],
    [["login", "--profle=x"], "Unknown flag '--profle'.", "'--profile'"],
    [["login", "-x"], "Unknown flag '-x'.", "auth login --help"],
    [["login", "-qx"], "Unknown flag '-x' (in '-qx').", ""],
    [["--frobnicate", "login"], "Unknown flag '--frobnicate'.", "auth --help"],
    [["-p", "work", "login"], "Unknown flag '-p'.", ""],
    [["login", "a", "b"], "Unexpected argument 'b'.", "auth login --help"],
    [["vault", "show"], "'auth vault show' needs <id>.", ""],
    [["login", "--profile"], "--profile needs a value.", ""],
    [["login", "--profile", "--force"], "--profile needs a value.", "--profile=--force"],
    [["run", "-o", "--", "x"], "-o needs a value.", ""],
    [["login", "-p", "a", "--profile", "b"], "--profile is given twice.", ""],
    [["login", "--force=yes"], "--force takes no value.", ""],
    [["login", "-q=yes"], "-q takes no value.", ""],
    [["login", "--flow", "devise"], "--flow can't be 'devise'.", "'device'"],
    [["login", "-o", "jsn"], "There is no output format 'jsn' here.", "'json'"],
    [["vault", "show", "x", "-o", "header"], "There is no output format 'header' here.", "text, json"],
    [["login", "--json", "-o", "header"], "--json and -o header contradict each other.", ""],
    [["run", "x"], "'--' is missing before <command>.", "auth run"],
    [["run", "x", "--"], "There is no <command> after '--'.", ""],
    [["login", "--", "x"], "'auth login' takes nothing after '--'.", ""],
    [["login", "a\0b"], "An argument holds a NUL character.", ""],
  ];
  for (const [argv, message, hint] of cases)
    test(JSON.stringify(argv.join(" ")), async () => {
      const error = await refused(...argv);
      expect(error.message).toBe(message);
      expect(error.hint).toContain(hint);
    });

  test("an argument of 100 kB, or with control characters, is not poured onto the terminal", async () => {
    for (const argument of ["x".repeat(100_000), `--${"x".repeat(100_000)}`, "\x1b[2J\x1b]0;owned\x07"]) {
      const { message, hint } = await refused(argument);
      expect(`${message}${hint}`.length).toBeLessThan(300);
      expect(message).not.toContain("\x1b");
    }
  });

  test("no command line at all makes it crash: it is understood, or it is a usage error", async () => {
    const word = fc.oneof(
      fc.constantFrom(
        "login",
        "run",
        "vault",
        "show",
        "acme",
        "--",
        "-",
        "-p",
        "-s",
        "-o",
        "json",
        "--json",
        "-qv",
        "--host",
        "-h",
        "--token",
        "--no-input",
      ),
      fc.string({ maxLength: 6 }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(word, { maxLength: 7 }), async (argv) => {
        try {
          await parse(...argv);
        } catch (error) {
          expect(error).toBeInstanceOf(AuthError);
          expect((error as AuthError).code).toBe("usage");
        }
      }),
      { numRuns: 500 },
    );
  });

  test("any value goes through unchanged, however odd", async () => {
    const value = fc.string({ unit: "binary", maxLength: 20 }).filter((text) => !text.includes("\0"));
    await fc.assert(
      fc.asyncProperty(value, value, async (profile, token) => {
        const { args } = await parsed("login", `--profile=${profile}`, `--token=${token}`);
        expect(args).toMatchObject({ profile, token });
      }),
      { numRuns: 300 },
    );
  });
});

test("whether errors are to be JSON is known even when the rest makes no sense", () => {
  for (const argv of [
    ["--json"],
    ["x", "-o", "json"],
    ["-ojson"],
    ["--output=json"],
    ["-qo", "json"],
    ["--nope", "--json"],
  ])
    expect(wantsJson(argv)).toBe(true);
  for (const argv of [[], ["-o", "text"], ["run", "--", "gh", "--json"], ["--jso"]])
    expect(wantsJson(argv)).toBe(false);
});

test("what other tools call a flag or a command is answered with ours, or with what isn't there yet", async () => {
  const hintOf = async (line: string): Promise<string> => {
    const error = await parseArguments(line.split(" "), product).catch((thrown) => thrown);
    expect(error.code).toBe("usage");
    return `${error.message}\n${error.hint}`;
  };
  expect(await hintOf("login github --hostname ghe.example.com")).toContain("Did you mean '--host'?");
  expect(await hintOf("login github --with-token")).toContain("Did you mean '--token -'?");
  expect(await hintOf("config")).toContain("Did you mean 'profile'?");
  expect(await hintOf("autocomplete bash")).toContain("Did you mean 'completion'?");
  expect(await hintOf("version")).toStartWith("The version is a flag: auth --version.");
  expect(await hintOf("list --hostname x")).not.toContain("--host'");
});

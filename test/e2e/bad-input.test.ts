/** Command lines and standard input that are wrong: each gets its exit code, one clear error, and changes nothing. */
import { beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { type Complaint, expectComplaint } from "../support/complaint.ts";
import { bareEnvironment } from "../support/program.ts";
import { makeStock, PASTED, type Stock } from "../support/stock.ts";

interface Row {
  readonly args: readonly string[];
  readonly complaint: Complaint;
  readonly stdin?: string | Uint8Array;
}

const usage = (says = ""): Complaint => ({ exit: 64, code: "usage", says });
const HUGE = "x".repeat(100_000);
const ESCAPES = "\x1b]0;owned\x07\x1b[2J\u202e";

/** Wrong before anything is looked at: not even a vault is made. */
const LINES: Readonly<Record<string, Row>> = {
  "an unknown command": { args: ["frobnicate"], complaint: usage("auth --help") },
  "a command nearly known": { args: ["lgoin"], complaint: usage("Did you mean 'login'?") },
  "a command that is a property of every object": { args: ["constructor"], complaint: usage() },
  "a subcommand that isn't one": { args: ["vault", "explode"], complaint: usage("vault") },
  "a group without its command": { args: ["vault"], complaint: usage("init") },
  "an empty command": { args: [""], complaint: usage() },

  "an unknown provider": {
    args: ["login", "nosuch"],
    complaint: { exit: 2, code: "provider_not_found", says: "auth provider list" },
  },
  "a provider nearly known": {
    args: ["login", "sentri"],
    complaint: { exit: 2, code: "provider_not_found", says: "sentry" },
  },
  "an unknown provider asked for a token": {
    args: ["token", "nosuch"],
    complaint: { exit: 2, code: "provider_not_found" },
  },
  "a provider that can't be one": { args: ["token", "../../etc/passwd"], complaint: usage() },
  "a name that can't be one": { args: ["token", "sentry:../x y"], complaint: usage() },
  "two names for one connection": { args: ["token", "sentry:a", "-p", "b"], complaint: usage() },

  "an unknown flag": { args: ["token", "--frobnicate"], complaint: usage("--frobnicate") },
  "an unknown flag before the command": { args: ["--frobnicate", "token"], complaint: usage("--frobnicate") },
  "an unknown short flag": { args: ["token", "-Z"], complaint: usage("-Z") },
  "a flag nearly known": { args: ["token", "--min-tll", "9"], complaint: usage("--min-ttl") },
  "a flag of another command": { args: ["list", "--force"], complaint: usage("--force") },
  "a flag without its value": { args: ["token", "--min-ttl"], complaint: usage("--min-ttl") },
  "a flag with a value it doesn't take": { args: ["list", "--quiet=maybe"], complaint: usage("--quiet") },
  "a number that isn't one": { args: ["token", "--min-ttl", "soon"], complaint: usage("--min-ttl") },
  "a port out of range": { args: ["login", "sentry", "--port", "70000"], complaint: usage("--port") },
  "a flow that isn't one": { args: ["login", "sentry", "--flow", "magic"], complaint: usage("magic") },
  "a key source that isn't one": { args: ["vault", "init", "--key", "magic"], complaint: usage("magic") },
  "an export format that isn't one": { args: ["export", "--format", "xml"], complaint: usage("xml") },
  "an argument too many": { args: ["token", "sentry", "github"], complaint: usage("github") },

  "run without --": { args: ["run", "sentry", "true"], complaint: usage("--") },
  "run with nothing after --": { args: ["run", "sentry", "--"], complaint: usage() },
  "-- where nothing may follow": { args: ["token", "--", "sentry"], complaint: usage("--") },
  "a variable without a name": { args: ["run", "-c", "sentry=", "--", "true"], complaint: usage() },
  "a variable that isn't one": { args: ["run", "-c", "sentry=A B", "--", "true"], complaint: usage() },
  "a variable that loads code": {
    args: ["run", "-c", "sentry=LD_PRELOAD", "--", "true"],
    complaint: usage("LD_PRELOAD"),
  },

  "an empty connection": { args: ["token", ""], complaint: usage() },
  "an empty connection to log in": { args: ["login", ""], complaint: usage() },
  "an empty name": { args: ["token", "sentry:"], complaint: usage() },
  "an empty profile": { args: ["token", "-p", ""], complaint: usage() },
  "an empty client id": { args: ["login", "sentry", "--client-id", ""], complaint: usage("--client-id") },
  "an empty client secret": { args: ["login", "sentry", "--client-secret", ""], complaint: usage("--client-secret") },
  "an empty token": { args: ["login", "sentry", "--token", ""], complaint: usage("--token") },
  "an empty issuer": { args: ["login", "oidc", "--issuer", ""], complaint: usage() },
  "an empty endpoint": { args: ["login", "sentry", "--endpoint", ""], complaint: usage() },

  "a command of 100 kB": { args: [HUGE], complaint: usage() },
  "a connection of 100 kB": { args: ["token", HUGE], complaint: usage() },
  "a name of 100 kB": { args: ["login", `sentry:${HUGE}`], complaint: usage() },
  "a profile of 100 kB": { args: ["login", "sentry", "-p", HUGE], complaint: usage() },
  "a flag of 100 kB": { args: ["token", `--${HUGE}`], complaint: usage() },
  "a number of 100 kB": { args: ["token", "--min-ttl", "9".repeat(100_000)], complaint: usage() },
  "a flow of 100 kB": { args: ["login", "sentry", "-f", HUGE], complaint: usage() },
  "a variable of 100 kB": { args: ["run", "-c", `sentry==${HUGE}`, "--", "true"], complaint: usage() },
  "an issuer of 100 kB": { args: ["login", "oidc", "--issuer", HUGE], complaint: usage() },
  "an endpoint of 100 kB": { args: ["login", "sentry", "--endpoint", `token=${HUGE}`], complaint: usage() },
  "an endpoint's name of 100 kB": { args: ["login", "sentry", "--endpoint", `${HUGE}=https://x`], complaint: usage() },
  "a redirect URI of 100 kB": {
    args: ["login", "sentry", "-f", "browser", "--client-id", "x", "--redirect-uri", HUGE],
    complaint: usage(),
  },

  "a command that steers the terminal": { args: [ESCAPES], complaint: usage() },
  "a connection that steers the terminal": { args: ["token", `sentry:${ESCAPES}`], complaint: usage() },
  "a flag that steers the terminal": { args: ["token", `--${ESCAPES}`], complaint: usage() },
  "an endpoint that steers the terminal": {
    args: ["login", "sentry", "--endpoint", `token=${ESCAPES}`],
    complaint: usage(),
  },

  ...Object.fromEntries(
    [
      "http://issuer.example",
      "http://127.0.0.1.example.com",
      "ftp://issuer.example",
      "javascript:alert(1)",
      "https://",
    ].flatMap((url) => [
      [`--issuer ${url}`, { args: ["login", "oidc", "--issuer", url, "--client-id", "x"], complaint: usage() }],
      [`--endpoint token=${url}`, { args: ["login", "sentry", "--endpoint", `token=${url}`], complaint: usage() }],
    ]),
  ),
  "an issuer over plain http": { args: ["login", "http://issuer.example"], complaint: usage("https") },
  "a client's issuer over plain http": {
    args: ["client", "set", "oidc", "--client-id", "x", "--issuer", "http://issuer.example"],
    complaint: usage(),
  },
  "a host over plain http": {
    args: ["login", "sentry", "--host", "http://sentry.example", "--client-id", "x"],
    complaint: usage(),
  },
};

const INPUTS: Readonly<Record<string, readonly [bytes: string | Uint8Array, says: string]>> = {
  "1 MB": ["x".repeat(1_000_000), "longer than"],
  "1 MB of NUL bytes": [new Uint8Array(1_000_000), ""],
  "a NUL byte": ["sk-abc\0def", "NUL"],
  "what isn't UTF-8": [Uint8Array.of(0x73, 0x6b, 0xff, 0xfe), "UTF-8"],
  nothing: ["", "no "],
  "white space": [" \n\t\n", "no "],
  "several lines": ["one\ntwo\n", "lines"],
};

const READERS: Readonly<Record<string, readonly string[]>> = {
  "a key": ["login", "apikey:new", "--token", "-"],
  "a token": ["login", "sentry:new", "--token", "-", "--no-verify"],
  "a login's client secret": ["login", "sentry:new", "--client-id", "x", "--client-secret", "-"],
  "a client's secret": ["client", "set", "sentry", "--client-id", "x", "--client-secret", "-"],
  "a token to look into": ["inspect", "-"],
};

describe("a command line that is wrong makes no vault", () => {
  for (const [name, { args, complaint, stdin = "" }] of Object.entries(LINES))
    test(name, async () => {
      const env = bareEnvironment();
      await expectComplaint(args, complaint, { env, stdin });
      expect(existsSync(env.AUTH_HOME ?? "")).toBe(false);
    });
});

describe("standard input that can't be a secret is refused, and what is stored stays as it is", () => {
  let stock: Stock;
  beforeAll(async () => {
    stock = await makeStock();
  });

  for (const [reader, args] of Object.entries(READERS))
    for (const [name, [stdin, says]] of Object.entries(INPUTS))
      test(`${reader}: ${name}`, async () => {
        await expectComplaint(args, usage(says), { env: stock.env, stdin });
        await stock.expectUnchanged();
      });

  for (const [name, field] of [
    ["empty", ""],
    ["unknown", "colour"],
    ["100 kB long", HUGE],
    ["made to steer the terminal", ESCAPES],
  ] as const)
    test(`a field that is ${name} doesn't exist`, async () => {
      await expectComplaint(["get", "sentry", "--field", field], usage("Fields: "), { env: stock.env });
    });

  test("an endless stream is not read to its end", async () => {
    const { code, stderr } = await stock.shell(`"$AUTH" inspect - < /dev/zero`);
    expect({ code, stderr }).toEqual({ code: 64, stderr });
  });

  const browser = ["login", "sentry:new", "-f", "browser", "--client-id", "x", "--callback", "-"];
  for (const [name, stdin] of [
    ["NUL bytes", new Uint8Array(1000)],
    ["another address", "http://127.0.0.1:1/elsewhere?code=x&state=y\n"],
    ["1 MB", "x".repeat(1_000_000)],
  ] as const)
    test(`a pasted callback of ${name} is refused`, async () => {
      await expectComplaint(browser, { exit: 7, code: "access_denied" }, { env: stock.env, stdin });
      await stock.expectUnchanged();
    });

  test("an empty pasted callback is ignored: the browser may still answer", async () => {
    const args = [...browser, "--timeout", "1"];
    await expectComplaint(args, { exit: 7, code: "login_timeout" }, { env: stock.env, stdin: "" });
    await stock.expectUnchanged();
  });

  test("a secret given in an URL is not repeated", async () => {
    for (const args of [
      ["login", `https://me:${PASTED}@issuer.example`],
      ["login", "oidc", "--client-id", "x", "--issuer", `https://me:${PASTED}@issuer.example`],
      ["login", "sentry:new", "--endpoint", `token=https://me:${PASTED}@issuer.example`],
    ]) {
      const { code, stderr } = await stock.call([...args, "-v"]);
      expect({ code, stderr }).toEqual({ code: 64, stderr });
      expect(stderr).not.toContain(PASTED);
    }
  });
});

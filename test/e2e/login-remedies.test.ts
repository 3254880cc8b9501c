/** A login that can't go on prints commands that can: the same login with what lacks, and nothing of it lost. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { startOidc } from "../issuers/oidc-client.ts";
import { json, serve } from "../issuers/server.ts";
import { paste } from "../support/home.ts";
import { errorOf, loggedIn } from "../support/logged-in.ts";
import { auth, bareEnvironment, type Ended, run } from "../support/program.ts";

type Issuer = Awaited<ReturnType<typeof startOidc>>;
let issuer: Issuer;
beforeAll(async () => {
  issuer = await startOidc({});
});
afterAll(() => issuer.stop());

/** The logins that a message prints, as words; what is behind three spaces is a remark. */
function loginsIn({ stdout, stderr }: Pick<Ended, "stdout" | "stderr">): string[][] {
  return `${stdout}\n${stderr}`
    .split("\n")
    .flatMap((line) => /auth login .*/.exec(line)?.[0].split("   ", 1)[0] ?? [])
    .map((command) =>
      command
        .trim()
        .split(" ")
        .map((word) => word.replace(/^'(.*)'$/, "$1")),
    );
}

/** Of flags and values that follow one another: those that the command lacks. */
function lostFrom(command: readonly string[], given: readonly (readonly [string, string?])[]): string[] {
  return given
    .filter(([flag, value]) => {
      const at = command.indexOf(flag);
      return at < 0 || (value !== undefined && command[at + 1] !== value);
    })
    .map(([flag]) => flag);
}

/** What only some flows read: a command that takes a token leaves it out. */
const OF_FLOWS = [
  "--flow",
  "--client-id",
  "--redirect-uri",
  "--resource",
  "--port",
  "--timeout",
  "--key",
  "--no-browser",
  "--qr",
];

const GIVEN: readonly (readonly [string, string?])[][] = [
  [],
  [["--scope", "repo"]],
  [
    ["--scope", "a,b"],
    ["--endpoint", "userinfo=https://127.0.0.1:9/me"],
  ],
  [["--force"], ["--no-verify"]],
  [["--no-browser"], ["--qr"]],
  [["--timeout", "30"]],
  [["--redirect-uri", "http://127.0.0.1:9000/callback"]],
];

/** Providers and flows that can't go on without something, with what each needs to get so far. */
const LOGINS: readonly (readonly [provider: string, own: readonly (readonly [string, string?])[]])[] = [
  ["github", [["--host", "ghe.example.com"]]],
  ["github", [["--flow", "device"]]],
  [
    "github",
    [
      ["--flow", "browser"],
      ["--client-id", "my-id"],
    ],
  ],
  ["github", [["--flow", "token"]]],
  ["sentry", [["--flow", "browser"]]],
  [
    "entra",
    [
      ["--tenant", "t"],
      ["--flow", "client-credentials"],
    ],
  ],
  [
    "entra",
    [
      ["--tenant", "t"],
      ["--flow", "client-credentials"],
      ["--client-id", "x"],
    ],
  ],
  ["google", [["--flow", "jwt"]]],
  ["google", [["--flow", "exchange"]]],
  [
    "google",
    [
      ["--flow", "exchange"],
      ["--audience", "//iam.googleapis.com/p"],
    ],
  ],
  [
    "apikey",
    [
      ["--env", "OPENAI_API_KEY"],
      ["--pattern", "sk-[a-z]+"],
    ],
  ],
  ["appstoreconnect", []],
];

describe("what a login prints keeps what was given", () => {
  for (const [provider, own] of LOGINS)
    test(`${provider} ${own.flat().join(" ")}, with any further flag`, async () => {
      const env = bareEnvironment();
      for (const further of GIVEN) {
        const given = [...own, ...further];
        const ended = await auth(["login", `${provider}:work`, ...given.flat().filter((word) => word !== undefined)], {
          env,
        });
        const commands = loginsIn(ended);
        expect(commands.length).toBeGreaterThan(0);
        for (const command of commands) {
          const kept = command.includes("--token") ? given.filter(([flag]) => !OF_FLOWS.includes(flag)) : given;
          expect({ command, name: command[2], lost: lostFrom(command, kept) }).toEqual({
            command,
            name: `${provider}:work`,
            lost: [],
          });
        }
      }
    }, 60_000);

  test("-p is kept as the connection's name, and -s as --scope", async () => {
    const { stderr } = await auth(["login", "github", "-p", "work", "--host", "ghe.example.com", "-s", "repo"]);
    for (const command of loginsIn({ stdout: "", stderr })) {
      expect(command[2]).toBe("github:work");
      expect(
        lostFrom(command, [
          ["--host", "ghe.example.com"],
          ["--scope", "repo"],
        ]),
      ).toEqual([]);
    }
  });

  test("--resource is kept as it was given, where the provider is asked for it by a scope", async () => {
    const flags = ["--tenant", "t", "--flow", "client-credentials", "--resource", "api://x"];
    const commands = loginsIn(await auth(["login", "entra", ...flags]));
    expect(commands.length).toBeGreaterThan(0);
    for (const command of commands) {
      expect(lostFrom(command, [["--resource", "api://x"]])).toEqual([]);
      expect(command).not.toContain("--scope");
    }
  });

  test("a key of a service keeps its service", async () => {
    expect(loginsIn(await auth(["login", "openai:work"]))).toEqual(["auth login openai:work --token -".split(" ")]);
  });
});

describe("a login at an issuer's URL", () => {
  test("the printed command for a missing secret logs in as printed", async () => {
    const env = bareEnvironment();
    const { id, secret } = issuer.confidential;
    const ended = await auth(["login", issuer.issuer, "--flow", "client-credentials", "--client-id", id], { env });
    expect(ended.code).toBe(6);
    const command = loginsIn(ended).find((words) => words.includes("--client-secret")) ?? [];
    expect(await auth(command.slice(1), { env, stdin: secret })).toMatchObject({ code: 0 });
  });

  test("another client: both ways out are commands that go on from there", async () => {
    const env = bareEnvironment();
    const { id, secret } = issuer.confidential;
    const flags = ["--flow", "client-credentials", "--client-id"];
    const first = await auth(["login", issuer.issuer, ...flags, id, "--client-secret", "-"], { env, stdin: secret });
    expect(first.code).toBe(0);
    const refused = await auth(["login", issuer.issuer, ...flags, "other", "--json"], { env });
    expect(errorOf(refused)).toMatchObject({ code: "client_mismatch" });
    const commands = loginsIn({ stdout: "", stderr: String(errorOf(refused).hint) });
    expect(commands).toHaveLength(2);
    for (const command of commands) {
      const next = await auth([...command.slice(1), "--json"], { env });
      expect({ command, code: errorOf(next).code }).toEqual({ command, code: "client_missing" });
    }
  });

  test("already logged in: the command that logs in again keeps the issuer and the scopes", async () => {
    const env = bareEnvironment();
    const { id, secret } = issuer.confidential;
    const flags = ["--flow", "client-credentials", "--client-id", id, "--client-secret", "-", "-s", "api:read"];
    const again = () => auth(["login", issuer.issuer, ...flags], { env, stdin: secret });
    expect((await again()).code).toBe(0);
    const [command = []] = loginsIn(await again());
    const kept = [["--issuer", issuer.issuer], ["--scope", "api:read"], ["--client-id", id], ["--force"]] as const;
    expect(lostFrom(command, kept)).toEqual([]);
  });
});

test("an error that asks for another login has the whole command, however the login ended", async () => {
  const at = await loggedIn({ approve: false, deviceLifetime: 1 }, null);
  try {
    const flags = [...at.places, "--flow", "device"];
    const command = `auth login sentry ${at.places.join(" ")} --flow device`;
    const expired = await at.call(["login", "sentry", ...flags]);
    expect([expired.code, expired.stderr]).toEqual([7, expect.stringContaining(`Log in again: ${command}\n`)]);
    const json = await at.call(["login", "sentry", ...flags, "--json"]);
    expect(errorOf(json).hint).toBe(`Log in again: ${command}`);
    const late = await at.call(["login", "sentry", ...at.places, "--flow", "browser", "--timeout", "1", "--json"]);
    expect(errorOf(late).hint).toContain(`To log in again: auth login sentry ${at.places.join(" ")} --flow browser`);
  } finally {
    await at.stop();
  }
}, 60_000);

test("a login names all settings that it lacks at once", async () => {
  const ended = await auth(["login", "appstoreconnect", "--json"]);
  expect([ended.code, errorOf(ended).message]).toEqual([64, "App Store Connect needs --key-id and --key."]);
  expect(errorOf(ended).hint).toContain("auth login appstoreconnect --key-id <key-id> --key <file>");
});

test("a run without a token to inject prints the whole command that runs without one", async () => {
  const env = bareEnvironment();
  for (const name of ["github:home", "github:work"]) await paste(env, name, "a-token");
  const { code, stderr } = await auth(["run", "--", "printf", "%s|", "two words", "$HOME", "-x"], { env });
  const line = /auth run --allow-none -- (.*)/.exec(stderr)?.[1] ?? "";
  expect([code, (await run(["sh", "-c", line])).stdout]).toEqual([125, "two words|$HOME|-x|"]);
});

test("--callback is for the browser flow, also where no browser is to be opened", async () => {
  const flags = ["--client-id", "x", "--callback", "-", "--no-browser", "--timeout", "1", "--json"];
  const { stdout } = await auth(["login", "sentry", ...flags], { env: bareEnvironment(), stdin: "" });
  expect(JSON.parse(stdout.split("\n", 1)[0] ?? "")).toMatchObject({ event: "authorize" });
});

describe("the printed command has all that was missing, with one secret on standard input: one more try is enough", () => {
  for (const [args, command] of [
    [
      ["sentry-app"],
      "AUTH_SENTRY_APP_CLIENT_SECRET=<secret> auth login sentry-app --installation <installation> --client-id <id> --code -",
    ],
    [
      ["sentry-app", "--installation", "aaa"],
      "AUTH_SENTRY_APP_CLIENT_SECRET=<secret> auth login sentry-app --installation aaa --client-id <id> --code -",
    ],
    [["dockerhub"], "auth login dockerhub --username <username> --token -"],
    [
      ["google", "--flow", "exchange"],
      "auth login google --flow exchange --audience <audience> --subject-token <from>",
    ],
    [["127.0.0.1:8080"], "auth login http://127.0.0.1:8080"],
    [["https://issuer.example:work"], "A name goes by -p: auth login https://issuer.example -p work"],
  ] as const)
    test(args.join(" "), async () => {
      const { stderr } = await auth(["login", ...args], { env: bareEnvironment() });
      expect(stderr).toContain(command);
    });
});

test("a key without a variable of its own says which one it has, and how it gets another", async () => {
  const env = bareEnvironment();
  const edit = "auth profile edit apikey:one --set env=ONE_API_KEY";
  const first = await auth(["login", "apikey:one", "--token", "-"], { env, stdin: "k" });
  expect(first.stderr).toContain(`Programs get it as APIKEY_TOKEN. Under a name of its own: ${edit}`);
  await paste(env, "apikey:two", "k");
  expect((await auth(["run", "--", "true"], { env })).stderr).toContain(
    `each goes into APIKEY_TOKEN. Give it its own: ${edit}`,
  );
  expect((await auth(edit.split(" ").slice(1), { env })).code).toBe(0);
  expect((await auth(["run", "--", "true"], { env })).code).toBe(0);
});

test("doctor names a file of certificates that can't be used", async () => {
  const env = { ...bareEnvironment(), SSL_CERT_FILE: "/nonexistent/ca.pem" };
  const { stdout } = await auth(["doctor", "--offline"], { env });
  expect(stdout).toContain("SSL_CERT_FILE names /nonexistent/ca.pem, which can't be read (ENOENT)");
});

test("a client of a provider whose clients all have a secret is asked for with it", async () => {
  for (const given of [[], ["--client-id", "my-id"], ["--flow", "device"]]) {
    const commands = loginsIn(await auth(["login", "google", ...given])).filter((words) =>
      words.includes("--client-id"),
    );
    expect(commands.length).toBeGreaterThan(0);
    for (const words of commands) expect(words.join(" ")).toContain("--client-secret -");
  }
});

test("a login that lacks an endpoint prints whole commands: the other way, and the one that names it", async () => {
  const server = serve((url) => ({
    "GET /.well-known/openid-configuration": () =>
      json({ issuer: url, token_endpoint: `${url}/token`, device_authorization_endpoint: `${url}/device` }),
  }));
  try {
    const ended = await auth(["login", server.url, "-p", "work", "--flow", "browser", "--client-id", "x", "--json"]);
    expect(errorOf(ended).message).toContain("offers no browser login here");
    const login = (flow: string): string => `auth login oidc:work --issuer ${server.url} --flow ${flow} --client-id x`;
    expect(errorOf(ended).hint).toBe(
      `Log in the other way: ${login("device")}\nOr name the endpoint: ${login("browser")} --endpoint authorization=<url>`,
    );
  } finally {
    server.stop();
  }
});

test("a token that may not say whose it is: the command that is printed stores it", async () => {
  const env = bareEnvironment();
  const server = serve(() => ({ "GET /me": () => json({}, 403) }));
  try {
    const place = ["--endpoint", `userinfo=${server.url}/me`];
    const refused = await auth(["login", "sentry", "--token", "-", ...place], { env, stdin: "a-token" });
    expect(refused.code).toBe(7);
    const [command = []] = loginsIn(refused);
    expect(command).toContain("--no-verify");
    expect(await auth(command.slice(1), { env, stdin: "a-token" })).toMatchObject({ code: 0 });
  } finally {
    server.stop();
  }
});

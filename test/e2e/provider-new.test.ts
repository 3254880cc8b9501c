/** `auth provider new`, `check` and `types`, as the author of a plugin meets them. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { checkContract } from "../../src/contract/contract.ts";
import { parseDefinition } from "../../src/providers/parse.ts";
import { type OidcIssuer, startOidc } from "../issuers/oidc-client.ts";
import { AUTH, auth, bareEnvironment, onTerminal, tempFolder } from "../support/program.ts";

const URLS = [
  ...["--authorization-url", "https://acme.example/authorize", "--token-url", "https://acme.example/token"],
  ...["--device-url", "https://acme.example/device", "--userinfo-url", "https://acme.example/me"],
];

interface Report {
  readonly ok: boolean;
  readonly provider: string;
  readonly checks: readonly { readonly name: string; readonly status: string; readonly detail: string }[];
}

/** What is there at once passes at once. */
async function checked(path: string): Promise<Report> {
  const { code, stdout, stderr } = await auth(["provider", "check", path, "--json"]);
  expect([code, stderr]).toEqual([0, ""]);
  return JSON.parse(stdout) as Report;
}

describe("new", () => {
  test("from flags: a commented manifest in the current folder, which passes the check at once", async () => {
    const cwd = tempFolder();
    const args = ["provider", "new", "acme", "--title", "Acme", ...URLS, "--scope", "read,write"];
    const { code, stdout, stderr } = await auth([...args, "--client-id", "my-id"], { cwd });
    expect([code, stdout]).toEqual([0, ""]);
    for (const step of ["Wrote acme.toml.", "auth provider check ./acme.toml", "auth provider add ./acme.toml"])
      expect(stderr).toContain(step);
    expect(stderr).toContain("auth login acme --client-id my-id");
    const text = await Bun.file(join(cwd, "acme.toml")).text();
    expect(text).toContain('scopes]\n# What a login asks for that names none.\ndefault = ["read", "write"]');
    expect(text.match(/^# /gm)?.length).toBeGreaterThan(15);
    const report = await checked(join(cwd, "acme.toml"));
    expect(report).toMatchObject({ ok: true, provider: "acme" });
    const passed = report.checks.filter(({ status }) => status === "ok").map(({ name }) => name);
    for (const name of ["schema", "login by device", "login by browser", "account", "scopes", "refresh", "rotation"])
      expect(passed).toContain(name);
  });

  test("every example in it, taken into force, is understood", async () => {
    const { stdout } = await auth(["provider", "new", "acme", ...URLS, "--scope", "openid", "--file", "-"]);
    const whole = join(tempFolder(), "acme.toml");
    writeFileSync(whole, stdout.replace(/^#(?! |$)/gm, ""));
    const report = await checked(whole);
    expect(report.ok).toBe(true);
    expect(report.checks.find(({ name }) => name === "expiry")?.detail).toContain("data.expires_at in epoch");
  });

  test("for API keys only, where it has neither issuer nor endpoints", async () => {
    const cwd = tempFolder();
    expect((await auth(["provider", "new", "keys", "--json"], { cwd })).stdout).toBe(
      `${JSON.stringify({ provider: "keys", file: "keys.toml", flows: ["token"] }, null, 2)}\n`,
    );
    expect((await checked(join(cwd, "keys.toml"))).ok).toBe(true);
  });

  test("never over a file that exists, but with --force", async () => {
    const cwd = tempFolder();
    writeFileSync(join(cwd, "acme.toml"), "mine");
    const { code, stderr } = await auth(["provider", "new", "acme", ...URLS], { cwd });
    expect([code, stderr]).toEqual([
      64,
      "Error: acme.toml exists already.\nGive another with --file, or add --force.\n",
    ]);
    expect(await Bun.file(join(cwd, "acme.toml")).text()).toBe("mine");
    expect((await auth(["provider", "new", "acme", ...URLS, "--force"], { cwd })).code).toBe(0);
    expect(await Bun.file(join(cwd, "acme.toml")).text()).not.toBe("mine");
  });

  test("what makes no usable manifest is refused, with the reason", async () => {
    const cwd = tempFolder();
    for (const [args, words] of [
      [["Acme Inc"], "can't be a provider's id"],
      [["acme", "--token-url", "http://acme.example/token"], "--token-url is http"],
      [["acme", "--token-url", "https://acme.example/token"], "There is no way to log in."],
      [["acme", "--device-url", "https://acme.example/device"], "There is no token endpoint."],
      [["acme", "--file", "no/such/folder/acme.toml"], "can't be written (ENOENT)"],
    ] as const) {
      const { code, stderr } = await auth(["provider", "new", ...args], { cwd });
      expect([code, stderr]).toEqual([64, expect.stringContaining(words)]);
    }
    expect(existsSync(join(cwd, "acme.toml"))).toBe(false);
  });

  test("text in a flag stays text, whatever it looks like", async () => {
    const cwd = tempFolder();
    const title = `"]\n[endpoints]\ntoken = 'x' \\ \u007f é`;
    expect((await auth(["provider", "new", "acme", "--title", title, ...URLS], { cwd })).code).toBe(0);
    const read = Bun.TOML.parse(await Bun.file(join(cwd, "acme.toml")).text()) as { title: string };
    expect(read.title).toBe(title);
  });

  test("without flags asks on a terminal", async () => {
    const cwd = tempFolder();
    const terminal = onTerminal([AUTH, "provider", "new", "acme"], { cwd });
    for (const [question, answer] of [
      ["What people call it [Acme]", "Acme Inc."],
      ["Issuer's URL", ""],
      ["authorization URL", "https://acme.example/authorize"],
      ["device URL", ""],
      ["token URL", "https://acme.example/token"],
      ["revocation URL", ""],
      ["userinfo URL", ""],
      ["Scopes", "read"],
    ] as const) {
      await terminal.waitFor(question);
      terminal.type(`${answer}\r`);
    }
    expect((await terminal.ended).code).toBe(0);
    const text = await Bun.file(join(cwd, "acme.toml")).text();
    for (const line of ['title = "Acme Inc."', 'flows = ["browser", "token"]', 'default = ["read"]'])
      expect(text).toContain(line);
  });

  test("a module has the same content", async () => {
    const { code, stdout } = await auth(["provider", "new", "acme", "--module", ...URLS, "--file", "-"]);
    expect(code).toBe(0);
    const path = join(tempFolder(), "acme.ts");
    writeFileSync(
      path,
      stdout.replace('import { defineProvider } from "auth/provider";', "const defineProvider = <T>(x: T) => x;"),
    );
    const { default: definition } = (await import(path)) as { default: { flows: string[] } };
    const manifest = join(tempFolder(), "acme.json");
    writeFileSync(manifest, JSON.stringify(definition));
    expect((await checked(manifest)).ok).toBe(true);
    expect(definition.flows).toEqual(["device", "browser", "token"]);
  });

  describe("from discovery", () => {
    let issuer: OidcIssuer;
    beforeAll(async () => {
      issuer = await startOidc();
    });
    afterAll(() => issuer.stop());

    test("endpoints, flows and scopes are filled in", async () => {
      const cwd = tempFolder();
      const { code, stderr } = await auth(["provider", "new", "acme", "--issuer", issuer.issuer], { cwd });
      expect([code, stderr]).toEqual([0, expect.stringContaining("Wrote acme.toml.")]);
      const text = await Bun.file(join(cwd, "acme.toml")).text();
      for (const line of [`issuer = "${issuer.issuer}"`, 'flows = ["device", "browser", "token"]', '"openid"'])
        expect(text).toContain(line);
      expect(text).toMatch(/^token = "http:\/\/127\.0\.0\.1:\d+\/token"$/m);
    });

    test("the error for an issuer without discovery names it", async () => {
      const args = ["provider", "new", "acme", "--issuer", `${issuer.issuer}/nobody`, "--file", "-"];
      const { code, stderr } = await auth(args);
      expect([code, stderr]).toEqual([5, expect.stringContaining(`${issuer.issuer}/nobody`)]);
    });
  });
});

describe("check", () => {
  test("a line for each check, and what passing means", async () => {
    const { code, stdout, stderr } = await auth(["provider", "check", "sentry"]);
    expect([code, stderr]).toEqual([0, ""]);
    const lines = stdout.trimEnd().split("\n");
    expect(lines.filter((line) => line.startsWith("✓ ")).length).toBeGreaterThan(14);
    expect(lines.filter((line) => line.startsWith("– "))).toEqual([
      expect.stringMatching(/^– not in this description: (.+; )+settings that it may not say$/),
    ]);
    expect(lines.at(-3)).toMatch(
      /^Sentry is consistent with itself: \d+ checks passed, \d+ skipped \(why, with --json\)\.$/,
    );
    expect(lines.slice(-2)).toEqual([
      "Whether it is correct, only a login at the provider can tell:",
      "  auth provider try sentry",
    ]);
  });

  test("on a narrow terminal it is broken at spaces", async () => {
    const terminal = onTerminal([AUTH, "provider", "check", "github"], { columns: 60 });
    expect((await terminal.ended).code).toBe(0);
    const lines = terminal
      .screen()
      .split("\n")
      .map((line) => line.trimEnd());
    expect(lines.filter((line) => Bun.stringWidth(line) > 60)).toEqual([]);
  });

  test("a file under the id of another provider: it passes, and says that adding it takes that one's place", async () => {
    const env = { HOME: tempFolder(), AUTH_HOME: tempFolder() };
    const path = join(tempFolder(), "lark.toml");
    writeFileSync(path, (await auth(["provider", "show", "lark", "--toml"], { env })).stdout);
    const { code, stdout } = await auth(["provider", "check", path], { env });
    const [, command = ""] =
      /^✓ what it claims: only the id of lark, in whose place it goes by: (.+)$/m.exec(stdout) ?? [];
    expect({ code, command }).toEqual({ code: 0, command: `auth provider add ${path} --replace` });
    expect((await auth([...command.split(" ").slice(1), "--yes"], { env })).code).toBe(0);
  });

  test("what fails says why, once, and how many: exit 1", async () => {
    const path = join(tempFolder(), "acme.json");
    const endpoints = { device: "https://acme.example/device", token: "https://acme.example/token" };
    writeFileSync(
      path,
      JSON.stringify({
        id: "acme",
        title: "Acme",
        endpoints,
        flows: ["device"],
        reply: { refreshToken: "access_token" },
      }),
    );
    const { code, stdout, stderr } = await auth(["provider", "check", path]);
    expect(code).toBe(1);
    expect(stdout.match(/reply\.refreshToken is access_token/g)).toHaveLength(1);
    expect(stdout).toContain("✗ refresh: the same as in 'login by device'");
    expect(stderr).toMatch(/^Error: \d+ of \d+ checks failed\.\n/);
    const json = await auth(["provider", "check", path, "--json"]);
    expect(JSON.parse(json.stdout)).toMatchObject({ ok: false, provider: "acme" });
    expect(JSON.parse(json.stderr).error).toMatchObject({ code: "check_failed", exitCode: 1 });
  });

  test("what can't be read is refused with its place: exit 9", async () => {
    const folder = tempFolder();
    const big = join(folder, "big.toml");
    writeFileSync(big, Buffer.alloc(100 * 1024 * 1024, 0x23));
    for (const [name, text, words] of [
      ["syntax.toml", 'id = "acme"\ntitle =', "syntax.toml: line 2, column "],
      ["field.json", '{"id":"acme","title":"A","flows":["token"],"refersh":{}}', "Did you mean 'refresh'?"],
      ["latin.toml", Buffer.from('title = "\xe9"', "latin1"), "is not a text file in UTF-8"],
      ["big.toml", null, "is larger than 1 MiB"],
    ] as const) {
      if (text !== null) writeFileSync(join(folder, name), text);
      const { code, stdout, stderr } = await auth(["provider", "check", join(folder, name)]);
      expect([code, stdout, stderr]).toEqual([9, "", expect.stringContaining(words)]);
    }
  });

  test("it says what it can't check", async () => {
    expect((await auth(["provider", "check", "sentri"])).code).toBe(2);
    const { code, stderr } = await auth(["provider", "check", "./no-such.toml"]);
    expect([code, stderr]).toEqual([64, expect.stringContaining("no-such.toml")]);
  });

  test("nothing of it reaches a disk or a real provider", async () => {
    const cwd = tempFolder();
    const home = tempFolder();
    // A proxy that isn't there: any request through it fails.
    const env = {
      HOME: home,
      AUTH_HOME: join(home, "auth"),
      HTTPS_PROXY: "http://127.0.0.1:9",
      HTTP_PROXY: "http://127.0.0.1:9",
    };
    expect((await auth(["provider", "check", "github"], { cwd, env })).code).toBe(0);
    expect(existsSync(join(home, "auth", "vault.db"))).toBe(false);
  });
});

describe("attack: a small file that would be checked for hours", () => {
  const choices = Array.from({ length: 2000 }, (_, i) => `c${i}`);
  const many = {
    id: "bomb",
    title: "Bomb",
    flows: ["browser"],
    settings: { place: { title: "Place", choices, default: "c0" } },
    endpoints: { authorization: "https://bomb.example/{place}/a", token: "https://bomb.example/{place}/t" },
  };

  test("is checked with as many settings as tell something, and the rest is named", async () => {
    const checks = await checkContract(parseDefinition(many, "bomb.json"));
    expect(checks.at(-1)).toEqual({ name: "1935 further settings", status: "skipped", detail: "64 are tried" });
  }, 60_000);

  test("ends with the first signal", async () => {
    const path = join(tempFolder(), "bomb.json");
    writeFileSync(path, JSON.stringify(many));
    for (const [signal, wanted] of [
      ["SIGINT", 130],
      ["SIGTERM", 143],
    ] as const) {
      const child = Bun.spawn([AUTH, "provider", "check", path], {
        env: bareEnvironment(),
        stdout: "pipe",
        stderr: "pipe",
      });
      await Bun.sleep(1000);
      child.kill(signal);
      const late = setTimeout(() => child.kill("SIGKILL"), 4000);
      expect(await child.exited).toBe(wanted);
      clearTimeout(late);
      expect(await new Response(child.stderr).text()).toContain("The check was interrupted.");
    }
  });
});

describe("types", () => {
  test("prints the types of a module, or the JSON Schema of a manifest", async () => {
    const { code, stdout } = await auth(["provider", "types"]);
    expect([code, stdout]).toEqual([0, expect.stringContaining('declare module "auth/provider" {')]);
    const schema = await auth(["provider", "types", "--json-schema"]);
    expect(JSON.parse(schema.stdout)).toMatchObject({ $schema: expect.stringContaining("json-schema.org") });
  });
});
